"""How finely a lossy WebP was quantised, and which quality of libwebp is as fine.

Spec: RFC 6386, 7 (boolean entropy decoder), 9.2 to 9.6 and 19.2 (frame header).
"""

import bisect
from typing import Final

from kzmark.errors import MalformedMediaError

# Index of the coarsest quantiser that libwebp 1.6 chose at each quality from 0 to 100, measured
# over noise, gradients, drawings, letters and flat areas; the tests measure it again.
COARSEST: Final = (
    *(127, 115, 111, 107, 104, 102, 100, 98, 96, 94, 92, 90, 89, 87, 86, 85, 83, 82, 81, 80),
    *(78, 77, 76, 75, 74, 73, 72, 71, 70, 69, 68, 67, 66, 65, 64, 64, 63, 62, 61, 60),
    *(59, 59, 58, 57, 56, 55, 55, 54, 53, 52, 52, 51, 50, 50, 49, 48, 48, 47, 46, 46),
    *(45, 44, 44, 43, 42, 42, 41, 40, 40, 39, 39, 38, 37, 37, 36, 36, 34, 32, 30, 29),
    *(27, 26, 24, 23, 21, 20, 18, 17, 15, 14, 12, 11, 10, 8, 7, 6, 5, 3, 2, 1, 0),
)
_HEADER: Final = 10  # bytes before the first partition
_FINEST, _ROUGHEST = 0, 127


def quality_of(data: bytes) -> int:
    """Return the libwebp quality, 0 to 100, that quantises no coarser than this `VP8 ` chunk.

    Raises:
        MalformedMediaError: If the frame header is cut off.
    """
    wanted = coarsest_quantiser(data)
    return bisect.bisect_left(COARSEST, -wanted, key=lambda index: -index)


def coarsest_quantiser(data: bytes) -> int:
    """Return the largest quantiser index, 0 to 127, that the segments of a `VP8 ` chunk use.

    Raises:
        MalformedMediaError: If the frame header is cut off.
    """
    bits = _Boolean(data[_HEADER:])
    bits.number(2)  # colour space, clamping
    absolute, segments = _segments(bits) if bits.flag() else (False, [])
    bits.number(10)  # filter type, level, sharpness
    if bits.flag() and bits.flag():  # loop filter deltas
        for _ in range(8):
            bits.optional(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    found = segments if absolute else [base + one for one in segments]
    return min(max(_FINEST, *(found or [base])), _ROUGHEST)


def _segments(bits: "_Boolean") -> tuple[bool, list[int]]:
    """Return whether the quantisers of the segments are absolute, and these (RFC 6386, 9.3)."""
    has_map, has_data = bits.flag(), bits.flag()
    absolute, quantisers = False, []
    if has_data:
        absolute = bits.flag()
        quantisers = [bits.optional(7) for _ in range(4)]
        for _ in range(4):
            bits.optional(6)
    if has_map:
        for _ in range(3):
            if bits.flag():
                bits.number(8)
    return absolute, quantisers


class _Boolean:
    """The boolean entropy decoder, for header bits of even odds (RFC 6386, 7.3)."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 2:
            raise MalformedMediaError("the file ends inside a VP8 frame header")
        self._data = data
        self._next = 2
        self._value = int.from_bytes(data[:2], "big")
        self._range = 255
        self._shifted = 0

    def flag(self) -> bool:
        split = 1 + ((self._range - 1) >> 1)
        one = self._value >= split << 8
        if one:
            self._range -= split
            self._value -= split << 8
        else:
            self._range = split
        while self._range < 128:
            self._value <<= 1
            self._range <<= 1
            self._shifted += 1
            if self._shifted == 8:
                self._shifted = 0
                self._value |= self._byte()
        return one

    def number(self, bits: int) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | self.flag()
        return value

    def optional(self, bits: int) -> int:
        """Return a signed number if its flag is set, otherwise 0."""
        if not self.flag():
            return 0
        value = self.number(bits)
        return -value if self.flag() else value

    def _byte(self) -> int:
        self._next += 1
        return self._data[self._next - 1] if self._next <= len(self._data) else 0
