"""A plate in the samples of one PNG: opaque, in its colours or the nearest the picture has.

Spec: PNG third edition, 11.2.2 (PLTE), 11.3.1.1 (tRNS).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats import _palette
from kzmark.formats.png.header import GREY, GREY_ALPHA, PALETTE, RGBA, Header
from kzmark.formats.png.samples import Rgb, Samples, is_key, luma, scaled

Used = Callable[[], NDArray[np.bool_]]  # says of each palette entry whether a pixel uses it

_MAIN: Final = 0.02  # part of the plate from which a colour is one of its main ones
_FAR: Final = 40  # levels by which a main colour may be missed in a channel


@dataclass(frozen=True, slots=True)
class Ink:
    """A plate ready to be painted.

    Attributes:
        samples: Its samples, (height, width, channels).
        header: The header they fit: the palette may have changed.
    """

    samples: Samples
    header: Header


def dip(plate: Rgb, header: Header, used: Used) -> Ink | None:
    """Return the plate in the samples of this header, or nothing if they cannot show it.

    Args:
        plate: The plate, as the pixels are stored.
        header: Kind of pixels.
        used: Asked only when the palette has no room left.
    """
    if header.colour == PALETTE:
        return _indexed(plate, header, used)
    levels = luma(plate) if header.colour in {GREY, GREY_ALPHA} else plate
    samples = scaled(levels, header)
    if header.colour in {GREY_ALPHA, RGBA}:
        most = np.full((*samples.shape[:2], 1), (1 << header.depth) - 1, samples.dtype)
        return Ink(np.concatenate([samples, most], axis=2), header)
    if header.key:
        if header.depth == 1:
            return None  # one of the two levels is transparent
        samples = samples.copy()  # they may be the plate's own
        _avoid_key(samples, header)
    return Ink(samples, header)


def _avoid_key(samples: Samples, header: Header) -> None:
    """Move samples that would be transparent by one level, in the last channel."""
    hit = is_key(samples, header)
    last = header.key[-1]
    samples[..., -1][hit] = last + 1 if last == 0 else last - 1


def _indexed(plate: Rgb, header: Header, used: Used) -> Ink | None:
    """Give the plate's colours entries that are opaque and that nothing else uses."""
    codes = plate.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = (found[:, None] >> np.array([16, 8, 0], np.uint32)).astype(np.uint8)
    full = np.ones(len(header.palette), np.bool_)
    fitted, entries, exact = _fit(header, full, colours)
    if not exact:
        fitted, entries, exact = _fit(header, used(), colours)
    if not exact:
        away = np.abs(fitted.palette[entries].astype(np.int16) - colours).max(axis=1)
        if (away[counts >= _MAIN * counts.sum()] > _FAR).any():
            return None
    samples = entries[index.reshape(plate.shape[:2])][..., None]
    return Ink(samples, fitted)


def _fit(
    header: Header, used: NDArray[np.bool_], colours: Rgb
) -> tuple[Header, NDArray[np.uint8], bool]:
    """Fit colours into the palette; entries that are not opaque serve only if nothing uses them."""
    size = len(header.palette)
    solid = np.flatnonzero((header.alphas == 255) | ~used)
    room = (1 << header.depth) - size
    if not len(solid) + room:
        return header, np.zeros(len(colours), np.uint8), False
    some, index, exact = _palette.fit(header.palette[solid], used[solid], colours, room=room)
    places = np.concatenate([solid, np.arange(size, size + len(some) - len(solid))])
    palette = np.concatenate([header.palette, some[len(solid) :]])
    palette[solid] = some[: len(solid)]
    alphas = np.concatenate([header.alphas, np.full(len(palette) - size, 255, np.uint8)])
    entries = places[index].astype(np.uint8)
    alphas[entries] = 255
    return dataclasses.replace(header, palette=palette, alphas=alphas), entries, exact
