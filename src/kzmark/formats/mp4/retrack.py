"""A track of sound of an MP4 or MOV that was recorded anew: its samples in the old one's chunks.

Each old chunk is taken by the new samples that are heard while it was; description, times and
sizes come from the file that the samples were written to, all else of the track stays.

Spec: ISO/IEC 14496-12, 8.2.2 (mvhd), 8.3.2 (tkhd), 8.4.2 (mdhd), 8.6.6 (edits), 8.7 (chunks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.retake import Retake
from kzmark.formats._bmff.boxes import full
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.burn import check_apart
from kzmark.formats.mp4.movie import Edit, Movie, Piece
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box

_OFFSETS: Final = frozenset({b"stco", b"co64", b"stsc"})
_APART: Final = 0.5  # seconds of sound that lie together
_FILLED: Final = 0.1  # seconds
_PLAIN: Final = b"\0\1\0\0"  # rate of an edit
_MDHD_SCALE: Final = (12, 20)  # where it stands in versions 0 and 1
_LENGTHS: Final = {b"mvhd": (16, 24), b"tkhd": (20, 28), b"mdhd": (16, 24)}


@dataclass(frozen=True, slots=True)
class Retrack:
    """A track that took the place of another.

    Attributes:
        stream: Where its samples are.
        table: Which they are, there.
        edits: What is replaced of the film.
    """

    stream: BinaryIO
    table: Table
    edits: Sequence[Edit]


def retracked(movie: Movie, tables: Sequence[Table], old: Table, take: Retake) -> Retrack:
    """Put a track in the place of another; returns what is replaced of the media data.

    Raises:
        UnsupportedMediaError: If chunks of the old one cannot be told apart from others.
    """
    fresh = Movie(take.file, limits=movie.limits)
    (new,) = fresh.tables()
    if not old.count or not new.count or old.moment == 1 or (old.sizes == 1).all():
        raise UnsupportedMediaError("its sound is listed in a way of its own")
    hosts = _hosts(movie, old)
    heard = (new.dts - new.start()) / new.scale + take.begin
    taken = np.searchsorted(hosts.times[1:], heard + 1e-6, "right")
    edits = list(_edits(fresh.source, old, new, hosts.chunks, taken))
    check_apart(movie, tables, old, edits)
    _put_samples(old, new, hosts.chunks, taken)
    _put_times(movie, old, new, take)
    return Retrack(fresh.source, new, edits)


@dataclass(frozen=True, slots=True)
class _Hosts:
    """Chunks that new samples are put into.

    Attributes:
        chunks: Their numbers.
        times: When each begins to be heard, in seconds; the first takes all before it, too.
    """

    chunks: NDArray[np.int64]
    times: NDArray[np.float64]


def _hosts(movie: Movie, old: Table) -> _Hosts:
    """Return chunks that are apart in time and hold something: others of the track are left out."""
    held = np.flatnonzero(_lengths(old) > 0)
    if not len(held):
        raise UnsupportedMediaError("its sound is listed in a way of its own")
    begin = (old.dts[np.minimum(old.first[held], old.count - 1)] - old.start()) / old.scale
    begin += _late(movie, old)
    order = np.argsort(begin, kind="stable")
    held, begin = held[order], begin[order]
    slot = np.floor(begin / _APART)
    kept = np.concatenate([[True], np.diff(slot) > 0])
    return _Hosts(held[kept], begin[kept])


def _late(movie: Movie, old: Table) -> float:
    """Return after how many seconds of the film the first edit that plays something begins."""
    late = 0
    for length, time, _ in times.edits(old.trak):
        if time >= 0:
            break
        late += length
    return late / (_number(movie.moov.need(b"mvhd").body, _MDHD_SCALE, 4) or 1)


def _lengths(table: Table) -> NDArray[np.int64]:
    """Return how many bytes each chunk has."""
    ends = np.concatenate([[0], np.cumsum(table.sizes)])
    found: NDArray[np.int64] = ends[table.first + table.counts] - ends[table.first]
    return found


def _edits(
    stream: BinaryIO, old: Table, new: Table, hosts: NDArray[np.int64], taken: NDArray[np.int64]
) -> "list[Edit]":
    """Return what comes to stand where the chunks of the old track are: new samples, or nothing."""
    lengths = _lengths(old)
    bounds = np.searchsorted(taken, np.arange(len(hosts) + 1))
    ends = np.concatenate([new.offsets, [new.offsets[-1] + new.sizes[-1]]])
    if (np.diff(new.offsets) != new.sizes[:-1]).any():
        raise MalformedMediaError("the sound that was written has gaps")
    pieces: dict[int, tuple[Piece, ...]] = {}
    for number, host in enumerate(hosts.tolist()):
        first, last = int(bounds[number]), int(bounds[number + 1])
        start, stop = int(ends[first]), int(ends[last])
        pieces[host] = (Piece(stream, start, stop - start),) if stop > start else ()
    return [
        Edit(start, start + length, pieces.get(number, ()))
        for number, (start, length) in enumerate(
            zip(old.chunks.tolist(), lengths.tolist(), strict=True)
        )
        if length
    ]


def _put_samples(
    old: Table, new: Table, hosts: NDArray[np.int64], taken: NDArray[np.int64]
) -> None:
    """Set the tables of samples: those of the new track, in chunks of the old one."""
    used, counts = np.unique(taken, return_counts=True)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(counts) != 0]))
    rows = np.stack([starts + 1, counts[starts], np.ones(len(starts), np.int64)], axis=1)
    kept = [child for child in new.stbl.children or () if child.kind not in _OFFSETS]
    listed = len(rows).to_bytes(4, "big") + rows.astype(">u4").tobytes()
    places = old.chunks[hosts[used]].astype(">u8").tobytes()
    count = len(used).to_bytes(4, "big")
    old.stbl.children = [
        *(Box(child.kind, child.body) for child in kept),
        Box(b"stsc", full(b"stsc", 0, 0, listed)[8:]),
        Box(b"co64", full(b"co64", 0, 0, count, places)[8:]),
    ]


def _put_times(movie: Movie, old: Table, new: Table, take: Retake) -> None:
    """Set scale, length and edits of the track."""
    trak, head = old.trak, movie.moov.need(b"mvhd")
    scale = _number(head.body, _MDHD_SCALE, 4)
    mdhd = trak.need(b"mdia", b"mdhd")
    _set(mdhd, _MDHD_SCALE, new.scale.to_bytes(4, "big"))
    _set_length(mdhd, b"mdhd", int(new.spans.sum()))
    late, played = round(take.begin * scale), round(take.seconds * scale)
    end = sum(length for length, _, _ in times.edits(trak))
    if 0 < late + played - end < _FILLED * scale:  # what a last packet had too much of
        played = max(1, end - late)
    _set_length(trak.need(b"tkhd"), b"tkhd", late + played)
    if _number(head.body, _LENGTHS[b"mvhd"], 8 if head.body[:1] == b"\1" else 4) < late + played:
        _set_length(head, b"mvhd", late + played)
    rows = [(played, new.start(), _PLAIN)]
    if late:
        rows.insert(0, (late, -1, _PLAIN))
    trak.drop(b"edts")
    trak.put(Box(b"edts", children=[Box(b"elst")]), behind=b"tkhd")
    times.put_edits(trak, rows)


def _number(body: bytes, places: tuple[int, int], size: int) -> int:
    at = places[body[:1] == b"\1"]
    return int.from_bytes(body[at : at + size], "big")


def _set(box: Box, places: tuple[int, int], value: bytes) -> None:
    at = places[box.body[:1] == b"\1"]
    if len(box.body) < at + len(value):
        raise MalformedMediaError("the head of a track ends too early")
    box.body = box.body[:at] + value + box.body[at + len(value) :]


def _set_length(box: Box, kind: bytes, units: int) -> None:
    wide = 8 if box.body[:1] == b"\1" else 4
    most = (1 << 8 * wide) - 2
    _set(box, _LENGTHS[kind], min(units, most).to_bytes(wide, "big"))
