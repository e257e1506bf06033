"""A Matroska or WebM file: its outermost elements, and the same with others in their places.

Positions in `SeekHead` and `Cues` count from the start of the segment; they are put right whenever
something moves. Spec: RFC 9559, 5.1 (elements), 16 (seeking).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from kzmark import _rope
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.ebml import Element

EBML: Final = 0x1A45DFA3
SEGMENT: Final = 0x18538067
SEEK_HEAD: Final = 0x114D9B74
INFO: Final = 0x1549A966
TRACKS: Final = 0x1654AE6B
CHAPTERS: Final = 0x1043A770
CLUSTER: Final = 0x1F43B675
CUES: Final = 0x1C53BB6B
ATTACHMENTS: Final = 0x1941A469
TAGS: Final = 0x1254C367
TOP: Final = frozenset(
    {SEEK_HEAD, INFO, TRACKS, CHAPTERS, CLUSTER, CUES, ATTACHMENTS, TAGS, EBML, SEGMENT}
)
SEEK, SEEK_ID, SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
CUE_POINT, CUE_TIME, CUE_PLACES = 0xBB, 0xB3, 0xB7
CUE_TRACK, CUE_CLUSTER, CUE_RELATIVE, CUE_BLOCK = 0xF7, 0xF1, 0xF0, 0x5378
POSITION, PREVIOUS = 0xA7, 0xAB  # of a cluster: both are optional
MAX_ELEMENT: Final = 512 << 20  # bytes of an index that is read
_MOST: Final = 5_000_000  # outermost elements
_WIDE: Final = 8  # bytes of every position that is written
_START: Final = 64  # bytes of a cluster in which its position stands


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream that is copied."""

    stream: BinaryIO
    start: int
    length: int


Part = bytes | Piece


def length(parts: Sequence[Part]) -> int:
    """Return how many bytes parts take."""
    return sum(len(part) if isinstance(part, bytes) else part.length for part in parts)


class File:
    """A file, taken apart.

    Attributes:
        source: The file.
        limits: What it may cost.
        segment: Its segment.
        tops: The elements of the segment; clusters have their true end.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.source = Rope.over(source)
        self.limits = limits
        size = self.source.size
        head = ebml.at(self.source, 0, size)
        if head.kind != EBML:
            raise MalformedMediaError("not a Matroska file")
        self.segment = ebml.at(self.source, head.end, size)
        if self.segment.kind != SEGMENT:
            raise MalformedMediaError("a Matroska file without a segment")
        self.tops = list(self._tops())

    def first(self, kind: int) -> Element | None:
        """Return the first element of a kind."""
        return next((one for one in self.tops if one.kind == kind), None)

    def content(self, found: Element) -> bytes:
        """Return the content of an element that is no cluster."""
        return ebml.content(self.source, found, most=MAX_ELEMENT)

    def inner(self, found: Element, end: int | None = None) -> Iterator[Element]:
        """Yield the elements inside of one, from the file; only headers are read."""
        start, end = found.body, found.end if end is None else end
        while start < end:
            one = ebml.at(self.source, start, end)
            yield one
            start = one.end

    def _tops(self) -> Iterator[Element]:
        start, end, count = self.segment.body, self.segment.end, 0
        while start < end:
            found = ebml.at(self.source, start, end)
            if found.unknown:
                if found.kind != CLUSTER:
                    raise MalformedMediaError("an element without a size")
                found = found._replace(end=self._cluster_end(found))
            count += 1
            if count > _MOST:
                raise LimitExceededError(f"more than {_MOST} elements")
            yield found
            start = found.end

    def _cluster_end(self, cluster: Element) -> int:
        for one in self.inner(cluster):
            if one.kind in TOP:
                return one.start
        return cluster.end


def rewrite(
    file: File,
    target: BinaryIO,
    changed: dict[int, list[Part]],
    *,
    before_clusters: bytes = b"",
    drop_cues: Callable[[int, int], bool] = lambda _track, _time: False,
    rebuilt: frozenset[int] = frozenset(),
) -> None:
    """Write a file with other elements in some places, positions put right.

    Args:
        file: The file.
        target: Where it goes.
        changed: Start of an outermost element → what stands there instead.
        before_clusters: Whole elements to stand before the first cluster.
        drop_cues: Track and time of a cue → whether it leads nowhere any more.
        rebuilt: Starts of clusters whose insides moved.
    """
    _Writing(file, changed, before_clusters, drop_cues, rebuilt).write(target)


class _Writing:
    def __init__(
        self,
        file: File,
        changed: dict[int, list[Part]],
        extra: bytes,
        drop_cues: Callable[[int, int], bool],
        rebuilt: frozenset[int],
    ) -> None:
        self._file, self._extra = file, extra
        self._drop, self._rebuilt = drop_cues, rebuilt
        self._parts = {one.start: self._unmoored(one) for one in file.tops} | changed
        first = file.first(CLUSTER)
        self._extra_at = first.start if first else -1
        self._places = {one.start: 0 for one in file.tops} | {-1: 0}

    def write(self, target: BinaryIO) -> None:
        for _ in range(2):  # once to learn the places, and once more with them
            for one in self._file.tops:
                if one.kind == SEEK_HEAD:
                    self._parts[one.start] = [self._seek_head(one)]
                elif one.kind == CUES:
                    self._parts[one.start] = [self._cues(one)]
            self._lay_out()
        source, segment = self._file.source, self._file.segment
        _rope.copy(source, target, 0, segment.start)
        target.write(self._header())
        for one in self._file.tops:
            if one.start == self._extra_at:
                target.write(self._extra)
            for part in self._parts[one.start]:
                _put(part, target)
        if self._extra_at < 0:
            target.write(self._extra)
        end = self._file.tops[-1].end if self._file.tops else segment.body
        _rope.copy(source, target, end, source.size - end)

    def _lay_out(self) -> None:
        place = 0
        for one in self._file.tops:
            if one.start == self._extra_at:
                self._places[-1] = place
                place += len(self._extra)
            self._places[one.start] = place
            place += length(self._parts[one.start])
        if self._extra_at < 0:
            self._places[-1] = place
        self._size = place + (len(self._extra) if self._extra_at < 0 else 0)

    def _header(self) -> bytes:
        if self._file.segment.unknown:
            return SEGMENT.to_bytes(4, "big") + b"\x01" + b"\xff" * 7
        return ebml.header(SEGMENT, self._size, width=_WIDE)

    def _unmoored(self, one: Element) -> list[Part]:
        """Return an element as it is, a cluster without its own position (as a void)."""
        source = self._file.source
        whole: list[Part] = [Piece(source, one.start, one.end - one.start)]
        if one.kind != CLUSTER:
            return whole
        return unmoored(source, one)

    def _moved(self, old: int) -> int | None:
        """Return the new position of what was at an old one, both from the segment's start."""
        start = old + self._file.segment.body
        return self._places.get(start) if old >= 0 and self._parts.get(start) else None

    def _seek_head(self, one: Element) -> bytes:
        data, limits = self._file.content(one), self._file.limits
        rows, listed = [], set()
        for entry in ebml.children(data, 0, len(data), limits=limits):
            if entry.kind != SEEK:
                continue
            fields = ebml.children(data, entry.body, entry.end, limits=limits)
            name = next((data[f.body : f.end] for f in fields if f.kind == SEEK_ID), b"")
            old = next(
                (ebml.integer(data[f.body : f.end]) for f in fields if f.kind == SEEK_POSITION), -1
            )
            place = self._moved(old)
            if place is not None:
                rows.append(_seek(name, place))
                listed.add(name)
        if self._extra and TAGS.to_bytes(4, "big") not in listed:
            rows.append(_seek(TAGS.to_bytes(4, "big"), self._places.get(-1, 0)))
        return ebml.pack(SEEK_HEAD, *rows)

    def _cues(self, one: Element) -> bytes:
        data, limits = self._file.content(one), self._file.limits
        found = ebml.children(data, 0, len(data), limits=limits)
        points = [self._cue(data, point) for point in found if point.kind == CUE_POINT]
        return ebml.pack(CUES, *points)

    def _cue(self, data: bytes, point: Element) -> bytes:
        time, parts = 0, []
        kept = False
        for field in ebml.children(data, point.body, point.end, limits=self._file.limits):
            if field.kind == CUE_TIME:
                time = ebml.integer(data[field.body : field.end])
            if field.kind != CUE_PLACES:
                parts.append(data[field.start : field.end])
            elif place := self._cue_place(data, field, time):
                parts.append(place)
                kept = True
        return ebml.pack(CUE_POINT, *parts) if kept else b""

    def _cue_place(self, data: bytes, field: Element, time: int) -> bytes:
        limits = self._file.limits
        rows = ebml.children(data, field.body, field.end, limits=limits)
        values = {row.kind: ebml.integer(data[row.body : row.end]) for row in rows}
        old = values.get(CUE_CLUSTER, -1)
        place = self._moved(old)
        if place is None or self._drop(values.get(CUE_TRACK, 0), time):
            return b""
        inside = old + self._file.segment.body in self._rebuilt
        parts = []
        for row in rows:
            if row.kind == CUE_CLUSTER:
                parts.append(ebml.unsigned(CUE_CLUSTER, place, width=_WIDE))
            elif not (inside and row.kind in {CUE_RELATIVE, CUE_BLOCK}):
                parts.append(data[row.start : row.end])
        return ebml.pack(CUE_PLACES, *parts)


def unmoored(source: BinaryIO, cluster: Element) -> list[Part]:
    """Return a cluster whose statement of where it and its neighbour begin is made void."""
    source.seek(cluster.body)
    end = min(cluster.end, cluster.body + _START)
    head = source.read(end - cluster.body)
    at, patched = 0, bytearray(head)
    while at < len(head):
        try:
            one = ebml.element(head[at : at + 12], cluster.body + at, cluster.end)
        except MalformedMediaError:
            break
        if one.kind in {POSITION, PREVIOUS}:
            patched[at] = ebml.VOID
        at = one.end - cluster.body
    if patched == head:
        return [Piece(source, cluster.start, cluster.end - cluster.start)]
    opening = Piece(source, cluster.start, cluster.body - cluster.start)
    return [opening, bytes(patched), Piece(source, end, cluster.end - end)]


def _seek(name: bytes, place: int) -> bytes:
    position = ebml.unsigned(SEEK_POSITION, place, width=_WIDE)
    return ebml.pack(SEEK, ebml.pack(SEEK_ID, name), position)


def _put(part: Part, target: BinaryIO) -> None:
    if isinstance(part, bytes):
        target.write(part)
    else:
        _rope.copy(part.stream, target, part.start, part.length)
