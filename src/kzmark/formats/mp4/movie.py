"""A film in boxes: opened, and written anew with other samples or other boxes.

Chunks stay where they are among each other; only those with changed samples are laid anew. All
else is copied, and every offset is put right. Spec: ISO/IEC 14496-12, 8.2 (moov), 8.7.5 (offsets).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kzmark import _rope
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._bmff.boxes import Span, first, header, spans
from kzmark.formats.mp4 import fragments
from kzmark.formats.mp4.replays import check_replays
from kzmark.formats.mp4.sizes import check_sizes
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box, content, grow, outermost

_4G = 1 << 32
_SLACK = 16 << 20  # bytes by which indices may make a file grow


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream that is copied."""

    stream: BinaryIO
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the file that other pieces take the place of."""

    start: int
    stop: int
    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Bytes of the pieces."""
        return sum(piece.length for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Gap:
    """So many bytes that are to come in at an offset, between two outermost boxes."""

    at: int
    length: int


class Movie:
    """An MP4 or MOV file, taken apart.

    Attributes:
        source: The file.
        limits: What it may cost.
        size: Its length, in bytes.
        tops: Its outermost boxes.
        moov: The tree of its index.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.source, self.limits = Rope.over(source), limits
        self.size = self.source.size
        self.tops = outermost(self.source, limits=limits)
        self.place = first(self.tops, b"moov")
        if self.place is None:
            raise MalformedMediaError("it has no index (moov): it is cut off or was not finished")
        data = content(self.source, self.place)
        (root,) = spans(data, 0, len(data), limits=limits)[:1]
        self.moov = grow(data, root, limits=limits, at=self.place.start)
        for trak in self.moov.children or ():
            if trak.kind == b"trak":
                check_sizes(trak, self.size)
                check_replays(trak, self.moov)

    @property
    def head(self) -> bytes:
        """Its first bytes."""
        self.source.seek(0)
        return self.source.read(64)

    @property
    def fragmented(self) -> bool:
        """Whether samples are listed in fragments, too."""
        return first(self.tops, b"moof") is not None or self.moov.find(b"mvex") is not None

    def check_fragments(self) -> None:
        """Refuse fragments that name more samples than the file has bytes.

        Raises:
            MalformedMediaError: If they do.
        """
        told = 0
        for top in self.tops:
            if top.kind == b"moof":
                told += fragments.unlisted(content(self.source, top), limits=self.limits)
                if told > self.size:
                    raise MalformedMediaError("its fragments name more samples than there can be")

    def tables(self) -> list[Table]:
        """Return the tables of every track that has samples of its own.

        Raises:
            MalformedMediaError: If one of them breaks its rules.
        """
        traks = [box for box in self.moov.children or () if box.kind == b"trak"]
        return [Table(trak, size=self.size) for trak in traks]

    def offsets(self) -> list[Box]:
        """Return the boxes that hold offsets of chunks.

        Raises:
            UnsupportedMediaError: If other boxes hold offsets, too: of encryption, or of items.
        """
        for top in self.tops:
            if top.kind == b"meta" and b"iloc" in content(self.source, top):
                raise UnsupportedMediaError("it holds items beside its film")
        found = []
        for trak in self.moov.children or ():
            stbl = trak.find(b"mdia", b"minf", b"stbl") if trak.kind == b"trak" else None
            found += [c for c in (stbl.children if stbl else None) or () if c.kind in _OFFSETS]
            if stbl is not None and stbl.find(b"saio"):
                raise UnsupportedMediaError("its samples have data of their own beside them")
        return found


_OFFSETS = frozenset({b"stco", b"co64"})
_NO_GAP = Gap(-1, 0)


class Layout:
    """Where the bytes of a file come to lie when some of it changes."""

    def __init__(
        self,
        movie: Movie,
        edits: Sequence[Edit],
        extra: bytes,
        skip: Sequence[Span],
        gap: Gap,
    ) -> None:
        self._gap = gap
        self._movie = movie
        self._edits = sorted(edits, key=lambda edit: edit.start)
        self._extra, self._skip = extra, frozenset(skip)
        grown = sum(edit.length for edit in edits) + len(extra) + gap.length
        self.wide = movie.size + grown + _SLACK >= _4G
        self._check()

    def moves(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return from which old offset on how many bytes are added, if the index is so long."""
        starts, deltas, shift = [0], [0], 0
        for span in self._movie.tops:
            if span.start == self._gap.at:
                shift += self._gap.length
                starts.append(span.start)
                deltas.append(shift)
            if span in self._skip:
                shift -= span.end - span.start
                continue
            if span.kind == b"moov":
                shift += index - (span.end - span.start)
                starts.append(span.end)
                deltas.append(shift)
                continue
            inside = self._inside(span)
            grown = sum(edit.length - (edit.stop - edit.start) for edit in inside)
            if span.kind == b"mdat":
                size = span.end - span.body + grown
                shift += len(self._header(span, size)) - (span.body - span.start)
            starts.append(span.body)
            deltas.append(shift)
            for edit in inside:
                shift += edit.length - (edit.stop - edit.start)
                starts.append(edit.stop)
                deltas.append(shift)
        return np.array(starts, np.int64), np.array(deltas, np.int64)

    def write(self, target: BinaryIO) -> None:
        """Write the file, its index as it is by now."""
        movie = self._movie
        moves = self.moves(movie.moov.size)
        self._move = lambda old: int(moved(np.array([old]), moves)[0])
        last = movie.tops[-1]
        for span in movie.tops:
            if span is last and span.kind == b"mfra":  # it has to be the last
                target.write(self._extra)
            if span not in self._skip:
                self._write_top(target, span)
        if last.kind != b"mfra":
            target.write(self._extra)
        target.write(bytes(movie.size - last.end))

    def _write_top(self, target: BinaryIO, span: Span) -> None:
        source = self._movie.source
        if span.kind == b"moov":
            self._movie.moov.write(target, source)
            return
        if span.kind in {b"moof", b"mfra"}:
            data = content(source, span)
            target.write(fragments.moved(data, self._move, limits=self._movie.limits))
            return
        inside = self._inside(span)
        grown = sum(edit.length - (edit.stop - edit.start) for edit in inside)
        at = span.start
        if span.kind == b"mdat":
            target.write(self._header(span, span.end - span.body + grown))
            at = span.body
        for edit in inside:
            _rope.copy(source, target, at, edit.start - at)
            for piece in edit.pieces:
                _rope.copy(piece.stream, target, piece.start, piece.length)
            at = edit.stop
        _rope.copy(source, target, at, span.end - at)

    def _inside(self, span: Span) -> list[Edit]:
        if span.kind != b"mdat":
            return []
        return [e for e in self._edits if span.body <= e.start and e.stop <= span.end]

    def _header(self, span: Span, size: int) -> bytes:
        """Return the header of a box of samples; one that was long stays long."""
        if span.body - span.start == 16 and size + 16 < _4G:
            return b"\0\0\0\1" + span.kind + (size + 16).to_bytes(8, "big")
        return header(span.kind, size)

    def _check(self) -> None:
        for one, two in zip(self._edits, self._edits[1:], strict=False):
            if two.start < one.stop:
                raise UnsupportedMediaError("its chunks overlap")
        boxes = [span for span in self._movie.tops if span.kind == b"mdat"]
        for edit in self._edits:
            if not any(b.body <= edit.start and edit.stop <= b.end for b in boxes):
                raise UnsupportedMediaError("its pictures lie outside of its media data")


def moved(
    offsets: NDArray[np.int64], moves: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return where offsets lie afterwards."""
    starts, deltas = moves
    found: NDArray[np.int64] = offsets + deltas[np.searchsorted(starts, offsets, "right") - 1]
    return found


def rewrite(
    movie: Movie,
    target: BinaryIO,
    *,
    edits: Sequence[Edit] = (),
    extra: bytes = b"",
    skip: Sequence[Span] = (),
    gap: Gap = _NO_GAP,
) -> None:
    """Write a film anew, with its tree as it is now.

    Args:
        movie: The film; offsets in its tree still lead into the source, and are put right.
        target: Where it goes.
        edits: What is replaced of its media data.
        extra: Whole boxes to stand at the end.
        skip: Outermost boxes to leave out.
        gap: Bytes that will come in afterwards: offsets lead to where things lie then.

    Raises:
        MediaError: If its chunks are in the way of each other.
    """
    layout = Layout(movie, edits, extra, skip, gap)
    tables = [(box, _chunks(box)) for box in movie.offsets()]
    for box, offsets in tables:
        _put(box, offsets, wide=layout.wide or box.kind == b"co64")
    moves = layout.moves(movie.moov.size)
    for box, offsets in tables:
        _put(box, moved(offsets, moves), wide=box.kind == b"co64")
    layout.write(target)


def _chunks(box: Box) -> NDArray[np.int64]:
    kind, size = (">u8", 8) if box.kind == b"co64" else (">u4", 4)
    count = int.from_bytes(box.body[4:8], "big")
    if len(box.body) < 8 + count * size:
        raise MalformedMediaError("a table of chunks ends too early")
    return np.frombuffer(box.body, kind, count, 8).astype(np.int64)


def _put(box: Box, offsets: NDArray[np.int64], *, wide: bool) -> None:
    box.kind = b"co64" if wide else b"stco"
    data = offsets.astype(">u8" if wide else ">u4").tobytes()
    box.body = bytes(4) + len(offsets).to_bytes(4, "big") + data
