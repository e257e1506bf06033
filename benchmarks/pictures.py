"""Pictures to measure on: smooth colours, edges and camera-like grain, the same in every run."""

import io
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

SIZES = {"1 MP": (1200, 834), "4 MP": (2400, 1700), "12 MP": (4000, 3000)}


class Kind(NamedTuple):
    """One kind of file: for people, the ending of its name, how Pillow saves it."""

    title: str
    suffix: str
    format: str
    options: dict[str, Any]


KINDS = {  # sources are made with a coder's quickest setting: that changes nothing in reading them
    "jpeg": Kind("JPEG 4:2:0 q90", ".jpg", "JPEG", {"quality": 90}),
    "jpeg444": Kind("JPEG 4:4:4 q95", ".jpg", "JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    "png": Kind("PNG", ".png", "PNG", {}),
    "webp": Kind("WebP q85", ".webp", "WEBP", {"quality": 85, "method": 0}),
    "avif": Kind("AVIF q80", ".avif", "AVIF", {"quality": 80, "speed": 10}),
    "tiff": Kind("TIFF, Deflate", ".tiff", "TIFF", {"compression": "tiff_deflate"}),
    "gif": Kind("GIF", ".gif", "GIF", {}),
    "heic": Kind(
        "HEIC q80", ".heic", "HEIF", {"quality": 80, "enc_params": {"preset": "ultrafast"}}
    ),
    "jxl": Kind("JPEG XL d1", ".jxl", "JXL", {"distance": 1.0, "effort": 3}),
}


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
    """Return one picture as a file: a kind of `KINDS`, a size of `SIZES`."""
    return made(kind, photo(*SIZES[size]))


def made(kind: str, picture: Image.Image) -> bytes:
    """Return a picture as a file of this kind."""
    target = io.BytesIO()
    if kind == "jxl":
        import imagecodecs

        options = KINDS[kind].options
        return bytes(imagecodecs.jpegxl_encode(np.asarray(picture), usecontainer=True, **options))
    if kind == "heic":
        register_heif()
    if kind == "gif":
        picture = picture.quantize(256, method=Image.Quantize.FASTOCTREE)
    picture.save(target, KINDS[kind].format, **KINDS[kind].options)
    return target.getvalue()


def register_heif() -> None:
    """Let Pillow open and save HEIC."""
    import pillow_heif

    pillow_heif.register_heif_opener()
