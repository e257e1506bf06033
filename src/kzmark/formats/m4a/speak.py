"""Words before the samples of an M4A: packets of their own, put into its first chunk.

No sample of the sound is read. The index says what is new: sizes, times, edits, chapters.
Spec: ISO/IEC 14496-12, 8.6.1 (stts), 8.7 (stsz, stsc), 8.9 (sample groups).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.facts import Facts
from kzmark.formats._audio.fields import field
from kzmark.formats._audio.resample import resampled
from kzmark.formats._audio.voice import FAST, Coded, Manner, coded
from kzmark.formats._bmff.boxes import full
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples
from kzmark.formats.m4a import times
from kzmark.formats.m4a.entry import Entry, entry
from kzmark.formats.m4a.excerpt import survey
from kzmark.formats.mp4.movie import Edit, Movie, Piece, rewrite
from kzmark.formats.mp4.tables import Table
from kzmark.formats.mp4.tree import Box

_LEAST: Final = 24_000  # bits a second of one channel of speech
_MOST: Final = 160_000
_SILENCE: Final = 2  # packets of silence before the sound, so that nothing laps over into it
_DEPENDENT: Final = (b"sdtp", b"stdp", b"padb", b"subs", b"stps", b"stz2")
_MVHD, _TKHD, _MDHD = (16, 24), (20, 28), (16, 24)  # where lengths stand


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


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy an M4A with words before its samples, which stay as they are, every byte."""
    movie = Movie(source, limits=limits)
    facts = survey(movie)
    if movie.fragmented:
        raise UnsupportedMediaError(
            "its samples are listed in fragments", hint="join them first: ffmpeg -c copy"
        )
    tables = movie.tables()
    table = sound_table(tables)
    spoken = _spoken(words, entry(table.stbl, limits=limits), facts, table)
    shift = _shift(movie, table, spoken)
    edit = _edit(movie, tables, table, spoken)
    _put_samples(table, spoken, shift)
    _put_times(movie, tables, table, shift, spoken)
    rewrite(movie, target, edits=[edit])
    if progress:
        progress(1, 1)
    return []


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


def _spoken(words: Samples, kind: Entry, facts: Facts, table: Table) -> Coded:
    """Return the words as packets that a decoder of this track takes."""
    layout = "mono" if kind.mono else facts.sound.layout
    said = words.mean(1, keepdims=True) if kind.mono else words
    said = resampled(said, facts.sound.rate, kind.rate)
    if kind.codec == "alac":
        return _lossless(said, kind, layout)
    seconds = float(table.spans.sum()) / table.scale or 1.0
    real = int(table.sizes.sum() * 8 / seconds)
    channels = said.shape[1]
    manner = Manner(
        encoder="aac",
        rate=kind.rate,
        layout=layout,
        sample="fltp",
        bit_rate=max(_LEAST * channels, min(real, _MOST * channels)),
        options=FAST,
    )
    quiet = np.zeros((_SILENCE * 1024, channels), np.float32)
    spoken = coded([said, quiet], manner)
    if not _same_channels(kind, spoken):
        raise UnsupportedMediaError(f"its channels ({layout}) are arranged in a way of their own")
    return spoken


def _same_channels(kind: Entry, spoken: Coded) -> bool:
    """Compare rate and arrangement of channels of two configurations (14496-3, 1.6.2.1)."""
    one, two = (
        int.from_bytes(data[:2].ljust(2, b"\0"), "big") for data in (kind.config, spoken.extradata)
    )
    return one & 0x07F8 == two & 0x07F8


def _lossless(said: Samples, kind: Entry, layout: str) -> Coded:
    bits = kind.config[17]
    manner = Manner(
        encoder="alac", rate=kind.rate, layout=layout, sample="s16p" if bits == 16 else "s32p"
    )
    if bits not in {16, 24}:
        raise UnsupportedMediaError(f"Apple Lossless of {bits} bits")
    spoken = coded([said], manner)
    # Length of a frame, bits, and three numbers of the coder: the decoder has them from the track.
    if kind.config[12:22] != spoken.extradata[12:22]:
        raise UnsupportedMediaError("its kind of Apple Lossless cannot be encoded here")
    return spoken


def _shift(movie: Movie, table: Table, spoken: Coded) -> Shift:
    span = int(table.spans[0])
    media = len(spoken.packets) * span
    rows, delay = times.edits(table.trak), spoken.delay * span // spoken.frame
    played = media
    if len(rows) == 1 and rows[0][1] >= 0:
        played = media + rows[0][1] - delay
    elif rows:
        played = media - delay
    mvhd = movie.moov.need(b"mvhd").body
    at = 20 if mvhd[:1] == b"\1" else 12
    scale = int.from_bytes(mvhd[at : at + 4], "big")
    if not scale:
        raise MalformedMediaError("a film without a time scale")
    return Shift(
        packets=len(spoken.packets),
        span=span,
        media=media,
        played=played,
        scale=table.scale,
        movie=scale,
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
    sizes = np.concatenate([[len(one) for one in spoken.packets], table.sizes])
    table.stbl.drop(*_DEPENDENT)
    head = bytes(4) + len(sizes).to_bytes(4, "big")
    table.stbl.put(_full(b"stsz", head, sizes.astype(">u4").tobytes()), behind=b"stsc")
    spans = np.concatenate([np.full(shift.packets, shift.span), table.spans])
    table.stbl.put(_full(b"stts", *_runs(spans)))
    if (shifts := table.stbl.find(b"ctts")) is not None:
        count = int.from_bytes(shifts.body[4:8], "big") + 1
        row = shift.packets.to_bytes(4, "big") + bytes(4)
        rows = field(count, 4, what="a table of times")
        shifts.body = shifts.body[:4] + rows + row + shifts.body[8:]
    counts = table.counts.copy()
    counts[0] += shift.packets
    table.stbl.put(_full(b"stsc", *_chunk_runs(counts)))
    for group in table.stbl.children or ():
        if group.kind == b"sbgp":
            _grow_group(group, shift.packets)


def _grow_group(group: Box, packets: int) -> None:
    """Let the words belong to the group of the first sample."""
    at = 16 if group.body[:1] == b"\1" else 12
    row = group.body[at : at + 4]
    if len(row) == 4 and int.from_bytes(group.body[at - 4 : at], "big"):
        grown = field(int.from_bytes(row, "big") + packets, 4, what="a group of samples")
        group.body = group.body[:at] + grown + group.body[at + 4 :]


def _put_times(
    movie: Movie, tables: Sequence[Table], table: Table, shift: Shift, spoken: Coded
) -> None:
    later = shift.units(shift.movie)
    times.lengthen(movie.moov.need(b"mvhd"), _MVHD, later)
    for one in tables:
        times.lengthen(one.trak.need(b"tkhd"), _TKHD, later)
        rows = times.edits(one.trak)
        if one is table:
            times.lengthen(one.trak.need(b"mdia", b"mdhd"), _MDHD, shift.media)
            delay = spoken.delay * shift.span // spoken.frame
            rows = _edits(rows, shift, delay, later)
        else:
            units = shift.units(one.scale)
            times.lengthen(one.trak.need(b"mdia", b"mdhd"), _MDHD, units)
            _hold_first(one, units)
            rows = [
                (length + later * (n == 0), at, rate) for n, (length, at, rate) in enumerate(rows)
            ]
        if rows:
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


def _hold_first(table: Table, units: int) -> None:
    """Let the first sample of another track, such as the first chapter, last longer."""
    if table.count:
        spans = table.spans.copy()
        longer = field(int(spans[0]) + units, 4, what="a sample that lasts")
        spans[0] = int.from_bytes(longer, "big")
        table.stbl.put(_full(b"stts", *_runs(spans)))


def _runs(values: "np.ndarray") -> tuple[bytes, bytes]:
    """Return a table of (how many, value) with its number of rows before it."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0]))
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    rows = np.stack([counts, values[starts]], axis=1).astype(">u4")
    return len(starts).to_bytes(4, "big"), rows.tobytes()


def _chunk_runs(counts: "np.ndarray") -> tuple[bytes, bytes]:
    starts = np.flatnonzero(np.concatenate([[True], np.diff(counts) != 0]))
    ones = np.ones(len(starts), np.int64)
    rows = np.stack([starts + 1, counts[starts], ones], axis=1).astype(">u4")
    return len(starts).to_bytes(4, "big"), rows.tobytes()


def _full(kind: bytes, *parts: bytes) -> Box:
    return Box(kind, full(kind, 0, 0, *parts)[8:])
