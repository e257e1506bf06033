"""Editing a file of items: metadata put in or renewed, everything else byte-exact.

New bytes go into an `mdat` box of their own at the end of the file; the bytes they replace are cut
out. `iloc` is written without base offsets, because C2PA writers add their shift to `base_offset`
and to the extents when the base is 0 but has a field, which turns EXIF and XMP to garbage.

Spec: ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, 9.3 (properties) and annex A (Exif, XMP).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Span, first, full, header, pack, spans
from kzmark.formats._bmff.items import IN_FILE, Extent, Location, Meta, Reference, read_meta
from kzmark.formats._bmff.move import (
    Kept,
    Moves,
    inline_track_items,
    move_chunks,
    moved_place,
    pack_iloc,
)
from kzmark.formats._bmff.put import Put, numbered, pack_infe, pack_iref


class File(NamedTuple):
    """A file of items, taken apart.

    Attributes:
        data: All its bytes.
        tops: Its outermost boxes.
        meta: Its `meta` box.
    """

    data: bytes
    tops: list[Span]
    meta: Meta


def open_file(data: bytes, *, limits: Limits) -> File:
    """Take a file apart.

    Raises:
        MalformedMediaError: If its boxes break their rules, or it has no `meta` box.
    """
    tops = spans(data, 0, len(data), limits=limits)
    span = first(tops, b"meta")
    if span is None:
        raise MalformedMediaError("the file has no meta box at its top")
    return File(data, tops, read_meta(data, span, limits=limits))


def rewrite(
    file: File,
    puts: Sequence[Put],
    *,
    limits: Limits,
    replace: Mapping[bytes, bytes] | None = None,
    carry: Sequence[bytes] = (),
) -> bytes:
    """Return the file with metadata put in, offsets put right, all else as it was.

    Args:
        file: The file.
        puts: What to put in; at most one for each item.
        limits: What the file may cost.
        replace: Whole boxes to stand for children of the `meta` box, by type.
        carry: Whole boxes to stand after the `ftyp` box.

    Raises:
        MalformedMediaError: If an offset leads nowhere, or the file is fragmented.
    """
    if first(file.tops, b"moof"):
        raise MalformedMediaError("a fragmented image sequence cannot be rewritten")
    return _Rewriting(file, puts, replace or {}, carry, limits).result()


class _Rewriting:
    def __init__(
        self,
        file: File,
        puts: Sequence[Put],
        replace: Mapping[bytes, bytes],
        carry: Sequence[bytes],
        limits: Limits,
    ) -> None:
        self._data, self._tops, self._meta = file
        self._limits = limits
        self._carry = b"".join(carry)
        self._puts = numbered(puts, self._meta)
        self._dead = [
            extent
            for put in self._puts
            for extent in self._free_extents(put.number)
            if put.number in self._meta.items
        ]
        self._boxes = dict(replace)
        self._boxes[b"iinf"] = self._iinf()
        if references := self._new_references():
            self._boxes[b"iref"] = pack_iref([*self._meta.references, *references])
        moov = first(self._tops, b"moov")
        self._moov = (
            inline_track_items(self._data, moov, self._renewed, limits=limits) if moov else b""
        )

    def result(self) -> bytes:
        """Lay the boxes out once to learn the offsets, and once more with them."""
        total = len(self._data) + sum(len(put.data) for put in self._puts)
        wide = total + (1 << 20) >= 1 << 32
        self._boxes[b"iloc"] = self._iloc(None, 0, wide=wide)
        pieces, kept = self._lay_out()
        size = sum(map(len, pieces))
        moves = Moves(kept)
        self._boxes[b"iloc"] = self._iloc(moves, size, wide=wide)
        if self._moov:
            self._moov = move_chunks(self._moov, moves, limits=self._limits)
        pieces, _ = self._lay_out()
        new = b"".join(put.data for put in self._puts)
        return b"".join([*pieces, pack(b"mdat", new) if new else b""])

    def _lay_out(self) -> tuple[list[bytes], list[Kept]]:
        pieces: list[bytes] = []
        kept: list[Kept] = []
        at = 0
        for span in self._tops:
            for piece, old in self._pieces(span):
                if old >= 0:
                    kept.append(Kept(old, old + len(piece), at))
                pieces.append(piece)
                at += len(piece)
            if span.kind == b"ftyp" and self._carry:
                pieces.append(self._carry)
                at += len(self._carry)
        return pieces, kept

    def _pieces(self, span: Span) -> list[tuple[bytes, int]]:
        """Return runs of bytes with their old offsets, -1 for new ones."""
        if span == self._meta.span:
            return self._meta_pieces()
        if span.kind == b"moov":
            return [(self._moov, -1)]
        runs = self._live(span) if span.kind == b"mdat" else [(span.body, span.end)]
        if not runs and span.end > span.body:
            return []  # it held nothing but what is replaced
        size = sum(end - start for start, end in runs)
        if size == span.end - span.body and not span.open_end:
            return [(self._data[span.start : span.end], span.start)]
        return [
            (header(span.kind, size), -1),
            *((self._data[start:end], start) for start, end in runs),
        ]

    def _meta_pieces(self) -> list[tuple[bytes, int]]:
        body: list[tuple[bytes, int]] = [
            (self._data[self._meta.span.body : self._meta.span.body + 4], -1)
        ]
        done = set()
        for child in self._meta.children:
            if child.kind in self._boxes:
                if child.kind not in done:
                    body.append((self._boxes[child.kind], -1))
                done.add(child.kind)
            else:
                body.append((self._data[child.start : child.end], child.start))
        body += [(box, -1) for kind, box in self._boxes.items() if kind not in done]
        return [(header(b"meta", sum(len(piece) for piece, _ in body)), -1), *body]

    def _live(self, span: Span) -> list[tuple[int, int]]:
        runs, at = [], span.body
        for start, length, _ in sorted(self._dead):
            if span.body <= start and start + length <= span.end and start >= at:
                if start > at:
                    runs.append((at, start))
                at = start + length
        return [*runs, (at, span.end)] if at < span.end else runs

    def _free_extents(self, number: int) -> list[Extent]:
        """Return the runs of a replaced item that no other item shares."""
        place = self._meta.places.get(number)
        if place is None or place.method != IN_FILE or place.source:
            return []
        others = [
            extent
            for other, theirs in self._meta.places.items()
            if other != number and theirs.method == IN_FILE
            for extent in theirs.extents
        ]
        return [
            one
            for one in place.extents
            if not any(
                one.start < two.start + two.length and two.start < one.start + one.length
                for two in others
            )
        ]

    def _iloc(self, moves: Moves | None, end: int, *, wide: bool) -> bytes:
        """Return the `iloc` box; without moves, one of the same size.

        The new bytes start after `end` and the header of their own `mdat` box.
        """
        end += 8 if sum(len(put.data) for put in self._puts) + 8 < 1 << 32 else 16
        new = {}
        for put in self._puts:
            new[put.number] = Location(IN_FILE, 0, (Extent(end, len(put.data), 0),))
            end += len(put.data)
        places = {
            number: moved_place(place, moves) if moves and number not in new else place
            for number, place in self._meta.places.items()
        }
        if moves is None:
            blank = {n: Location(p.method, p.source, _blank(p.extents)) for n, p in places.items()}
            places, new = (
                blank,
                {n: Location(IN_FILE, 0, _blank(p.extents)) for n, p in new.items()},
            )
        found = list((places | new).items())
        return pack_iloc(found, self._meta.iloc_version, self._meta.index_size, wide=wide)

    def _iinf(self) -> bytes:
        plain = {put.number for put in self._puts if put.kind == b"mime"}
        entries = [
            pack_infe(item.number, item.kind, item.content_type)
            if item.number in plain and item.encoding
            else item.box
            for item in self._meta.items.values()
        ]
        entries += [
            pack_infe(put.number, put.kind, put.content_type)
            for put in self._puts
            if put.number not in self._meta.items
        ]
        span = first(self._meta.children, b"iinf")
        version = self._data[span.body] if span else 0
        version = max(version, 1) if len(entries) > 0xFFFF else version
        count = len(entries).to_bytes(4 if version else 2, "big")
        return full(b"iinf", version, 0, count, *entries)

    def _new_references(self) -> list[Reference]:
        return [
            Reference(b"cdsc", put.number, put.describes)
            for put in self._puts
            if put.number not in self._meta.items and put.describes
        ]

    def _renewed(self, meta: Meta, number: int, old: bytes) -> bytes:
        """Say what becomes of an item that a track repeats."""
        theirs = meta.items[number]
        for put in self._puts:
            if (put.kind, put.content_type) == (theirs.kind, theirs.content_type):
                return old if theirs.encoding else put.data
        return old


def _blank(extents: tuple[Extent, ...]) -> tuple[Extent, ...]:
    return tuple(Extent(0, 0, one.key) for one in extents)
