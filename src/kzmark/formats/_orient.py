"""EXIF orientation: stored pixels seen the way a person sees them.

Spec: CIPA DC-008 (Exif 3.0), 4.6.5.1.6 Orientation, the same in TIFF 6.0. A value outside 1 to 8 is
taken as 1, as viewers do.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Box

Pixel = TypeVar("Pixel", bound="np.generic[Any]")


def upright(array: NDArray[Pixel], orientation: int) -> NDArray[Pixel]:
    """Return the displayed view of stored pixels.

    Nothing is copied: what is written into the view stands in the stored array.

    Args:
        array: Stored pixels, (height, width) or (height, width, channels).
        orientation: EXIF orientation, 1 to 8.
    """
    if orientation in {5, 6, 7, 8}:
        array = array.swapaxes(0, 1)
    rows = -1 if orientation in {3, 4, 7, 8} else 1
    columns = -1 if orientation in {2, 3, 6, 7} else 1
    return array[::rows, ::columns]


def displayed(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the displayed (width, height) of a picture stored as `width` x `height` pixels."""
    return (height, width) if orientation in {5, 6, 7, 8} else (width, height)


def stored_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Return where a displayed box lies among the stored pixels.

    Args:
        box: Left, top, width, height, in displayed pixels.
        size: Displayed (width, height) of the whole picture.
        orientation: EXIF orientation, 1 to 8.
    """
    x, y, width, height = box
    if orientation in {2, 3, 6, 7}:
        x = size[0] - x - width
    if orientation in {3, 4, 7, 8}:
        y = size[1] - y - height
    return (y, x, height, width) if orientation in {5, 6, 7, 8} else (x, y, width, height)


def stored(array: NDArray[Pixel], orientation: int) -> NDArray[Pixel]:
    """Return the stored view of displayed pixels: the inverse of `upright`."""
    return upright(array, {6: 8, 8: 6}.get(orientation, orientation))


def clipped(box: Box, size: tuple[int, int]) -> Box:
    """Return the part of a box inside a picture of this size; at least one pixel of it."""
    width, height = size
    x0, y0 = min(max(box[0], 0), width - 1), min(max(box[1], 0), height - 1)
    x1, y1 = min(max(box[0] + box[2], x0 + 1), width), min(max(box[1] + box[3], y0 + 1), height)
    return x0, y0, x1 - x0, y1 - y0
