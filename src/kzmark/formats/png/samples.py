"""Samples of a PNG: out of and into packed bytes, and the colours they stand for.

Spec: PNG third edition, 7.2 (scanlines), 12.4 and 13.12 (sample depth scaling), 13.16 (alpha).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats.png.filters import Rows
from kzmark.formats.png.header import GREY, GREY_ALPHA, PALETTE, RGBA, Header

Samples = NDArray[np.uint8] | NDArray[np.uint16]  # (height, width, channels); below 8 bits as uint8
Rgb = NDArray[np.uint8]  # (height, width, 3)
Rgba = NDArray[np.uint8]  # (height, width, 4), alpha not premultiplied

_BAND: Final = 1 << 20  # pixels mixed at once


def blank(width: int, height: int, header: Header) -> Samples:
    """Return samples that are all zero: black, the first entry, transparent if there is alpha."""
    shape = (height, width, header.channels)
    return np.zeros(shape, np.uint16) if header.depth == 16 else np.zeros(shape, np.uint8)


def unpack(rows: Rows, header: Header) -> Samples:
    """Return the samples of plain rows; bits that fill up the last byte come as samples too."""
    if header.depth == 16:
        return rows.view(">u2").astype(np.uint16).reshape(len(rows), -1, header.channels)
    if header.depth == 8:
        return rows.reshape(len(rows), -1, header.channels)
    each = 8 // header.depth
    out = np.empty((len(rows), rows.shape[1] * each, 1), np.uint8)
    for at in range(each):
        shift = 8 - header.depth * (at + 1)
        out[:, at::each, 0] = (rows >> shift) & ((1 << header.depth) - 1)
    return out


def pack(samples: Samples, header: Header) -> Rows:
    """Return plain rows, (height, bytes); the last byte of a row is filled up with zero bits."""
    height = len(samples)
    if header.depth == 16:
        return samples.astype(">u2").view(np.uint8).reshape(height, -1)
    if header.depth == 8:
        return np.ascontiguousarray(samples, np.uint8).reshape(height, -1)
    each = 8 // header.depth
    width = -(-samples.shape[1] // each) * each
    wide = np.zeros((height, width), np.uint8)
    wide[:, : samples.shape[1]] = samples[..., 0]
    out = np.zeros((height, width // each), np.uint8)
    for at in range(each):
        out |= wide[:, at::each] << (8 - header.depth * (at + 1))
    return out


def to_rgb(samples: Samples, header: Header) -> Rgb:
    """Return what a person sees: 8 bits, alpha laid over white."""
    if header.colour == PALETTE:
        entries = over_white(_table(header)[None])[0]
        seen: Rgb = entries[samples[..., 0]]
        return seen
    if header.colour in {GREY_ALPHA, RGBA} or header.key:
        return over_white(to_rgba(samples, header))
    return _colour(eight_bits(samples, header))


def to_rgba(samples: Samples, header: Header) -> Rgba:
    """Return 8-bit colours with their alpha."""
    if header.colour == PALETTE:
        found: Rgba = _table(header)[samples[..., 0]]
        return found
    eight = eight_bits(samples, header)
    out = np.empty((*samples.shape[:2], 4), np.uint8)
    if header.colour in {GREY_ALPHA, RGBA}:
        out[..., :3] = eight[..., :-1]
        out[..., 3] = eight[..., -1]
        return out
    out[..., :3] = eight
    out[..., 3] = 255
    if header.key:
        out[..., 3][is_key(samples, header)] = 0
    return out


def from_rgba(pixels: Rgba, header: Header) -> Samples:
    """Return 8-bit colours as samples of a kind with alpha; grey ones where it is grey."""
    if header.colour == GREY_ALPHA:
        pixels = pixels[..., [0, 3]]
    return scaled(pixels, header)


def is_key(samples: Samples, header: Header) -> NDArray[np.bool_]:
    """Say of each pixel whether it is the one colour that tRNS makes transparent."""
    same: NDArray[np.bool_] = (samples == np.array(header.key, samples.dtype)).all(axis=2)
    return same


def eight_bits(samples: Samples, header: Header) -> NDArray[np.uint8]:
    """Return samples scaled to 0 to 255."""
    if header.depth == 16:  # rounded division by 257
        scaled = (samples.astype(np.uint32) * 255 + 32895) >> 16
        return scaled.astype(np.uint8)
    if header.depth < 8 and header.colour == GREY:
        return (samples * (255 // ((1 << header.depth) - 1))).astype(np.uint8)
    return samples.astype(np.uint8, copy=False)


def transparent(header: Header) -> tuple[int, ...]:
    """Return the samples of a pixel that shows nothing; empty if this kind has no such pixel."""
    if header.colour in {GREY_ALPHA, RGBA}:
        return (0,) * header.channels
    if header.colour == PALETTE:
        return tuple(int(entry) for entry in np.flatnonzero(header.alphas == 0)[:1])
    return header.key


def scaled(levels: NDArray[np.uint8], header: Header) -> Samples:
    """Return levels of 0 to 255 as samples: exact from 8 bits on, else the nearest ones."""
    if header.depth == 8:
        return levels
    if header.depth == 16:
        return levels.astype(np.uint16) * np.uint16(257)
    most = (1 << header.depth) - 1
    return ((levels.astype(np.uint16) * most + 127) // 255).astype(np.uint8)


def luma(plate: Rgb) -> NDArray[np.uint8]:
    """Return the grey of each colour (ITU-R BT.601), (height, width, 1)."""
    weights = np.array([299, 587, 114], np.uint32)
    grey = (plate.astype(np.uint32) * weights).sum(axis=2, keepdims=True)
    rounded: NDArray[np.uint8] = ((grey + 500) // 1000).astype(np.uint8)
    return rounded


def _table(header: Header) -> Rgba:
    """Return the palette with its alphas; indices beyond its end are opaque black."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    table[: len(header.palette), :3] = header.palette
    table[: len(header.palette), 3] = header.alphas
    return table


def _colour(eight: NDArray[np.uint8]) -> Rgb:
    """Return grey as three equal channels, colour as it is."""
    if eight.shape[2] == 3:
        return eight
    return np.repeat(eight, 3, axis=2)


def over_white(pixels: Rgba) -> Rgb:
    """Return the colours laid over white, rounded to the nearest level."""
    out = np.empty((*pixels.shape[:2], 3), np.uint8)
    step = max(_BAND // max(pixels.shape[1], 1), 1)
    for top in range(0, len(pixels), step):
        rows = pixels[top : top + step]
        alpha = rows[..., 3:].astype(np.uint16)
        mixed = rows[..., :3] * alpha + (255 - alpha) * np.uint16(255)
        out[top : top + step] = (mixed + 127) // 255
    return out
