"""Pixels of a TIFF page, or of a part of it."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._base import Box, Pixels
from kzmark.formats.tiff import codec, colour, foreign
from kzmark.formats.tiff.codec import Samples
from kzmark.formats.tiff.fields import OLD_JPEG, Photometric
from kzmark.formats.tiff.page import Page

_AT_ONCE: Final = 32 << 20  # raw bytes decoded together


def is_foreign(page: Page) -> bool:
    """Say whether a page must be turned into RGB as a whole.

    Raises:
        UnsupportedMediaError: If it cannot be read that way, either.
    """
    reason = page.refusal()
    if not reason:
        return False
    if page.compression == OLD_JPEG or page.photometric == Photometric.YCBCR:
        return True
    raise UnsupportedMediaError(f"a TIFF page with {reason}")


def part_of(page: Page, data: bytes | bytearray, box: Box) -> Samples:
    """Return the samples of a stored box.

    Raises:
        MalformedMediaError: If a strip or tile cannot be decoded.
    """
    left, top, width, height = box
    found = np.zeros((height, width, page.samples), page.dtype)
    for chunk in _chunks(page, page.touched(box)):
        for index, samples in codec.decode(page, data, chunk).items():
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
        return foreign.pixels_of(page, data)[top : top + height, left : left + width]
    return colour.pixels_of(page, part_of(page, data, box))


def _chunks(page: Page, indices: Sequence[int]) -> Iterator[Sequence[int]]:
    each = page.across * page.down * page.depth * page.dtype.itemsize
    count = max(1, _AT_ONCE // each)
    for first in range(0, len(indices), count):
        yield indices[first : first + count]
