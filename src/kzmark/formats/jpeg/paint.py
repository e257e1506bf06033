"""A plate laid on a JPEG: on the rows it needs, if they come apart, or on the whole picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from kzmark.formats._base import Box, Patch, Pixels
from kzmark.formats._orient import displayed, stored, stored_box
from kzmark.formats.jpeg import coding, colour, pixels, rows, splice
from kzmark.formats.jpeg.previews import Stripped
from kzmark.formats.jpeg.segments import APP0, COM, EOI, SOI, SOS, Stream
from kzmark.native.kept import Keeper

_TURNED: Final = Keeper[Pixels]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A patch as the stored picture sees it.

    Attributes:
        pixels: Its pixels, turned as the picture is stored, (height, width, 3) uint8 RGB.
        kind: The colour model of the file.
        box: Where it stands in the stored, grown picture.
        size: Width and height of the stored, grown picture.
        corner: Where the old picture's top left corner stands in the grown one.
    """

    pixels: Pixels
    kind: colour.Model
    box: Box
    size: tuple[int, int]
    corner: tuple[int, int]

    @property
    def image(self) -> Image.Image:
        """Its pixels as raw components, in the mode of a canvas."""
        return colour.spell(self.pixels, self.kind)


def plate(stream: Stream, patch: Patch, orientation: int) -> Plate:
    """Turn a displayed patch into a stored one.

    Raises:
        ValueError: If the patch leaves the picture.
    """
    frame = stream.frame
    width, height = displayed(frame.width, frame.height, orientation)
    grown = width, height + patch.grow
    x, y, wide, high = patch.box
    if min(x, y, patch.grow) < 0 or x + wide > grown[0] or y + high > grown[1]:
        raise ValueError(f"a patch of {patch.box} on a picture of {grown[0]}x{grown[1]} px")
    return Plate(
        pixels=_TURNED.get(patch.pixels, orientation, lambda: _turned(patch.pixels, orientation)),
        kind=colour.model(stream),
        box=stored_box(patch.box, grown, orientation),
        size=displayed(*grown, orientation),
        corner=stored_box((0, 0, width, height), grown, orientation)[:2],
    )


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return a plate as a picture of this orientation stores it, never to be written to."""
    if orientation == 1 and not pixels.flags.writeable and pixels.flags.c_contiguous:
        return pixels
    turned = stored(pixels, orientation).copy()
    turned.setflags(write=False)
    return turned


def painted(stream: Stream, laid: Plate, stripped: Stripped) -> Sequence[bytes | memoryview]:
    """Return the pieces of the file with the plate on it and the previews as `stripped` has them.

    Raises:
        MalformedMediaError: If the picture cannot be decoded whole.
    """
    if laid.size == (stream.frame.width, stream.frame.height):
        spliced = splice.plate(stream, laid.pixels, laid.box[:2], laid.kind)
        if spliced:
            pieces = [
                piece
                for segment in stream.segments
                for piece in spliced.get(segment.start) or (stripped.spell(stream, segment),)
            ]
            return [SOI, *pieces, EOI, stripped.tail]
    scan = _rows_painted(stream, laid)
    if scan is not None:
        pieces = [
            scan if segment.marker == SOS else stripped.spell(stream, segment)
            for segment in stream.segments
        ]
        return [SOI, *pieces, EOI, stripped.tail]
    pieces = [
        stripped.spell(stream, segment)
        for segment in stream.segments
        if APP0 <= segment.marker <= APP0 + 15 or segment.marker == COM
    ]
    coded = coding.code(_whole_painted(stream, laid), stream)
    return [SOI, *pieces, coded, stripped.tail]


def _whole_painted(stream: Stream, laid: Plate) -> Image.Image:
    canvas = pixels.canvas(stream)
    if canvas.size != laid.size:
        grown = Image.new(canvas.mode, laid.size)
        grown.paste(canvas, laid.corner)
        canvas = grown
    canvas.paste(laid.image, laid.box[:2])
    return canvas


def _rows_painted(stream: Stream, laid: Plate) -> bytes | None:
    """Return the scan with new rows under the plate only, or nothing if they do not come apart."""
    frame = stream.frame
    same = laid.size == (frame.width, frame.height) and coding.standard_codes(stream)
    parts = rows.intervals(stream) if same else None
    if parts is None:
        return None
    x, y, _, high = laid.box
    first, last = parts.span(y, y + high)
    strip = rows.cut(parts, first, last)
    canvas = pixels.canvas(strip)
    canvas.paste(laid.image, (x, y - first * parts.rows))
    coded = coding.code(canvas, strip, rows=parts.rows // frame.unit[1])
    return rows.put_back(parts, first, SOI + coded)
