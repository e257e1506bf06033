"""The animation of an AVIF file: its picture track, read, and put right after encoding.

Spec: ISO/IEC 14496-12, 8.3.2 (tkhd), 8.4.2 (mdhd), 8.6.1.2 (stts), 8.6.6 (elst), 12.1.3 (visual
sample entry); AV1 Image File Format 1.2, 3 (image sequences).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.boxes import Cursor, Span, first, spans
from kzmark.formats._heif.carry import merged_nclx
from kzmark.formats._heif.properties import Property, coding
from kzmark.formats._heif.stills import Still

FOREVER: Final = -1
_ENTRY: Final = 78  # bytes of a visual sample entry before its own boxes


class _Clock(NamedTuple):
    """A header with times: where its timescale and duration stand, and how wide the latter is."""

    timescale: int
    duration: int
    wide: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The picture track.

    Attributes:
        still: Its frames described like a picture.
        timescale: Ticks of a second.
        durations: Ticks that each frame is shown.
        repeats: How often it is shown again after the first time; -1 for ever.
        clocks: Headers of the film, the track and the media.
        edit: Offset of the flags of its edit list, or 0.
        colours: Where the `colr` boxes of its sample entry have their content.
    """

    still: Still
    timescale: int
    durations: tuple[int, ...]
    repeats: int
    clocks: tuple[_Clock, _Clock, _Clock]
    edit: int
    colours: tuple[Span, ...]


def picture_track(data: bytes, tops: list[Span], *, limits: Limits) -> Track | None:
    """Return the first track of pictures, if there is one.

    Raises:
        MalformedMediaError: If it breaks its own rules.
        LimitExceededError: If it has more than `limits.max_frames` frames.
    """
    moov = first(tops, b"moov")
    if moov is None:
        return None
    film = spans(data, moov.body, moov.end, limits=limits)
    for span in film:
        if span.kind == b"trak":
            boxes = dict(_below(data, span, limits))
            if _handler(data, boxes.get(b"hdlr")) == b"pict":
                boxes[b"mvhd"] = _need(first(film, b"mvhd"), "film header")
                return _track(data, boxes, limits)
    return None


def put_right(data: bytes, made: Track, source: Track) -> bytes:
    """Return an encoder's file with the time, the repeats and the colours of the source.

    The encoder was given the ticks of the source as if they were its own.

    Args:
        data: What the encoder wrote.
        made: Its picture track.
        source: The track it was made from.
    """
    patched = bytearray(data)
    for clock in made.clocks:
        if clock.timescale:
            patched[clock.timescale : clock.timescale + 4] = source.timescale.to_bytes(4, "big")
    if source.repeats != FOREVER and made.edit:
        total = sum(made.durations) * (source.repeats + 1)
        for clock in made.clocks[:2]:
            whole = min(total, (1 << clock.wide * 8) - 2)
            patched[clock.duration : clock.duration + clock.wide] = whole.to_bytes(
                clock.wide, "big"
            )
        patched[made.edit + 2] = 1 if source.repeats else 0
    for span in made.colours:
        own = data[span.body : span.end]
        if own[:4] == b"nclx":
            patched[span.body : span.end] = merged_nclx(own, source.still.colour()[1])
    return bytes(patched)


def _below(data: bytes, span: Span, limits: Limits) -> Iterator[tuple[bytes, Span]]:
    """Yield the boxes of a track by type, without those of its metadata."""
    levels = [span]
    while levels:
        level = levels.pop()
        for inner in spans(data, level.body, level.end, limits=limits):
            yield inner.kind, inner
            if inner.kind in {b"mdia", b"minf", b"stbl", b"edts"}:
                levels.append(inner)


def _handler(data: bytes, span: Span | None) -> bytes:
    return data[span.body + 8 : span.body + 12] if span else b""


def _need(span: Span | None, what: str) -> Span:
    if span is None:
        raise MalformedMediaError(f"an animation without a {what}")
    return span


def _track(data: bytes, boxes: dict[bytes, Span], limits: Limits) -> Track:
    film = _clock(data, boxes[b"mvhd"], scale=True)
    head = _clock(data, _need(boxes.get(b"tkhd"), "track header"), scale=False)
    media = _clock(data, _need(boxes.get(b"mdhd"), "media header"), scale=True)
    still, colours = _entry(data, _need(boxes.get(b"stsd"), "sample description"), limits)
    edit = boxes.get(b"elst")
    timescale = int.from_bytes(data[media.timescale : media.timescale + 4], "big")
    durations = tuple(_durations(data, _need(boxes.get(b"stts"), "time table"), limits))
    if not timescale or not durations:
        raise MalformedMediaError("an animation without time or frames")
    return Track(
        still=still,
        timescale=timescale,
        durations=durations,
        repeats=_repeats(data, head, edit) if edit else FOREVER,
        clocks=(film, head, media),
        edit=edit.body + 1 if edit else 0,
        colours=colours,
    )


def _clock(data: bytes, span: Span, *, scale: bool) -> _Clock:
    """Find the fields of a `mvhd`, `tkhd` or `mdhd` box."""
    cursor = Cursor(data, span.body, span.end, what="time header")
    wide = 8 if cursor.number(4) >> 24 else 4
    cursor.take(2 * wide)
    timescale = cursor.at if scale else 0
    cursor.take(4 if scale else 8)  # a track has its ID and four empty bytes there
    found = _Clock(timescale, cursor.at, wide)
    cursor.take(wide)
    return found


def _durations(data: bytes, span: Span, limits: Limits) -> Iterator[int]:
    cursor = Cursor(data, span.body + 4, span.end, what="time table")
    frames = 0
    for _ in range(cursor.number(4)):
        count, ticks = cursor.number(4), cursor.number(4)
        frames += count
        if frames > limits.max_frames:
            raise LimitExceededError(f"an animation of more than {limits.max_frames} frames")
        for _ in range(count):
            yield ticks


def _repeats(data: bytes, head: _Clock, edit: Span) -> int:
    """Say how often an edit list shows its one segment again."""
    cursor = Cursor(data, edit.body, edit.end, what="edit list")
    word = cursor.number(4)
    wide = 8 if word >> 24 else 4
    if cursor.number(4) != 1 or not word & 1:
        return 0
    segment = cursor.number(wide)
    whole = int.from_bytes(data[head.duration : head.duration + head.wide], "big")
    if not segment or whole == (1 << head.wide * 8) - 1:
        return FOREVER
    return max(-(-whole // segment) - 1, 0)


def _entry(data: bytes, span: Span, limits: Limits) -> tuple[Still, tuple[Span, ...]]:
    entry = first(spans(data, span.body + 8, span.end, limits=limits), b"av01")
    if entry is None:
        raise MalformedMediaError("an animation whose frames are not AV1")
    cursor = Cursor(data, entry.body + 24, entry.end, what="sample entry")
    width, height = cursor.number(2), cursor.number(2)
    cursor.take(_ENTRY - 28)
    inner = spans(data, cursor.at, entry.end, limits=limits)
    own = tuple(Property(one.kind, data[one.body : one.end], True) for one in inner)
    bits, chroma = coding(own)
    limits.check_picture(width, height, file_bytes=len(data))
    still = Still.of(0, entry.kind, (width, height), own, bits=bits, chroma=chroma, alpha=False)
    return still, tuple(one for one in inner if one.kind == b"colr")
