"""The notice burnt into the pictures of an MP4 or MOV: new samples in the places of old ones."""

from collections.abc import Sequence
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av import vision
from kzmark.formats._av.facts import Facts, survey
from kzmark.formats._av.reel import Reel
from kzmark.formats._av.splice import Spliced, splice
from kzmark.formats._base import PatchFor
from kzmark.formats._bmff.boxes import Span as BoxSpan
from kzmark.formats._bmff.boxes import brands, first, pack, spans
from kzmark.formats._film import Progress, Span
from kzmark.formats.mp4.check import check
from kzmark.formats.mp4.movie import Edit, Movie, Piece, rewrite
from kzmark.formats.mp4.tables import Table, sole_entry
from kzmark.formats.mp4.tree import Box
from kzmark.formats.mp4.unfragmented import NOTE, joined

_CONFIG: Final = {
    b"avcC": "h264",
    b"hvcC": "hevc",
    b"av1C": "av1",
    b"vpcC": "vp9",
    b"esds": "mpeg4",
}
_NAL: Final = frozenset({"h264", "hevc"})
_VISUAL: Final = 78  # bytes of a visual sample entry before its boxes (14496-12, 12.1.3)


def burn(
    source: BinaryIO,
    target: BinaryIO,
    patch_for: PatchFor,
    seconds: Sequence[Span],
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> list[str]:
    """Copy a film with a patch on what is seen in these seconds. See `Films.burn`."""
    movie, notes = Movie(source, limits=limits), []
    facts = survey(movie.source, limits=limits)
    if movie.fragmented:
        is_mov = brands(movie.head)[0] in {b"", b"qt  "}
        movie = Movie(joined(movie, muxer="mov" if is_mov else "mp4"), limits=limits)
        facts, notes = survey(movie.source, limits=limits), [NOTE]
    tables = movie.tables()
    table = picture_table(tables, facts)
    reel = reel_of(movie.source, table, facts)
    spliced = splice(reel, facts, patch_for, seconds, progress=progress)
    edits = _edits(movie.source, table, spliced)
    check_apart(movie, tables, table, edits)
    _put_config(table, spliced.extradata, facts.codec)
    table.put_samples(spliced.sizes, spliced.pts - table.dts, spliced.keys)
    rewrite(movie, target, edits=edits)
    check(movie.source, target, spliced, limits=limits)
    return notes + spliced.notes()


def picture_table(tables: Sequence[Table], facts: Facts) -> Table:
    """Return the track of the moving picture: the one that libav shows."""
    found = [t for t in tables if t.kind == b"vide" and t.count]
    if len(found) > 1:
        found = [t for t in found if t.count == facts.frames] or found
    if not found:
        raise MalformedMediaError("there is no picture track")
    return found[0]


def reel_of(source: BinaryIO, table: Table, facts: Facts) -> Reel:
    """Return the coded pictures of a track.

    Raises:
        UnsupportedMediaError: If they change their kind on the way, or are encrypted.
    """
    kind, entry = sole_entry(table.stbl)
    if kind in {b"encv", b"drmi"}:
        raise UnsupportedMediaError("its picture is encrypted")
    name, config = _config(entry)
    for box in spans(entry, _VISUAL, _end(entry), limits=DEFAULT_LIMITS):
        if box.kind in vision.BOXES:
            vision.check(entry[box.body : box.end], facts.codec)
    extradata = entry[config.body : config.end] if config else b""
    nal = 0
    if facts.codec in _NAL:
        if name != facts.codec:
            raise MalformedMediaError(f"a track of {facts.codec} without its configuration")
        nal = (extradata[4 if facts.codec == "h264" else 21 : 22][0] & 3) + 1
    if facts.codec == "mpeg4":
        extradata = _decoder_info(extradata)
    return Reel(
        source=source,
        codec=facts.codec,
        extradata=extradata if facts.codec in {*_NAL, "av1", "mpeg4"} else b"",
        nal=nal,
        offsets=table.offsets,
        sizes=table.sizes,
        pts=table.pts,
        dts=table.dts,
        spans=table.spans,
        keys=table.keys,
        base=Fraction(1, table.scale),
        first=_first_shown(table),
    )


def _first_shown(table: Table) -> int:
    shown = table.pts[table.pts + table.spans > table.start()]
    return int(shown.min()) if len(shown) else int(table.pts.min())


def _config(entry: bytes) -> tuple[str, BoxSpan | None]:
    found = spans(entry, _VISUAL, _end(entry), limits=DEFAULT_LIMITS)
    for kind, codec in _CONFIG.items():
        if (config := first(found, kind)) is not None:
            return codec, config
    return "", None


def _end(entry: bytes) -> int:
    """Return the end of the boxes of a sample entry: QuickTime puts four zeros behind them."""
    at = _VISUAL
    while at + 8 <= len(entry):
        size = int.from_bytes(entry[at : at + 4], "big")
        if size < 8 or at + size > len(entry):
            break
        at += size
    return at


def _decoder_info(esds: bytes) -> bytes:
    """Return the decoder specific information of an `esds` box (14496-1, 7.2.6.7)."""
    at = esds.find(b"\5", 20)
    if at < 0:
        return b""
    size, at = 0, at + 1
    while at < len(esds):
        size = size << 7 | esds[at] & 127
        at += 1
        if not esds[at - 1] & 128:
            break
    return esds[at : at + size]


def _put_config(table: Table, extradata: bytes, codec: str) -> None:
    """Set the configuration in the sample entry, if it changed."""
    if codec not in _NAL:
        return
    kind, entry = sole_entry(table.stbl)
    _, config = _config(entry)
    assert config is not None
    fresh = entry[: config.start] + pack(config.kind, extradata) + entry[config.end :]
    body = table.stbl.need(b"stsd").body
    table.stbl.put(Box(b"stsd", body[:8] + pack(kind, fresh)))


def _edits(source: BinaryIO, table: Table, spliced: Spliced) -> "list[Edit]":
    """Return the chunks that hold changed samples, each with its new pieces."""
    changed = np.flatnonzero(spliced.fresh | (spliced.origin != np.arange(table.count)))
    found = []
    for chunk in np.unique(table.chunk_of[changed]).tolist():
        first_, count = int(table.first[chunk]), int(table.counts[chunk])
        last = first_ + count - 1
        start, stop = int(table.offsets[first_]), int(table.offsets[last] + table.sizes[last])
        pieces = _pieces(source, spliced, slice(first_, first_ + count))
        found.append(Edit(start, stop, tuple(pieces)))
    return found


def _pieces(source: BinaryIO, spliced: Spliced, part: slice) -> "list[Piece]":
    found: list[Piece] = []
    rows = zip(
        spliced.fresh[part].tolist(),
        spliced.offsets[part].tolist(),
        spliced.sizes[part].tolist(),
        strict=True,
    )
    for fresh, offset, size in rows:
        stream = spliced.spool if fresh else source
        last = found[-1] if found else None
        if last and last.stream is stream and last.start + last.length == offset:
            found[-1] = Piece(stream, last.start, last.length + size)
        else:
            found.append(Piece(stream, offset, size))
    return found


def check_apart(
    movie: Movie, tables: Sequence[Table], changed: Table, edits: Sequence[Edit]
) -> None:
    """Refuse files in which something that stays lies inside of what changes.

    Raises:
        UnsupportedMediaError: If it does.
    """
    assert movie.place is not None
    places = [(edit.start, edit.stop) for edit in edits]
    ordered = sorted([*places, (movie.place.start, movie.place.end)])
    starts, stops = np.array(ordered, np.int64).T
    for table in tables:
        kept = table.sizes > 0
        if table is changed:
            kept &= ~np.isin(table.chunks[table.chunk_of], starts)
        begin = table.offsets[kept]
        end = begin + table.sizes[kept]
        if (np.searchsorted(starts, end, "left") != np.searchsorted(stops, begin, "right")).any():
            raise UnsupportedMediaError("its tracks share their chunks")
