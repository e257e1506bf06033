"""A part of a JPEG as pixels: by the fast core, from its own rows, or cut out of the whole."""

from typing import Final

from kzmark.formats._base import Box, Pixels
from kzmark.formats.jpeg import pixels, rows, splice
from kzmark.formats.jpeg.segments import Stream

_REACH: Final = 2  # chroma rows that smoothing looks at beyond those wanted, doubled for safety


def whole_size(stream: Stream, box: Box) -> Pixels:
    """Return the stored pixels of a box, from its own rows alone if they come apart.

    Args:
        stream: The file.
        box: Left, top, width, height, in stored pixels, inside the picture.

    Returns:
        (height, width, 3) RGB.

    Raises:
        MalformedMediaError: If it cannot be decoded.
    """
    x, y, width, height = box
    if (width, height) != (stream.frame.width, stream.frame.height):
        part = splice.region(stream, box)
        if part is not None:
            return part
    whole = height == stream.frame.height
    strips = None if whole else rows.intervals(stream)
    if strips is None:
        return pixels.rgb(stream)[y : y + height, x : x + width]
    margin = _REACH * stream.frame.most[1]
    top, bottom = max(0, y - margin), min(stream.frame.height, y + height + margin)
    first, last = strips.span(top, bottom)
    skipped = y - first * strips.rows
    strip = pixels.rgb(rows.cut(strips, first, last))
    return strip[skipped : skipped + height, x : x + width]


def shrunk(stream: Stream, box: Box, *, by: int) -> Pixels | None:
    """Return a part of the picture at a fraction of its size, or nothing where it does not divide.

    Args:
        stream: The file.
        box: Left, top, width, height, in stored pixels of the smaller picture, inside it.
        by: 2, 4 or 8.

    Raises:
        MalformedMediaError: If it cannot be decoded.
    """
    part = splice.region(stream, box, by=by)
    if part is not None:
        return part
    x, y, width, height = box
    small = pixels.small(stream, by)
    return None if small is None else small[y : y + height, x : x + width]
