"""Words taken back out of an M4A: the samples before all others go, and the index is as it was.

Spec: ISO/IEC 14496-12, 8.6.1 (stts), 8.7 (stsz, stsc), 8.9 (sample groups).
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats.m4a import trace
from kzmark.formats.m4a.excerpt import survey
from kzmark.formats.m4a.shift import (
    DEPENDENT,
    MDHD,
    MVHD,
    TKHD,
    Shift,
    chunk_runs,
    grow_group,
    hold_later,
    movie_scale,
    runs,
    table_box,
)
from kzmark.formats.m4a.speak import sound_table
from kzmark.formats.m4a.trace import Trace
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Edit, Movie, rewrite
from kzmark.formats.mp4.tables import Table

_LONGER: Final = 4  # packets: silence, the delay of the encoder, and what fills the last word's


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy an M4A without the samples of words of a length. See `Unsays.unsay`."""
    movie = Movie(source, limits=limits)
    if movie.fragmented:
        raise UnsupportedMediaError("its samples are listed in fragments")
    tables, rate = movie.tables(), survey(movie).sound.rate
    table = sound_table(tables)
    told = Trace.find(table.trak)
    if told is None:
        raise UnsupportedMediaError("nothing tells what was there before its words")
    shift = _shift(movie, table, told, count / rate)
    edit = _edit(tables, table, told.packets)
    _put_samples(table, told.packets)
    _put_times(movie, tables, table, shift, told)
    trace.drop(table.trak)
    rewrite(movie, target, edits=[edit])
    return []


def _shift(movie: Movie, table: Table, told: Trace, seconds: float) -> Shift:
    """Return by how much the words moved the sound."""
    media = int(table.spans[: told.packets].sum())
    longer = media / table.scale - seconds
    most = _LONGER * int(table.spans[0]) / table.scale
    if not 0 < told.packets < table.counts[0] or not -1e-6 <= longer <= most + 1e-6:
        raise UnsupportedMediaError("its words are not as long as its record says")
    rows = times.edits(table.trak)
    delay = rows[0][1] if rows else 0
    if delay < 0:
        raise MalformedMediaError("its sound begins with nothing")
    return Shift(
        packets=told.packets,
        span=int(table.spans[0]),
        media=media,
        played=media + told.begin - delay,
        scale=table.scale,
        movie=movie_scale(movie),
    )


def _edit(tables: Sequence[Table], table: Table, packets: int) -> Edit:
    """Return the stretch of the file that goes."""
    start = int(table.chunks[0])
    stop = start + int(table.sizes[:packets].sum())
    for other in tables:
        ends = other.offsets + other.sizes
        inside = (other.offsets < stop) & (ends > start) & (other.sizes > 0)
        if inside[packets if other is table else 0 :].any():
            raise UnsupportedMediaError("its tracks share their chunks")
    return Edit(start, stop, ())


def _put_samples(table: Table, packets: int) -> None:
    """Set the tables of samples to those that stay."""
    sizes, counts = table.sizes[packets:], table.counts.copy()
    head = bytes(4) + len(sizes).to_bytes(4, "big")
    table.stbl.drop(*DEPENDENT)
    table.stbl.put(table_box(b"stsz", head, sizes.astype(">u4").tobytes()), behind=b"stsc")
    table.stbl.put(table_box(b"stts", *runs(table.spans[packets:])))
    if table.stbl.find(b"ctts") is not None:
        rows, listed = runs(table.shifts[packets:].astype(np.int32).view(np.uint32))
        version = table.stbl.need(b"ctts").body[:4]
        table.stbl.need(b"ctts").body = version + rows + listed
    counts[0] -= packets
    table.stbl.put(table_box(b"stsc", *chunk_runs(counts)))
    for group in table.stbl.children or ():
        if group.kind == b"sbgp":
            grow_group(group, -packets)


def _put_times(
    movie: Movie, tables: Sequence[Table], table: Table, shift: Shift, told: Trace
) -> None:
    later = shift.units(shift.movie)
    times.lengthen(movie.moov.need(b"mvhd"), MVHD, -later)
    for one in tables:
        if one is not table:
            hold_later(one, -later, -shift.units(one.scale))
            continue
        times.lengthen(one.trak.need(b"tkhd"), TKHD, -later)
        times.lengthen(one.trak.need(b"mdia", b"mdhd"), MDHD, -shift.media)
        if rows := _edits(times.edits(one.trak), shift, told, later):
            times.put_edits(one.trak, rows)
    times.move_chapters(movie.moov, -shift.seconds)
    times.move_gapless(movie.moov, told.delay, -_samples(table, told.packets))


def _samples(table: Table, packets: int) -> int:
    """Return how many samples packets hold, as iTunes' comment counts them."""
    long = 4096 if table.stbl.need(b"stsd").body[12:16] == b"alac" else 1024
    return packets * long


def _edits(
    rows: list[tuple[int, int, bytes]], shift: Shift, told: Trace, later: int
) -> list[tuple[int, int, bytes]]:
    """Return the edits of the sound as they were."""
    if len(rows) < 2:
        return [(length - later, told.begin, rate) for length, _, rate in rows]
    return [(length, at - shift.media * (at >= 0), rate) for length, at, rate in rows[1:]]
