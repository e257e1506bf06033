"""JPEG files of every kind, made here."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Patch, PatchFor
from kzmark.formats.jpeg import ADAPTER, coding
from kzmark.formats.jpeg.frame import Component, Frame
from kzmark.formats.jpeg.segments import (
    DQT,
    SOI,
    Head,
    Stream,
    parse,
    segment_bytes,
)

Array = NDArray[np.uint8]

ADOBE = b"Adobe\0\x64\0\0\0\0"  # version 100, two flags; the transform byte comes behind


def scene(width: int, height: int, seed: int = 0) -> Array:
    """A soft picture with some texture and no sample near black or white."""
    chance = np.random.default_rng(seed)
    rough = chance.integers(70, 186, (height // 24 + 2, width // 24 + 2, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC))
    grain = chance.normal(0, 4, (height, width, 1))
    return np.clip(soft + grain, 40, 215).astype(np.uint8)


def pillow(array: Array, mode: str = "RGB", /, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(array).convert(mode).save(target, "JPEG", **{"quality": 90} | options)
    return target.getvalue()


def opencv(array: Array, sampling: str, *flags: int) -> bytes:
    """A JPEG with a sampling that Pillow cannot write: "411", "440" and others."""
    import cv2

    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    options = [cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, *flags]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(array[..., ::-1]), options)
    assert done
    return bytes(data)


def direct_rgb(array: Array) -> bytes:
    """RGB without conversion to YCbCr, known by its component names alone."""
    return pillow(array, keep_rgb=True)


def four_inks(array: Array, *, transform: int, small_chroma: bool) -> bytes:
    """CMYK (transform 0) or YCCK (transform 2), as Adobe writes them."""
    height, width = array.shape[:2]
    seed = parse(pillow(array, "CMYK"), limits=DEFAULT_LIMITS)
    factors = ((2, 2), (1, 1), (1, 1), (2, 2)) if small_chroma else ((1, 1),) * 4
    components = tuple(Component(i + 1, a, d, 0) for i, (a, d) in enumerate(factors))
    frame = Frame(0xC0, 8, width, height, components)
    head = Head(seed.head.raw, frame, seed.header, seed.head.scan)
    like = Stream(seed.data, head, seed.segments, seed.end)
    if transform == 2:
        luma = np.asarray(Image.fromarray(array).convert("YCbCr"))
        raw = np.dstack([luma, np.full((height, width), 230, np.uint8)])
    else:
        raw = np.dstack([array, np.full((height, width), 230, np.uint8)])
    canvas = Image.frombytes("CMYK", (width, height), (255 - raw).tobytes())
    return SOI + segment_bytes(0xEE, ADOBE + bytes((transform,))) + coding.code(canvas, like)


def every_kind(width: int, height: int) -> Iterator[tuple[str, bytes]]:
    array = scene(width, height)
    yield "grey", pillow(array, "L")
    yield "4:4:4", pillow(array, subsampling=0)
    yield "4:2:2", pillow(array, subsampling=1)
    yield "4:2:0", pillow(array, subsampling=2)
    yield "4:2:0 optimised", pillow(array, subsampling=2, optimize=True)
    yield "4:2:0 progressive", pillow(array, subsampling=2, progressive=True)
    yield "4:2:2 progressive", pillow(array, subsampling=1, progressive=True)
    yield "4:2:0 restarts", pillow(array, subsampling=2, restart_marker_rows=1)
    yield "4:2:2 restarts", pillow(array, subsampling=1, restart_marker_rows=2)
    yield "4:2:0 odd restarts", pillow(array, subsampling=2, restart_marker_blocks=3)
    yield "coarse", pillow(array, quality=4)
    yield "fine", pillow(array, quality=100, subsampling=0)
    yield "4:4:0", opencv(array, "440")
    yield "4:1:1", opencv(array, "411")
    yield "4:4:0 progressive", opencv(array, "440", 2, 1)
    yield "RGB", direct_rgb(array)
    yield "CMYK", four_inks(array, transform=0, small_chroma=False)
    yield "CMYK progressive", pillow(array, "CMYK", progressive=True)
    yield "YCCK", four_inks(array, transform=2, small_chroma=False)
    yield "YCCK 4:2:0", four_inks(array, transform=2, small_chroma=True)


def inserted(data: bytes, *segments: bytes, behind: int = 2) -> bytes:
    """The file with more segments in it, right behind SOI unless told."""
    return data[:behind] + b"".join(segments) + data[behind:]


def painted(data: bytes, patch_for: PatchFor) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, patch_for, limits=DEFAULT_LIMITS)
    return target.getvalue(), list(notes)


def shown(data: bytes) -> Array:
    """The picture as Pillow shows it, orientation left out."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def seen(data: bytes) -> Array:
    """The picture as our own adapter shows it, upright."""
    return next(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS)).pixels


def patch(x: int, y: int, width: int, height: int, colour: tuple[int, int, int]) -> PatchFor:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = colour
    return lambda _width, _height: Patch(x=x, y=y, pixels=pixels)


def table_bytes(data: bytes) -> set[bytes]:
    """The quantisation tables of a file, without their numbers."""
    stream = parse(data, limits=DEFAULT_LIMITS)
    found = set()
    for segment in stream.find(DQT):
        payload = stream.payload(segment)
        while payload:
            size = 129 if payload[0] >> 4 else 65
            found.add(payload[1:size])
            payload = payload[size:]
    return found
