"""The fast core for PNG: work on the compressed stream of a picture, in C.

Most of a stream stays as it is, bit by bit. What the core has to see it inflates; what a plate
changed it deflates again, between the bits in front and the bits behind.
"""

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from kzmark.native import Refusal, allowed

_core: ModuleType | None
try:
    from kzmark.native import _png
except ImportError:  # not built: no compiler, or a source tree that was not installed
    _core = None
else:
    _core = _png


@dataclass(frozen=True, slots=True)
class Stream:
    """A zlib stream (RFC 1950) in pieces of a file.

    Attributes:
        file: The file, or whatever holds the pieces.
        pieces: Where they begin and how long they are, in bytes, (pieces, 2).
    """

    file: bytes | bytearray | memoryview
    pieces: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """The rows of one picture that is not interlaced.

    Attributes:
        height: Rows.
        width: Bytes of a row, its filter type left out.
        unit: Bytes from one pixel to the next, at least 1.
    """

    height: int
    width: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Opaque pixels to lay on the rows of a picture.

    Attributes:
        top: Its first row.
        left: First byte of a row that it reaches.
        rows: Its bytes as they are stored, (rows, bytes).
        first: Bits of its first byte in a row that are its own, as a mask.
        last: The same of its last byte.
        full: Whether it covers rows from end to end; these then get new filter types.
        indexed: Whether those are to be None, as suits indices, and not Sub and Up.
    """

    top: int
    left: int
    rows: NDArray[np.uint8]
    first: int = 0xFF
    last: int = 0xFF
    full: bool
    indexed: bool


@dataclass(frozen=True, slots=True)
class Splice:
    """A part of a zlib stream that is to be another one; places count from the stream's begin.

    Attributes:
        start: Where the bytes begin that it replaces.
        stop: Where those end: at the checksum, if no more than that was kept.
        coded: The new bytes.
        checksum: The four bytes that the stream has to end with now.
    """

    start: int
    stop: int
    coded: bytes
    checksum: bytes


def available() -> bool:
    """Say whether the core for PNG was built and nobody switched it off."""
    return _core is not None and allowed()


def splice(stream: Stream, shape: Shape, *, ink: Ink) -> Splice | Refusal:
    """Lay opaque pixels on a picture without decoding what they do not touch.

    The filter types of rows stay, but for those that are covered from end to end. What stands far
    behind the plate is not read; damage there stays as it was. A stream that must be read to its
    end is held against its size and its checksum.

    Args:
        stream: The whole stream.
        shape: What it inflates to.
        ink: What to lay on.

    Raises:
        ValueError: If the ink leaves the picture, or sizes do not go together.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    rows = np.ascontiguousarray(ink.rows)
    box = ink.top, len(rows), ink.left, ink.left + rows.shape[1]
    sizes = shape.height, shape.width, shape.unit
    masks = ink.first, ink.last
    found = _core.splice(stream.file, stream.pieces, sizes, box, masks, ink.full, ink.indexed, rows)
    if isinstance(found, int):
        return Refusal(found)
    start, stop, coded, checksum = found
    return Splice(start, stop, coded, checksum.to_bytes(4, "big"))


def rows(
    stream: Stream, shape: Shape, *, first: int, last: int, width: int, whole: bool
) -> NDArray[np.uint8] | Refusal:
    """Return rows of a picture without their filters, (rows, width).

    Args:
        stream: The whole stream.
        shape: What it inflates to.
        first: First row wanted.
        last: The row behind the last one wanted.
        width: Bytes wanted of each row.
        whole: Whether the stream is read, and checked, to its end. Otherwise nothing behind the
            last row is looked at.

    Raises:
        ValueError: If the picture has no such rows.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    out = np.empty((last - first, width), np.uint8)
    sizes = shape.height, shape.width, shape.unit
    code = _core.rows(stream.file, stream.pieces, sizes, first, last, width, whole, out)
    return Refusal(code) if code else out
