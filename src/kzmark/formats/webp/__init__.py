"""WebP: the mark in an `EXIF` and an `XMP ` chunk behind the picture.

Spec: WebP container specification (RFC 9649, 2.7); pixels: VP8 (RFC 6386) and VP8L.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import numpy as np

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._animation import Rgba, clip, compose, over_white, slices
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._orient import displayed, stored_box, upright
from kzmark.formats.layers import exif, xmp
from kzmark.formats.webp import codec
from kzmark.formats.webp import frames as _webp_frames
from kzmark.formats.webp import paint as _webp_paint
from kzmark.formats.webp.riff import EXIF_FLAG, XMP_FLAG, Chunk, parse, still
from kzmark.formats.webp.riff import WebP as File
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium

_PREFIX: Final = b"Exif\0\0"  # JPEG's; some writers leave it here too, and then it stays


class Webp:
    """Adapter for WebP: lossy, lossless and animated."""

    info = FormatInfo(
        name="webp",
        title="WebP pictures, lossy, lossless and animated",
        medium=Medium.IMAGE,
        mime="image/webp",
        extensions=(".webp",),
        signatures=(
            Signature(b"RIFF\0\0\0\0WEBP", mask=b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"),
        ),
        layers=frozenset({Layer.XMP, Layer.EXIF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every pixel of lossless pictures outside the notice, and transparency always; lossy "
        "pictures are coded anew, as finely as they were; frames the notice does not touch byte "
        "for byte; timing, loops",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> list[Evidence]:
        """Return what the `EXIF` and `XMP ` chunks hold."""
        chunks = parse(read_all(source, limits=limits), limits=limits).chunks
        found = []
        for layer, kind in ((Layer.XMP, b"XMP "), (Layer.EXIF, b"EXIF")):
            of_kind = [chunk.data for chunk in chunks if chunk.kind == kind]
            found += [_judge(layer, data, limits=limits) for data in of_kind] or [
                Evidence(layer=layer, status=Status.ABSENT)
            ]
        return found

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in both chunks; no pixel is decoded."""
        file = parse(read_all(source, limits=limits), limits=limits)
        prefix, blob = _exif(file, limits=limits)
        packet = _first(file, b"XMP ", limits=limits)
        file.announce(EXIF_FLAG | XMP_FLAG)
        file.place_metadata(b"EXIF", prefix + exif.merge(blob, mark, limits=limits))
        file.place_metadata(b"XMP ", xmp.merge(packet, mark, limits=limits))
        target.write(file.raw)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> list[tuple[int, int]]:
        """Return the one displayed size, after EXIF orientation."""
        data = read_all(source, limits=limits)
        file = parse(data, limits=limits)
        return [_size(file, limits=limits, file_bytes=len(data))]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on the picture or on every displayed frame."""
        data = read_all(source, limits=limits)
        file = parse(data, limits=limits)
        patch = patch_for(*_size(file, limits=limits, file_bytes=len(data)))
        paint = _webp_paint.paint_frames if file.animated else _webp_paint.paint_still
        paint(file, patch, _orientation(file), limits=limits, file_bytes=len(data))
        notes = list(_drop_previews(file, limits=limits))
        target.write(file.raw)
        return notes

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture or every frame as browsers show it, upright, laid over white."""
        data = read_all(source, limits=limits)
        file = parse(data, limits=limits)
        size = _size(file, limits=limits, file_bytes=len(data))
        orientation = _orientation(file)
        part = clip(within or (0, 0, *size), (0, 0, *size))
        stored = stored_box(part, size, orientation)
        for index, seen in enumerate(_seen(file, stored, limits=limits, file_bytes=len(data))):
            pixels = np.ascontiguousarray(upright(over_white(seen), orientation))
            yield Picture(
                index=index, width=size[0], height=size[1], pixels=pixels, x=part[0], y=part[1]
            )


def _seen(file: File, part: Box, *, limits: Limits, file_bytes: int) -> Iterator[Rgba]:
    """Yield the stored pixels of a part of each picture."""
    if file.animated:
        found = _webp_frames.frames(file, limits=limits)
        pixels = sum(one.frame.box[2] * one.frame.box[3] + part[2] * part[3] for one in found)
        if pixels > limits.max_total_pixels:
            raise LimitExceededError(f"{len(found)} frames of {pixels} px together")
        layers = _webp_paint.layers(found, limits=limits, file_bytes=file_bytes)
        yield from compose(layers, file.size, within=part)
        return
    picture = still(file.chunks)
    assert picture
    samples = codec.decode(picture, limits=limits, file_bytes=file_bytes)
    yield codec.with_alpha(samples[slices(part)])


def _size(file: File, *, limits: Limits, file_bytes: int) -> tuple[int, int]:
    limits.check_picture(*file.size, file_bytes=file_bytes)
    return displayed(*file.size, _orientation(file))


def _orientation(file: File) -> int:
    at = file.find(b"EXIF")
    return 1 if at is None else exif.orientation(file.chunks[at].data.removeprefix(_PREFIX))


def _first(file: File, kind: bytes, *, limits: Limits) -> bytes:
    at = file.find(kind)
    if at is None:
        return b""
    data = file.chunks[at].data
    limits.check_metadata(len(data), what=f"{kind.decode().strip()} chunk")
    return data


def _exif(file: File, *, limits: Limits) -> tuple[bytes, bytes]:
    """Return the prefix that stands before the EXIF block, if there is one, and the block."""
    data = _first(file, b"EXIF", limits=limits)
    prefix = _PREFIX if data.startswith(_PREFIX) else b""
    return prefix, data[len(prefix) :]


def _judge(layer: Layer, data: bytes, *, limits: Limits) -> Evidence:
    limits.check_metadata(len(data), what=f"{layer.value} chunk")
    if layer is Layer.XMP:
        return xmp.judge(data, limits=limits)
    return exif.judge(data.removeprefix(_PREFIX), limits=limits)


def _drop_previews(file: File, *, limits: Limits) -> Iterator[str]:
    """Take previews out of the metadata; yield a note for each kind dropped."""
    for at, chunk in enumerate(file.chunks):
        if chunk.kind == b"EXIF":
            limits.check_metadata(len(chunk.data), what="EXIF chunk")
            data, dropped = exif.drop_thumbnail(chunk.data)
        elif chunk.kind == b"XMP ":
            data, dropped = xmp.drop_thumbnails(chunk.data, limits=limits)
        else:
            continue
        if dropped:
            file.chunks[at] = Chunk(chunk.kind, data)
            yield "exif-thumbnail-dropped" if chunk.kind == b"EXIF" else "xmp-thumbnail-dropped"


ADAPTER = Webp()
