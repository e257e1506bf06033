"""BMP: no place for a mark inside, so the record stands in a sidecar; a plate on the pixels.

Spec: Microsoft, "Bitmap Storage".
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.formats import _orient
from kzmark.formats._base import Box, C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats.bmp import header as _bmp_header
from kzmark.formats.bmp import paint as _bmp_paint
from kzmark.formats.bmp import pixels as _bmp_pixels
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Bmp:
    """The adapter of BMP."""

    info = FormatInfo(
        name="bmp",
        title="Windows bitmaps",
        medium=Medium.IMAGE,
        mime="image/bmp",
        extensions=(".bmp", ".dib"),
        signatures=(Signature(b"BM"),),
        layers=frozenset({Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every pixel outside the notice",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether an information header of a known kind follows."""
        return _bmp_header.looks_like(head)

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return nothing: the sidecar is no part of the file."""
        _bmp_header.read(read_all(source, limits=limits), limits=limits)
        return []

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy `source` to `target` as it is: a BMP has no place for `mark`."""
        del mark
        data = read_all(source, limits=limits)
        _bmp_header.read(data, limits=limits)
        target.write(data)

    def sizes(self, source: BinaryIO, *, limits: Limits) -> Sequence[tuple[int, int]]:
        """Return the one (width, height)."""
        header = _bmp_header.read(read_all(source, limits=limits), limits=limits)
        return [(header.width, header.height)]

    def paint(
        self, source: BinaryIO, target: BinaryIO, patch_for: PatchFor, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` with a patch on the picture."""
        data = read_all(source, limits=limits)
        header = _bmp_header.read(data, limits=limits)
        patch = patch_for(header.width, header.height)
        painted, notes = _bmp_paint.paint(data, patch, limits=limits)
        target.write(painted)
        return notes

    def pictures(
        self, source: BinaryIO, *, limits: Limits, within: Box | None = None
    ) -> Iterator[Picture]:
        """Yield the picture; with `within`, only the rows of that part are read."""
        data = read_all(source, limits=limits)
        header = _bmp_header.read(data, limits=limits)
        size = (header.width, header.height)
        left, top, wide, tall = _orient.clipped(within or (0, 0, *size), size)
        if header.packed:
            numbers = _bmp_pixels.unpack(header, data)[top : top + tall]
        else:
            rows = _bmp_pixels.stored_rows(header, data)[top : top + tall]
            numbers = _bmp_pixels.values(header, rows)
        pixels = _bmp_pixels.colours(header, numbers[:, left : left + wide])
        yield Picture(
            index=0,
            width=header.width,
            height=header.height,
            pixels=np.ascontiguousarray(pixels),
            x=left,
            y=top,
        )


ADAPTER = Bmp()
