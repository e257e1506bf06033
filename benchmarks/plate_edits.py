"""What happens to pictures on their way, and what people do to make a plate hard to see.

Every edit takes the displayed pixels, the box of badge and words with the plate around them, and
the height of capitals, and returns new pixels. `KIND` edits leave the notice as perceivable as it
was; after a `HINDERING` edit it must not count as perceivable.
"""

import io
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from kzmark.formats._base import Box, Pixels
from kzmark.notices import letters

Edit = Callable[[Pixels, Box, float], Pixels]


def encoded(pixels: Pixels, kind: str, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def resized(pixels: Pixels, times: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = max(1, round(width * times)), max(1, round(height * times))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def cropped(pixels: Pixels, box: Box, rng: np.random.Generator) -> Pixels:
    """Cut a random part that holds the whole plate."""
    height, width = pixels.shape[:2]
    left, top = (int(rng.integers(0, edge + 1)) for edge in box[:2])
    right = int(rng.integers(box[0] + box[2], width + 1))
    bottom = int(rng.integers(box[1] + box[3], height + 1))
    return pixels[top:bottom, left:right]


def _plate(pixels: Pixels, box: Box) -> Pixels:
    x, y, width, height = box
    return pixels[y : y + height, x : x + width]


def _with(pixels: Pixels, box: Box, plate: NDArray[np.generic]) -> Pixels:
    out = pixels.copy()
    _plate(out, box)[...] = np.clip(np.round(plate.astype(np.float64)), 0, 255).astype(np.uint8)
    return out


def faded(share: float) -> Edit:
    """Keep a share of the plate's own contrast around its ground."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        plate = _plate(pixels, box).astype(np.float64)
        ground = np.median(plate.reshape(-1, 3), axis=0)
        return _with(pixels, box, ground + share * (plate - ground))

    return edit


def blended(opacity: float) -> Edit:
    """Let what lies around the plate shine through: a texture like the picture's own."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        rng = np.random.default_rng(box[2])
        coarse = rng.integers(60, 200, (4, 6, 3), dtype=np.uint8)
        below = np.asarray(Image.fromarray(coarse).resize(box[2:], Image.Resampling.BICUBIC))
        plate = _plate(pixels, box).astype(np.float64)
        return _with(pixels, box, opacity * plate + (1 - opacity) * below)

    return edit


def covered(left: float, top: float, right: float, bottom: float, *, blob: bool = False) -> Edit:
    """Paint over a part of the plate, given in shares of its box."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        x, y, width, height = box
        image = Image.fromarray(pixels)
        area = (x + left * width, y + top * height, x + right * width, y + bottom * height)
        draw = ImageDraw.Draw(image)
        (draw.ellipse if blob else draw.rectangle)(area, fill=(200, 60, 40))
        return np.asarray(image)

    return edit


def shrunk(times: float) -> Edit:
    """Put a small copy of the plate on the picture instead of the plate."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        small = resized(_plate(pixels, box), times)
        ground = pixels.reshape(-1, 3).mean(axis=0)
        out = _with(pixels, box, np.broadcast_to(ground, (box[3], box[2], 3)))
        _plate(out, (*box[:2], small.shape[1], small.shape[0]))[...] = small
        return out

    return edit


def cut(left: float, top: float, right: float, bottom: float) -> Edit:
    """Crop the picture through the plate: shares of the plate that are lost at each side."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        x, y, width, height = box
        first = int(y + top * height) if top else 0, int(x + left * width) if left else 0
        last_row = int(y + (1 - bottom) * height) if bottom else pixels.shape[0]
        last_column = int(x + (1 - right) * width) if right else pixels.shape[1]
        return pixels[first[0] : last_row, first[1] : last_column]

    return edit


def blurred(share: float) -> Edit:
    """Blur the plate by a share of the height of its capitals."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        image = Image.fromarray(_plate(pixels, box))
        radius = share * cap
        return _with(pixels, box, np.asarray(image.filter(ImageFilter.GaussianBlur(radius))))

    return edit


def flat(pixels: Pixels, box: Box, cap: float) -> Pixels:
    """Give letters the colour of their ground."""
    return _with(pixels, box, np.broadcast_to((18, 22, 28), (box[3], box[2], 3)))


def mirrored(pixels: Pixels, box: Box, cap: float) -> Pixels:
    return _with(pixels, box, _plate(pixels, box)[:, ::-1])


def turned(pixels: Pixels, box: Box, cap: float) -> Pixels:
    return _with(pixels, box, _plate(pixels, box)[::-1, ::-1])


def without_words(pixels: Pixels, box: Box, cap: float) -> Pixels:
    """Keep the badge only."""
    return worded()(pixels, box, cap)


def worded(*lines: str) -> Edit:
    """Put other words in the same style beside the badge."""

    def edit(pixels: Pixels, box: Box, cap: float) -> Pixels:
        plate = _plate(pixels, box).copy()
        start = int(3.9 * cap)
        plate[:, start:] = plate[1, 1]
        for row, text in enumerate(lines):
            cover, stand = letters.coverage(text, round(cap))
            top = round((0.55 + 0.4 + 1 + 1.8 * row) * cap) - stand
            part = plate[max(0, top) : top + cover.shape[0], start + round(0.4 * cap) :]
            ink = cover[max(0, -top) :][: part.shape[0], : part.shape[1], None] / 255
            ground = part[:, : ink.shape[1]]
            ground[...] = np.round(ground * (1 - ink) + 255 * ink)
        return _with(pixels, box, plate)

    return edit


KIND: Final[dict[str, Edit]] = {
    "jpeg q50": lambda pixels, *_: encoded(pixels, "JPEG", 50),
    "webp q75": lambda pixels, *_: encoded(pixels, "WEBP", 75),
    "resized 0.5": lambda pixels, *_: resized(pixels, 0.5),
    "resized 2.0": lambda pixels, *_: resized(pixels, 2.0),
    "jpeg q90": lambda pixels, *_: encoded(pixels, "JPEG", 90),
}

HINDERING: Final[dict[str, Edit]] = {
    "faded to 4.2:1": faded(0.43),
    "faded to 3:1": faded(0.33),
    "faded to 2:1": faded(0.21),
    "faded to 1.3:1": faded(0.07),
    "same colour": flat,
    "blended at 30 %": blended(0.3),
    "first word covered": covered(0.30, 0.10, 0.50, 0.5),
    "last word covered": covered(0.72, 0.5, 0.97, 0.92),
    "one line covered": covered(0.30, 0.50, 1.0, 1.0),
    "other line covered": covered(0.30, 0.0, 1.0, 0.48),
    "words covered": covered(0.31, 0.0, 1.0, 1.0),
    "badge covered": covered(0.0, 0.0, 0.29, 1.0),
    "half of the badge covered": covered(0.0, 0.5, 0.29, 1.0),
    "blob on the words": covered(0.45, 0.1, 0.75, 0.9, blob=True),
    "blob on the badge": covered(0.03, 0.1, 0.25, 0.9, blob=True),
    "shrunk to 1 % capitals": shrunk(0.2),
    "shrunk to 3 % capitals": shrunk(0.6),
    "cut at the left": cut(0.15, 0, 0, 0),
    "cut at the right": cut(0, 0, 0.3, 0),
    "cut at the top": cut(0, 0.35, 0, 0),
    "cut at the bottom": cut(0, 0, 0, 0.35),
    "blurred": blurred(0.5),
    "blurred more": blurred(1.0),
    "mirrored": mirrored,
    "turned by 180 degrees": turned,
    "other words": worded("Фото: Иван", "Алматы 2026"),
    "one other word": worded("ЖИ жасаған", "Фото: Иван"),
    "badge without words": without_words,
}
