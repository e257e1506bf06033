"""Measuring one piece of a notice on the pixels: does it match, and how strong is its contrast.

A piece (a cell of the badge, a line of words) is brought to the size of its template and compared
in windows about two letters wide, each on its own, so that a part that is covered, cut or blurred
shows, and a drift of fractions of a letter does not.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from kzmark.formats._base import Picture
from kzmark.notices import templates
from kzmark.notices.templates import SIZE, Ink
from kzmark.profile import contrast

Floats = NDArray[np.float32]
Edges = NDArray[np.intp]  # two rows: first and last column of each window

WINDOW: Final = 2.0  # capital heights
_STEP: Final = 1.0  # from one window to the next, in capital heights
REACH: Final = (2, 3)  # how far a piece is looked for, down and across, in template pixels
_NOISE: Final = 2.5  # spread, in levels, below which a window shows nothing
_SURE: Final = 0.8  # correlation of every window from which no better place is looked for
_BLANK: Final = 1e-4  # least variance of a template: a window between two words
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Piece:
    """A template and where it should stand in the displayed picture.

    Attributes:
        text: Words of the line; empty for a cell of the badge.
        language: BCP 47 code of the words.
        row: Number of the cell, for a cell.
        x: Left edge of the template, in displayed pixels.
        y: Top edge.
        across: Pixels a capital height, horizontally.
        down: The same vertically.
    """

    text: str
    language: str
    row: int
    x: float
    y: float
    across: float
    down: float

    @property
    def ink(self) -> Ink:
        """The template, as coarse as the picture."""
        size = min(SIZE, math.ceil(2 * min(self.across, self.down)) / 2)
        return templates.line(self.text, size) if self.text else templates.cell(self.row, size)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what must be seen: letters, or the cell without its ring."""
        height, width = self.ink.shape
        right, bottom = self.x + width * self.across / SIZE, self.y + height * self.down / SIZE
        if self.text:
            return self.x, self.y + templates.LEAD * self.down, right, bottom
        ring = templates.RING
        top = self.y + (ring * self.down if self.row == 0 else 0)
        bottom -= ring * self.down if self.row else 0
        return self.x + ring * self.across, top, right - ring * self.across, bottom


@dataclass(frozen=True)
class Sight:
    """What was seen of a piece.

    Attributes:
        piece: What was looked for.
        matches: Correlation of each window, -1 to 1.
        inks: Estimated colour of the letters in each window, RGB.
        grounds: Estimated colour behind them.
        shift: Where the piece really stands from where it was expected, in displayed pixels.
    """

    piece: Piece
    matches: Floats
    inks: Floats
    grounds: Floats
    shift: tuple[float, float]

    @cached_property
    def contrasts(self) -> list[float]:
        """WCAG contrast of each window between the letters and what is behind them."""
        pairs = zip(self.inks.tolist(), self.grounds.tolist(), strict=True)
        return [contrast((a[0], a[1], a[2]), (b[0], b[1], b[2])) for a, b in pairs]


def sight(picture: Picture, piece: Piece, *, reach: tuple[int, int] = REACH) -> Sight:
    """Look for a piece at its place, then around it, and measure it."""
    ink = piece.ink
    seen = look(picture, piece, (ink.shape[1], ink.shape[0]), reach)
    luma = seen @ _LUMA
    windows = _windows(ink.shape[1])
    down, across = reach
    inner = luma[down : down + ink.shape[0], across : across + ink.shape[1]]
    matches = _signed(_correlate(inner, ink, windows)[0, 0])
    if matches.min() < _SURE:
        found = _correlate(luma, ink, windows)
        best = int(np.argmax(np.abs(found.mean(axis=-1))))
        down, across = divmod(best, found.shape[1])
        near = found[max(0, down - 1) : down + 2, max(0, across - 2) : across + 3]
        matches = (near * np.sign(found[down, across].sum())).max(axis=(0, 1))
    part = seen[down : down + ink.shape[0], across : across + ink.shape[1]]
    inks, grounds = _colours(part, ink, windows)
    shift = (across - reach[1]) * piece.across / SIZE, (down - reach[0]) * piece.down / SIZE
    return Sight(piece=piece, matches=matches, inks=inks, grounds=grounds, shift=shift)


def _signed(matches: Floats) -> Floats:
    """Turn light letters on dark and dark letters on light into the same figures."""
    return matches if matches.sum() >= 0 else -matches


def look(picture: Picture, piece: Piece, size: tuple[int, int], reach: tuple[int, int]) -> Floats:
    """Return the part of a picture where a piece should stand, at the size of its template.

    Args:
        picture: The picture or a part of it; beyond its pixels there is mid grey.
        piece: The place.
        size: Width and height of the template.
        reach: What is wanted around it, down and across, in template pixels.
    """
    unit = piece.across / SIZE, piece.down / SIZE
    left, top = piece.x - picture.x - reach[1] * unit[0], piece.y - picture.y - reach[0] * unit[1]
    across, down = size[0] + 2 * reach[1], size[1] + 2 * reach[0]
    right, bottom = left + across * unit[0], top + down * unit[1]
    first = math.floor(left) - 2, math.floor(top) - 2
    part = _cut(picture, (*first, math.ceil(right) + 2, math.ceil(bottom) + 2))
    image = Image.fromarray(part).resize(
        (across, down),
        Image.Resampling.BICUBIC,
        box=(left - first[0], top - first[1], right - first[0], bottom - first[1]),
        reducing_gap=1.2,
    )
    return np.asarray(image, np.float32)


def _cut(picture: Picture, edges: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    left, top, right, bottom = edges
    height, width = picture.pixels.shape[:2]
    inner = picture.pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return np.ascontiguousarray(inner)
    part = np.full((bottom - top, right - left, 3), 128, np.uint8)
    y, x = max(0, -top), max(0, -left)
    part[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    return part


def _windows(width: int) -> Edges:
    """Return first and last column of each window, as two rows."""
    size = min(width, round(WINDOW * SIZE))
    count = max(1, round((width - size) / (_STEP * SIZE)) + 1)
    first = np.linspace(0, width - size, count).round().astype(np.intp)
    return np.stack([first, first + size])


def _correlate(luma: Floats, ink: Ink, windows: Edges) -> Floats:
    """Return the correlation of every window for every shift: down, across, window."""
    height, width = ink.shape
    size = float(height * (windows[1, 0] - windows[0, 0]))
    mean, spread = _moments(ink, windows, size)
    shifts = luma.shape[0] - height + 1, luma.shape[1] - width + 1
    found = np.empty((*shifts, windows.shape[1]), np.float32)
    for down in range(shifts[0]):
        rows = luma[down : down + height]
        column, square = rows.sum(axis=0), np.einsum("ij,ij->j", rows, rows)
        middle = _sums(sliding_window_view(column, width), windows) / size
        power = _sums(sliding_window_view(square, width), windows) / size
        noise = np.sqrt(np.maximum(power - middle**2, _NOISE**2))
        product = np.einsum("ijk,ik->jk", sliding_window_view(rows, width, axis=1), ink)
        found[down] = (_sums(product, windows) / size - mean * middle) / (spread * noise)
    return found


def _colours(seen: Floats, ink: Ink, windows: Edges) -> tuple[Floats, Floats]:
    """Fit seen = ground + ink x (letters - ground) in each window and channel."""
    size = float(ink.shape[0] * (windows[1, 0] - windows[0, 0]))
    mean, spread = _moments(ink, windows, size)
    letters, grounds = [], []
    for channel in range(3):
        plane = seen[..., channel]
        middle = _sums(plane.sum(axis=0), windows) / size
        product = _sums(np.einsum("ij,ij->j", plane, ink), windows) / size
        slope = (product - mean * middle) / spread**2
        grounds.append(middle - slope * mean)
        letters.append(middle + slope * (1 - mean))
    return (
        np.clip(np.stack(letters, axis=1), 0, 255).astype(np.float32),
        np.clip(np.stack(grounds, axis=1), 0, 255).astype(np.float32),
    )


def _sums(columns: Floats, windows: Edges) -> NDArray[np.float64]:
    """Add up the columns of each window, along the last axis."""
    total = np.zeros((*columns.shape[:-1], columns.shape[-1] + 1))
    np.cumsum(columns, axis=-1, dtype=np.float64, out=total[..., 1:])
    difference: NDArray[np.float64] = total[..., windows[1]] - total[..., windows[0]]
    return difference


def _moments(
    ink: Ink, windows: Edges, size: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of a template in each window."""
    mean = _sums(ink.sum(axis=0), windows) / size
    power = _sums(np.einsum("ij,ij->j", ink, ink), windows) / size
    return mean, np.sqrt(np.maximum(power - mean**2, _BLANK))
