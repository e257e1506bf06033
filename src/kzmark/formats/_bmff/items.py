"""Items of a `meta` box: what a HEIF or AVIF file holds beside raw boxes.

A picture, its tiles, thumbnails, EXIF and XMP are items. `iinf` names them, `iloc` says where their
bytes lie, `iref` says what belongs to what. No chain of references is followed: cycles do no harm.

Spec: ISO/IEC 14496-12, 8.11 (meta, iloc, iinf, iref, idat); ISO/IEC 23008-12, 6.5 and annex A.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.boxes import Cursor, Span, first, spans

RDF: Final = "application/rdf+xml"
IN_FILE: Final = 0
IN_IDAT: Final = 1
_SIZES: Final = (0, 4, 8)


class Extent(NamedTuple):
    """A run of bytes: start in the file or in `idat`, length, and its `extent_index`."""

    start: int
    length: int
    key: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where an item's bytes lie (8.11.3), `base_offset` already added.

    Attributes:
        method: 0 the file, 1 the `idat` box, 2 another item.
        source: Data reference; 0 is this very file.
        extents: The runs of bytes, in order.
    """

    method: int
    source: int
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of `iinf` (8.11.6).

    Attributes:
        number: Its item ID.
        kind: Item type, such as `b"hvc1"`, `b"Exif"` or `b"mime"`.
        content_type: Media type of a `mime` item, lower case.
        encoding: Content encoding of a `mime` item.
        hidden: Whether it is not meant to be shown by itself.
        protected: Whether its bytes are encrypted.
        box: The `infe` box as it stands in the file.
    """

    number: int
    kind: bytes
    content_type: str
    encoding: str
    hidden: bool
    protected: bool
    box: bytes


class Reference(NamedTuple):
    """One entry of `iref`: a type, the item it comes from, the items it points to."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Meta:
    """A `meta` box taken apart.

    Attributes:
        span: Where it lies.
        children: Its boxes.
        primary: Item ID of the primary item, 0 if it names none.
        items: By item ID, in the order of the file.
        places: By item ID, in the order of `iloc`.
        references: In the order of the file.
        links: Where the references of one type lead from one item.
        iloc_version: Version of its `iloc` box.
        index_size: Bytes that an `extent_index` takes there.
        normal: Whether `iloc` needs no rewriting: no base offsets.
    """

    span: Span
    children: list[Span]
    primary: int
    items: dict[int, Item]
    places: dict[int, Location]
    references: list[Reference]
    links: Mapping[tuple[bytes, int], tuple[int, ...]]
    iloc_version: int
    index_size: int
    normal: bool

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """Return the items that references of this type lead to from one item."""
        return self.links.get((kind, source), ())

    def numbers(self) -> set[int]:
        """Return every item ID that is spoken for anywhere in the box."""
        used = {self.primary, *self.items, *self.places}
        for reference in self.references:
            used.update(reference.targets, [reference.source])
        return used


def read_meta(data: bytes, span: Span, *, limits: Limits) -> Meta:
    """Take a `meta` box apart.

    Raises:
        MalformedMediaError: If a box in it breaks its own rules.
        LimitExceededError: If it lists more items or extents than `limits.max_elements`.
    """
    children = spans(data, span.body + 4, span.end, limits=limits)
    if span.end - span.body < 4:
        raise MalformedMediaError("a meta box without a version")
    iinf, iloc, iref = (first(children, kind) for kind in (b"iinf", b"iloc", b"iref"))
    idat = first(children, b"idat")
    ends = {IN_FILE: len(data), IN_IDAT: idat.end - idat.body if idat else 0}
    places = _Places(data, iloc, ends, limits)
    references = list(_references(data, iref, limits))
    return Meta(
        span=span,
        children=children,
        primary=_primary(data, first(children, b"pitm")),
        items={item.number: item for item in _items(data, iinf, limits)},
        places=places.found,
        references=references,
        links={(kind, source): targets for kind, source, targets in reversed(references)},
        iloc_version=places.version,
        index_size=places.index_size,
        normal=places.normal,
    )


def payload(data: bytes, meta: Meta, number: int, *, limits: Limits) -> bytes:
    """Return the bytes of one item, put together from its extents; none if it has no place.

    Raises:
        MalformedMediaError: If they lie outside the file, or are stored in a way not read here
            (encrypted, in another file, inside another item).
        LimitExceededError: If they are over `limits.max_metadata`.
    """
    place = meta.places.get(number)
    if place is None or number not in meta.items:
        return b""
    limits.check_metadata(sum(extent.length for extent in place.extents), what=f"item {number}")
    if place.source or place.method not in (IN_FILE, IN_IDAT) or meta.items[number].protected:
        raise MalformedMediaError(f"item {number} is not stored in this file in the clear")
    low, high = 0, len(data)
    if place.method == IN_IDAT:
        idat = first(meta.children, b"idat")
        low, high = (idat.body, idat.end) if idat else (0, 0)
    parts = []
    for extent in place.extents:
        start = low + extent.start
        if start + extent.length > high:
            raise MalformedMediaError(f"item {number} lies outside the file")
        parts.append(data[start : start + extent.length])
    return b"".join(parts)


def decoded(raw: bytes, encoding: str, *, limits: Limits) -> bytes:
    """Undo the content encoding of a `mime` item.

    Raises:
        MalformedMediaError: If the encoding is unknown or the bytes do not inflate.
        LimitExceededError: If they inflate to more than `limits.max_metadata`.
    """
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("deflate", "compress_zlib"):
        raise MalformedMediaError(f"an item in the content encoding {encoding!r}")
    inflate = zlib.decompressobj()
    try:
        found = inflate.decompress(raw, limits.max_metadata + 1)
    except zlib.error as error:
        raise MalformedMediaError("a compressed item does not inflate") from error
    limits.check_metadata(len(found), what="a compressed item")
    if not inflate.eof:
        raise MalformedMediaError("a compressed item ends too early")
    return found


def _primary(data: bytes, span: Span | None) -> int:
    if span is None:
        return 0
    cursor = Cursor(data, span.body, span.end, what="pitm box")
    return cursor.number(2 if cursor.number(4) >> 24 == 0 else 4)


def _items(data: bytes, span: Span | None, limits: Limits) -> Iterator[Item]:
    if span is None:
        return
    cursor = Cursor(data, span.body, span.end, what="iinf box")
    cursor.number(2 if cursor.number(4) >> 24 == 0 else 4)  # the count; the boxes are the truth
    for entry in spans(data, cursor.at, span.end, limits=limits):
        if entry.kind == b"infe":
            yield _item(data, entry)


def _item(data: bytes, span: Span) -> Item:
    cursor = Cursor(data, span.body, span.end, what="infe box")
    word = cursor.number(4)
    version, hidden = word >> 24, bool(word & 1)
    if version > 3:
        raise MalformedMediaError(f"an infe box of version {version}")
    number = cursor.number(4 if version == 3 else 2)
    protected = bool(cursor.number(2))
    kind = cursor.take(4) if version >= 2 else b"mime"
    cursor.text()  # its name
    mime = kind == b"mime"
    content_type = cursor.text().decode("latin-1").strip().lower() if mime else ""
    encoding = cursor.text().decode("latin-1").strip().lower() if mime else ""
    box = data[span.start : span.end]
    return Item(number, kind, content_type, encoding, hidden, protected, box)


def _references(data: bytes, span: Span | None, limits: Limits) -> Iterator[Reference]:
    if span is None:
        return
    cursor = Cursor(data, span.body, span.end, what="iref box")
    width = 2 if cursor.number(4) >> 24 == 0 else 4
    for entry in spans(data, cursor.at, span.end, limits=limits):
        inner = Cursor(data, entry.body, entry.end, what="item reference")
        source = inner.number(width)
        raw = inner.take(inner.number(2) * width)
        targets = (raw[at : at + width] for at in range(0, len(raw), width))
        yield Reference(entry.kind, source, tuple(int.from_bytes(one, "big") for one in targets))


class _Places:
    """What an `iloc` box says (8.11.3.2)."""

    def __init__(
        self, data: bytes, span: Span | None, ends: Mapping[int, int], limits: Limits
    ) -> None:
        self.found: dict[int, Location] = {}
        self.version = self.index_size = 0
        self.normal = True
        self._left = limits.max_elements
        self._ends = ends
        if span is not None:
            self._read(Cursor(data, span.body, span.end, what="iloc box"))

    def _read(self, cursor: Cursor) -> None:
        self.version = cursor.number(4) >> 24
        if self.version > 2:
            raise MalformedMediaError(f"an iloc box of version {self.version}")
        sizes = cursor.number(2)
        self._offset, self._length = sizes >> 12, sizes >> 8 & 15
        self._base = sizes >> 4 & 15
        self.index_size = sizes & 15 if self.version else 0
        for size in (self._offset, self._length, self._base, self.index_size):
            if size not in _SIZES:
                raise MalformedMediaError(f"an iloc field of {size} bytes")
        self.normal = self._base == 0 and self._length > 0
        wide = 4 if self.version == 2 else 2
        count = cursor.number(wide)
        self._spend(count)
        for _ in range(count):
            number = cursor.number(wide)
            self.found[number] = self._location(cursor)

    def _location(self, cursor: Cursor) -> Location:
        method = cursor.number(2) & 15 if self.version else IN_FILE
        source = cursor.number(2)
        base = cursor.number(self._base)
        count = cursor.number(2)
        self._spend(count)  # an extent may take no byte at all in the file
        return Location(
            method, source, tuple(self._extent(cursor, base, method) for _ in range(count))
        )

    def _extent(self, cursor: Cursor, base: int, method: int) -> Extent:
        index = cursor.number(self.index_size)
        start = base + cursor.number(self._offset)
        length = cursor.number(self._length)
        if not self._length:  # no length means: all there is
            length = max(self._ends.get(method, 0) - start, 0)
        return Extent(start, length, index)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise LimitExceededError("the iloc box lists too many items or extents")
