"""What the samples of a TIFF page mean: displayed colours to samples and back.

Spec: TIFF 6.0, sections 4 to 6, 16, 18, 21 to 23. CMYK is taken as plain device inks.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Pixels
from kzmark.formats.tiff import lab
from kzmark.formats.tiff.codec import Samples
from kzmark.formats.tiff.fields import Photometric
from kzmark.formats.tiff.page import Page

_LUMA: Final = np.array([299, 587, 114], np.uint32)  # ITU-R BT.601, in thousandths


def samples_of(page: Page, pixels: Pixels, index: NDArray[np.uint8] | None = None) -> Samples:
    """Return opaque pixels as samples of a page.

    Args:
        page: The page they are for.
        pixels: (height, width, 3) RGB.
        index: For a palette, the entry of each pixel, (height, width).
    """
    colours = _from_rgb(page, pixels, index)
    if not page.extras:
        return colours
    full = (1 << page.bits) - 1
    unknown = 0 if page.photometric == Photometric.CMYK else full  # there it is one more ink
    extras = [full if extra else unknown for extra in page.extras]
    beside = np.broadcast_to(np.array(extras, page.dtype), (*colours.shape[:2], len(extras)))
    return np.concatenate([colours, beside], axis=2)


def pixels_of(page: Page, samples: Samples) -> Pixels:
    """Return samples as displayed RGB, alpha laid over white."""
    count = samples.shape[2] - len(page.extras)
    rgb = _to_rgb(page, samples[:, :, :count])
    for place, extra in enumerate(page.extras):
        if extra in {1, 2}:
            alpha = _bytes(page, samples[:, :, count + place])[:, :, None].astype(np.uint16)
            over = rgb.astype(np.uint16)
            if extra == 2:
                over = (over * alpha + 127) // 255
            over_white: Pixels = np.minimum(over + (255 - alpha), 255).astype(np.uint8)
            return over_white
    return rgb


def _from_rgb(page: Page, pixels: Pixels, index: NDArray[np.uint8] | None) -> Samples:
    kind = page.photometric
    if kind == Photometric.PALETTE:
        assert index is not None
        return index[:, :, None]
    if kind in {Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO}:
        grey = ((pixels.astype(np.uint32) @ _LUMA + 500) // 1000).astype(np.uint8)[:, :, None]
        return _scaled(page, 255 - grey if kind == Photometric.WHITE_IS_ZERO else grey)
    if kind == Photometric.CMYK:
        return _scaled(page, _cmyk(pixels))
    if kind == Photometric.YCBCR:
        return _ycbcr(pixels)
    if kind == Photometric.LAB:
        return lab.from_rgb(pixels, bits=page.bits)
    return _scaled(page, pixels)


def _to_rgb(page: Page, samples: Samples) -> Pixels:
    kind = page.photometric
    if kind == Photometric.PALETTE:
        assert page.colours is not None
        return palette_of(page)[samples[:, :, 0]]
    if kind == Photometric.LAB:
        return lab.to_rgb(samples, bits=page.bits)
    plain = _bytes(page, samples)
    if kind == Photometric.WHITE_IS_ZERO:
        plain = 255 - plain
    if kind == Photometric.CMYK:
        inks = 255 - plain.astype(np.uint16)
        plain = ((inks[:, :, :3] * inks[:, :, 3:] + 127) // 255).astype(np.uint8)
    if kind == Photometric.YCBCR:
        return _rgb(plain)
    return np.repeat(plain, 3, axis=2) if plain.shape[2] == 1 else plain


def palette_of(page: Page) -> NDArray[np.uint8]:
    """Return the colour map with 8 bits a channel, (entries, 3).

    Some writers fill the 16 bits of a channel with 0 to 255 only; libtiff takes them so, too.
    """
    assert page.colours is not None
    high = page.colours >> 8
    return (high if high.any() else page.colours).astype(np.uint8)


def _bytes(page: Page, samples: Samples) -> NDArray[np.uint8]:
    """Return samples as bytes: the high byte of wide ones, narrow ones stretched."""
    if page.bits >= 8:
        return (samples >> (page.bits - 8)).astype(np.uint8)
    return (samples * np.uint8(255 // ((1 << page.bits) - 1))).astype(np.uint8)


def _scaled(page: Page, values: NDArray[np.uint8]) -> Samples:
    """Return bytes as samples of the page's width; 16 bits are the byte twice."""
    if page.bits >= 8:
        unit = page.dtype.type(((1 << page.bits) - 1) // 255)
        wide: Samples = values.astype(page.dtype) * unit
        return wide
    full = (1 << page.bits) - 1
    return ((values.astype(np.uint16) * full + 127) // 255).astype(np.uint8)


def _cmyk(pixels: Pixels) -> NDArray[np.uint8]:
    """Return as much black as possible, and other inks only for what is left of the colour."""
    brightest = pixels.max(axis=2, keepdims=True).astype(np.int32)
    safe = np.maximum(brightest, 1)
    inks = ((brightest - pixels) * 255 + safe // 2) // safe
    return np.concatenate([inks, 255 - brightest], axis=2).astype(np.uint8)


def _ycbcr(pixels: Pixels) -> NDArray[Any]:
    red, green, blue = np.moveaxis(pixels.astype(np.float64), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402]
    whole: NDArray[np.uint8] = np.clip(np.rint(np.stack(planes, axis=2)), 0, 255).astype(np.uint8)
    return whole


def _rgb(ycbcr: NDArray[np.uint8]) -> Pixels:
    luma, blue, red = np.moveaxis(ycbcr.astype(np.float32), 2, 0)
    blue, red = blue - 128, red - 128
    planes = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    whole: NDArray[np.uint8] = np.clip(np.rint(np.stack(planes, axis=2)), 0, 255).astype(np.uint8)
    return whole
