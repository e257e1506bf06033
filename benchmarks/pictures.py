"""Pictures to measure on: smooth colours, edges and camera-like grain, the same in every run."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image

SIZES = {"1 MP": (1200, 834), "4 MP": (2400, 1700), "12 MP": (4000, 3000)}


@lru_cache(maxsize=4)
def photo(width: int, height: int) -> Image.Image:
    """Return something like a photograph of this size, in pixels."""
    chance = np.random.default_rng(width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = np.stack(
        [
            120 + 70 * np.sin(x / 97 + y / 131) + 20 * np.sin(x / 11),
            120 + 70 * np.sin(x / 61 - y / 173) + 20 * np.cos(y / 13),
            120 + 70 * np.cos(x / 211 + y / 37),
        ],
        -1,
    )
    base[height // 4 : height // 2, width // 3 : width // 2] += 70
    grain = chance.normal(0, 7, base.shape).astype(np.float32)
    return Image.fromarray((base + grain).clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=16)
def encoded(kind: str, size: str) -> bytes:
    """Return one picture as a file: `jpeg` (4:2:0, quality 90) or `png` (Pillow's default)."""
    target = io.BytesIO()
    options = {"quality": 90} if kind == "jpeg" else {}
    photo(*SIZES[size]).save(target, kind, **options)
    return target.getvalue()
