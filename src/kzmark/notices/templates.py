"""What the finder compares pictures with: cells of the badge and lines of words at one fixed size.

A template says how much ink each pixel has, 0 to 1, at `SIZE` pixels a capital height. Pictures are
brought to that size before they are compared, so there is one template for each line of words; only
where a picture has fewer pixels than that is the template coarsened as the picture was.
"""

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Drawing, Rectangle
from kzmark.notices import badge, letters, plate
from kzmark.notices.badge import FRAME, PITCH, WIDTH, Metrics

Ink = NDArray[np.float32]

SIZE: Final = 20  # pixels a capital height
RING: Final = 0.3  # plate seen around the badge, in capital heights
LEAD: Final = (PITCH - 1) / 2  # above the capitals of a row, in capital heights
_TIMES: Final = 5  # the badge is painted so many times too large
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)


@functools.lru_cache(maxsize=128)
def line(text: str, size: float = SIZE) -> Ink:
    """Return one row of words: `PITCH` capital heights high, starting where the words start.

    Args:
        text: The words.
        size: Pixels a capital height that the picture has; below `SIZE` the template is coarsened.
    """
    cover, stand = letters.coverage(text, SIZE)
    ink = np.zeros((round(PITCH * SIZE), cover.shape[1]), np.float32)
    top = round((LEAD + 1) * SIZE) - stand
    first, last = max(0, -top), min(cover.shape[0], ink.shape[0] - top)
    ink[top + first : top + last] = cover[first:last] / np.float32(255)
    return _frozen(_coarse(ink, size))


@functools.lru_cache(maxsize=64)
def cell(row: int, size: float = SIZE) -> Ink:
    """Return one cell of the badge with a ring of plate at its three outer sides.

    Args:
        row: 0 for the upper cell, 1 for the lower.
        size: Pixels a capital height that the picture has.
    """
    whole = emblem(size)
    split = round((RING + PITCH) * SIZE)
    return _frozen(whole[:split] if row == 0 else whole[split:])


@functools.lru_cache(maxsize=64)
def emblem(size: float = SIZE) -> Ink:
    """Return the whole badge with a ring of plate around it."""
    from PIL import Image  # here, or sounds and texts would load it too

    metrics = Metrics(SIZE * _TIMES, whole=True)
    ring = metrics.of(RING)
    across, down = metrics.of(WIDTH) + 2 * ring, metrics.height + 2 * ring
    down += -down % _TIMES
    shapes, words = badge.draw(ring, ring, metrics, ink=_WHITE, plate=_BLACK)
    drawing = Drawing(
        x=0,
        y=0,
        width=across,
        height=down,
        grow=0,
        rectangles=(Rectangle(box=(0, 0, across, down), fill=_BLACK), *shapes),
        words=words,
    )
    image = Image.fromarray(plate.paint(drawing)[..., 0]).reduce(_TIMES)
    return _frozen(_coarse(np.asarray(image, np.float32) / np.float32(255), size))


def cell_box(row: int) -> tuple[float, float, float, float]:
    """Return where a cell's template stands from the badge's corner, in capital heights."""
    height = RING + PITCH if row == 0 else PITCH + FRAME + RING
    return -RING, -RING if row == 0 else PITCH, WIDTH + 2 * RING, height


def _coarse(ink: Ink, size: float) -> Ink:
    """Take from a template what a picture with fewer pixels cannot show."""
    if size >= SIZE:
        return ink
    from PIL import Image

    image = Image.fromarray(ink)
    small = [max(1, round(side * size / SIZE)) for side in image.size]
    image = image.resize((small[0], small[1]), Image.Resampling.BOX)
    if size < letters.SMALL:
        image = Image.fromarray(np.asarray(image).clip(0, 1) ** np.float32(letters.BOOST))
    return np.asarray(image.resize(ink.shape[::-1], Image.Resampling.BICUBIC), np.float32)


def _frozen(ink: Ink) -> Ink:
    ink = np.ascontiguousarray(ink)
    ink.setflags(write=False)
    return ink
