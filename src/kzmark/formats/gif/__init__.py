"""GIF: one XMP packet in an application extension before the first frame.

Spec: GIF89a; XMP part 3, 1.1.2 (GIF); animation as browsers show it.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._animation import clip, compose, over_white
from kzmark.formats._base import (
    Box,
    C2PABinding,
    FormatInfo,
    PatchFor,
    Picture,
    Signature,
)
from kzmark.formats.gif import paint as _gif_paint
from kzmark.formats.gif import xmp as _gif_xmp
from kzmark.formats.gif.blocks import Gif as File
from kzmark.formats.gif.blocks import Shown, parse, parse_first
from kzmark.formats.layers import xmp
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer, Medium


class Gif:
    """Adapter for GIF, still and animated."""

    info = FormatInfo(
        name="gif",
        title="GIF pictures, still and animated",
        medium=Medium.IMAGE,
        mime="image/gif",
        extensions=(".gif",),
        signatures=(Signature(b"GIF87a"), Signature(b"GIF89a")),
        layers=frozenset({Layer.XMP, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every pixel outside the notice, unless a frame's 256 colours leave no room for it; "
        "frames the notice does not touch byte for byte; timing, loops, comments",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> list[Evidence]:
        """Return what each XMP packet holds."""
        blocks = parse(read_all(source, limits=limits), limits=limits).blocks
        packets = _gif_xmp.packets(blocks, limits=limits)
        found = [xmp.judge(packet, limits=limits) for _, packet in packets]
        return found or [Evidence(layer=Layer.XMP, status=Status.ABSENT)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its first XMP packet; no pixel is decoded."""
        file = parse(read_all(source, limits=limits), limits=limits)
        at, old = next(_gif_xmp.packets(file.blocks, limits=limits), (None, b""))
        new = _gif_xmp.extension(xmp.merge(old, mark, limits=limits))
        if at is None:
            file.blocks.insert(_gif_xmp.place(file.blocks), new)
        else:
            file.blocks[at] = new
        target.write(file.raw)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> list[tuple[int, int]]:
        """Return the one size of the canvas, enlarged to the first frame as browsers do it."""
        data = read_all(source, limits=limits)
        return [_size(parse_first(data), limits=limits, file_bytes=len(data))]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a patch on every displayed frame."""
        data = read_all(source, limits=limits)
        file = parse(data, limits=limits)
        patch = patch_for(*_size(file, limits=limits, file_bytes=len(data)))
        new, notes = _gif_paint.painted(file, patch, limits=limits, file_bytes=len(data))
        for at, packet in _gif_xmp.packets(new.blocks, limits=limits):
            kept, dropped = xmp.drop_thumbnails(packet, limits=limits)
            if dropped:
                new.blocks[at] = _gif_xmp.extension(kept)
                notes.append("xmp-thumbnail-dropped")
        target.write(new.raw)
        return notes

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield every frame as browsers show it, laid over white."""
        data = read_all(source, limits=limits)
        file = parse(data, limits=limits)
        width, height = _size(file, limits=limits, file_bytes=len(data))
        part = clip(within or (0, 0, width, height), (0, 0, width, height))
        shown = file.frames
        _check_total(shown, part, limits=limits)
        layers = _gif_paint.layers(file, shown, limits=limits, file_bytes=len(data))
        for index, canvas in enumerate(compose(layers, (width, height), within=part)):
            yield Picture(
                index=index,
                width=width,
                height=height,
                pixels=over_white(canvas),
                x=part[0],
                y=part[1],
            )


def _size(file: File, *, limits: Limits, file_bytes: int) -> tuple[int, int]:
    limits.check_picture(*file.size, file_bytes=file_bytes)
    return file.size


def _check_total(shown: Sequence[Shown], part: Box, *, limits: Limits) -> None:
    pixels = sum(one.frame.box[2] * one.frame.box[3] + part[2] * part[3] for one in shown)
    if pixels > limits.max_total_pixels:
        raise LimitExceededError(f"{len(shown)} frames of {pixels} px together")


ADAPTER = Gif()
