"""The sample tables of one track, as arrays, and back.

Spec: ISO/IEC 14496-12, 8.6.1 (times), 8.6.2 (sync samples), 8.6.6 (edits), 8.7 (sizes, chunks).
"""

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._bmff.boxes import full
from kzmark.formats.mp4 import sizes
from kzmark.formats.mp4.sizes import MOST, Numbers, words
from kzmark.formats.mp4.tree import Box

_SOUND: Final = b"soun"
_FINEST: Final = 1 << 31  # units of time in a second: libav counts them in so many bits
_DEPENDENT: Final = (b"sdtp", b"sbgp", b"sgpd", b"stdp", b"padb", b"subs", b"cslg", b"stps")


class Table:
    """One track: where its samples are, how large, when.

    Of sound that is coded by nothing every moment is a sample, and an hour has a hundred million of
    them. There each chunk counts as one sample, which lasts as many units as it has moments.

    Attributes:
        trak: Its box.
        kind: Handler type, such as `b"vide"`.
        scale: Units of time in a second.
        moment: Bytes of a moment where chunks count as samples, else 0.
        sizes: Of each sample, in bytes.
        spans: How long each lasts.
        shifts: From there to when it is shown.
        keys: Which are sync samples.
        chunks: Offset of each chunk.
        first: First sample of each chunk.
        counts: Samples of each chunk.
    """

    counts: Numbers

    def __init__(self, trak: Box, *, size: int) -> None:
        self.trak = trak
        self.kind = trak.need(b"mdia", b"hdlr").body[8:12]
        self.scale = _time_scale(trak.need(b"mdia", b"mdhd").body)
        self.stbl = trak.need(b"mdia", b"minf", b"stbl")
        self._shifted = self.stbl.find(b"ctts")
        heard = self.kind == _SOUND
        self.moment, each, count = sizes.moment(self.stbl, size) if heard else (0, 0, 0)
        if self.moment:
            self._read_chunks(count)
            self.sizes, self.spans = self.counts * self.moment, self.counts * each
            self.counts = np.ones_like(self.counts)
        else:
            self.sizes = sizes.listed(self.stbl, size)
            self._read_chunks(self.count)
            self.spans = _runs(self.stbl.need(b"stts").body, self.count, signed=False)
        self.shifts = (
            _runs(self._shifted.body, self.count, signed=True)
            if self._shifted
            else np.broadcast_to(np.int64(0), self.count)  # which takes no memory
        )
        self._read_keys(self.count)
        self._place(size)

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.sizes)

    @property
    def pts(self) -> Numbers:
        """When each sample is shown, before edits."""
        return self.dts + self.shifts

    @functools.cached_property
    def dts(self) -> Numbers:
        """When each sample is decoded."""
        ends: Numbers = np.cumsum(self.spans)
        ends -= self.spans
        return ends

    @functools.cached_property
    def chunk_of(self) -> Numbers:
        """The number of the chunk of each sample."""
        return np.repeat(np.arange(len(self.chunks)), self.counts)

    @functools.cached_property
    def offsets(self) -> Numbers:
        """Where each sample is."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        found: Numbers = np.repeat(self.chunks - ends[self.first], self.counts)
        found += ends[:-1]
        return found

    def start(self) -> int:
        """Return the media time at which the first edit begins, in units of the track."""
        edits = self.trak.find(b"edts", b"elst")
        if edits is None or len(edits.body) < 8:
            return int(self.pts.min()) if self.count else 0
        wide = edits.body[0] == 1
        count = int.from_bytes(edits.body[4:8], "big")
        size = 20 if wide else 12
        for index in range(min(count, (len(edits.body) - 8) // size)):
            at = 8 + index * size
            at += 8 if wide else 4
            time = int.from_bytes(edits.body[at : at + (8 if wide else 4)], "big", signed=True)
            if time >= 0:
                return time
        return 0

    def put_samples(self, sizes: Numbers, shifts: Numbers, keys: NDArray[np.bool_]) -> None:
        """Set sizes, shifts and sync samples; tables that only held for the old samples go."""
        self.offsets, self.dts, self.chunk_of  # noqa: B018 - of the old samples, as the file has them
        self.sizes, self.shifts, self.keys = sizes, shifts, keys
        head = (0).to_bytes(4, "big") + len(sizes).to_bytes(4, "big")
        self.stbl.drop(*_DEPENDENT)
        if self.stbl.find(b"stz2"):
            self.stbl.drop(b"stz2")
        self.stbl.put(_full(b"stsz", 0, head, sizes.astype(">u4").tobytes()), behind=b"stsc")
        if self._shifted is not None or shifts.any():
            version = 1 if (shifts < 0).any() else self._shifted.body[0] if self._shifted else 0
            self.stbl.put(_full(b"ctts", version, *_packed_runs(shifts)), behind=b"stts")
        if self.stbl.find(b"stss") or not keys.all():
            numbers = (np.flatnonzero(keys) + 1).astype(">u4")
            listed = len(numbers).to_bytes(4, "big")
            self.stbl.put(_full(b"stss", 0, listed, numbers.tobytes()), behind=b"stts")

    def _read_keys(self, count: int) -> None:
        listed = self.stbl.find(b"stss")
        self.keys = np.ones(count, np.bool_)
        if listed is not None:
            self.keys[:] = False
            numbers = words(listed.body, 4, 1)[:, 0]
            if len(numbers) and (numbers.min() < 1 or numbers.max() > count):
                raise MalformedMediaError("a sync sample that there is not")
            self.keys[numbers - 1] = True

    def _read_chunks(self, count: int) -> None:
        narrow = self.stbl.find(b"stco")
        self.chunks = (
            words(narrow.body, 4, 1)[:, 0] if narrow else _wide(self.stbl.need(b"co64").body)
        )
        number = len(self.chunks)
        rows = words(self.stbl.need(b"stsc").body, 4, 3)
        starts = rows[:, 0] - 1
        if number == 0 or not len(rows):
            if count:
                raise MalformedMediaError("samples without chunks")
            starts, rows = np.zeros(0, np.int64), rows[:0]
        if len(rows) and (starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= number):
            raise MalformedMediaError("the table of chunks is not in order")
        repeats = np.diff(np.concatenate([starts, [number]])) if len(rows) else starts
        if (rows[:, 1] > max(count, MOST)).any():
            raise MalformedMediaError("a chunk with more samples than there are")
        self.counts = np.repeat(rows[:, 1], repeats)
        self.entries = {int(one) for one in rows[:, 2]}
        if int(self.counts.sum()) != count:
            raise MalformedMediaError("the chunks hold another number of samples than the track")

    def _place(self, size: int) -> None:
        """Number the samples of chunks, which have to lie in the file."""
        self.first = np.cumsum(self.counts) - self.counts
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        stops = self.chunks + ends[self.first + self.counts] - ends[self.first]
        if (((self.chunks < 0) | (stops > size)) & (self.counts > 0)).any():
            raise MalformedMediaError("a sample lies outside of the file")


def _time_scale(body: bytes) -> int:
    at = 20 if body[:1] == b"\1" else 12
    scale = int.from_bytes(body[at : at + 4], "big")
    if not 0 < scale < _FINEST:
        raise MalformedMediaError(f"a track with {scale} units of time in a second")
    return scale


def _wide(body: bytes) -> Numbers:
    count = int.from_bytes(body[4:8], "big")
    if len(body) < 8 or len(body) - 8 < count * 8:
        raise MalformedMediaError("a table ends too early")
    return np.frombuffer(body, ">u8", count, 8).astype(np.int64)


def _runs(body: bytes, count: int, *, signed: bool) -> Numbers:
    """Return a table of (how many, value), written out."""
    rows = words(body, 4, 2)
    if int(rows[:, 0].sum()) < count:
        raise MalformedMediaError("a table of times ends too early")
    values = rows[:, 1]
    if signed:  # version 0 too: QuickTime and libav read it so
        values = values.astype(np.uint32).view(np.int32).astype(np.int64)
    ends = np.minimum(np.cumsum(rows[:, 0]), count)
    return np.repeat(values, np.diff(np.concatenate([[0], ends])))


def _packed_runs(values: Numbers) -> tuple[bytes, bytes]:
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0]))
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    rows = np.stack([counts, values[starts]], axis=1).astype(">i4")
    return len(starts).to_bytes(4, "big"), rows.tobytes()


def _full(kind: bytes, version: int, *parts: bytes) -> Box:
    return Box(kind, full(kind, version, 0, *parts)[8:])


def sole_entry(stbl: Box) -> tuple[bytes, bytes]:
    """Return type and content of the one sample entry of a track.

    Raises:
        UnsupportedMediaError: If it has several: its pictures change their kind on the way.
    """
    body = stbl.need(b"stsd").body
    count, size = (int.from_bytes(body[at : at + 4], "big") for at in (4, 8))
    if count != 1:
        raise UnsupportedMediaError(f"the picture has {count} descriptions, not one")
    if size < 86 or 8 + size > len(body):
        raise MalformedMediaError("the description of the picture ends too early")
    return body[12:16], body[16 : 8 + size]
