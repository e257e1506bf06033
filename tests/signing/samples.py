"""Small files of every image format, made here."""

import functools
import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MIMES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
    "jxl": "image/jxl",
    "svg": "image/svg+xml",
}
_SVG = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60">'
    b'<rect width="90" height="60" fill="teal"/></svg>\n'
)
_TOOLS = {"heic": ("heif-enc", "-q", "50"), "jxl": ("cjxl", "--container=1")}


def picture(width: int = 90, height: int = 60, *, seed: int = 1) -> Image.Image:
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 9 + y / 11), np.cos(x / 13 - y / 7), np.sin(y / 5)], -1)
    noise = chance.normal(0, 4, waves.shape)
    return Image.fromarray((128 + 90 * waves + noise).clip(0, 255).astype(np.uint8))


@functools.cache
def sample(name: str, seed: int = 1) -> bytes:
    """Return a small file of a format; skip the test if the tool that makes it is missing."""
    if name == "svg":
        return _SVG.replace(b"teal", b"teal" if seed == 1 else b"navy")
    if name in _TOOLS:
        return _by_tool(*_TOOLS[name], suffix=f".{name}", seed=seed)
    stream = io.BytesIO()
    picture(seed=seed).save(stream, name.upper(), **({"quality": 80} if name == "jpeg" else {}))
    return stream.getvalue()


def large_jpeg() -> bytes:
    stream = io.BytesIO()
    picture(1200, 800).save(stream, "JPEG", quality=97)
    return stream.getvalue()


def _by_tool(tool: str, *options: str, suffix: str, seed: int) -> bytes:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} makes this sample and is not installed")
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "a.png", Path(scratch) / f"a{suffix}"
        picture(seed=seed).save(source)
        given = (str(source), "-o", str(target)) if tool == "heif-enc" else (source, target)
        subprocess.run([tool, *options, *map(str, given)], check=True, capture_output=True)
        return target.read_bytes()
