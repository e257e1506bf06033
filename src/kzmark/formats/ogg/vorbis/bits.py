"""Bits of Vorbis packets: the lowest bit of a byte comes first (Vorbis I, 2)."""

from kzmark.errors import MalformedMediaError


class Reader:
    """Reads numbers one after another."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        """Return a number of so many bits.

        Raises:
            MalformedMediaError: If there are not so many.
        """
        if count > self._left:
            raise MalformedMediaError("a header of Vorbis ends too early")
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return found


class Writer:
    """Collects numbers one after another."""

    def __init__(self) -> None:
        self._value, self._count = 0, 0

    def put(self, value: int, count: int) -> None:
        """Write a number of so many bits."""
        self._value |= value << self._count
        self._count += count

    def bytes(self) -> bytes:
        """Return all of it, zeros behind it."""
        return self._value.to_bytes(-(-self._count // 8), "little")


def width(number: int) -> int:
    """Return how many bits a number takes; 0 takes none (Vorbis I, 9.2.1)."""
    return number.bit_length()
