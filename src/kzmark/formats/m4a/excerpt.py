"""A short M4A made of some chunks of a long one, so that libav reads a short index.

From the index of an hour libav makes tables of ten megabytes, each time that it opens the file. Of
most files all that is asked for stands in a few chunks: they, with the part of the index that
names them, are a file of their own, whose packets are those of the long one.

Spec: ISO/IEC 14496-12, 8.5 (sample descriptions), 8.6 (times, edits), 8.7 (sizes, chunks).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark._rope import Rope, copy
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio import facts, hear
from kzmark.formats._audio.facts import Facts
from kzmark.formats._av.backend import settle
from kzmark.formats._bmff.boxes import full, header
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie
from kzmark.formats.mp4.tree import Box

_RUN_IN: Final = 1.0  # seconds before a stretch, so that the decoder has settled
_NEAR: Final = 4.0  # seconds between two stretches that are taken together
_RATE: Final = b"\0\1\0\0"  # of an edit that is played as fast as it was recorded
_FEW: Final = 64  # samples by which libav knows what they are
_MOST: Final = 20_000_000  # samples of a track

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Index:
    """What is needed of the index of a file with one plain track of sound.

    Attributes:
        movie: The file.
        trak: The track.
        scale: Units of time in a second.
        begin: Unit at which it begins to be played.
        played: Units that are played; 0 if no edit says.
        counts: How many samples in a row last equally long.
        spans: How long.
        sizes: Bytes of each sample, big-endian, as the file has them; or of all.
        chunks: Offset of each chunk.
        firsts: Number of the first sample of each chunk, and how many samples there are.
    """

    movie: Movie
    trak: Box
    scale: int
    begin: int
    played: int
    counts: Numbers
    spans: Numbers
    sizes: "NDArray[np.uint32] | int"
    chunks: "NDArray[np.uint64]"
    firsts: Numbers

    @classmethod
    def of(cls, movie: Movie) -> "Index | None":
        """Return it; nothing where only libav knows what is played."""
        traks = [one for one in movie.moov.children or () if one.kind == b"trak"]
        heard = [one for one in traks if one.need(b"mdia", b"hdlr").body[8:12] == b"soun"]
        if len(heard) != 1 or movie.fragmented:
            return None
        stbl = heard[0].need(b"mdia", b"minf", b"stbl")
        rows = [row for row in times.edits(heard[0]) if row[1] >= 0]
        if len(rows) > 1 or any(rate != _RATE for _, _, rate in rows) or stbl.find(b"ctts"):
            return None
        try:
            return cls._read(movie, heard[0], stbl, rows)
        except (MalformedMediaError, ValueError):
            return None  # libav takes what it can

    @classmethod
    def _read(
        cls, movie: Movie, trak: Box, stbl: Box, rows: Sequence[tuple[int, int, bytes]]
    ) -> "Index | None":
        counts, spans = _rows(stbl.need(b"stts").body, 2)
        sizes = stbl.need(b"stsz").body
        fixed, count = (int.from_bytes(sizes[at : at + 4], "big") for at in (4, 8))
        wide = stbl.find(b"co64")
        chunks = _offsets(wide.body if wide else stbl.need(b"stco").body, 8 if wide else 4)
        firsts = _firsts(_rows(stbl.need(b"stsc").body, 3), len(chunks))
        if not count or firsts[-1] != count or counts.sum() != count or count > _MOST:
            return None
        mvhd = movie.moov.need(b"mvhd").body
        scale, film = (_scale(body) for body in (trak.need(b"mdia", b"mdhd").body, mvhd))
        length, begin = (rows[0][0] * scale // film, rows[0][1]) if rows else (0, 0)
        if begin >= (counts * spans).sum():
            return None
        sized = fixed or np.frombuffer(sizes, ">u4", count, 12)
        return cls(movie, trak, scale, begin, length, counts, spans, sized, chunks, firsts)

    @property
    def seconds(self) -> float:
        """How long it plays."""
        whole = int((self.counts * self.spans).sum())
        return (min(self.played, whole - self.begin) or whole - self.begin) / self.scale

    def survey(self) -> Facts:
        """Look at the sound; nothing is decoded, unless its headers leave something open."""
        few = int(np.searchsorted(self.firsts, _FEW))
        found = facts.survey(self._cut(0, max(1, min(few, len(self.chunks)))), "mov")
        return replace(found, sound=replace(found.sound, seconds=self.seconds))

    def listen(self, spans: Sequence[Span], *, limits: Limits) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches. See `Sounds.listen`."""
        for group in _together(spans):
            first = self._chunk(max(0.0, group[0][0]) - _RUN_IN)
            last = self._chunk(group[-1][1]) + 2  # a decoder gives some samples one packet later
            time = self._time(int(self.firsts[first])) if first else 0.0
            if time > self.seconds:
                return
            end = self._last - time
            asked = [(start - time, min(stop - time, end)) for start, stop in group]
            part = self._cut(first, min(last, len(self.chunks)))
            settle()  # what tables and decoders took until now
            for at, samples in hear.listen(part, "mov", asked, limits=limits):
                yield at + time, samples

    @property
    def _last(self) -> float:
        """When the packet ends in which the edit does: libav gives packets whole; seconds."""
        ends = np.cumsum(self.counts * self.spans)
        unit = self.begin + self.played
        if not self.played or unit > ends[-1] - self.spans[-1]:
            return math.inf  # the last may hold more than the index says
        run = int(np.searchsorted(ends, unit))
        start, span = int(ends[run] - self.counts[run] * self.spans[run]), int(self.spans[run])
        return (start - (start - unit) // span * span - self.begin) / self.scale

    def _chunk(self, seconds: float) -> int:
        """Return the number of the chunk that holds what is played at a time."""
        unit = int(seconds * self.scale) + self.begin
        ends = np.cumsum(self.counts * self.spans)
        run = min(int(np.searchsorted(ends, unit, "right")), len(ends) - 1)
        into = unit - int(ends[run] - self.counts[run] * self.spans[run])
        sample = int(self.counts[:run].sum()) + into // max(1, int(self.spans[run]))
        sample = min(max(0, sample), int(self.firsts[-1]) - 1)  # the last chunks may hold none
        return int(np.searchsorted(self.firsts, sample, "right")) - 1

    def _time(self, sample: int) -> float:
        """Return when a sample is played, in seconds."""
        ends = np.cumsum(self.counts)
        run = int(np.searchsorted(ends, sample, "right"))
        before = int((self.counts[:run] * self.spans[:run]).sum())
        into = sample - int(self.counts[:run].sum())
        return (before + into * int(self.spans[run]) - self.begin) / self.scale

    def _cut(self, first: int, last: int) -> Rope:
        """Return a file of some chunks: index, then samples."""
        begin, end = int(self.firsts[first]), int(self.firsts[last])
        if isinstance(self.sizes, int):
            sizes = np.full(end - begin, self.sizes, np.int64)
        else:
            sizes = self.sizes[begin:end].astype(np.int64)
        edges = np.concatenate([[0], np.cumsum(sizes)])[self.firsts[first : last + 1] - begin]
        made, top = Rope(), self.movie.tops[0]
        if top.kind == b"ftyp":  # it says how old the kind of boxes is
            copy(self.movie.source, made, top.start, top.end - top.start)
        index = self._index(begin, sizes, first, last, np.zeros(last - first, np.int64))
        start = made.size + len(index) + 16
        made.write(self._index(begin, sizes, first, last, edges[:-1] + start))
        made.write(b"\0\0\0\1mdat" + (16 + int(edges[-1])).to_bytes(8, "big"))
        for number in range(first, last):
            length = int(edges[number - first + 1] - edges[number - first])
            at = int(self.chunks[number])
            if at + length > self.movie.size:
                raise MalformedMediaError("a sample lies outside of the file")
            copy(self.movie.source, made, at, length)
        made.seek(0)
        return made

    def _index(self, begin: int, sizes: Numbers, first: int, last: int, offsets: Numbers) -> bytes:
        """Return the index of some samples; the tags of the file may name silence, and go."""
        old = self.trak.need(b"mdia", b"minf", b"stbl")
        each = np.diff(self.firsts[first : last + 1])
        rows = np.stack([np.arange(1, len(each) + 1), each, np.ones_like(each)], axis=1)
        stbl = _box(
            b"stbl",
            _box(b"stsd", old.need(b"stsd").body),
            _table(b"stts", self._runs(begin, len(sizes))),
            _table(b"stsc", rows),
            full(b"stsz", 0, 0, bytes(4), len(sizes).to_bytes(4, "big"), _packed(sizes)),
            full(b"co64", 0, 0, len(offsets).to_bytes(4, "big"), offsets.astype(">u8").tobytes()),
        )
        mdia, edits = self.trak.need(b"mdia"), self.trak.find(b"edts", b"elst")
        inner = [_box(one.kind, one.body) for one in mdia.need(b"minf").children or () if one.body]
        heads = [_box(kind, mdia.need(kind).body) for kind in (b"mdhd", b"hdlr")]
        parts = [_box(b"tkhd", self.trak.need(b"tkhd").body)]
        if edits is not None and not first:
            parts.append(_box(b"edts", _box(b"elst", edits.body)))
        parts.append(_box(b"mdia", *heads, _box(b"minf", *inner, stbl)))
        mvhd = _box(b"mvhd", self.movie.moov.need(b"mvhd").body)
        return _box(b"moov", mvhd, _box(b"trak", *parts))

    def _runs(self, begin: int, count: int) -> Numbers:
        """Return how many of some samples in a row last how long."""
        ends = np.cumsum(self.counts)
        inside = np.minimum(ends, begin + count) - np.maximum(ends - self.counts, begin)
        kept = inside > 0
        return np.stack([inside[kept], self.spans[kept]], axis=1)


def _together(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield stretches that are near each other."""
    group: list[Span] = []
    for span in spans:
        if group and span[0] - group[-1][1] > _NEAR:
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def _firsts(rows: Numbers, chunks: int) -> Numbers:
    """Return the first sample of each chunk, and how many samples there are.

    Raises:
        MalformedMediaError: If the table makes no sense, or samples are of several kinds.
    """
    starts, counts, kinds = rows
    if not chunks or not len(starts) or starts[0] != 1 or starts[-1] > chunks:
        raise MalformedMediaError("the table of chunks is not in order")
    if (np.diff(starts) <= 0).any() or (kinds != 1).any() or counts.max() > _MOST:
        raise MalformedMediaError("the table of chunks is not in order")
    each = np.repeat(counts, np.diff(np.concatenate([starts, [chunks + 1]])))
    return np.concatenate([[0], np.cumsum(each)])


def _rows(body: bytes, columns: int) -> Numbers:
    """Return the columns of a table whose number of rows stands before it."""
    count = int.from_bytes(body[4:8], "big")
    table = np.frombuffer(body, ">u4", count * columns, 8).astype(np.int64)
    return table.reshape(-1, columns).T


def _offsets(body: bytes, size: int) -> "NDArray[np.uint64]":
    count = int.from_bytes(body[4:8], "big")
    return np.frombuffer(body, f">u{size}", count, 8)


def _scale(body: bytes) -> int:
    at = 20 if body[:1] == b"\1" else 12
    found = int.from_bytes(body[at : at + 4], "big")
    if not found:
        raise MalformedMediaError("a track without a time scale")
    return found


def _packed(numbers: Numbers) -> bytes:
    return numbers.astype(">u4").tobytes()


def _table(kind: bytes, rows: Numbers) -> bytes:
    return full(kind, 0, 0, len(rows).to_bytes(4, "big"), _packed(rows))


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return header(kind, len(body)) + body


def survey(movie: Movie) -> Facts:
    """Look at the sound of a file, at a few of its samples if these tell all."""
    index = Index.of(movie)
    return index.survey() if index else facts.survey(movie.source, "mov")


def listen(
    movie: Movie, spans: Sequence[Span], *, limits: Limits
) -> Iterator[tuple[float, Samples]]:
    """Yield what is heard in these stretches of a file. See `Sounds.listen`."""
    index = Index.of(movie)
    if index is None:
        return hear.listen(movie.source, "mov", spans, limits=limits)
    return index.listen(spans, limits=limits)
