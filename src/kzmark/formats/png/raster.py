"""The raw data of one picture: rows of one or seven passes, decoded, painted, grown, made anew.

Painting keeps every byte it can: the filter types stay, and only the bytes of the painted pixels
and of those whose neighbours changed are filtered again.

Spec: PNG third edition, 7.2 (scanlines), 8 (interlacing), 9 (filtering).
"""

from collections.abc import Iterator

import numpy as np

from kzmark.formats._animation import clip, empty
from kzmark.formats._base import Box
from kzmark.formats.png import filters
from kzmark.formats.png import samples as samples_of
from kzmark.formats.png.deflate import Bytes
from kzmark.formats.png.filters import Rows
from kzmark.formats.png.header import Header, Pass
from kzmark.formats.png.samples import Samples


def decode(raw: Bytes, header: Header, box: Box | None = None) -> Samples:
    """Return the samples of the picture, or of the part of it in `box`, (height, width, channels).

    Raises:
        MalformedMediaError: If a row has a filter type that does not exist.
    """
    box = clip(box or (0, 0, *header.size), (0, 0, *header.size))
    out = samples_of.blank(box[2], box[3], header)
    for one, lines in _passes(raw, header):
        x, y, width, height = part = _inside(one, box)
        if empty(part):
            continue
        right = header.row_bytes(x + width)
        rows, columns = _spots(one, part, box)
        target = out[rows, columns]
        for top, plain in filters.bands(lines[:, : 1 + right], y, y + height, unit=header.unit):
            found = samples_of.unpack(np.ascontiguousarray(plain), header)
            target[top - y : top - y + len(plain)] = found[:, x : x + width]
    return out


def encode(samples: Samples, header: Header, *, few_colours: bool = False) -> Bytes:
    """Return the filtered rows of all passes, one after another.

    Args:
        samples: The picture, (height, width, channels).
        header: Its kind.
        few_colours: Whether the colours come out of a small palette: their bytes then repeat, and
            rows without filters are half as large when deflated.
    """
    unfiltered = few_colours or header.indexed
    parts = []
    for one in header.passes():
        plain = samples_of.pack(samples[one.place], header)
        lines = filters.choose(plain, unit=header.unit, unfiltered=unfiltered)
        parts.append(lines.reshape(-1))
    return np.concatenate(parts)


def paint(raw: Bytes, header: Header, box: Box, ink: Samples) -> None:
    """Put `ink` on the pixels in `box`, in place; every other pixel keeps its value."""
    for one, lines in _passes(raw, header):
        part = _inside(one, box)
        if not empty(part):
            _paint_rows(lines, header, one.width, part, ink[_spots(one, part, box)])


def grow(raw: Bytes, header: Header, old: Box) -> Bytes:
    """Return the raw data of a picture of the header's size that holds the former one at `old`.

    The pixels that are new have any value. At the bottom of a plain picture they cost nothing.
    """
    former = header.resized(old[2], old[3])
    if old[:3] == (0, 0, header.width) and not header.interlaced:
        return np.concatenate([raw, np.zeros(header.raw_bytes() - raw.size, np.uint8)])
    found = decode(raw, former)
    out = samples_of.blank(*header.size, header)
    out[old[1] : old[1] + old[3], old[0] : old[0] + old[2]] = found
    return encode(out, header)


def _passes(raw: Bytes, header: Header) -> Iterator[tuple[Pass, Rows]]:
    """Yield each pass with its filtered rows, a view into `raw`."""
    at = 0
    for one in header.passes():
        row = 1 + header.row_bytes(one.width)
        lines = raw[at : at + one.height * row].reshape(one.height, row)
        filters.check_types(lines)
        yield one, lines
        at += one.height * row


def _inside(one: Pass, box: Box) -> Box:
    """Return which pixels of a pass lie in a box, counted within the pass."""
    left, top = (
        max(-(-(box[0] - one.left) // one.across), 0),
        max(-(-(box[1] - one.top) // one.down), 0),
    )
    right = min(-(-(box[0] + box[2] - one.left) // one.across), one.width)
    bottom = min(-(-(box[1] + box[3] - one.top) // one.down), one.height)
    return left, top, right - left, bottom - top


def _spots(one: Pass, part: Box, box: Box) -> tuple[slice, slice]:
    """Return where these pixels of a pass lie in an array of the box: rows, columns."""
    left = one.left + part[0] * one.across - box[0]
    top = one.top + part[1] * one.down - box[1]
    return slice(top, box[3], one.down), slice(left, box[2], one.across)


def _paint_rows(lines: Rows, header: Header, width: int, box: Box, ink: Samples) -> None:
    x, y, across, down = box
    bottom = y + down
    full = across == width
    below = bottom < len(lines) and lines[bottom, 0] >= filters.UP  # this row looks up at the plate
    end = bottom + 1 if below else bottom
    right = min(header.row_bytes(x + across) + header.unit, header.row_bytes(width))
    above = 1 if y and lines[y, 0] >= filters.UP and not full else 0
    if full and not below:
        plain = np.zeros((down, right), np.uint8)
    else:
        plain = filters.plain_rows(lines[:, : 1 + right], y - above, end, unit=header.unit)
    if full:
        lines[y:bottom, 0] = filters.NONE if header.indexed else filters.UP
        lines[y, 0] = filters.NONE if header.indexed else filters.SUB
    over = plain[0] if above else np.zeros(right, np.uint8)
    _put(plain[above : above + down], header, x, ink)
    columns = (x * header.bits // 8, right)
    filters.apply(lines[y:end], plain[above:], over, columns, unit=header.unit)


def _put(plain: Rows, header: Header, x: int, ink: Samples) -> None:
    """Write samples into plain rows from column `x` on; pixels that share a byte stay."""
    left, right = x * header.bits // 8, header.row_bytes(x + ink.shape[1])
    if header.depth >= 8:
        plain[:, left:right] = samples_of.pack(ink, header)
        return
    found = samples_of.unpack(np.ascontiguousarray(plain[:, left:right]), header)
    start = x - left * 8 // header.depth
    found[:, start : start + ink.shape[1]] = ink
    plain[:, left:right] = samples_of.pack(found, header)
