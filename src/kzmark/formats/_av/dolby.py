"""Heads of AC-3 and E-AC-3 frames: what new frames must have in common with old ones.

Spec: ETSI TS 102 366, 4.3 and 4.4 (AC-3), E.1.2 and E.1.3 (E-AC-3).
"""

from typing import Final, NamedTuple

from kzmark.errors import UnsupportedMediaError

CODECS: Final = frozenset({"ac3", "eac3"})
_SYNC: Final = 0x0B77
_KILO: Final = (
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
)  # fmt: skip
_ENHANCED: Final = 10  # lowest number of a bit stream that is E-AC-3
_BLOCKS: Final = 3  # code of six blocks: 1,536 samples
_BITS: Final = 14  # bytes in which all of a head stands


class Head(NamedTuple):
    """What a frame says of itself.

    Attributes:
        enhanced: Whether it is E-AC-3.
        rate: Code of its samples a second.
        channels: Code of the arrangement of channels, and whether there is a deepest one.
        level: dB under full scale at which people talk: players set their volume by it.
        bits: Bits a second; 0 where the size of a frame says so.
        size: Bytes of the frame; 0 where the bit rate says so.
    """

    enhanced: bool
    rate: int
    channels: tuple[int, int]
    level: int
    bits: int
    size: int


def head(frame: bytes) -> Head:
    """Read the head of a frame.

    Raises:
        UnsupportedMediaError: If it is none, or one of several that belong together.
    """
    bits = int.from_bytes(frame[:_BITS].ljust(_BITS, b"\0"), "big")
    at = 8 * _BITS

    def take(count: int) -> int:
        nonlocal at
        at -= count
        return bits >> at & ((1 << count) - 1)

    if len(frame) < _BITS or take(16) != _SYNC:
        raise UnsupportedMediaError("a packet of its sound is no frame of AC-3")
    if (frame[5] if len(frame) > 5 else 0) >> 3 > _ENHANCED:
        kind, part, words, rate, blocks = take(2), take(3), take(11), take(2), take(2)
        arranged = take(3), take(1)
        take(5)
        if kind or part or rate == 3 or blocks != _BLOCKS or 2 * words + 2 != len(frame):
            raise UnsupportedMediaError("its E-AC-3 has frames that belong together")
        return Head(True, rate, arranged, take(5) or 31, 0, 2 * words + 2)
    take(16)
    rate, size, _, mode = take(2), take(6), take(8), take(3)
    take(2 * ((mode & 1 and mode != 1) + bool(mode & 4) + (mode == 2)))  # levels for mixing down
    deepest, level = take(1), take(5)
    if size >> 1 >= len(_KILO):
        raise UnsupportedMediaError("a packet of its sound is no frame of AC-3")
    return Head(False, rate, (mode, deepest), level or 31, _KILO[size >> 1] * 1000, 0)


def fits(old: Head, new: Head) -> bool:
    """Say whether frames can stand in one stream."""
    return old[:4] == new[:4] and old.bits == new.bits
