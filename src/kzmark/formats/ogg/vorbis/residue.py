"""Residues of Vorbis: what is left of a spectrum above its floor, told by the books of a stream.

Spec: Vorbis I, 8.6.2 (packet decode).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats.ogg.vorbis.bits import Writer
from kzmark.formats.ogg.vorbis.books import Book
from kzmark.formats.ogg.vorbis.setup import Residue

_BIT: Final = 0.004  # squared error that a bit is worth
_SOME: Final = 4_096  # vectors compared with a book at a time

Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """The residues of many blocks.

    Attributes:
        classes: (blocks, rows, partitions): class of each.
        entries: Of each class and pass: (blocks, rows, partitions, vectors) entries, or nothing.
    """

    classes: Whole
    entries: tuple[tuple[Whole | None, ...], ...]


class Coder:
    """Tells residues with the books of a stream."""

    def __init__(self, residue: Residue, books: tuple[Book, ...]) -> None:
        self.residue, self._books = residue, books
        self._classbook = books[residue.classbook]

    @property
    def reach(self) -> float:
        """The largest number that some class can tell."""
        found = [0.0]
        for passes in self.residue.books:
            sums = 0.0
            for book in passes:
                values = self._books[book].values if book >= 0 else None
                sums += float(np.abs(values).max()) if values is not None else 0.0
            found.append(sums)
        return max(found)

    def tell(self, rows: Floats) -> Told:
        """Choose classes and entries.

        Args:
            rows: (blocks, rows, lines): of each block a row for each channel, or one for all.
        """
        residue = self.residue
        end = min(residue.end, rows.shape[2])
        count = max(0, end - residue.begin) // residue.size
        cut = rows[:, :, residue.begin : residue.begin + count * residue.size]
        parts = cut.reshape(-1, residue.size)
        best = np.full(len(parts), np.inf)
        classes = np.zeros(len(parts), np.int64)
        shape = (*rows.shape[:2], count)
        entries = []
        for number, passes in enumerate(residue.books):
            cost, found = self._class(parts, passes)
            better = cost < best
            best[better], classes[better] = cost[better], number
            entries.append(tuple(None if e is None else e.reshape(*shape, -1) for e in found))
        return Told(self._usable(classes.reshape(shape)), tuple(entries))

    def write(self, told: Told, block: int, rows: list[int], bits: Writer) -> None:
        """Write the residue of a block: the rows that are not silent."""
        together = self._classbook.dimensions
        count = told.classes.shape[2]
        for number in range(8):
            if number and not self._has_pass(number):
                continue
            for first in range(0, count, together):
                if number == 0:
                    for row in rows:
                        some = told.classes[block, row, first : first + together].tolist()
                        entry = self._group(some)
                        bits.put(self._classbook.words[entry], self._classbook.lengths[entry])
                for at in range(first, min(first + together, count)):
                    for row in rows:
                        self._write_part(told, (block, row, at), number, bits)

    def _write_part(self, told: Told, at: tuple[int, int, int], number: int, bits: Writer) -> None:
        kind = int(told.classes[at])
        found = told.entries[kind][number]
        if found is not None:
            book = self._books[self.residue.books[kind][number]]
            for entry in found[at].tolist():
                bits.put(book.words[entry], book.lengths[entry])

    def _has_pass(self, number: int) -> bool:
        return any(passes[number] >= 0 for passes in self.residue.books)

    def _group(self, classes: list[int]) -> int:
        entry = 0
        for at in range(self._classbook.dimensions):
            entry = entry * self.residue.classes + (classes[at] if at < len(classes) else 0)
        return entry

    def _usable(self, classes: Whole) -> Whole:
        """Put groups of classes that the book cannot tell into a class that it can."""
        if all(self._classbook.lengths):
            return classes
        together = self._classbook.dimensions
        alike = [
            k
            for k in range(self.residue.classes)
            if self._classbook.has(self._group([k] * together))
        ]
        if not alike:
            raise UnsupportedMediaError("a Vorbis stream whose classes cannot be told by its books")
        found = classes.copy()
        for block, row in np.ndindex(*classes.shape[:2]):
            for first in range(0, classes.shape[2], together):
                some = classes[block, row, first : first + together].tolist()
                if not self._classbook.has(self._group(some)):
                    found[block, row, first : first + together] = max(alike)
        return found

    def _class(
        self, parts: Floats, passes: tuple[int, ...]
    ) -> tuple[NDArray[np.float64], tuple[Whole | None, ...]]:
        """Return what telling partitions in a class costs, and the entries of each pass.

        Type 0 takes every so many lines, the others lines side by side.
        """
        left, price = parts.copy(), np.zeros(len(parts))
        found: list[Whole | None] = []
        for number in passes:
            book = self._books[number] if number >= 0 else None
            if book is None or book.values is None:
                found.append(None)
                continue
            vectors = self._split(left, book.dimensions)
            entries = _nearest(vectors.reshape(-1, book.dimensions), book)
            vectors = vectors - book.values[entries].reshape(vectors.shape)
            left = self._join(vectors)
            price += np.array(book.lengths)[entries].reshape(len(parts), -1).sum(1)
            found.append(entries)
        return (left.astype(np.float64) ** 2).sum(1) + price * _BIT, tuple(found)

    def _split(self, parts: Floats, dimensions: int) -> Floats:
        if self.residue.kind == 0:
            return parts.reshape(len(parts), dimensions, -1).transpose(0, 2, 1)
        return parts.reshape(len(parts), -1, dimensions)

    def _join(self, vectors: Floats) -> Floats:
        if self.residue.kind == 0:
            vectors = vectors.transpose(0, 2, 1)
        return np.ascontiguousarray(vectors).reshape(len(vectors), -1)


def _nearest(vectors: Floats, book: Book) -> Whole:
    """Return the entry next to each vector, of those that have a word."""
    usable = np.flatnonzero(np.array(book.lengths) > 0)
    if not len(usable):
        raise UnsupportedMediaError("a Vorbis stream with an empty code book")
    if book.axis is None:
        return _searched(vectors, book, usable)
    found = _combined(vectors, book.axis)
    if len(usable) < len(book.lengths):
        missing = np.flatnonzero(np.array(book.lengths)[found] == 0)
        found[missing] = _searched(vectors[missing], book, usable)
    return found


def _combined(vectors: Floats, axis: Floats) -> Whole:
    """Return the entries of a book that holds all combinations of the numbers of one axis."""
    order = np.argsort(axis)
    ordered = axis[order]
    places = order[np.searchsorted((ordered[1:] + ordered[:-1]) / 2, vectors)]
    found: Whole = (places * len(axis) ** np.arange(vectors.shape[1])).sum(1)
    return found


def _searched(vectors: Floats, book: Book, usable: Whole) -> Whole:
    """Return the same by comparing with every entry."""
    values = book.values
    assert values is not None  # a residue has no other books
    table = values[usable]
    half = (table**2).sum(1) / 2
    found = np.empty(len(vectors), np.int64)
    for at in range(0, len(vectors), _SOME):
        found[at : at + _SOME] = (half - vectors[at : at + _SOME] @ table.T).argmin(1)
    return usable[found]
