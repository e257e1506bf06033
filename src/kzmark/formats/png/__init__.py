"""PNG and APNG: XMP and text right after IHDR, EXIF in eXIf; pixels changed under the plate only.

Spec: PNG third edition, 5 (chunks), 11.3.3.4 (iTXt), 11.3.3.5 (eXIf), 11.3.6 (animation);
XMP part 3, 1.1.5 (PNG).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np

from kzmark._limits import Limits
from kzmark.formats._animation import clip
from kzmark.formats._base import (
    Box,
    C2PABinding,
    FormatInfo,
    Patch,
    PatchFor,
    Picture,
    Pixels,
    Signature,
)
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._orient import displayed, stored_box, upright
from kzmark.formats.png import c2pa, layers, raster, splice
from kzmark.formats.png import samples as samples_of
from kzmark.formats.png.chunks import MAGIC, Chunks
from kzmark.formats.png.file import Png as File
from kzmark.formats.png.file import take_apart
from kzmark.formats.png.paint import Plate, repaint
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Png:
    """One kind of file for stills and animations: an APNG is a PNG with more chunks."""

    info = FormatInfo(
        name="png",
        title="PNG and animated PNG",
        medium=Medium.IMAGE,
        mime="image/png",
        extensions=(".png", ".apng"),
        signatures=(Signature(MAGIC),),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.TEXT, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every pixel outside the notice, all others' chunks, the timing of animations",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what XMP, EXIF and text hold."""
        return list(layers.evidence(take_apart(source, limits=limits).chunks, limits=limits))

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in XMP, EXIF and text."""
        chunks = take_apart(source, limits=limits).chunks
        replaced, front = layers.inscribe(chunks, mark, limits=limits)
        _write(chunks, target, replaced, front=front)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the displayed width and height."""
        file = take_apart(source, limits=limits)
        return [displayed(*file.header.size, layers.orientation(file.chunks))]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on the default picture and on every frame."""
        file = take_apart(source, limits=limits)
        plate = _plate(file, patch_for, limits=limits)
        replaced, notes = repaint(file, plate, limits=limits)
        previews, gone = layers.without_previews(file.chunks, limits=limits)
        kept = ["trailing-data-kept"] if file.chunks.trailer else []
        _write(file.chunks, target, replaced | previews)
        return [*notes, *gone, *kept]

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the default picture, unless it is the first frame, and then every frame."""
        file = take_apart(source, limits=limits)
        turn = layers.orientation(file.chunks)
        size = displayed(*file.header.size, turn)
        part = clip(within or (0, 0, *size), (0, 0, *size))
        for index, pixels in enumerate(_seen(file, stored_box(part, size, turn), limits=limits)):
            right = np.ascontiguousarray(upright(pixels, turn))
            yield Picture(
                index=index, width=size[0], height=size[1], pixels=right, x=part[0], y=part[1]
            )

    def room(self, data: bytes, size: int) -> Room:
        """Return the place for a manifest store: a chunk behind IHDR."""
        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a chunk."""
        return c2pa.unwrap(piece)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Return the manifest store, and every chunk beside it."""
        return c2pa.survey(data, limits=limits)


def _seen(file: File, box: Box, *, limits: Limits) -> Iterator[Pixels]:
    """Yield each stored picture, or the part in `box`, as RGB over white."""
    if not file.shots or not file.shots[0].default:
        part = None if box == (0, 0, *file.header.size) else box
        found = splice.cut(file.chunks, file.header, part)
        if found is None:
            found = raster.decode(file.default(), file.header, box)
        yield samples_of.to_rgb(found, file.header)
    if file.shots:
        canvas = file.header.size
        for shown in file.displays(canvas, (0, 0, *canvas), limits=limits, within=box):
            yield samples_of.over_white(shown)


def _plate(file: File, patch_for: PatchFor, *, limits: Limits) -> Plate:
    """Return the patch as its pixels will be stored."""
    turn = layers.orientation(file.chunks)
    width, height = displayed(*file.header.size, turn)
    patch = patch_for(width, height)
    whole = (width, height + patch.grow)
    _check(patch, whole)
    size = displayed(*whole, turn)
    file.header.resized(*size).check(file_bytes=file.chunks.size + patch.pixels.size, limits=limits)
    box = stored_box(patch.box, whole, turn)
    pixels = np.empty((box[3], box[2], 3), np.uint8)
    upright(pixels, turn)[:] = patch.pixels
    return Plate(box, pixels, size, stored_box((0, 0, width, height), whole, turn))


def _check(patch: Patch, size: tuple[int, int]) -> None:
    if patch.grow < 0 or clip(patch.box, (0, 0, *size)) != patch.box:
        raise ValueError(f"a patch at {patch.box} leaves the picture of {size[0]}x{size[1]} px")


def _write(
    chunks: Chunks, target: BinaryIO, replaced: Mapping[int, bytes], *, front: bytes = b""
) -> None:
    """Write all chunks, some of them replaced, and `front` right behind IHDR."""
    parts: list[bytes | memoryview] = [MAGIC]
    for index, chunk in enumerate(chunks.items):
        parts.append(replaced.get(index, chunk.whole))
        if not index:
            parts.append(front)
    parts.append(chunks.trailer)
    target.writelines(parts)


ADAPTER = Png()
