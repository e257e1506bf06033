"""Filters of PNG rows: undone for the rows that are asked for, applied again where pixels change.

A row's bytes depend on those above and to the left, so undoing is a chain of steps that only a
compiled library walks fast. Filters see bytes, not pixels: any rows can pass as an 8 or 16-bit
picture with the same distance between neighbours, which OpenCV reads (its PNG reader is libpng).

Spec: PNG third edition, 9 (filtering), 12.7 (filter selection).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import MalformedMediaError
from kzmark.formats.png import chunks
from kzmark.formats.png.chunks import pack

Rows = NDArray[np.uint8]  # (height, bytes): of filtered rows, the first byte is the filter type

NONE: Final = 0
SUB: Final = 1
UP: Final = 2
AVERAGE: Final = 3
PAETH: Final = 4
_BAND: Final = 512 << 10  # bytes undone at once: stays in the cache, bounds the memory
_MAX_BAND: Final = 1 << 16  # rows undone at once; OpenCV's reader takes up to 2**20
_DISGUISE: Final = {1: (8, 0), 2: (16, 0), 3: (8, 2), 4: (8, 6), 6: (16, 2), 8: (16, 6)}


def check_types(lines: Rows) -> None:
    """Refuse filtered rows with a filter type that does not exist."""
    if lines.size and int(lines[:, 0].max()) > PAETH:
        raise MalformedMediaError(f"filter type {int(lines[:, 0].max())} does not exist")


def bands(lines: Rows, first: int, last: int, *, unit: int) -> Iterator[tuple[int, Rows]]:
    """Yield (index of the first row, plain rows) that together are the rows `first` to `last`.

    Only the rows that these depend on are undone: those from the nearest row above that does not
    look up.

    Args:
        lines: All filtered rows.
        first: First row wanted.
        last: The row after the last one wanted.
        unit: Distance to the neighbour on the left, in bytes.
    """
    alone = np.flatnonzero(lines[: first + 1, 0] < UP)
    start = int(alone[-1]) if alone.size else 0
    step = min(max(_BAND // lines.shape[1], 16), _MAX_BAND)
    above = None
    for top in range(start, last, step):
        bottom = min(top + step, last)
        plain = _undo(lines[top:bottom], above, max(first - top, 0), unit=unit)
        above = plain[-1]
        if bottom > first:
            yield max(top, first), plain


def plain_rows(lines: Rows, first: int, last: int, *, unit: int) -> Rows:
    """Return the rows `first` to `last` (not included) without their filters, (rows, bytes)."""
    out = np.empty((last - first, lines.shape[1] - 1), np.uint8)
    for top, plain in bands(lines, first, last, unit=unit):
        out[top - first : top - first + len(plain)] = plain
    return out


def apply(lines: Rows, plain: Rows, above: Rows, columns: tuple[int, int], *, unit: int) -> None:
    """Filter some columns of rows again, each row with the type that stands in it.

    Args:
        lines: Filtered rows, changed in place.
        plain: The same rows as they shall be without filters, all columns.
        above: The plain row above the first one, (bytes,).
        columns: First byte column that may have changed, and the one after the last.
        unit: Distance to the neighbour on the left, in bytes.
    """
    left, right = columns
    upper = np.concatenate([above[None], plain[:-1]])
    for kind in np.unique(lines[:, 0]).tolist():
        rows = np.flatnonzero(lines[:, 0] == kind)
        part = _filtered(kind, plain[rows], upper[rows], left, right, unit)
        lines[rows, 1 + left : 1 + right] = part


def choose(plain: Rows, *, unit: int, unfiltered: bool) -> Rows:
    """Return filtered rows for new pixels, each with the type whose bytes are least in sum."""
    lines = np.zeros((len(plain), plain.shape[1] + 1), np.uint8)
    if unfiltered:
        lines[:, 1:] = plain
        return lines
    step = max(_BAND // plain.shape[1], 1)
    above = np.zeros(plain.shape[1], np.uint8)
    for top in range(0, len(plain), step):
        rows = plain[top : top + step]
        upper = np.concatenate([above[None], rows[:-1]])
        tries = [_filtered(kind, rows, upper, 0, plain.shape[1], unit) for kind in range(5)]
        sums = [np.abs(one.view(np.int8).astype(np.int16)).sum(axis=1) for one in tries]
        best = np.argmin(sums, axis=0)
        lines[top : top + step, 0] = best
        for kind, one in enumerate(tries):
            lines[top : top + step, 1:][best == kind] = one[best == kind]
        above = rows[-1]
    return lines


def _filtered(kind: int, rows: Rows, upper: Rows, left: int, right: int, unit: int) -> Rows:
    """Return the columns `left` to `right` of plain rows, filtered (9.2)."""
    here = rows[:, left:right]
    if kind == NONE:
        return here
    if kind == UP:
        return here - upper[:, left:right]
    a = _shifted(rows, left, right, unit)
    if kind == SUB:
        return here - a
    b = upper[:, left:right]
    if kind == AVERAGE:
        mean = (a.astype(np.uint16) + b) >> 1
        return here - mean.astype(np.uint8)
    return here - _paeth(a, b, _shifted(upper, left, right, unit))


def _shifted(rows: Rows, left: int, right: int, unit: int) -> Rows:
    """Return the columns one pixel further left; those outside the row are zero."""
    if left >= unit:
        return rows[:, left - unit : right - unit]
    out = np.zeros((len(rows), right - left), np.uint8)
    out[:, unit - left :] = rows[:, : max(right - unit, 0)]
    return out


def _paeth(a: Rows, b: Rows, c: Rows) -> Rows:
    """Return the neighbour (left, above, above left) that is nearest to a + b - c (9.4)."""
    to_b, to_a = a.astype(np.int16) - c, b.astype(np.int16) - c
    to_c = np.abs(to_a + to_b)
    to_a, to_b = np.abs(to_a), np.abs(to_b)
    nearest: Rows = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    return nearest


def _undo(lines: Rows, above: Rows | None, skip: int, *, unit: int) -> Rows:
    """Return plain rows, at least the last one, without the first `skip`.

    `above` is the plain row over the first one, if there is any.
    """
    skip = min(skip, len(lines) - 1)
    if not lines[:, 0].any():
        return lines[skip:, 1:]
    if above is not None:
        head = np.concatenate([np.zeros(1, np.uint8), above])
        lines = np.concatenate([head[None], lines])
    found = _decode(np.ascontiguousarray(lines), unit)[skip + (above is not None) :]
    if found.ndim == 3:  # OpenCV gives blue first
        found = found[..., [2, 1, 0, 3][: found.shape[2]]]
    wide = np.ascontiguousarray(found, ">u2" if found.dtype == np.uint16 else np.uint8)
    return wide.view(np.uint8).reshape(len(found), -1)


def _decode(lines: Rows, unit: int) -> NDArray[Any]:
    """Let OpenCV read the rows as a picture of `unit` bytes a pixel."""
    import cv2

    depth, colour = _DISGUISE[unit]
    height, width = len(lines), (lines.shape[1] - 1) // unit
    fields = (*width.to_bytes(4, "big"), *height.to_bytes(4, "big"), depth, colour, 0, 0, 0)
    header, data = pack(b"IHDR", bytes(fields)), pack(b"IDAT", _stored(lines))
    file = b"".join((chunks.MAGIC, header, data, pack(b"IEND", b"")))
    found: NDArray[Any] | None = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.shape[:2] != (height, width):
        raise MalformedMediaError("the rows of the picture cannot be read")
    return found


def _stored(lines: Rows) -> bytes:
    """Return a zlib stream that holds the rows as they are (RFC 1951, 3.2.4: stored blocks)."""
    from isal import isal_zlib

    view = memoryview(lines.data).cast("B")
    pieces: list[bytes | memoryview] = [b"\x78\x01"]
    for at in range(0, len(view), 0xFFFF):
        block = view[at : at + 0xFFFF]
        size = len(block).to_bytes(2, "little")
        last = b"\1" if at + 0xFFFF >= len(view) else b"\0"
        pieces += (last, size, bytes(255 - byte for byte in size), block)
    pieces.append(isal_zlib.adler32(view).to_bytes(4, "big"))
    return b"".join(pieces)
