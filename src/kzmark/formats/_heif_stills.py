"""The pictures of a HEIF or AVIF file, as its `meta` box describes them; no pixel is decoded.

Spec: ISO/IEC 23008-12, 6.5 (ispe, colr, auxC, clap, irot, imir), 6.6 (grids), 9.3 (iprp);
AV1 Image File Format 1.2; ISO/IEC 14496-15, 8.3.2 (hvcC); AV1 ISOBMFF binding, 2.3 (av1C).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff import Cursor, first, spans
from kzmark.formats._bmff_edit import File
from kzmark.formats._bmff_items import Item, Meta
from kzmark.formats._heif_coded import coded_size

Pixel = TypeVar("Pixel", bound="np.generic[Any]")

ALPHA: Final = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_CODED: Final = frozenset({b"av01", b"hvc1", b"jpeg", b"avc1", b"j2k1", b"vvc1", b"unci"})
_DERIVED: Final = frozenset({b"grid", b"iovl", b"iden"})
_TURNS: Final = frozenset({b"irot", b"imir"})


class Property(NamedTuple):
    """One item property: its type, its content, whether a reader must understand it."""

    kind: bytes
    data: bytes
    essential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture that a viewer may show.

    Attributes:
        number: Its item ID.
        kind: Item type.
        width: Displayed width, in pixels.
        height: Displayed height, in pixels.
        stored: Width and height before cropping and turning.
        properties: What it is said to be, in the order of application.
        bits: Bits of a sample, 8, 10 or 12.
        chroma: Subsampling as `4:2:0`; `4:0:0` is grey.
        alpha: Whether it has an alpha plane.
    """

    number: int
    kind: bytes
    width: int
    height: int
    stored: tuple[int, int]
    properties: tuple[Property, ...]
    bits: int
    chroma: str
    alpha: bool

    @classmethod
    def of(
        cls,
        number: int,
        kind: bytes,
        stored: tuple[int, int],
        properties: tuple[Property, ...],
        *,
        bits: int,
        chroma: str,
        alpha: bool,
    ) -> Self:
        """Describe a picture; its displayed size follows from its stored size and properties."""
        width, height = stored
        for one in properties:
            if one.kind == b"clap":
                _, _, width, height = _aperture(one.data, width, height)
            elif one.kind == b"irot" and one.data[:1] and one.data[0] & 1:
                width, height = height, width
        return cls(
            number=number,
            kind=kind,
            width=width,
            height=height,
            stored=stored,
            properties=properties,
            bits=bits,
            chroma=chroma,
            alpha=alpha,
        )

    @property
    def turns(self) -> tuple[Property, ...]:
        """The rotations and mirrorings, in their order."""
        return tuple(one for one in self.properties if one.kind in _TURNS)

    def colour(self) -> tuple[bytes, bytes]:
        """Return its ICC profile and the content of its nclx `colr` box; either may be empty."""
        found = {one.data[:4]: one.data for one in self.properties if one.kind == b"colr"}
        icc = found.get(b"prof") or found.get(b"rICC") or b""
        return icc[4:], found.get(b"nclx", b"")

    def shown(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        """Return the displayed view of stored pixels; nothing is copied."""
        for one in self.properties:
            if one.kind == b"clap":
                left, top, width, height = _aperture(one.data, array.shape[1], array.shape[0])
                array = array[top : top + height, left : left + width]
            elif one.kind in _TURNS:
                array = _turned(array, one)
        return array

    def unturned(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        """Return displayed pixels as they have to be stored for `turns` to show them so."""
        for one in reversed(self.turns):
            array = _turned(array, one, back=True)
        return array


def stills(file: File, *, limits: Limits) -> list[Still]:
    """Return the pictures that a viewer may show, ordered by item ID, the primary one among them.

    Tiles, thumbnails, depth and gain maps are no pictures of their own.

    Raises:
        MalformedMediaError: If the file has no primary picture, or one has no size.
        LimitExceededError: If one of them, a tile included, is too large.
    """
    meta = file.meta
    properties = read_properties(file, limits=limits)
    _check_sizes(file, properties, limits)
    parts = {
        target
        for kind, source, targets in meta.references
        for target in targets
        if kind == b"dimg" and source in meta.items and meta.items[source].kind in _DERIVED
    }
    parts |= {one.source for one in meta.references if one.kind in {b"thmb", b"auxl"}}
    alphas = {
        target
        for kind, source, targets in meta.references
        if kind == b"auxl" and _auxiliary(properties.get(source, ())).startswith(ALPHA)
        for target in targets
    }
    found = [
        _still(meta, item, properties, alphas)
        for item in sorted(meta.items.values(), key=lambda item: item.number)
        if item.kind in _CODED | _DERIVED
        and (item.number == meta.primary or not (item.hidden or item.number in parts))
    ]
    if all(still.number != meta.primary for still in found):
        raise MalformedMediaError("the file names no primary picture")
    return found


def dropped(file: File, *, limits: Limits) -> list[str]:
    """Return notes on what re-encoding leaves behind: thumbnails, gain maps, other maps."""
    meta = file.meta
    notes = set()
    if any(reference.kind == b"thmb" for reference in meta.references):
        notes.add("heif-thumbnail-dropped")
    if any(item.kind == b"tmap" for item in meta.items.values()):
        notes.add("gain-map-dropped")
    properties = read_properties(file, limits=limits)
    for reference in meta.references:
        if reference.kind != b"auxl":
            continue
        name = _auxiliary(properties.get(reference.source, ()))
        if b"gainmap" in name.lower():
            notes.add("gain-map-dropped")
        elif not name.startswith(ALPHA):
            notes.add("auxiliary-image-dropped")
    return sorted(notes)


def read_properties(file: File, *, limits: Limits) -> dict[int, tuple[Property, ...]]:
    """Return the properties of every item, in the order in which they apply (9.3.1).

    Raises:
        MalformedMediaError: If an association points to no property.
        LimitExceededError: If there are more associations than `limits.max_elements`.
    """
    data, _, meta = file
    iprp = first(meta.children, b"iprp")
    if iprp is None:
        return {}
    inner = spans(data, iprp.body, iprp.end, limits=limits)
    ipco = first(inner, b"ipco")
    boxes = spans(data, ipco.body, ipco.end, limits=limits) if ipco else []
    shared: dict[tuple[int, bool], Property] = {}  # many items may point to one large box
    found: dict[int, list[Property]] = {}
    count = 0
    for span in inner:
        if span.kind != b"ipma":
            continue
        for number, index, essential in associations(data, span.body, span.end):
            count += 1
            if index > len(boxes) or count > limits.max_elements:
                raise MalformedMediaError("the properties of an item lead nowhere")
            if not index:
                continue
            if (index, essential) not in shared:
                box = boxes[index - 1]
                one = Property(box.kind, data[box.body : box.end], essential)
                shared[index, essential] = one
            found.setdefault(number, []).append(shared[index, essential])
    return {number: tuple(listed) for number, listed in found.items()}


def associations(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (item ID, index of the property from 1, whether essential) of an `ipma` box."""
    cursor = Cursor(data, start, end, what="ipma box")
    word = cursor.number(4)
    wide = 2 if word & 1 else 1
    for _ in range(cursor.number(4)):
        number = cursor.number(4 if word >> 24 else 2)
        for _ in range(cursor.number(1)):
            value = cursor.number(wide)
            top = 1 << (wide * 8 - 1)
            yield number, value & ~top, bool(value & top)


def _still(
    meta: Meta,
    item: Item,
    properties: dict[int, tuple[Property, ...]],
    alphas: set[int],
) -> Still:
    own = properties.get(item.number, ())
    stored = _size(own)
    if stored is None:
        raise MalformedMediaError(f"picture {item.number} has no size")
    coded = own
    if item.kind in _DERIVED:  # what its first tile is made of; tiles are all alike
        tiles = meta.targets(b"dimg", item.number)
        coded = properties.get(tiles[0], ()) if tiles else ()
    bits, chroma = coding(coded)
    alpha = item.number in alphas
    return Still.of(item.number, item.kind, stored, own, bits=bits, chroma=chroma, alpha=alpha)


def _check_sizes(file: File, properties: dict[int, tuple[Property, ...]], limits: Limits) -> None:
    """Ask the limits about every picture and tile before any decoder sees the file."""
    total = 0
    heard: dict[int, list[tuple[int, int]]] = {}  # by identity: tiles share their properties
    for number, own in properties.items():
        for one in own:
            if id(one) not in heard:
                heard[id(one)] = [size for size in (_size([one]), coded_size([one])) if size]
        declared = [size for one in own for size in heard[id(one)]]
        if number not in file.meta.items or not declared:
            continue
        for width, height in declared:
            limits.check_picture(width, height, file_bytes=len(file.data), sample_bytes=3)
        total += max(width * height for width, height in declared)
        if total > 3 * limits.max_total_pixels:
            raise LimitExceededError("the pictures of the file are too large together")


def _size(own: Sequence[Property]) -> tuple[int, int] | None:
    for one in own:
        if one.kind == b"ispe":
            cursor = Cursor(one.data, 4, len(one.data), what="ispe box")
            return cursor.number(4), cursor.number(4)
    return None


def coding(own: Sequence[Property]) -> tuple[int, str]:
    """Return bits of a sample and chroma subsampling."""
    for one in own:
        if one.kind == b"av1C" and len(one.data) >= 4:
            word = one.data[2]
            bits = (12 if word & 0x20 else 10) if word & 0x40 else 8
            if word & 0x10:
                return bits, "4:0:0"
            return bits, {3: "4:2:0", 2: "4:2:2"}.get(word >> 2 & 3, "4:4:4")
        if one.kind == b"hvcC" and len(one.data) >= 18:
            chroma = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")[one.data[16] & 3]
            return 8 + (one.data[17] & 7), chroma
    return 8, "4:2:0"


def _auxiliary(own: Sequence[Property]) -> bytes:
    return next((one.data[4:].rstrip(b"\0") for one in own if one.kind == b"auxC"), b"")


def _turned(array: NDArray[Pixel], turn: Property, *, back: bool = False) -> NDArray[Pixel]:
    value = turn.data[0] if turn.data else 0
    if turn.kind == b"irot":  # quarter turns, anticlockwise
        quarters = -(value & 3) if back else value & 3
        return np.rot90(array, quarters)
    return array[:, ::-1] if value & 1 else array[::-1]  # 6.5.12: 1 swaps left and right


def _aperture(data: bytes, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, width, height of a clean aperture (14496-12, 12.1.4)."""
    cursor = Cursor(data, 0, len(data), what="clap box")
    fields = [cursor.number(4) for _ in range(8)]
    if 0 in fields[1::2] or fields[0] == 0 or fields[2] == 0:
        raise MalformedMediaError("a clap box divides by zero")
    found = []
    for size, share, shift in ((width, fields[:2], fields[4:6]), (height, fields[2:4], fields[6:])):
        kept = round(share[0] / share[1])
        moved = (shift[0] - (1 << 32) if shift[0] >> 31 else shift[0]) / shift[1]
        start = round((size - 1) / 2 + moved - (share[0] / share[1] - 1) / 2)
        if kept < 1 or start < 0 or start + kept > size:
            raise MalformedMediaError("a clap box leaves the picture")
        found.append((start, kept))
    (left, across), (top, down) = found
    return left, top, across, down
