"""The plate's colours in the colour table of one GIF frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats import _palette

Table = NDArray[np.uint8]  # (colours, 3), RGB

_MOST: Final = 256  # colours of one frame
_NEAR: Final = 32  # levels a channel of an important colour may be off before room is made
_SHARE: Final = 0.02  # part of the drawn pixels from which a colour is important
_FREED: Final = 8  # entries that make letters on a plate look right: two colours and their mixes


@dataclass(slots=True)
class Fitted:
    """A colour table that holds new colours.

    Attributes:
        table: The table, at most 256 colours.
        where: Index of each new colour.
        moved: New index of each old one; most stay.
        transparent: The index that is not drawn, if there is one.
        exact: Whether every new colour is there exactly.
        merged: Whether rare colours of the frame had to move to their nearest neighbours.
    """

    table: Table
    where: NDArray[np.uint8]
    moved: NDArray[np.uint8]
    transparent: int | None
    exact: bool = True
    merged: bool = False


def fit(
    table: Table,
    counts: NDArray[np.int64],
    colours: Table,
    weights: NDArray[np.int64],
    *,
    transparent: int | None,
    hollow: bool,
    merge: bool,
) -> Fitted:
    """Find or make room for colours in a frame's table; the transparent index is never used.

    Free entries come first, then entries the frame does not use. If all 256 are used, the nearest
    ones serve, unless an important colour would be off by more than 32 levels: then the eight
    colours that are least missed move to their neighbours.

    Args:
        table: The frame's colours.
        counts: How many pixels keep each of them.
        colours: The colours to draw.
        weights: How many pixels each of these takes.
        transparent: The index that is not drawn, if there is one.
        hollow: Whether the frame needs such an index.
        merge: Whether colours of the frame may move to let important ones in.
    """
    counts = counts.copy()
    moved = np.arange(_MOST, dtype=np.uint8)
    fitted = Fitted(table, np.zeros(0, np.uint8), moved, transparent)
    if hollow and transparent is None:
        _reserve(fitted, counts)
    before = fitted.table
    _fill(fitted, before, counts, colours)
    if merge and not fitted.exact and _far(fitted, colours, weights):
        fitted.table = before
        for _ in range(_FREED):
            _merge(fitted, counts)
        _fill(fitted, before, counts, colours)
    return fitted


def _reserve(fitted: Fitted, counts: NDArray[np.int64]) -> None:
    """Give the table a transparent index."""
    size = len(fitted.table)
    unused = np.flatnonzero(counts[:size] == 0)
    if size < _MOST:
        fitted.table = np.concatenate([fitted.table, np.zeros((1, 3), np.uint8)])
        fitted.transparent = size
    elif unused.size:
        fitted.transparent = int(unused[-1])
    else:
        fitted.transparent = _merge(fitted, counts)


def _fill(fitted: Fitted, table: Table, counts: NDArray[np.int64], colours: Table) -> None:
    size = len(table)
    rows = np.array([i for i in range(size) if i != fitted.transparent], np.int64)
    if not len(colours):
        return
    new, where, fitted.exact = _palette.fit(
        table[rows], counts[rows] > 0, colours, room=_MOST - size
    )
    added = new[len(rows) :]
    fitted.table = np.concatenate([table, added])
    fitted.table[rows] = new[: len(rows)]
    index = np.concatenate([rows, np.arange(size, size + len(added))])
    fitted.where = index[where].astype(np.uint8)


def _far(fitted: Fitted, colours: Table, weights: NDArray[np.int64]) -> bool:
    important = weights >= weights.sum() * _SHARE
    off = np.abs(fitted.table[fitted.where].astype(np.int16) - colours)[important]
    return bool(off.max(initial=0) > _NEAR)


def _merge(fitted: Fitted, counts: NDArray[np.int64]) -> int:
    """Move the colour that is least missed to its nearest neighbour; return its index."""
    rows = np.array([i for i in np.flatnonzero(counts) if i != fitted.transparent])
    if len(rows) < 2:
        return int(rows[0]) if len(rows) else 0
    colours = fitted.table[rows].astype(np.int32)
    distance = ((colours[:, None] - colours[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.iinfo(np.int32).max)
    nearest = distance.argmin(axis=1)
    lost = int((distance.min(axis=1) * counts[rows]).argmin())
    old, new = int(rows[lost]), int(rows[nearest[lost]])
    fitted.moved[fitted.moved == old] = new
    counts[new] += counts[old]
    counts[old] = 0
    fitted.merged = True
    return old
