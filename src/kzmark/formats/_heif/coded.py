"""The size that a coded picture itself declares, beside the `ispe` property of its item.

A decoder allocates what the coded stream says, so the limits have to hear of it too.

Spec: ITU-T H.265, 7.3.2.2 (sequence parameter set), 7.3.3 (profile, tier, level);
ISO/IEC 14496-15, 8.3.2 (hvcC).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Cursor

_SPS: Final = 33  # nal_unit_type
_LONGEST: Final = 256  # bytes of a parameter set that are read: its size stands near its start


class _Property(Protocol):
    @property
    def kind(self) -> bytes: ...
    @property
    def data(self) -> bytes: ...


def coded_size(properties: Iterable[_Property]) -> tuple[int, int] | None:
    """Return the largest size that an `hvcC` property declares, if there is one.

    Raises:
        MalformedMediaError: If the property breaks its own rules.
    """
    sizes = [
        _sps_size(unit) for one in properties if one.kind == b"hvcC" for unit in _units(one.data)
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _units(data: bytes) -> Iterator[bytes]:
    cursor = Cursor(data, 22, len(data), what="hvcC box")
    for _ in range(cursor.number(1)):
        kind = cursor.number(1) & 63
        for _ in range(cursor.number(2)):
            unit = cursor.take(cursor.number(2))
            if kind == _SPS:
                yield unit[2:_LONGEST].replace(b"\0\0\3", b"\0\0")  # emulation prevention


def _sps_size(unit: bytes) -> tuple[int, int]:
    bits = _Bits(unit)
    bits.take(4)
    layers = bits.take(3)  # sps_max_sub_layers_minus1
    bits.take(1 + 88 + 8)  # nesting flag; profile, tier and level of the whole
    flags = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in flags:
        bits.take(88 * profile + 8 * level)
    bits.golomb()  # sps_seq_parameter_set_id
    if bits.golomb() == 3:
        bits.take(1)
    return bits.golomb(), bits.golomb()


class _Bits:
    """Reads bits, the most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise MalformedMediaError("an HEVC parameter set ends too early")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(min(zeros, 32)) if zeros <= 32 else 1 << 40
