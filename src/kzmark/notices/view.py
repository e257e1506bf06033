"""A part of a picture, brought to the size of the templates."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Picture

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_AROUND = 2  # pixels around a view, which the filter weighs in


class View(NamedTuple):
    """Where to look, and how large what is seen there comes out.

    Attributes:
        left: Left edge, in pixels; may lie outside the picture, as the others may.
        top: Top edge.
        across: Pixels to a template pixel, horizontally.
        down: The same vertically.
        size: Width and height, in template pixels.
    """

    left: float
    top: float
    across: float
    down: float
    size: tuple[int, int]

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of all pixels that count."""
        right, bottom = self._end
        return (
            math.floor(self.left) - _AROUND,
            math.floor(self.top) - _AROUND,
            math.ceil(right) + _AROUND,
            math.ceil(bottom) + _AROUND,
        )

    def at(self, by: int) -> "View":
        """Return the same view in a picture that is smaller by `by`, in its pixels."""
        if by == 1:
            return self
        return View(
            left=self.left / by,
            top=self.top / by,
            across=self.across / by,
            down=self.down / by,
            size=self.size,
        )

    def of(self, picture: Picture) -> Floats:
        """Return what is seen, (height, width, 3), RGB; beyond the picture there is mid grey.

        The measures of the view are those of the picture's pixels: see `at`.
        """
        return self.sized(self.cut(picture))

    def cut(self, picture: Picture) -> Bytes:
        """Return the pixels within the edges, as they are."""
        left, top, right, bottom = self.edges
        x, y = picture.x // picture.by, picture.y // picture.by
        left, top, right, bottom = left - x, top - y, right - x, bottom - y
        height, width = picture.pixels.shape[:2]
        inner = picture.pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if left >= 0 and top >= 0 and right <= width and bottom <= height:
            return np.ascontiguousarray(inner)
        part = np.full((bottom - top, right - left, 3), 128, np.uint8)
        y, x = max(0, -top), max(0, -left)
        part[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
        return part

    def sized(self, part: Bytes) -> Floats:
        """Bring what `cut` gave to the size of the view."""
        from PIL import Image

        x, y, _, _ = self.edges
        right, bottom = self._end
        image = Image.fromarray(part).resize(
            self.size,
            Image.Resampling.BICUBIC,
            box=(self.left - x, self.top - y, right - x, bottom - y),
            reducing_gap=1.2,
        )
        return np.asarray(image, np.float32)

    @property
    def _end(self) -> tuple[float, float]:
        return self.left + self.size[0] * self.across, self.top + self.size[1] * self.down
