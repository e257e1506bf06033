"""What a PNG's header says: size, kind of pixels, and where each pass lies in the raw data.

Spec: PNG third edition, 11.2.1 (IHDR), 11.2.2 (PLTE), 11.3.1.1 (tRNS), 8.1 (Adam7).
"""

import dataclasses
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.png.chunks import Chunks, pack

GREY: Final = 0
RGB: Final = 2
PALETTE: Final = 3
GREY_ALPHA: Final = 4
RGBA: Final = 6
_CHANNELS: Final = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_DEPTHS: Final = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGBA: (8, 16),
}
_IHDR: Final = struct.Struct(">IIBBBBB")
_ADAM7: Final = (  # left, top, step across, step down
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_MAX_ROW: Final = 1 << 20  # bytes; also the widest row that OpenCV's reader takes


@dataclass(frozen=True, slots=True)
class Pass:
    """One reduced picture of Adam7, or the whole picture.

    Attributes:
        left: Column of its first pixel.
        top: Row of its first pixel.
        across: Step from one of its columns to the next.
        down: Step from one of its rows to the next.
        width: Its columns.
        height: Its rows.
    """

    left: int
    top: int
    across: int
    down: int
    width: int
    height: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Where its pixels lie in the whole picture: rows, columns."""
        return slice(self.top, None, self.down), slice(self.left, None, self.across)


@dataclass(frozen=True, slots=True)
class Header:
    """Size and kind of pixels.

    Attributes:
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        depth: Bits of a sample (of an index, with a palette).
        colour: Colour type.
        interlaced: Whether the rows come in the seven passes of Adam7.
        palette: Entries, (n, 3); none without a palette.
        alphas: Alpha of each entry, (n,); none without a palette.
        key: The one colour that is transparent, one sample a channel; or nothing.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    palette: NDArray[np.uint8] = dataclasses.field(repr=False)
    alphas: NDArray[np.uint8] = dataclasses.field(repr=False)
    key: tuple[int, ...] = ()

    @property
    def channels(self) -> int:
        """Samples of a pixel."""
        return _CHANNELS[self.colour]

    @property
    def bits(self) -> int:
        """Bits of a pixel."""
        return self.channels * self.depth

    @property
    def unit(self) -> int:
        """Distance to the byte on the left that filters look at (9.2), in bytes."""
        return max(1, self.bits // 8)

    @property
    def indexed(self) -> bool:
        """Whether filtering hurts compression: indices, or several pixels in a byte (12.7)."""
        return self.colour == PALETTE or self.depth < 8

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def resized(self, width: int, height: int) -> "Header":
        """Return the same kind of pixels in another size."""
        return dataclasses.replace(self, width=width, height=height)

    def row_bytes(self, width: int) -> int:
        """Return the bytes of a row of `width` pixels, its filter byte aside."""
        return (width * self.bits + 7) // 8

    def passes(self) -> Iterator[Pass]:
        """Yield the passes that hold pixels, in the order of the file."""
        if not self.interlaced:
            yield Pass(0, 0, 1, 1, self.width, self.height)
            return
        for left, top, across, down in _ADAM7:
            width, height = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if width > 0 and height > 0:
                yield Pass(left, top, across, down, width, height)

    def raw_bytes(self) -> int:
        """Return the size of the inflated picture data."""
        return sum(one.height * (1 + self.row_bytes(one.width)) for one in self.passes())

    def pack(self) -> bytes:
        """Return the IHDR chunk."""
        fields = (self.width, self.height, self.depth, self.colour, 0, 0, int(self.interlaced))
        return pack(b"IHDR", _IHDR.pack(*fields))

    def check(self, *, file_bytes: int, limits: Limits) -> None:
        """Refuse a picture that is too large, or too large for its file."""
        sample_bytes = max(4, self.unit)
        limits.check_picture(
            self.width, self.height, file_bytes=file_bytes, sample_bytes=sample_bytes
        )
        if self.row_bytes(self.width) > _MAX_ROW:
            raise LimitExceededError(f"rows of {self.width} px, over the limit of {_MAX_ROW} bytes")


def parse(chunks: Chunks, *, limits: Limits) -> Header:
    """Read IHDR, PLTE and tRNS.

    Raises:
        MalformedMediaError: If they break the rules or contradict each other.
        LimitExceededError: If the picture is over the limits.
    """
    data = chunks.items[0].data
    if len(data) != _IHDR.size:
        raise MalformedMediaError(f"an IHDR chunk of {len(data)} bytes")
    width, height, depth, colour, compression, filtering, interlace = _IHDR.unpack(data)
    if depth not in _DEPTHS.get(colour, ()):
        raise MalformedMediaError(f"colour type {colour} with {depth} bits does not exist")
    if compression or filtering or interlace > 1:
        raise MalformedMediaError(
            f"compression {compression}, filter {filtering}, interlace {interlace} are not known"
        )
    if max(width, height) >= 1 << 31:
        raise MalformedMediaError(f"a picture of {width}x{height} px")
    palette = _palette(chunks, colour, depth)
    alphas, key = _transparency(chunks, colour, depth, len(palette))
    header = Header(width, height, depth, colour, bool(interlace), palette, alphas, key)
    header.check(file_bytes=chunks.size, limits=limits)
    return header


def _palette(chunks: Chunks, colour: int, depth: int) -> NDArray[np.uint8]:
    present = any(chunk.kind == b"PLTE" for chunk in chunks.items)
    if present and colour in {GREY, GREY_ALPHA}:
        raise MalformedMediaError("a grey picture with a palette")
    if colour != PALETTE:  # in a colour picture PLTE is advice for displays of few colours
        return np.zeros((0, 3), np.uint8)
    entries = chunks.only(b"PLTE")
    count, rest = divmod(len(entries), 3)
    if rest or not 0 < count <= 1 << depth:
        raise MalformedMediaError(f"a palette of {len(entries)} bytes for {depth} bits")
    return np.frombuffer(entries, np.uint8).reshape(-1, 3)


def _transparency(
    chunks: Chunks, colour: int, depth: int, entries: int
) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    alphas = np.full(entries, 255, np.uint8)
    if not any(chunk.kind == b"tRNS" for chunk in chunks.items):
        return alphas, ()
    data = chunks.only(b"tRNS")
    if colour == PALETTE and 0 < len(data) <= entries:
        alphas[: len(data)] = np.frombuffer(data, np.uint8)
        return alphas, ()
    if colour in {GREY, RGB} and len(data) == 2 * _CHANNELS[colour]:
        mask = (1 << depth) - 1  # "only the bits of the depth are used"
        return alphas, tuple(int(one) & mask for one in np.frombuffer(data, ">u2"))
    raise MalformedMediaError(f"a tRNS chunk of {len(data)} bytes for colour type {colour}")
