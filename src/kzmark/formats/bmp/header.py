"""The headers of a BMP file: where its parts stand and how a pixel is spelt.

Spec: Microsoft, "Bitmap Storage": BITMAPFILEHEADER; BITMAPCOREHEADER, BITMAPINFOHEADER,
BITMAPV4HEADER, BITMAPV5HEADER.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError

FILE_HEADER: Final = 14
CORE: Final = 12
INFO: Final = 40
V5: Final = 124
HEADERS: Final = frozenset({CORE, INFO, 52, 56, 64, 108, V5})
_MASKED: Final = frozenset({52, 56, 108, V5})  # headers that hold the masks themselves
_OS2: Final = 64
_RGB: Final = (0xFF0000, 0xFF00, 0xFF, 0)
_RGB_16: Final = (0x7C00, 0x3E0, 0x1F, 0)


class Compression(IntEnum):
    """How the pixels are packed."""

    RGB = 0
    RLE8 = 1
    RLE4 = 2
    BITFIELDS = 3
    ALPHA_BITFIELDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything before the pixels.

    Attributes:
        kind: Size of the information header, which tells its kind.
        width: Width, in pixels.
        height: Height, in pixels.
        top_down: Whether the first stored row is the top one.
        bits: Bits of one pixel.
        compression: How the pixels are packed.
        masks: Bits of red, green, blue and alpha in a pixel of 16 or 32 bits.
        palette: (entries, 3) RGB; empty from 16 bits on.
        palette_at: Offset of the palette.
        pixels_at: Offset of the first stored row.
        size: Bytes of the packed pixels, as far as the file says or its form demands.
    """

    kind: int
    width: int
    height: int
    top_down: bool
    bits: int
    compression: Compression
    masks: tuple[int, int, int, int]
    palette: NDArray[np.uint8]
    palette_at: int
    pixels_at: int
    size: int

    @property
    def stride(self) -> int:
        """Bytes of one unpacked row; rows end on four bytes."""
        return (self.width * self.bits + 31) // 32 * 4

    @property
    def entry(self) -> int:
        """Bytes of one entry of the palette."""
        return 3 if self.kind == CORE else 4

    @property
    def packed(self) -> bool:
        """Whether rows are run-length coded."""
        return self.compression in {Compression.RLE8, Compression.RLE4}


def looks_like(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a BMP: `BM` alone is too little."""
    if len(head) < FILE_HEADER + CORE or head[:2] != b"BM":
        return False
    kind = int.from_bytes(head[14:18], "little")
    planes = head[22:24] if kind == CORE else head[26:28]
    return kind in HEADERS and planes == b"\1\0"


def read(data: bytes, *, limits: Limits) -> Header:
    """Return the headers of a file.

    Raises:
        MalformedMediaError: If they contradict themselves or the file.
        UnsupportedMediaError: If the pixels are packed in a way that is not known here.
        LimitExceededError: If the picture is over the limits.
    """
    if not looks_like(data[:64]) or len(data) < FILE_HEADER + int.from_bytes(data[14:18], "little"):
        raise MalformedMediaError("not a BMP, or cut off inside its header")
    kind = int.from_bytes(data[14:18], "little")
    if kind == CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packing, used, size = 0, 0, 0
    else:
        width, height, _, bits, packing, size = struct.unpack_from("<iiHHII", data, 18)
        used = struct.unpack_from("<I", data, 46)[0]
    compression = _compression(kind, bits, packing)
    limits.check_picture(width, abs(height), file_bytes=len(data), sample_bytes=max(1, bits // 8))
    masks, after = _masks(data, kind, bits, compression)
    entries = _entries(data, kind, bits, used, after)
    table_end = after + len(entries) * (3 if kind == CORE else 4)
    pixels_at = int.from_bytes(data[10:14], "little") or table_end
    header = Header(
        kind=kind,
        width=width,
        height=abs(height),
        top_down=height < 0,
        bits=bits,
        compression=compression,
        masks=masks,
        palette=entries,
        palette_at=after,
        pixels_at=pixels_at,
        size=size,
    )
    return _checked(header, data)


def _checked(header: Header, data: bytes) -> Header:
    if header.packed:
        left = len(data) - header.pixels_at
        size = header.size if 0 < header.size <= left else left
        if header.top_down or left < 1:
            raise MalformedMediaError("run-length coded rows that are not there or upside down")
    else:
        size = header.stride * header.height
    table_end = header.palette_at + len(header.palette) * header.entry
    if header.pixels_at < table_end or header.pixels_at + size > len(data):
        raise MalformedMediaError("the pixels lie outside the file")
    return Header(**{name: getattr(header, name) for name in Header.__slots__} | {"size": size})


def _compression(kind: int, bits: int, packing: int) -> Compression:
    allowed = {
        Compression.RGB: {1, 2, 4, 8, 16, 24, 32},
        Compression.RLE8: {8},
        Compression.RLE4: {4},
        Compression.BITFIELDS: {16, 32},
        Compression.ALPHA_BITFIELDS: {16, 32},
    }
    if packing not in allowed or (kind == _OS2 and packing > Compression.RLE4):
        raise UnsupportedMediaError(f"a BMP with compression {packing}")
    if bits not in allowed[Compression(packing)]:
        raise MalformedMediaError(f"a BMP with {bits} bits and compression {packing}")
    return Compression(packing)


def _masks(
    data: bytes, kind: int, bits: int, compression: Compression
) -> tuple[tuple[int, int, int, int], int]:
    """Return the masks and the offset behind headers and masks."""
    end = FILE_HEADER + kind
    default = _RGB_16 if bits == 16 else _RGB
    if compression not in {Compression.BITFIELDS, Compression.ALPHA_BITFIELDS}:
        return default, end
    count = 4 if compression == Compression.ALPHA_BITFIELDS or kind in {56, 108, V5} else 3
    if len(data) < FILE_HEADER + INFO + 4 * count:
        raise MalformedMediaError("the file ends inside its colour masks")
    found = list(struct.unpack_from(f"<{count}I", data, FILE_HEADER + INFO))
    red, green, blue, alpha = found if count == 4 else [*found, 0]
    if any(not _is_run(mask, bits) for mask in (red, green, blue)) or (red & green) | (
        (red | green) & blue
    ):
        raise MalformedMediaError("colour masks that no pixel can have")
    alpha = alpha if _is_run(alpha, bits) and not alpha & (red | green | blue) else 0
    return (red, green, blue, alpha), end if kind in _MASKED else end + 4 * count


def _is_run(mask: int, bits: int) -> bool:
    """Say whether a mask is one run of set bits inside the pixel."""
    low = mask & -mask
    return bool(mask) and mask < 1 << bits and (mask + low) & mask == 0


def _entries(data: bytes, kind: int, bits: int, used: int, at: int) -> NDArray[np.uint8]:
    """Return the palette, as many entries as the file has of those it declares."""
    if bits > 8:
        return np.zeros((0, 3), np.uint8)
    size = 3 if kind == CORE else 4
    count = min(used or 1 << bits, 1 << bits)
    start = int.from_bytes(data[10:14], "little") or len(data)
    count = min(count, max(0, start - at) // size, (len(data) - at) // size)
    if count < 1:
        raise MalformedMediaError("a BMP without its palette")
    table = np.frombuffer(data, np.uint8, count * size, at).reshape(count, size)
    return np.ascontiguousarray(table[:, 2::-1])
