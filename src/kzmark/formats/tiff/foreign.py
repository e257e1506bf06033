"""TIFF pages that are taken as a whole: YCbCr without JPEG, and JPEG as TIFF 6.0 first had it.

libtiff sees a page of its own, made of checked numbers only, never the file.

Spec: TIFF 6.0, sections 21 (YCbCr) and 22 (JPEG).
"""

import contextlib
import io
from typing import Final

import numpy as np
from PIL import ImageFile, JpegImagePlugin, TiffImagePlugin

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats._base import Pixels
from kzmark.formats._ifd import LONG, SHORT, Layout
from kzmark.formats._ifd_draft import Draft
from kzmark.formats.tiff.fields import OLD_JPEG, Tag
from kzmark.formats.tiff.page import Page

_STREAM, _STREAM_SIZE = 513, 514  # JPEGInterchangeFormat and its length
_SUBSAMPLING, _POSITIONING = 530, 531
_RATIONALS: Final = ((529, 3), (532, 6))  # YCbCrCoefficients, ReferenceBlackWhite
_FOREIGN: Final = (OSError, ValueError, SyntaxError, RuntimeError, EOFError, KeyError, TypeError)


def pixels_of(page: Page, data: bytes | bytearray) -> Pixels:
    """Return a whole page as RGB, (height, width, 3), not yet upright.

    Raises:
        MalformedMediaError: If it cannot be decoded.
        UnsupportedMediaError: If its JPEG is in pieces, which only its writer can put together.
    """
    layout = Layout(data, limits=DEFAULT_LIMITS)
    opened: ImageFile.ImageFile
    try:
        if page.compression == OLD_JPEG:
            opened = JpegImagePlugin.JpegImageFile(io.BytesIO(_stream(page, layout)))
        else:
            opened = TiffImagePlugin.TiffImageFile(io.BytesIO(_alone(page, layout)))
        with opened as picture:
            if picture.size != (page.width, page.height):
                raise MalformedMediaError("a page contradicts its own size")
            return np.array(picture.convert("RGB"))
    except _FOREIGN as error:
        raise MalformedMediaError(f"a page cannot be decoded: {error}") from error


def _stream(page: Page, layout: Layout) -> bytes:
    start = layout.number(page.directory, _STREAM, 0)
    size = layout.number(page.directory, _STREAM_SIZE, 0)
    stream = bytes(layout.data[start : start + size]) if start else b""
    if not stream.startswith(b"\xff\xd8") or b"\xff\xda" not in stream:
        raise UnsupportedMediaError("a TIFF page with JPEG of the old kind, in pieces")
    return stream


def _alone(page: Page, layout: Layout) -> bytes:
    """Return a TIFF of little numbers that holds this page only, upright as it is stored."""
    head = bytearray(layout.data[: layout.slot + layout.pointer_size])
    head[layout.slot :] = bytes(layout.pointer_size)
    draft = Draft(head, limits=DEFAULT_LIMITS)
    numbers = _numbers(page, layout)
    where, how_long = (
        (Tag.TILE_OFFSETS, Tag.TILE_SIZES) if page.tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_SIZES)
    )
    numbers[how_long] = page.sizes.tolist()
    pairs = zip(page.starts.tolist(), page.sizes.tolist(), strict=True)
    numbers[where] = [draft.append(layout.data[at : at + size]) for at, size in pairs]
    rationals = {
        tag: entry
        for tag, count in _RATIONALS
        if (entry := page.directory.get(tag)) and (entry.kind, entry.count) == (5, count)
    }
    made = draft.widen(draft.slot, {*numbers, *rationals})
    for tag, values in numbers.items():
        kind, code = (LONG, "u4") if max(values) >= 1 << 16 else (SHORT, "u2")
        draft.store(made, tag, kind, np.array(values, layout.order + code).tobytes())
    for tag, entry in rationals.items():
        with contextlib.suppress(MediaError):
            draft.store(made, tag, 5, layout.value(entry))
    return bytes(draft.data)


def _numbers(page: Page, layout: Layout) -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {
        Tag.WIDTH: [page.width],
        Tag.LENGTH: [page.height],
        Tag.BITS: [page.bits] * page.samples,
        Tag.COMPRESSION: [page.compression],
        Tag.PHOTOMETRIC: [page.photometric],
        Tag.FILL_ORDER: [2 if page.reversed_bits else 1],
        Tag.SAMPLES: [page.samples],
        Tag.PLANAR: [2 if page.planes > 1 else 1],
        Tag.PREDICTOR: [page.predictor],
        _POSITIONING: [layout.number(page.directory, _POSITIONING, 1)],
    }
    if page.tiled:
        numbers |= {Tag.TILE_WIDTH: [page.across], Tag.TILE_LENGTH: [page.down]}
    else:
        numbers[Tag.ROWS_PER_STRIP] = [page.down]
    entry = page.directory.get(_SUBSAMPLING)
    numbers[_SUBSAMPLING] = layout.integers(entry)[:2].tolist() if entry else [2, 2]
    if page.extras:
        numbers[Tag.EXTRA_SAMPLES] = list(page.extras)
    return numbers
