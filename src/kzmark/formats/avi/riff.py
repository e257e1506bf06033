"""RIFF lists of an AVI: found without reading what they hold, and changed stretch by stretch.

Spec: Microsoft, AVI RIFF file reference; OpenDML AVI file format extensions 1.02.
"""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final, NamedTuple

from kzmark import _rope
from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError

LISTS: Final = frozenset({b"RIFF", b"LIST"})
_MOST: Final = 20_000_000  # chunks of one file
_4G: Final = 1 << 32


class Chunk(NamedTuple):
    """Where one chunk lies.

    Attributes:
        kind: Its four letters; for a list, those of the list.
        start: Offset of its header, in bytes.
        body: Offset of its content; behind the letters of a list.
        end: Offset after its content, without the padding byte.
        is_list: Whether it holds chunks.
    """

    kind: bytes
    start: int
    body: int
    end: int
    is_list: bool

    @property
    def after(self) -> int:
        """Offset of what follows."""
        return self.end + (self.end - self.start) % 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream that is copied."""

    stream: BinaryIO
    start: int
    length: int


Part = bytes | Piece


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the file that parts take the place of."""

    start: int
    stop: int
    parts: tuple[Part, ...]

    @property
    def growth(self) -> int:
        """Bytes that the file gains."""
        sizes = (len(p) if isinstance(p, bytes) else p.length for p in self.parts)
        return sum(sizes) - (self.stop - self.start)


class File:
    """An AVI file: its lists, from the outermost inwards.

    Attributes:
        source: The file.
        limits: What it may cost.
        riffs: Its `RIFF` lists: `AVI ` first, `AVIX` behind.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.source = Rope.over(source)
        self.limits = limits
        self.riffs = [c for c in self.chunks(0, self.source.size) if c.is_list]
        if not self.riffs or self.riffs[0].kind != b"AVI ":
            raise MalformedMediaError("not an AVI")

    def chunks(self, start: int, end: int) -> Iterator[Chunk]:
        """Yield the chunks between two offsets."""
        count = 0
        while start + 8 <= end:
            self.source.seek(start)
            head = self.source.read(12)
            size = int.from_bytes(head[4:8], "little")
            is_list = head[:4] in LISTS
            if start + 8 + size > end or (is_list and size < 4):
                name = head[:4].decode("latin-1")
                raise MalformedMediaError(f"a {name!r} chunk of {size} bytes reaches over the end")
            kind, body = (head[8:12], start + 12) if is_list else (head[:4], start + 8)
            found = Chunk(kind, start, body, start + 8 + size, is_list)
            yield found
            start = found.after
            count += 1
            if count > _MOST:
                raise LimitExceededError(f"more than {_MOST} chunks")

    def inner(self, parent: Chunk) -> Iterator[Chunk]:
        """Yield the chunks of a list."""
        return self.chunks(parent.body, parent.end)

    def find(self, parent: Chunk, kind: bytes) -> Chunk | None:
        """Return the first chunk or list of a kind in a list."""
        return next((one for one in self.inner(parent) if one.kind == kind), None)

    def content(self, found: Chunk) -> bytes:
        """Return what a chunk holds."""
        size = found.end - found.body
        if size > self.limits.max_metadata * 8:
            raise LimitExceededError(f"a chunk of {size} bytes")
        self.source.seek(found.body)
        return read_exact(self.source, size, what="chunk")


class Moves:
    """Where old offsets lie after edits."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._stops = [edit.stop for edit in edits]
        self._grown = [0]
        for edit in edits:
            self._grown.append(self._grown[-1] + edit.growth)

    def __call__(self, old: int) -> int:
        """Return where what began at an old offset begins now."""
        return old + self._grown[bisect.bisect_right(self._stops, old)]

    def growth(self, start: int, stop: int) -> int:
        """Return by how much a stretch grew."""
        first, last = (bisect.bisect_right(self._stops, at) for at in (start, stop))
        return self._grown[last] - self._grown[first]


def resized(lists: Sequence[Chunk], moves: Moves) -> list[Edit]:
    """Return the edits that give lists the sizes that their insides have now.

    Raises:
        UnsupportedMediaError: If one of them passes the 4 GiB that its size can say.
    """
    found = []
    for one in lists:
        if grown := moves.growth(one.start, one.after):
            size = one.end - one.start - 8 + grown
            if size >= _4G:
                raise UnsupportedMediaError("a list of it would pass 4 GiB")
            found.append(Edit(one.start + 4, one.start + 8, (size.to_bytes(4, "little"),)))
    return found


def write(source: Rope, target: BinaryIO, edits: Sequence[Edit]) -> None:
    """Copy a file with some stretches replaced."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.stop))
    for one, two in pairwise(ordered):
        if two.start < one.stop:
            raise UnsupportedMediaError("its chunks overlap")
    at = 0
    for edit in ordered:
        _rope.copy(source, target, at, edit.start - at)
        for part in edit.parts:
            if isinstance(part, bytes):
                target.write(part)
            else:
                _rope.copy(part.stream, target, part.start, part.length)
        at = edit.stop
    _rope.copy(source, target, at, source.size - at)


def pack(kind: bytes, *parts: bytes) -> bytes:
    """Return one whole chunk, padded to an even length."""
    size = sum(map(len, parts))
    return kind + size.to_bytes(4, "little") + b"".join(parts) + b"\0" * (size % 2)
