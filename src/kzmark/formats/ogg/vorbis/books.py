"""Code books of Vorbis: words for numbers.

Spec: Vorbis I, 3.2.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.ogg.vorbis.bits import Reader, width

_BOOK: Final = 0x564342
_MOST: Final = 1 << 20  # numbers of one code book
_LOUDEST: Final = 2.0**40  # far above all sound, and its square is a number still


@dataclass(frozen=True, slots=True)
class Book:
    """A code book.

    Attributes:
        dimensions: Numbers of one entry.
        lengths: Bits of each entry's word; 0 where it is not used.
        words: The word of each entry, its first bit lowest.
        values: (entries, dimensions) numbers, or nothing for a book of plain entries.
        axis: The numbers of each dimension, where entries are all their combinations, the first
            dimension counting fastest; else nothing.
    """

    dimensions: int
    lengths: tuple[int, ...]
    words: tuple[int, ...]
    values: NDArray[np.float32] | None
    axis: NDArray[np.float32] | None

    def has(self, entry: int) -> bool:
        """Say whether an entry can be written."""
        return 0 <= entry < len(self.lengths) and self.lengths[entry] > 0


def book(bits: Reader) -> Book:
    """Read a code book.

    Raises:
        MediaError: If it breaks its rules, or is larger than any real one.
    """
    if bits.take(24) != _BOOK:
        raise MalformedMediaError("a code book does not begin as one")
    dimensions, entries = bits.take(16), bits.take(24)
    if entries * max(1, dimensions) > _MOST:
        raise LimitExceededError(f"a code book of {entries} entries")
    lengths = _ordered(bits, entries) if bits.take(1) else _lengths(bits, entries)
    kind = bits.take(4)
    values, axis = _values(bits, kind, entries, dimensions) if kind else (None, None)
    return Book(dimensions, tuple(lengths), tuple(_words(lengths)), values, axis)


def _lengths(bits: Reader, entries: int) -> list[int]:
    if not bits.take(1):
        return [bits.take(5) + 1 for _ in range(entries)]
    return [bits.take(5) + 1 if bits.take(1) else 0 for _ in range(entries)]


def _ordered(bits: Reader, entries: int) -> list[int]:
    found: list[int] = []
    length = bits.take(5) + 1
    while len(found) < entries:
        count = bits.take(width(entries - len(found)))
        if count > entries - len(found) or length > 32:
            raise MalformedMediaError("a code book with too many words")
        found += [length] * count
        length += 1
    return found


def _words(lengths: list[int]) -> list[int]:
    """Give each entry the first free word of its length (Vorbis I, 3.2.1), its first bit lowest."""
    free, found = [0] * 34, []
    for length in lengths:
        if not length:
            found.append(0)
            continue
        word = free[length]
        if word >> length:
            raise MalformedMediaError("a code book with too many words")
        found.append(int(f"{word:0{length}b}"[::-1], 2))
        for at in range(length, 0, -1):
            if free[at] & 1:
                free[at] = free[1] + 1 if at == 1 else free[at - 1] << 1
                break
            free[at] += 1
        for at in range(length + 1, 33):
            if free[at] >> 1 != word:
                break
            word, free[at] = free[at], free[at - 1] << 1
    return found


def _values(
    bits: Reader, kind: int, entries: int, dimensions: int
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the numbers of all entries, and of each dimension (Vorbis I, 3.2.1: VQ lookup)."""
    if kind > 2 or not dimensions:
        raise MalformedMediaError(f"a code book of the kind {kind}")
    low, step = _float(bits.take(32)), _float(bits.take(32))
    size, adds = bits.take(4) + 1, bool(bits.take(1))
    count = entries * dimensions if kind == 2 else _root(entries, dimensions)
    told = np.array([bits.take(size) for _ in range(count)], np.float64)
    number = np.arange(entries)[:, None]
    if kind == 2:
        picked = told.reshape(entries, dimensions)
    else:
        power = [count**at for at in range(dimensions)]
        picked = told[np.stack([number[:, 0] // one % count for one in power], axis=1)]
    found = picked * step + low
    found = np.cumsum(found, axis=1) if adds else found
    if not np.abs(found).max(initial=0) < _LOUDEST:
        raise MalformedMediaError("a code book with numbers that no sound has")
    combined = kind == 1 and not adds and count**dimensions == entries
    axis = (told * step + low).astype(np.float32) if combined else None
    return found.astype(np.float32), axis


def _root(entries: int, dimensions: int) -> int:
    found = int(entries ** (1 / dimensions))
    while (found + 1) ** dimensions <= entries:
        found += 1
    while found**dimensions > entries:
        found -= 1
    return found


def _float(word: int) -> float:
    mantissa = word & 0x1FFFFF
    return math.ldexp(-mantissa if word >> 31 else mantissa, (word >> 21 & 0x3FF) - 788)
