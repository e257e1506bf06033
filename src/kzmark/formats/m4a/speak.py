"""Words before the samples of an M4A: packets of their own, put into its first chunk.

No sample of the sound is read. The index says what is new: sizes, times, edits, chapters.
Spec: ISO/IEC 14496-12, 8.6.1 (stts), 8.7 (stsz, stsc), 8.9 (sample groups).
"""

import io
from collections.abc import Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.fields import field
from kzmark.formats._audio.voice import Coded
from kzmark.formats._av.backend import settle
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples
from kzmark.formats.m4a.again import again, muxer_of
from kzmark.formats.m4a.entry import entry
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
from kzmark.formats.m4a.trace import Trace
from kzmark.formats.m4a.words import spoken_as
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Edit, Movie, Piece, rewrite
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box
from kzmark.formats.mp4.unfragmented import NOTE as JOINED
from kzmark.formats.mp4.unfragmented import joined


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy an M4A with words before its samples, which stay as they are, every byte."""
    settle()  # whoever made the words has listened to much
    movie, notes = Movie(source, limits=limits), []
    if movie.fragmented:
        whole = joined(movie, muxer=muxer_of(movie))
        movie, notes = Movie(whole, limits=limits), [JOINED]
    facts = survey(movie)
    tables = movie.tables()
    table = sound_table(tables)
    try:
        spoken = spoken_as(words, entry(table.stbl, limits=limits), facts, table)
    except UnsupportedMediaError:
        return [*notes, *again(movie, target, tables, table, facts.sound, words)]
    shift = _shift(movie, table, spoken)
    Trace.of(movie.moov, table.trak, shift.packets).put(table.trak)
    edit = _edit(movie, tables, table, spoken)
    _put_samples(table, spoken, shift)
    _put_times(movie, tables, table, shift, spoken)
    rewrite(movie, target, edits=[edit])
    if progress:
        progress(1, 1)
    return notes


def sound_table(tables: Sequence[Table]) -> Table:
    """Return the track of sound.

    Raises:
        UnsupportedMediaError: If there are several: each would need its own words.
        MalformedMediaError: If there is none, or it is empty.
    """
    found = [one for one in tables if one.kind == b"soun"]
    if len(found) > 1:
        raise UnsupportedMediaError(f"it has {len(found)} tracks of sound")
    if not found or not found[0].count:
        raise MalformedMediaError("there is no sound in it")
    if found[0].entries != {1}:
        raise UnsupportedMediaError("its sound changes its kind on the way")
    return found[0]


def _shift(movie: Movie, table: Table, spoken: Coded) -> Shift:
    span = int(table.spans[0])
    media = len(spoken.packets) * span
    rows, delay = times.edits(table.trak), spoken.delay * span // spoken.frame
    played = media
    if len(rows) == 1 and rows[0][1] >= 0:
        played = media + rows[0][1] - delay
    elif rows:
        played = media - delay
    return Shift(
        packets=len(spoken.packets),
        span=span,
        media=media,
        played=played,
        scale=table.scale,
        movie=movie_scale(movie),
    )


def _edit(movie: Movie, tables: Sequence[Table], table: Table, spoken: Coded) -> Edit:
    """Return the first chunk with the words before its samples."""
    start = int(table.chunks[0])
    length = int(table.sizes[: table.counts[0]].sum())
    for other in tables:
        ends = other.offsets + other.sizes
        inside = (other.offsets < start + length) & (ends > start) & (other.sizes > 0)
        if other is not table and inside.any():
            raise UnsupportedMediaError("its tracks share their chunks")
    fresh = b"".join(spoken.packets)
    pieces = (Piece(io.BytesIO(fresh), 0, len(fresh)), Piece(movie.source, start, length))
    return Edit(start, start + length, pieces)


def _put_samples(table: Table, spoken: Coded, shift: Shift) -> None:
    """Set the tables of samples; those that only held for the old ones go."""
    sizes = b"".join(len(one).to_bytes(4, "big") for one in spoken.packets)
    head = bytes(4) + (len(spoken.packets) + table.count).to_bytes(4, "big") + sizes
    listed = Box(b"stsz", b"".join((bytes(4), head, table.sizes.astype(">u4").data)))
    table.stbl.drop(*DEPENDENT)
    table.stbl.put(listed, behind=b"stsc")
    first = (shift.packets.to_bytes(4, "big"), shift.span.to_bytes(4, "big"))
    rows, listing = runs(table.spans)
    if listing[4:8] == first[1]:  # the words are as long as the first samples: one run
        longer = shift.packets + int.from_bytes(listing[:4], "big")
        table.stbl.put(table_box(b"stts", rows, longer.to_bytes(4, "big"), listing[4:]))
    else:
        more = (int.from_bytes(rows, "big") + 1).to_bytes(4, "big")
        table.stbl.put(table_box(b"stts", more, *first, listing))
    if (shifts := table.stbl.find(b"ctts")) is not None:
        count = int.from_bytes(shifts.body[4:8], "big") + 1
        row = shift.packets.to_bytes(4, "big") + bytes(4)
        rows = field(count, 4, what="a table of times")
        shifts.body = shifts.body[:4] + rows + row + shifts.body[8:]
    counts = table.counts.copy()
    counts[0] += shift.packets
    table.stbl.put(table_box(b"stsc", *chunk_runs(counts)))
    for group in table.stbl.children or ():
        if group.kind == b"sbgp":
            grow_group(group, shift.packets)


def _put_times(
    movie: Movie, tables: Sequence[Table], table: Table, shift: Shift, spoken: Coded
) -> None:
    later = shift.units(shift.movie)
    times.lengthen(movie.moov.need(b"mvhd"), MVHD, later)
    for one in tables:
        if one is not table:
            hold_later(one, later, shift.units(one.scale))
            continue
        times.lengthen(one.trak.need(b"tkhd"), TKHD, later)
        times.lengthen(one.trak.need(b"mdia", b"mdhd"), MDHD, shift.media)
        delay = spoken.delay * shift.span // spoken.frame
        if rows := _edits(times.edits(one.trak), shift, delay, later):
            times.put_edits(one.trak, rows)
    times.move_chapters(movie.moov, shift.seconds)
    grown = len(spoken.packets) * spoken.frame
    times.move_gapless(movie.moov, spoken.delay, grown)


def _edits(
    rows: list[tuple[int, int, bytes]], shift: Shift, delay: int, later: int
) -> list[tuple[int, int, bytes]]:
    """Return the edits of the sound: one stays one, and several get one more before them."""
    if len(rows) == 1 and rows[0][1] >= 0:
        length, _, rate = rows[0]
        return [(length + later, delay, rate)]
    if not rows:
        return []
    moved = [(length, at + shift.media * (at >= 0), rate) for length, at, rate in rows]
    return [(later, delay, b"\0\1\0\0"), *moved]
