"""Where the pages of a PDF have room for a plate: looked for in what a reader sees of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np

from kzmark.formats.pdf.document import part
from kzmark.formats.pdf.plate import Plate
from kzmark.formats.pdf.rendering import Sheet, rendered
from kzmark.formats.pdf.view import View

MOST: Final = 64  # pages that are looked at; a longer document gets a band on every page
_ALIKE: Final = 6  # levels of grey, of 255, by which empty paper may differ from itself
_LARGEST: Final = 3_000_000  # pixels of a strip that is looked at
_SHARE: Final = 4  # a page less high than so many plates gets a band


class Spot(NamedTuple):
    """A place for a plate: to the left, in the middle or to the right of the top or the bottom."""

    high: bool
    across: float


SPOTS: Final = (
    Spot(True, 0.0),
    Spot(True, 1.0),
    Spot(True, 0.5),
    Spot(False, 0.0),
    Spot(False, 1.0),
    Spot(False, 0.5),
)


def place(spot: Spot, plate: Plate, size: tuple[float, float]) -> tuple[float, float]:
    """Return the lower left corner of a plate, in displayed points."""
    margin = plate.margin
    x = margin + spot.across * (size[0] - plate.width - 2 * margin)
    return x, size[1] - margin - plate.height if spot.high else margin


def chosen(
    source: BinaryIO,
    size: int,
    pages: Sequence[tuple[int, View, Plate]],
    stamped: Collection[int] = (),
) -> dict[int, Spot]:
    """Return a free spot for each page that has one, the same for as many as can be.

    Args:
        source: The file.
        size: How much of it counts, in bytes.
        pages: Number, view and plate of each page.
        stamped: Numbers of those that end in an earlier form of ours, which counts as paper.
    """
    if len(pages) > MOST:
        return {}
    try:
        free = _looked_at(source, size, pages, stamped)
    except ImportError:
        return {}
    liked = Counter(spot for spots in free.values() for spot in spots)
    order = sorted(SPOTS, key=lambda spot: (not spot.high, -liked[spot], SPOTS.index(spot)))
    found = {index: [spot for spot in order if spot in spots] for index, spots in free.items()}
    return {index: spots[0] for index, spots in found.items() if spots}


def _looked_at(
    source: BinaryIO,
    size: int,
    pages: Sequence[tuple[int, View, Plate]],
    stamped: Collection[int],
) -> dict[int, set[Spot]]:
    with rendered(part(source, size)) as book:
        return {
            index: _free(book.page(index, view), plate, view.size, is_stamped=index in stamped)
            for index, view, plate in pages
            if index < book.count
        }


def _free(
    page: Sheet | None, plate: Plate, size: tuple[float, float], *, is_stamped: bool
) -> set[Spot]:
    across, high = size
    deep = plate.height + 2 * plate.margin
    too_small = high < _SHARE * plate.height or across < plate.width + 2 * plate.margin
    if page is None or too_small or across * deep > _LARGEST:
        return set()
    if is_stamped:
        page.lose_last_form()
    found = set()
    for top in (True, False):
        box = (0.0, high - deep, across, high) if top else (0.0, 0.0, across, deep)
        strip = page.grey(box)
        for spot in SPOTS:
            if spot.high == top and _is_empty(strip, place(spot, plate, size)[0], plate):
                found.add(spot)
    page.close()
    return found


def _is_empty(strip: np.ndarray[Any, Any], x: float, plate: Plate) -> bool:
    """Say whether a part of a strip, one pixel a point, is paper and nothing else."""
    clear = plate.margin / 2
    left, right = int(max(0, x - clear)), int(x + plate.width + clear) + 1
    down = int(plate.margin - clear), int(plate.height + plate.margin + clear) + 1
    part = strip[max(0, down[0]) : down[1], left:right]
    return bool(part.size) and int(part.max()) - int(part.min()) <= _ALIKE
