"""H.264: parameter sets of two encoders side by side in one avcC.

The pictures that are encoded again refer to sets with ids of their own, so that no decoder ever
mixes them up, whatever point it starts from. Spec: ISO/IEC 14496-15, 5.3.3; ITU-T H.264, 7.3.2.
"""

from dataclasses import dataclass, replace
from typing import Final

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.nal import Bits, plain, units

_HIGH: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_SPS, _PPS = 7, 8
_IDS: Final = 29  # the highest first id of three in a row
_MOST: Final = 31  # parameter sets that an avcC can count


@dataclass(frozen=True, slots=True)
class Sps:
    """What matters here of a sequence parameter set.

    Attributes:
        profile: profile_idc.
        constraints: The flags behind it.
        level: level_idc.
        number: seq_parameter_set_id.
        frames_only: Whether no picture may be interlaced.
        size: Width and height in macroblocks (of a field, in height, if not `frames_only`).
    """

    profile: int
    constraints: int
    level: int
    number: int
    frames_only: bool
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Config:
    """An avcC, taken apart.

    Attributes:
        head: Version, profile, constraints, level.
        prefix: Bytes of a NAL length.
        sps: Sequence parameter sets.
        pps: Picture parameter sets.
        tail: What follows, for the high profiles.
    """

    head: bytes
    prefix: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    tail: bytes

    def pack(self) -> bytes:
        """Return it whole."""
        if max(len(self.sps), len(self.pps)) > _MOST:
            raise UnsupportedMediaError("it has too many parameter sets")
        parts = [self.head, bytes([0xFC | self.prefix - 1, 0xE0 | len(self.sps)])]
        parts += [len(one).to_bytes(2, "big") + one for one in self.sps]
        parts.append(bytes([len(self.pps)]))
        parts += [len(one).to_bytes(2, "big") + one for one in self.pps]
        return b"".join([*parts, self.tail])


def read_config(data: bytes) -> Config:
    """Take an avcC apart.

    Raises:
        MalformedMediaError: If it breaks its rules.
    """
    if len(data) < 7 or data[0] != 1:
        raise MalformedMediaError("the H.264 configuration is damaged")
    sps, at = _sets(data, 6, data[5] & 31)
    if at >= len(data):
        raise MalformedMediaError("the H.264 configuration ends too early")
    pps, at = _sets(data, at + 1, data[at])
    return Config(data[:4], (data[4] & 3) + 1, sps, pps, data[at:])


def _sets(data: bytes, at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : at + 2 + size])
        at += 2 + size
        if at > len(data) or not size:
            raise MalformedMediaError("the H.264 configuration ends too early")
    return tuple(found), at


def read_sps(unit: bytes) -> Sps:
    """Read a sequence parameter set (H.264, 7.3.2.1.1)."""
    bits = Bits(plain(unit[1:]))
    profile, constraints, level, number = bits.u(8), bits.u(8), bits.u(8), bits.ue()
    if profile in _HIGH:
        _skip_high(bits)
    bits.ue()  # log2_max_frame_num
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()  # max_num_ref_frames
    bits.u(1)
    width, height = bits.ue() + 1, bits.ue() + 1
    return Sps(profile, constraints, level, number, bool(bits.u(1)), (width, height))


def _skip_high(bits: Bits) -> None:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    bits.ue()
    bits.ue()
    bits.u(1)
    if not bits.u(1):
        return
    for index in range(12 if chroma == 3 else 8):
        if bits.u(1):
            last = following = 8
            for _ in range(16 if index < 6 else 64):
                if following:
                    following = (last + bits.se()) & 255
                last = following or last


def free_number(config: Config) -> int:
    """Return the first of three ids in a row that no set of the source has.

    Raises:
        UnsupportedMediaError: If there are none.
    """
    used = {read_sps(one).number for one in config.sps}
    for one in config.pps:
        bits = Bits(plain(one[1:]))
        used |= {bits.ue(), bits.ue()}
    for number in range(1, _IDS + 1):
        if not used & {number, number + 1, number + 2}:
            return number
    raise UnsupportedMediaError("all ids of its parameter sets are taken")


def merged(old: Config, fresh: "list[bytes]") -> Config:
    """Return a configuration with the sets of the encoders added."""
    sps, pps = list(old.sps), list(old.pps)
    for data in dict.fromkeys(fresh):
        new = read_config(data)
        sps += [one for one in new.sps if one not in sps]
        pps += [one for one in new.pps if one not in pps]
    numbers = [read_sps(one).number for one in sps]
    if len(set(numbers)) != len(numbers):
        raise UnsupportedMediaError("two of its parameter sets have one id")
    return replace(old, sps=tuple(sps), pps=tuple(pps))


def start_kind(head: bytes, prefix: int) -> str:
    """Return whether a key frame is "clean" (IDR) or "none"; empty if the head does not tell.

    No picture behind a clean one can refer to one before it.
    """
    for unit in units(head, prefix):
        kind = unit[0] & 31 if unit else 0
        if kind in {1, 2, 5}:
            return "clean" if kind == 5 else "none"
    return ""


def from_start_codes(extradata: bytes) -> Config | None:
    """Return the parameter sets that stand between start codes as a configuration."""
    found = [unit for unit in units(extradata, 0) if unit]
    sps = tuple(unit for unit in found if unit[0] & 31 == _SPS)
    pps = tuple(unit for unit in found if unit[0] & 31 == _PPS)
    if not sps or not pps:
        return None
    return Config(b"\1" + sps[0][1:4], 4, sps, pps, b"")
