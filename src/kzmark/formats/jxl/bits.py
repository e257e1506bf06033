"""Bits of a JPEG XL codestream, the least significant first, and the field types built from them.

Spec: ISO/IEC 18181-1, B.2 (field types U32, U64, F16, Bool, Enum).
"""

from typing import Final

from kzmark.errors import MalformedMediaError

Choice = tuple[int, int]  # bits to read, and what to add
ENUM: Final[tuple[Choice, ...]] = ((0, 0), (0, 1), (4, 2), (6, 18))


class Bits:
    """Reads a codestream bit by bit."""

    __slots__ = ("_data", "_end", "at")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._end = len(data) * 8
        self.at = at

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        start, stop = self.at, self.at + count
        if stop > self._end:
            raise MalformedMediaError("the JPEG XL codestream ends too early")
        self.at = stop
        whole = int.from_bytes(self._data[start >> 3 : (stop + 7) >> 3], "little")
        return whole >> (start & 7) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return the next bit as a truth value."""
        return bool(self.take(1))

    def u32(self, choices: tuple[Choice, ...]) -> int:
        """Return a number coded in one of four ways (B.2.2)."""
        count, base = choices[self.take(2)]
        return base + self.take(count)

    def u64(self) -> int:
        """Return a number of up to 64 bits (B.2.3)."""
        selector = self.take(2)
        if selector < 3:
            count, base = ((0, 0), (4, 1), (8, 17))[selector]
            return base + self.take(count)
        value, shift = self.take(12), 12
        while self.flag():
            if shift == 60:
                return value | self.take(4) << shift
            value |= self.take(8) << shift
            shift += 8
        return value

    def align(self) -> None:
        """Go on to the next whole byte."""
        self.at = (self.at + 7) & ~7


class Writer:
    """Puts bits together, the least significant first."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def put(self, value: int, count: int) -> None:
        """Append `count` bits."""
        self._value |= (value & ((1 << count) - 1)) << self._count
        self._count += count

    def copy(self, data: bytes, run: tuple[int, int]) -> None:
        """Append the bits of `data` from one bit offset to another."""
        start, stop = run
        whole = int.from_bytes(data[start >> 3 : (stop + 7) >> 3], "little")
        self.put(whole >> (start & 7), stop - start)

    def getvalue(self) -> bytes:
        """Return whole bytes; the last one is filled with zeros."""
        return self._value.to_bytes((self._count + 7) // 8, "little")
