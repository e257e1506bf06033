"""The rows of a BMP as numbers and back."""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin

from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Pixels
from kzmark.formats.bmp.header import Header

Numbers = NDArray[np.unsignedinteger[Any]]  # one number a pixel: an index, or its 16 to 32 bits

_MISSING: Final = 0  # colour of an index beyond the palette, as GDI shows it


def stored_rows(header: Header, data: bytes | bytearray) -> NDArray[np.uint8]:
    """Return a view of unpacked rows, (height, stride), the top one first.

    What is written into the view of a bytearray stands in the file.
    """
    count = header.stride * header.height
    rows = np.frombuffer(data, np.uint8, count, header.pixels_at).reshape(header.height, -1)
    return rows if header.top_down else rows[::-1]


def unpack(header: Header, data: bytes | bytearray) -> NDArray[np.uint8]:
    """Return run-length coded rows as palette indices, (height, width), the top one first.

    Raises:
        MalformedMediaError: If they cannot be decoded.
    """
    try:
        with BmpImagePlugin.BmpImageFile(io.BytesIO(data)) as picture:
            if picture.size != (header.width, header.height):
                raise MalformedMediaError("a BMP that contradicts its own size")
            indices = np.array(picture)
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, TypeError) as error:
        raise MalformedMediaError(f"run-length coded rows: {error}") from error
    if indices.ndim != 2:
        raise MalformedMediaError("run-length coded rows without a palette")
    return indices.astype(np.uint8)  # True and False of a black and white picture are 1 and 0


def values(header: Header, rows: NDArray[np.uint8]) -> Numbers:
    """Return whole rows as one number a pixel: an index, or the pixel's 16 to 32 bits."""
    height, width = len(rows), header.width
    if header.bits < 8:
        shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
        parts = (rows[:, :, None] >> shifts) & np.uint8((1 << header.bits) - 1)
        return parts.reshape(height, -1)[:, :width]
    each = header.bits // 8
    used = np.ascontiguousarray(rows[:, : width * each])
    if each == 3:
        parts = used.reshape(height, width, 3).astype(np.uint32)
        joined: Numbers = parts @ np.array([1, 1 << 8, 1 << 16], np.uint32)
        return joined
    return used.view(f"<u{each}").reshape(height, width)


def put(header: Header, rows: NDArray[np.uint8], x: int, new: Numbers) -> None:
    """Write one number a pixel into rows, from column `x` on."""
    height, width = new.shape
    if header.bits < 8:
        whole = values(header, rows).astype(np.uint8)
        whole[:, x : x + width] = new
        per_byte = 8 // header.bits
        used = -(-header.width // per_byte)
        padded = np.pad(whole, ((0, 0), (0, used * per_byte - header.width)))
        shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
        groups = padded.reshape(height, used, per_byte) << shifts
        rows[:, :used] = np.bitwise_or.reduce(groups, axis=2)
        return
    each = header.bits // 8
    spelt = np.ascontiguousarray(new.astype("<u4")).view(np.uint8).reshape(height, width, 4)
    rows[:, x * each : (x + width) * each] = spelt[:, :, :each].reshape(height, -1)


def colours(header: Header, numbers: Numbers) -> Pixels:
    """Return pixels, one number each, as displayed colours; alpha is laid over white."""
    if header.bits <= 8:
        table = np.full((256, 3), _MISSING, np.uint8)
        table[: len(header.palette)] = header.palette
        return table[numbers]
    planes = [_channel(numbers, mask) for mask in header.masks[:3]]
    rgb = np.stack(planes, axis=2)
    if not header.masks[3]:
        return rgb
    alpha = _channel(numbers, header.masks[3])[:, :, None].astype(np.uint16)
    over = (rgb * alpha + 127) // 255 + (255 - alpha)
    shown: Pixels = np.minimum(over, 255).astype(np.uint8)
    return shown


def numbers_of(header: Header, pixels: Pixels) -> NDArray[np.uint32]:
    """Return opaque colours as pixels of 16 to 32 bits."""
    total = np.full(pixels.shape[:2], header.masks[3], np.uint32)
    for plane, mask in enumerate(header.masks[:3]):
        low = (mask & -mask).bit_length() - 1
        full = mask >> low
        level = (pixels[:, :, plane].astype(np.uint64) * full + 127) // 255
        total |= (level << np.uint64(low)).astype(np.uint32)
    return total


def _channel(numbers: Numbers, mask: int) -> NDArray[np.uint8]:
    low = (mask & -mask).bit_length() - 1
    full = mask >> low
    level = (numbers.astype(np.uint64) & np.uint64(mask)) >> np.uint64(low)
    scaled: NDArray[np.uint8] = ((level * 255 + full // 2) // full).astype(np.uint8)
    return scaled
