"""The plate in pixels: a drawing laid out on whole pixels, painted."""

import functools

import numpy as np

from kzmark.formats._base import Drawing, Pixels, Rectangle, Words
from kzmark.notices import letters


@functools.lru_cache(maxsize=8)
def paint(drawing: Drawing) -> Pixels:
    """Return the plate of a drawing whose edges are whole: (height, width, 3), RGB, read-only."""
    pixels = np.empty((int(drawing.height), int(drawing.width), 3), np.uint8)
    for shape in drawing.rectangles:
        _fill(pixels, shape)
    for words in drawing.words:
        _letter(pixels, words)
    pixels.setflags(write=False)
    return pixels


def _fill(pixels: Pixels, shape: Rectangle) -> None:
    left, top, width, height = (int(edge) for edge in shape.box)
    part = pixels[top : top + height, left : left + width]
    part[0] = shape.fill
    part[1:] = part[0]  # whole rows copy ten times as fast as triples


def _letter(pixels: Pixels, words: Words) -> None:
    cap = round(words.size * letters.CAP)
    cover, stand = letters.coverage(words.text, cap, bold=words.bold)
    top, left = int(words.baseline) - stand, int(words.x)
    first, last = max(0, -top), min(cover.shape[0], pixels.shape[0] - top)
    part = cover[first:last, : pixels.shape[1] - left]
    ground = pixels[top + first : top + last, left : left + part.shape[1]]
    for channel in range(3):  # three passes over bytes beat one over wide integers
        ground[..., channel] = _blend(ground[..., channel], words.fill[channel], part)


def _blend(ground: Pixels, fill: int, cover: Pixels) -> Pixels:
    """Lay a colour over a flat ground, by a table, since the ground has one value."""
    below = int(ground[0, 0])
    steps = np.arange(256, dtype=np.int32)
    table = ((255 - steps) * below + steps * fill + 127) // 255
    return np.take(table.astype(np.uint8), cover)
