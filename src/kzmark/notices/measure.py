"""Measuring one piece of a notice on the pixels: does it match, and how strong is its contrast.

A piece (a cell of the badge, a line of words) is brought to the size of its template and compared
in windows about two letters wide, each on its own, so that a part that is covered, cut or blurred
shows, and a drift of fractions of a letter does not.
"""

import functools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kzmark.formats._base import Picture
from kzmark.notices import templates
from kzmark.notices.memory import Memory
from kzmark.notices.templates import SIZE, Ink
from kzmark.notices.view import Floats, View
from kzmark.profile import contrast

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
        return self.template.ink

    @property
    def template(self) -> "Template":
        """The template with what its windows need."""
        size = min(SIZE, math.ceil(2 * min(self.across, self.down)) / 2)
        return _prepared(self.text, self.row, size)

    def view(self, reach: tuple[int, int] = (0, 0), size: tuple[int, int] | None = None) -> View:
        """Return the part of a picture in which to look for it.

        Args:
            reach: What is wanted around it, down and across, in template pixels.
            size: Width and height in template pixels, if not those of the template.
        """
        height, width = self.ink.shape if size is None else size[::-1]
        across, down = self.across / SIZE, self.down / SIZE
        return View(
            left=self.x - reach[1] * across,
            top=self.y - reach[0] * down,
            across=across,
            down=down,
            size=(width + 2 * reach[1], height + 2 * reach[0]),
        )

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


_KEPT: Final = Memory[Sight]()


def sight(picture: Picture, piece: Piece, *, keep: bool = False) -> Sight:
    """Look for a piece at its place, then around it, and measure it.

    Args:
        picture: The picture, or the part of it in which the view of the piece lies.
        piece: What to look for.
        keep: Whether the same pixels are likely to come again: what was seen in them is kept then.
    """
    view = piece.view().at(picture.by)
    part = view.cut(picture)
    known = _KEPT.get((piece, picture.by), part) if keep else None
    if known is not None:
        return known
    matches, inks, grounds = piece.template.fit(view.sized(part))
    if abs(matches).min() < _SURE or abs(matches.sum()) < _SURE * len(matches):
        return _searched(picture, piece)
    found = Sight(piece, _signed(matches), inks, grounds, (0.0, 0.0))
    if keep:
        _KEPT.put((piece, picture.by), part, found)
    return found


def _searched(picture: Picture, piece: Piece) -> Sight:
    """Look for a piece around its place."""
    template = piece.template
    seen = piece.view(REACH).at(picture.by).of(picture)
    found = template.search(seen @ _LUMA)
    best = int(np.argmax(np.abs(found.mean(axis=-1))))
    down, across = divmod(best, found.shape[1])
    near = found[max(0, down - 1) : down + 2, max(0, across - 2) : across + 3]
    matches = (near * np.sign(found[down, across].sum())).max(axis=(0, 1))
    height, width = template.ink.shape
    _, inks, grounds = template.fit(seen[down : down + height, across : across + width])
    shift = (across - REACH[1]) * piece.across / SIZE, (down - REACH[0]) * piece.down / SIZE
    return Sight(piece, _signed(matches), inks, grounds, shift)


def _signed(matches: Floats) -> Floats:
    """Turn the matches of dark letters on light ground, which are negative."""
    return matches if matches.sum() >= 0 else -matches


@dataclass(frozen=True, slots=True)
class Template:
    """A template and what its windows need to be compared.

    Attributes:
        ink: Ink of each pixel, 0 to 1.
        windows: Where they are.
        pixels: In one window.
        mean: Of the ink in each window.
        spread: Its standard deviation.
    """

    ink: Ink
    windows: Edges
    pixels: float
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    def fit(self, seen: Floats) -> tuple[Floats, Floats, Floats]:
        """Fit seen = ground + ink x (letters - ground) in each window and channel.

        Returns:
            The correlation of each window, the colour of its letters and that of its ground.
        """
        planes = np.concatenate((seen, (seen @ _LUMA)[..., None]), axis=-1)
        luma = planes[..., 3]
        rows = np.concatenate(
            (
                planes.sum(axis=0).T,
                np.einsum("ijk,ij->kj", planes, self.ink),
                np.einsum("ij,ij->j", luma, luma)[None],
            )
        )
        sums = _sums(rows, self.windows) / self.pixels
        middle, product, power = sums[:4], sums[4:8], sums[8]
        shared = product - self.mean * middle
        noise = np.sqrt(np.maximum(power - middle[3] ** 2, _NOISE**2))
        slope = shared[:3] / self.spread**2
        ground = middle[:3] - slope * self.mean
        return (
            (shared[3] / (self.spread * noise)).astype(np.float32),
            (ground + slope).T.clip(0, 255).astype(np.float32),
            ground.T.clip(0, 255).astype(np.float32),
        )

    def search(self, luma: Floats) -> Floats:
        """Return the correlation of every window for every shift: down, across, window."""
        height, width = self.ink.shape
        shifts = luma.shape[0] - height + 1, luma.shape[1] - width + 1
        found = np.empty((*shifts, self.windows.shape[1]), np.float32)
        for down in range(shifts[0]):
            rows = luma[down : down + height]
            edges = np.stack((rows.sum(axis=0), np.einsum("ij,ij->j", rows, rows)))
            sums = _sums(sliding_window_view(edges, width, axis=1), self.windows) / self.pixels
            noise = np.sqrt(np.maximum(sums[1] - sums[0] ** 2, _NOISE**2))
            views = sliding_window_view(rows, width, axis=1)
            product = _sums(np.einsum("ijk,ik->jk", views, self.ink), self.windows) / self.pixels
            found[down] = (product - self.mean * sums[0]) / (self.spread * noise)
        return found


@functools.lru_cache(maxsize=256)
def _prepared(text: str, row: int, size: float) -> Template:
    ink = templates.line(text, size) if text else templates.cell(row, size)
    windows = _windows(ink.shape[1])
    pixels = float(ink.shape[0] * (windows[1, 0] - windows[0, 0]))
    rows = np.stack((ink.sum(axis=0), np.einsum("ij,ij->j", ink, ink)))
    mean, power = _sums(rows, windows) / pixels
    return Template(ink, windows, pixels, mean, np.sqrt(np.maximum(power - mean**2, _BLANK)))


def _windows(width: int) -> Edges:
    """Return first and last column of each window, as two rows."""
    size = min(width, round(WINDOW * SIZE))
    count = max(1, round((width - size) / (_STEP * SIZE)) + 1)
    first = np.linspace(0, width - size, count).round().astype(np.intp)
    return np.stack([first, first + size])


def _sums(columns: NDArray[np.floating], windows: Edges) -> NDArray[np.float64]:
    """Add up the columns of each window, along the last axis."""
    total = np.zeros((*columns.shape[:-1], columns.shape[-1] + 1))
    np.cumsum(columns, axis=-1, dtype=np.float64, out=total[..., 1:])
    difference: NDArray[np.float64] = total[..., windows[1]] - total[..., windows[0]]
    return difference
