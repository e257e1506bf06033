"""Floors of Vorbis: the loudness of a spectrum as lines between posts.

Spec: Vorbis I, 7.2.3 (packet decode), 7.2.4 (curve computation), 9.2.6 (render_point), 10.1 (the
table, which is a geometric series).
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats.ogg.vorbis.bits import Writer, width
from kzmark.formats.ogg.vorbis.books import Book
from kzmark.formats.ogg.vorbis.setup import Floor, FloorClass

_RANGES: Final = (256, 128, 86, 64)
_STEP: Final = 0.546875  # decibels from one entry of the table to the next
_TABLE: Final = (10 ** ((np.arange(256) - 255) * _STEP / 20)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Told:
    """A floor as a packet tells it.

    Attributes:
        ends: The first and the last post.
        values: What is told of each post between, in the order of the header.
        picked: Of each partition the subclass of each of its posts.
        curve: What a decoder draws.
    """

    ends: tuple[int, int]
    values: tuple[int, ...]
    picked: tuple[tuple[int, ...], ...]
    curve: NDArray[np.float32]


class Fitter:
    """Fits one floor to spectra."""

    def __init__(self, floor: Floor, books: tuple[Book, ...], size: int) -> None:
        self._floor, self._books, self._size = floor, books, size
        self._range = _RANGES[floor.multiplier - 1]
        posts = floor.posts
        self._order = sorted(range(len(posts)), key=posts.__getitem__)
        self._near = [_neighbours(posts, at) for at in range(2, len(posts))]
        ordered = np.array([posts[at] for at in self._order])
        edges = np.concatenate([[0], (ordered[1:] + ordered[:-1] + 1) // 2, [size]])
        self._edges = np.clip(edges, 0, size)

    def fit(self, wanted: NDArray[np.float32]) -> Told:
        """Return the floor next to a curve.

        Args:
            wanted: How loud each line of the spectrum may be, above 0.

        Raises:
            UnsupportedMediaError: If the books of the stream cannot tell it.
        """
        aims = self._aims(wanted)
        posts, values = self._floor.posts, []
        heights, used = [aims[0], aims[1]], [True, True]
        at = 2
        picked = []
        for number in self._floor.partitions:
            kind = self._floor.classes[number]
            options, some = [], []
            for _ in range(kind.dimensions):
                low, high = self._near[at - 2]
                guess = _point(posts, heights, low, high, posts[at])
                value, height = self._nearest(aims[at], guess, kind)
                some.append(value)
                options.append([s for s, b in enumerate(kind.books) if self._tells(b, value)])
                heights.append(height)
                used.append(value > 0)
                if value:
                    used[low] = used[high] = True
                at += 1
            values += some
            picked.append(self._subclasses(kind, options))
        curve = self._curve(heights, used)
        return Told((aims[0], aims[1]), tuple(values), tuple(picked), curve)

    def write(self, told: Told, bits: Writer) -> None:
        """Write a floor into a packet."""
        bits.put(1, 1)
        for end in told.ends:
            bits.put(end, width(self._range - 1))
        at = 0
        for number, picked in zip(self._floor.partitions, told.picked, strict=True):
            kind = self._floor.classes[number]
            if kind.subclasses:
                entry = sum(one << n * kind.subclasses for n, one in enumerate(picked))
                master = self._books[kind.master]
                bits.put(master.words[entry], master.lengths[entry])
            for subclass in picked:
                if (number_ := kind.books[subclass]) >= 0:
                    book, value = self._books[number_], told.values[at]
                    bits.put(book.words[value], book.lengths[value])
                at += 1

    def _aims(self, wanted: NDArray[np.float32]) -> list[int]:
        """Return the height of each post: the loudest line nearer to it than to any other."""
        found = [0] * len(self._floor.posts)
        for place, post in enumerate(self._order):
            low, high = int(self._edges[place]), int(self._edges[place + 1])
            low = min(low, self._size - 1)
            loud = float(wanted[low : max(high, low + 1)].max())
            entry = 255 + 20 * np.log10(max(loud, 1e-7)) / _STEP
            height = round(entry / self._floor.multiplier)
            found[post] = max(0, min(height, self._range - 1))
        return found

    def _nearest(self, aim: int, guess: int, kind: FloorClass) -> tuple[int, int]:
        """Return the value, and the height it means, that can be told and is next to an aim."""
        for distance in range(self._range):
            for height in {aim + distance, aim - distance}:
                if 0 <= height < self._range:
                    value = self._value(height, guess)
                    if any(self._tells(book, value) for book in kind.books):
                        return value, height
        raise UnsupportedMediaError("a Vorbis stream whose floors cannot be told by its books")

    def _value(self, height: int, guess: int) -> int:
        room = min(self._range - guess, guess)
        away = height - guess
        if away < 0:
            return room - away - 1 if away < -room else -1 - 2 * away
        return away + room if away >= room else 2 * away

    def _tells(self, book: int, value: int) -> bool:
        return value == 0 if book < 0 else self._books[book].has(value)

    def _subclasses(self, kind: FloorClass, options: list[list[int]]) -> tuple[int, ...]:
        for picked in itertools.product(*options):
            entry = sum(one << n * kind.subclasses for n, one in enumerate(picked))
            if not kind.subclasses or self._books[kind.master].has(entry):
                return picked
        raise UnsupportedMediaError("a Vorbis stream whose floors cannot be told by its books")

    def _curve(self, heights: list[int], used: list[bool]) -> NDArray[np.float32]:
        """Draw the lines between the posts that are used, as a decoder does."""
        drawn = np.zeros(self._size, np.int64)
        shown = [at for at in self._order if used[at]]
        scale = self._floor.multiplier
        low = shown[0]
        end, last = 0, heights[low] * scale
        for high in shown[1:]:
            start, end = self._floor.posts[low], self._floor.posts[high]
            last = heights[high] * scale
            _line(drawn, start, heights[low] * scale, end, last)
            low = high
        drawn[min(end, self._size) :] = last
        return _TABLE[np.clip(drawn, 0, 255)]


def _neighbours(posts: tuple[int, ...], at: int) -> tuple[int, int]:
    """Return the nearest posts below and above among those that came before."""
    here = posts[at]
    low = max((one for one in range(at) if posts[one] < here), key=lambda one: posts[one])
    high = min((one for one in range(at) if posts[one] > here), key=lambda one: posts[one])
    return low, high


def _point(posts: tuple[int, ...], heights: list[int], low: int, high: int, here: int) -> int:
    away, across = heights[high] - heights[low], posts[high] - posts[low]
    off = abs(away) * (here - posts[low]) // across
    return heights[low] - off if away < 0 else heights[low] + off


def _line(drawn: NDArray[np.int64], x0: int, y0: int, x1: int, y1: int) -> None:
    """Draw a line in whole numbers (Vorbis I, 9.2.7)."""
    across = x1 - x0
    base = int((y1 - y0) / across)
    rest = abs(y1 - y0) - abs(base) * across
    steps = np.arange(min(x1, len(drawn)) - min(x0, len(drawn)))
    sign = -1 if y1 < y0 else 1
    drawn[x0 : x0 + len(steps)] = y0 + base * steps + sign * (steps * rest // across)
