"""Moving bytes of an ISO base media file: where old offsets lie afterwards.

Spec: ISO/IEC 14496-12, 8.7.5 (stco, co64), 8.7.9 (saio), 8.11.3 (iloc).
"""

import bisect
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Cursor, Span, full, pack, spans
from kzmark.formats._bmff.items import IN_FILE, IN_IDAT, Extent, Location, Meta, payload, read_meta

_INNER: Final = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_BIG: Final = 0xFFFF_FFFF


class Kept(NamedTuple):
    """A run of bytes that moved as one."""

    old: int
    end: int
    new: int


class Moves:
    """Where the bytes of the old file lie in the new one."""

    def __init__(self, kept: Sequence[Kept]) -> None:
        self._kept = sorted(kept)
        self._starts = [run.old for run in self._kept]

    def __call__(self, start: int, length: int = 1) -> int:
        """Return the new offset of `length` bytes that lay at `start`.

        Raises:
            MalformedMediaError: If they are not in the file, or not together any more.
        """
        at = bisect.bisect_right(self._starts, start) - 1
        if at >= 0:
            run = self._kept[at]
            if start + length <= run.end:
                return run.new + start - run.old
        raise MalformedMediaError(f"an offset of {start} bytes leads out of the boxes of the file")


def pack_iloc(
    places: Sequence[tuple[int, Location]], version: int, index_size: int, *, wide: bool
) -> bytes:
    """Return an `iloc` box without base offsets.

    Args:
        places: Item IDs and where their bytes lie.
        version: 0, 1 or 2; raised where the content needs it.
        index_size: Bytes of an `extent_index`.
        wide: Whether offsets and lengths take 8 bytes instead of 4.
    """
    if len(places) > 0xFFFF or any(number > 0xFFFF for number, _ in places):
        version = 2
    if version == 0 and any(place.method for _, place in places):
        version = 1
    size, name = (8 if wide else 4), (4 if version == 2 else 2)
    sizes = size << 12 | size << 8 | (index_size if version else 0)
    parts = [sizes.to_bytes(2, "big"), len(places).to_bytes(name, "big")]
    for number, place in places:
        parts.append(number.to_bytes(name, "big"))
        if version:
            parts.append(place.method.to_bytes(2, "big"))
        parts += [place.source.to_bytes(2, "big"), len(place.extents).to_bytes(2, "big")]
        for extent in place.extents:
            if version:
                parts.append(extent.key.to_bytes(index_size, "big"))
            parts += [extent.start.to_bytes(size, "big"), extent.length.to_bytes(size, "big")]
    return full(b"iloc", version, 0, *parts)


def inline_track_items(
    data: bytes, moov: Span, renew: Callable[[Meta, int, bytes], bytes], *, limits: Limits
) -> bytes:
    """Return a `moov` box whose tracks hold their metadata in themselves (`idat`).

    libavif repeats EXIF and XMP in every track of an animation, by file offsets that C2PA writers
    do not know of; bytes inside the box cannot get lost.

    Args:
        data: The whole file.
        moov: Its `moov` box.
        renew: Gives the new bytes of an item from the track's meta box, its number and old bytes.
        limits: What the file may cost.
    """
    parts = []
    for span in spans(data, moov.body, moov.end, limits=limits):
        if span.kind != b"trak":
            parts.append(data[span.start : span.end])
            continue
        inner = spans(data, span.body, span.end, limits=limits)
        parts.append(pack(b"trak", *(_inlined(data, one, renew, limits) for one in inner)))
    return pack(b"moov", *parts)


def _inlined(
    data: bytes, span: Span, renew: Callable[[Meta, int, bytes], bytes], limits: Limits
) -> bytes:
    if span.kind != b"meta":
        return data[span.start : span.end]
    meta = read_meta(data, span, limits=limits)
    idat, places = b"", []
    for number in meta.places:
        if number not in meta.items:
            raise MalformedMediaError(f"a track locates an item {number} that it does not name")
        found = renew(meta, number, payload(data, meta, number, limits=limits))
        places.append((number, Location(IN_IDAT, 0, (Extent(len(idat), len(found), 0),))))
        idat += found
        limits.check_metadata(len(idat), what="the metadata of a track")
    if not places:
        return data[span.start : span.end]
    iloc = pack_iloc(places, 1, 0, wide=False)
    parts = [data[span.body : span.body + 4]]
    for child in meta.children:
        if child.kind == b"iloc":
            parts += [iloc, pack(b"idat", idat)]
        elif child.kind != b"idat":
            parts.append(data[child.start : child.end])
    return pack(b"meta", *parts)


def move_chunks(moov: bytes, moves: Moves, *, limits: Limits) -> bytes:
    """Return a `moov` box whose chunk offsets follow the moved bytes; its size stays.

    Raises:
        MalformedMediaError: If an offset leads out of the file, or no longer fits its field.
    """
    patched = bytearray(moov)
    levels = [spans(moov, 0, len(moov), limits=limits)[0]]
    while levels:
        level = levels.pop()
        for span in spans(moov, level.body, level.end, limits=limits):
            if span.kind in _INNER:
                levels.append(span)  # deeper by one of four names: it cannot go on for ever
            elif span.kind in {b"stco", b"co64", b"saio"}:
                _move_table(patched, moov, span, moves)
    return bytes(patched)


def _move_table(patched: bytearray, moov: bytes, span: Span, moves: Moves) -> None:
    cursor = Cursor(moov, span.body, span.end, what="chunk table")
    word = cursor.number(4)
    if span.kind == b"saio" and word & 1:
        cursor.take(8)  # aux_info_type and its parameter
    wide = 8 if span.kind == b"co64" or (span.kind == b"saio" and word >> 24) else 4
    count = cursor.number(4)
    if count * wide > cursor.left:
        raise MalformedMediaError("a chunk table ends too early")
    for _ in range(count):
        at = cursor.at
        moved = moves(cursor.number(wide))
        if moved > _BIG and wide == 4:
            raise MalformedMediaError("a chunk offset does not fit its field any more")
        patched[at : at + wide] = moved.to_bytes(wide, "big")


def moved_place(place: Location, moves: Moves) -> Location:
    """Return where an item lies after the move."""
    if place.method != IN_FILE or place.source:
        return place
    extents = (
        Extent(moves(one.start, one.length) if one.length else 0, one.length, one.key)
        for one in place.extents
    )
    return Location(place.method, place.source, tuple(extents))
