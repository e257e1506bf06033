"""Pixels of a TIFF page, or of a part of it."""

import io
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from PIL import TiffImagePlugin

from kzmark.errors import MalformedMediaError, UnknownFormatError
from kzmark.formats import _orient, _tiff_codec, _tiff_colour
from kzmark.formats._base import Box, Pixels
from kzmark.formats._tiff_codec import Samples
from kzmark.formats._tiff_page import OLD_JPEG, Page, Photometric

_AT_ONCE: Final = 32 << 20  # raw bytes decoded together


def is_foreign(page: Page) -> bool:
    """Say whether a page needs libtiff to turn it into RGB as a whole.

    Raises:
        UnknownFormatError: If it cannot be read that way, either.
    """
    reason = page.refusal()
    if not reason:
        return False
    if page.compression == OLD_JPEG or page.photometric == Photometric.YCBCR:
        return True
    raise UnknownFormatError(f"a TIFF page with {reason}")


def part_of(page: Page, data: bytes | bytearray, box: Box) -> Samples:
    """Return the samples of a stored box.

    Raises:
        MalformedMediaError: If a strip or tile cannot be decoded.
    """
    left, top, width, height = box
    found = np.zeros((height, width, page.samples), page.dtype)
    for chunk in _chunks(page, page.touched(box)):
        for index, samples in _tiff_codec.decode(page, data, chunk).items():
            x, y, wide, tall = page.segment(index)
            x0, x1 = max(x, left), min(x + wide, left + width)
            y0, y1 = max(y, top), min(y + tall, top + height)
            plane = index // page.per_plane
            channels = slice(plane, plane + 1) if page.planes > 1 else slice(None)
            within = samples[y0 - y : y1 - y, x0 - x : x1 - x]
            found[y0 - top : y1 - top, x0 - left : x1 - left, channels] = within
    return found


def shown(page: Page, data: bytes | bytearray, box: Box) -> Pixels:
    """Return a stored box as displayed colours, not yet upright."""
    if is_foreign(page):
        left, top, width, height = box
        return by_libtiff(page, data)[top : top + height, left : left + width]
    return _tiff_colour.pixels_of(page, part_of(page, data, box))


def by_libtiff(page: Page, data: bytes | bytearray) -> Pixels:
    """Return a whole page as libtiff converts it to RGB, (height, width, 3), not yet upright.

    Raises:
        MalformedMediaError: If it cannot.
    """
    try:
        with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as picture:
            picture.seek(page.number)
            if picture.size != page.size:
                raise MalformedMediaError("a page contradicts its own size")
            pixels = np.array(picture.convert("RGB"))  # upright already
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, KeyError) as error:
        raise MalformedMediaError(f"a page cannot be decoded: {error}") from error
    return _orient.stored(pixels, page.orientation)


def _chunks(page: Page, indices: Sequence[int]) -> Iterator[Sequence[int]]:
    each = page.across * page.down * page.depth * page.dtype.itemsize
    count = max(1, _AT_ONCE // each)
    for first in range(0, len(indices), count):
        yield indices[first : first + count]
