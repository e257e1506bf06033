"""What of a page is seen, and which way up (ISO 32000-2, 7.7.3.3 and 14.11.2).

Displayed points are 1/72 inch, counted from the lower left corner of what is seen, upright: that
is where a notice is laid out. A matrix carries it into the page's own units.
"""

import functools
import math
from typing import Any, Final, NamedTuple

from kzmark.errors import MalformedMediaError
from kzmark.formats.pdf.document import is_array
from kzmark.formats.pdf.pages import Page

Box = tuple[float, float, float, float]  # left, bottom, right, top, in units of the page
Matrix = tuple[float, float, float, float, float, float]

_LETTER: Final = (0.0, 0.0, 612.0, 792.0)  # what readers take where a page has no size
_MOST: Final = 1e7  # units: beyond, a coordinate is no coordinate


class View(NamedTuple):
    """What is seen of a page.

    Attributes:
        box: The visible part, in units of the page.
        turn: Degrees clockwise by which it is shown turned: 0, 90, 180 or 270.
        unit: Size of a unit, in points.
    """

    box: Box
    turn: int
    unit: float

    @classmethod
    def of(cls, page: Page) -> "View":
        """Return the view of a page.

        Raises:
            MalformedMediaError: If the page has no size.
        """
        media = _box(page.get("/MediaBox")) or _LETTER
        crop = _box(page.get("/CropBox")) or media
        seen = (
            max(media[0], crop[0]),
            max(media[1], crop[1]),
            min(media[2], crop[2]),
            min(media[3], crop[3]),
        )
        if seen[0] >= seen[2] or seen[1] >= seen[3]:
            seen = media  # as readers do with a crop box that lies elsewhere
        turn = _number(page.get("/Rotate"), 0.0)
        unit = _number(page.own.get("/UserUnit"), 1.0)
        if turn % 90 or not 0 < unit < _MOST or min(seen[2] - seen[0], seen[3] - seen[1]) <= 0:
            raise MalformedMediaError(f"page {page.number + 1} has no proper size")
        return cls(seen, int(turn) % 360, unit)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as displayed, in points."""
        across, down = self.box[2] - self.box[0], self.box[3] - self.box[1]
        if self.turn in {90, 270}:
            across, down = down, across
        return across * self.unit, down * self.unit

    @property
    def matrix(self) -> Matrix:
        """From displayed points to units of the page."""
        left, bottom, right, top = self.box
        one = 1 / self.unit
        return {
            0: (one, 0, 0, one, left, bottom),
            90: (0, one, -one, 0, right, bottom),
            180: (-one, 0, 0, -one, right, top),
            270: (0, -one, one, 0, left, top),
        }[self.turn]

    def displayed(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the page is seen, in displayed points."""
        left, bottom, right, top = self.box
        across, up = {
            0: (x - left, y - bottom),
            90: (y - bottom, right - x),
            180: (right - x, top - y),
            270: (top - y, x - left),
        }[self.turn]
        return across * self.unit, up * self.unit

    def grown(self, right: float, top: float) -> "View":
        """Return the view with more room at its displayed right and top, in points."""
        left, bottom, far, high = self.box
        across, up = right / self.unit, top / self.unit
        box = {
            0: (left, bottom, far + across, high + up),
            90: (left - up, bottom, far, high + across),
            180: (left - across, bottom - up, far, high),
            270: (left, bottom - across, far + up, high),
        }[self.turn]
        return self._replace(box=box)


def applied(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Return where a matrix carries a point."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def product(first: Matrix, then: Matrix) -> Matrix:
    """Return the matrix that does one thing and then the other."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def union(one: Box, other: Box) -> Box:
    """Return the smallest box around two."""
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def spelt(numbers: Box | Matrix) -> bytes:
    """Return numbers as an array."""
    return b"[%s]" % " ".join(number(one) for one in numbers).encode()


def number(value: float) -> str:
    """Return a number as PDF writes it: no exponent."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def media_box(page: Page) -> Box:
    """Return the media box of a page, put in order."""
    return _box(page.get("/MediaBox")) or _LETTER


def _box(value: Any) -> Box | None:
    return _parsed(value.unparse(resolved=True)) if is_array(value) else None


@functools.lru_cache(maxsize=1024)
def _parsed(spelt: bytes) -> Box | None:
    """Return a box as it is spelt; most pages of a document share theirs."""
    numbers = [_number(one, math.nan) for one in spelt.strip(b"[] ").split()]
    if len(numbers) != 4 or not all(abs(one) < _MOST for one in numbers):
        return None
    left, bottom, right, top = numbers
    box = min(left, right), min(bottom, top), max(left, right), max(bottom, top)
    return box if box[0] < box[2] and box[1] < box[3] else None


def _number(value: Any, missing: float) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return missing
    return found if math.isfinite(found) else missing
