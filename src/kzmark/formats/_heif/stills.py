"""The pictures of a HEIF or AVIF file, as its `meta` box describes them; no pixel is decoded.

Spec: ISO/IEC 23008-12, 6.5 (ispe, colr, auxC, clap, irot, imir), 6.6 (grids), 9.3 (iprp);
AV1 Image File Format 1.2; ISO/IEC 14496-15, 8.3.2 (hvcC); AV1 ISOBMFF binding, 2.3 (av1C).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.edit import File
from kzmark.formats._bmff.items import Item, Meta
from kzmark.formats._heif.coded import coded_size
from kzmark.formats._heif.properties import (
    Pixel,
    Property,
    aperture,
    coding,
    read_properties,
    size_of,
    turned,
)

ALPHA: Final = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_CODED: Final = frozenset({b"av01", b"hvc1", b"jpeg", b"avc1", b"j2k1", b"vvc1", b"unci"})
_DERIVED: Final = frozenset({b"grid", b"iovl", b"iden"})
_TURNS: Final = frozenset({b"irot", b"imir"})


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
                _, _, width, height = aperture(one.data, width, height)
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
                left, top, width, height = aperture(one.data, array.shape[1], array.shape[0])
                array = array[top : top + height, left : left + width]
            elif one.kind in _TURNS:
                array = turned(array, one)
        return array

    def unturned(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        """Return displayed pixels as they have to be stored for `turns` to show them so."""
        for one in reversed(self.turns):
            array = turned(array, one, back=True)
        return array


def stills(file: File, *, limits: Limits) -> list[Still]:
    """Return the pictures that a viewer may show, ordered by item ID, the primary one among them.

    Tiles, thumbnails, depth and gain maps are no pictures of their own.

    Raises:
        MalformedMediaError: If the file has no primary picture of a size.
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
        and size_of(properties.get(item.number, ()))
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


def _still(
    meta: Meta,
    item: Item,
    properties: dict[int, tuple[Property, ...]],
    alphas: set[int],
) -> Still:
    own = properties.get(item.number, ())
    stored = size_of(own) or (0, 0)
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
                heard[id(one)] = [size for size in (size_of([one]), coded_size([one])) if size]
        declared = [size for one in own for size in heard[id(one)]]
        if number not in file.meta.items or not declared:
            continue
        for width, height in declared:
            limits.check_picture(width, height, file_bytes=len(file.data), sample_bytes=3)
        total += max(width * height for width, height in declared)
        if total > 3 * limits.max_total_pixels:
            raise LimitExceededError("the pictures of the file are too large together")


def _auxiliary(own: Sequence[Property]) -> bytes:
    return next((one.data[4:].rstrip(b"\0") for one in own if one.kind == b"auxC"), b"")
