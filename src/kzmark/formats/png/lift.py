"""A PNG in a richer kind of pixels, when its own cannot show the plate: same colours, exactly.

A palette without room, one bit of grey with a transparent level, a frame that needs transparency
where there is none: such a picture becomes true colour, and nothing outside the plate changes.

Spec: PNG third edition, 11.3.4.1 (bKGD), 11.3.2.6 (sBIT), 12.4 (sample depth scaling).
"""

import numpy as np

from kzmark.formats.png.header import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, Header
from kzmark.formats.png.samples import Samples, is_key, to_rgba


def lifted(header: Header, *, alpha: bool) -> Header:
    """Return a header of true colour for the same picture; with alpha if asked for or needed."""
    needs = alpha or header.key or header.colour in {GREY_ALPHA, RGBA}
    colour = RGBA if needs or (header.alphas < 255).any() else RGB
    depth = max(header.depth, 8)
    none = header.palette[:0], header.alphas[:0]
    return Header(header.width, header.height, depth, colour, header.interlaced, *none)


def lift(samples: Samples, old: Header, new: Header) -> Samples:
    """Return samples of the old kind in the new kind; colours and alphas stay as they are."""
    if new.depth == 8:
        return to_rgba(samples, old)[..., : new.channels]
    has_alpha = old.colour in {GREY_ALPHA, RGBA}
    colour = samples[..., :-1] if has_alpha else samples
    out = np.full((*samples.shape[:2], new.channels), 0xFFFF, np.uint16)
    out[..., :3] = colour
    if has_alpha:
        out[..., 3] = samples[..., -1]
    elif old.key:
        out[..., 3][is_key(samples, old)] = 0
    return out


def background(data: bytes, old: Header, new: Header) -> bytes:
    """Return the data of bKGD for the new kind; nothing if they broke the rules."""
    if old.colour == PALETTE:
        if len(data) != 1 or data[0] >= len(old.palette):
            return b""
        levels = [int(level) for level in old.palette[data[0]]]
    else:
        if len(data) != (6 if old.colour in {RGB, RGBA} else 2):
            return b""
        step = 255 // ((1 << old.depth) - 1) if old.depth < 8 else 1
        levels = [int(level) * step for level in np.frombuffer(data, ">u2")]
        levels = levels * (3 // len(levels))
    return b"".join((level % (1 << new.depth)).to_bytes(2, "big") for level in levels)


def significant_bits(data: bytes, old: Header, new: Header) -> bytes:
    """Return the data of sBIT for the new kind; nothing if they broke the rules."""
    has_alpha = old.colour in {GREY_ALPHA, RGBA}
    colours = 1 if old.colour in {GREY, GREY_ALPHA} else 3
    if len(data) != colours + has_alpha:
        return b""
    colour = data[:colours] * (3 // colours)
    alpha = data[colours:] if has_alpha else bytes([new.depth])
    return (colour + alpha)[: new.channels]
