"""By how much words move a sound, and the tables of an index that say so.

Spec: ISO/IEC 14496-12, 8.6.1 (stts), 8.7 (stsc), 8.9 (sample groups).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.fields import field
from kzmark.formats._bmff.boxes import full
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box

DEPENDENT: Final = (b"sdtp", b"stdp", b"padb", b"subs", b"stps", b"stz2")
MVHD, TKHD, MDHD = (16, 24), (20, 28), (16, 24)  # where lengths stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """By how much the sound comes later.

    Attributes:
        packets: How many come first.
        span: Units of the track that each lasts.
        media: Units of the track by which samples move.
        played: Units of the track by which what is heard moves.
        scale: Units of the track in a second.
        movie: Units of the film in a second.
    """

    packets: int
    span: int
    media: int
    played: int
    scale: int
    movie: int

    @property
    def seconds(self) -> float:
        """Seconds by which what is heard moves."""
        return self.played / self.scale

    def units(self, scale: int) -> int:
        """Return that in another unit."""
        return round(self.played * scale / self.scale)


def movie_scale(movie: Movie) -> int:
    """Return the units of the film in a second.

    Raises:
        MalformedMediaError: If there are none.
    """
    head = movie.moov.need(b"mvhd").body
    at = 20 if head[:1] == b"\1" else 12
    scale = int.from_bytes(head[at : at + 4], "big")
    if not scale:
        raise MalformedMediaError("a film without a time scale")
    return scale


def hold_later(other: Table, later: int, units: int) -> None:
    """Let a track that is no sound, such as the chapters, last longer at its start.

    Args:
        other: The track.
        later: By how many units of the film; below 0 to take it away.
        units: The same in units of the track.
    """
    times.lengthen(other.trak.need(b"tkhd"), TKHD, later)
    times.lengthen(other.trak.need(b"mdia", b"mdhd"), MDHD, units)
    hold_first(other, units)
    rows = [
        (length + later * (n == 0), at, rate)
        for n, (length, at, rate) in enumerate(times.edits(other.trak))
    ]
    if rows:
        times.put_edits(other.trak, rows)


def grow_group(group: Box, packets: int) -> None:
    """Let the words belong to the group of the first sample."""
    at = 16 if group.body[:1] == b"\1" else 12
    row = group.body[at : at + 4]
    if len(row) == 4 and int.from_bytes(group.body[at - 4 : at], "big"):
        grown = field(int.from_bytes(row, "big") + packets, 4, what="a group of samples")
        group.body = group.body[:at] + grown + group.body[at + 4 :]


def hold_first(table: Table, units: int) -> None:
    """Let the first sample of another track, such as the first chapter, last longer."""
    if table.count:
        spans = table.spans.copy()
        longer = field(int(spans[0]) + units, 4, what="a sample that lasts")
        spans[0] = int.from_bytes(longer, "big")
        table.stbl.put(table_box(b"stts", *runs(spans)))


def runs(values: "np.ndarray") -> tuple[bytes, bytes]:
    """Return a table of (how many, value) with its number of rows before it."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0]))
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    rows = np.stack([counts, values[starts]], axis=1).astype(">u4")
    return len(starts).to_bytes(4, "big"), rows.tobytes()


def chunk_runs(counts: "np.ndarray") -> tuple[bytes, bytes]:
    """Return a table of (first chunk, samples of each, description), its number before it."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(counts) != 0]))
    ones = np.ones(len(starts), np.int64)
    rows = np.stack([starts + 1, counts[starts], ones], axis=1).astype(">u4")
    return len(starts).to_bytes(4, "big"), rows.tobytes()


def table_box(kind: bytes, *parts: bytes) -> Box:
    """Return a table without version and flags."""
    return Box(kind, full(kind, 0, 0, *parts)[8:])
