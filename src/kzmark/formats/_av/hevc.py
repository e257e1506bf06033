"""HEVC: parameter sets with ids of their own for what is encoded again.

x265 numbers its sets 0 and cannot be told otherwise. `ue(0)` is one bit and `ue(28)` to `ue(30)`
are nine, so going from PPS 0 to such a PPS makes a slice header longer by exactly eight bits: its
first byte becomes two bytes that are never zero, and everything behind stays as it is. Spec: ITU-T
H.265, 7.3.2 (sets), 7.3.6.1 (slice headers), 7.4.2.2 (kinds of pictures); ISO/IEC 14496-15, 8.3.3.
"""

from dataclasses import dataclass, replace
from typing import Final

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.nal import Bits, escaped, joined, packed, plain, spelled, units

VPS, SPS, PPS = 32, 33, 34
_PROFILE: Final = 96  # bits of general profile, tier and level
_IDR: Final = frozenset({19, 20})
_CRA, _BLA_WITHOUT_LEADING = 21, 18
_IRAP: Final = range(16, 24)
_HEAD: Final = 22  # bytes of an hvcC before the number of its arrays


@dataclass(frozen=True, slots=True)
class Config:
    """An hvcC, taken apart.

    Attributes:
        head: Everything before the arrays.
        prefix: Bytes of a NAL length.
        arrays: First byte (completeness and kind) and units of each array.
    """

    head: bytes
    prefix: int
    arrays: tuple[tuple[int, tuple[bytes, ...]], ...]

    @property
    def units(self) -> list[bytes]:
        """All units."""
        return [unit for _, found in self.arrays for unit in found]

    def pack(self) -> bytes:
        """Return it whole."""
        parts = [self.head, bytes([len(self.arrays)])]
        for kind, found in self.arrays:
            parts.append(bytes([kind]) + len(found).to_bytes(2, "big"))
            parts += [len(one).to_bytes(2, "big") + one for one in found]
        return b"".join(parts)


def read_config(data: bytes) -> Config:
    """Take an hvcC apart.

    Raises:
        MalformedMediaError: If it breaks its rules.
    """
    if len(data) <= _HEAD or data[0] != 1:
        raise MalformedMediaError("the HEVC configuration is damaged")
    at, arrays = _HEAD + 1, []
    for _ in range(data[_HEAD]):
        kind, count = data[at : at + 1], int.from_bytes(data[at + 1 : at + 3], "big")
        at += 3
        found = []
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            found.append(data[at + 2 : at + 2 + size])
            at += 2 + size
            if at > len(data) or size < 3:
                raise MalformedMediaError("the HEVC configuration ends too early")
        if not kind:
            raise MalformedMediaError("the HEVC configuration ends too early")
        arrays.append((kind[0], tuple(found)))
    return Config(data[:_HEAD], (data[21] & 3) + 1, tuple(arrays))


def kind_of(unit: bytes) -> int:
    """Return the type of a NAL unit."""
    return unit[0] >> 1 & 63 if len(unit) > 2 else -1


def numbers(variant: int) -> tuple[int, int, int]:
    """Return ids of VPS, SPS and PPS; every PPS id from 28 to 30 takes nine bits."""
    return 1 + variant, 1 + variant, 30 - variant


def check_free(config: Config) -> None:
    """Refuse a source whose sets use ids that ours need.

    Raises:
        UnsupportedMediaError: If it does.
    """
    for unit in config.units:
        bits = Bits(plain(unit[2:]))
        kind = kind_of(unit)
        if kind == VPS:
            taken = bits.u(4) in {1, 2, 3}
        elif kind == SPS:
            bits.u(4)
            layers = bits.u(3)
            bits.u(1 + _PROFILE)
            taken = layers > 0 or bits.ue() in {1, 2, 3}
        else:
            taken = kind == PPS and bits.ue() in {28, 29, 30}
        if taken:
            raise UnsupportedMediaError("the ids of its parameter sets are taken")


def renumbered(unit: bytes, variant: int) -> bytes:
    """Return a parameter set of x265, whose ids are 0, with other ids.

    Raises:
        UnsupportedMediaError: If it is not built as x265 builds them.
    """
    video, sequence, picture = numbers(variant)
    kind = kind_of(unit)
    bits = Bits(plain(unit[2:]))
    text = bits.text.rstrip("0")[:-1]
    if kind == VPS:
        fits = bits.u(4) == 0
        text = format(video, "04b") + text[4:]
    elif kind == SPS:
        fits = bits.u(7) == 0
        bits.u(1 + _PROFILE)
        start = bits.at
        fits = fits and bits.ue() == 0
        text = format(video, "04b") + text[4:start] + spelled(sequence) + text[bits.at :]
    else:
        fits = bits.ue() == 0 and bits.ue() == 0
        text = spelled(picture) + spelled(sequence) + text[bits.at :]
    if not fits:
        raise UnsupportedMediaError("the HEVC encoder numbers its parameter sets unexpectedly")
    return unit[:2] + escaped(packed(text))


def moved(sample: bytes, variant: int, prefix: int) -> bytes:
    """Return a sample of x265 whose slices refer to the renumbered sets.

    Args:
        sample: NAL units behind lengths of four bytes.
        variant: Which ids.
        prefix: Bytes of a length in the result.
    """
    found = []
    for unit in units(sample, 4):
        kind = kind_of(unit)
        if kind not in {VPS, SPS, PPS}:
            found.append(_moved_slice(unit, kind, 31 - variant) if 0 <= kind < VPS else unit)
    return joined(found, prefix)


def _moved_slice(unit: bytes, kind: int, code: int) -> bytes:
    first = unit[2]
    if kind in _IRAP:  # first_slice_segment, no_output_of_prior_pics, then the id
        fits, value = first >> 5 & 1, (first >> 6) << 14 | code << 5 | first & 31
    else:
        fits, value = first >> 6 & 1, (first >> 7) << 15 | code << 6 | first & 63
    if not fits:
        raise UnsupportedMediaError("the HEVC encoder wrote a slice of another picture set")
    return unit[:2] + value.to_bytes(2, "big") + unit[3:]


def merged(old: Config, fresh: "list[tuple[bytes, int]]") -> Config:
    """Return a configuration with the sets of the encoders added.

    Args:
        old: That of the source.
        fresh: For each encoder its configuration, and which ids its sets get.
    """
    extra = [
        renumbered(unit, variant) for data, variant in dict.fromkeys(fresh) for unit in _sets(data)
    ]
    arrays = []
    for kind, found in old.arrays:
        more = [unit for unit in dict.fromkeys(extra) if kind_of(unit) == kind & 63]
        arrays.append((kind, (*found, *more)))
    lacking = {VPS, SPS, PPS} - {kind & 63 for kind, _ in old.arrays}
    for one in sorted(lacking):
        more = [unit for unit in dict.fromkeys(extra) if kind_of(unit) == one]
        arrays.append((0x80 | one, tuple(more)))
    return replace(old, arrays=tuple(arrays))


def replaced(old: Config, extradata: bytes) -> Config:
    """Return a configuration with the sets of an encoder instead of its own."""
    fresh = _sets(extradata)
    arrays = [(0x80 | one, tuple(u for u in fresh if kind_of(u) == one)) for one in (VPS, SPS, PPS)]
    return replace(old, arrays=tuple(arrays))


def _sets(extradata: bytes) -> list[bytes]:
    """Return the parameter sets that an encoder hands out: in an hvcC, or behind lengths."""
    found = read_config(extradata).units if extradata[:1] == b"\1" else list(units(extradata, 4))
    return [unit for unit in found if kind_of(unit) in {VPS, SPS, PPS}]


def start_kind(head: bytes, prefix: int) -> str:
    """Return whether a key frame is "clean" (IDR), "open" (CRA) or "none"; empty if nothing tells.

    Pictures that are decoded behind an open one and shown before it may refer to what was earlier.
    """
    for unit in units(head, prefix):
        kind = kind_of(unit)
        if 0 <= kind < VPS:
            return "clean" if kind in _IDR else "open" if kind == _CRA else "none"
    return ""


def broken_off(sample: bytes, prefix: int) -> bytes:
    """Return a CRA picture as the start of a new sequence (BLA): its leading pictures are gone."""
    found = []
    for unit in units(sample, prefix):
        fresh = bytes([unit[0] & 0x81 | _BLA_WITHOUT_LEADING << 1]) if unit else b""
        found.append(fresh + unit[1:] if kind_of(unit) == _CRA else unit)
    return joined(found, prefix)
