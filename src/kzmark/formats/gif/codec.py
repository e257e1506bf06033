"""GIF pixels: palette indices in and out of one image block, with Pillow as the LZW coder.

Spec: GIF89a, appendix E (interlaced rows) and F (LZW). Each image block is handed to Pillow as a
GIF of its own, so that indices stay indices and Pillow never mixes frames or palettes.
"""

import io
import struct
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin
from PIL import Image as PillowImage

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.gif.blocks import Gif, Image, parse

Indices = NDArray[np.uint8]  # (height, width)

_FLAGS: Final = 0xF7  # a global colour table of 256 entries
_GREY: Final = bytes(level for level in range(256) for _ in range(3))  # colours do not matter here
_PILLOW_ERRORS: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    IndexError,
    OverflowError,
    struct.error,
    PillowImage.DecompressionBombError,
)


def decode(image: Image, *, limits: Limits, file_bytes: int) -> Indices:
    """Return the palette indices of one image block, rows in their displayed order.

    Raises:
        MalformedMediaError: If the data are damaged or hold fewer pixels than declared.
        LimitExceededError: If the declared size is out of all proportion.
    """
    _, _, width, height = image.box
    if not width or not height:
        return np.zeros((height, width), np.uint8)
    limits.check_picture(width, height, file_bytes=file_bytes, sample_bytes=1)
    if image.data[0] > 8:
        raise MalformedMediaError(f"LZW codes of {image.data[0]} bits are not GIF")
    alone = replace(image, box=(0, 0, width, height), flags=image.flags & 0x40, table=b"")
    gif = Gif(b"89a", (width, height, _FLAGS, 0, 0), _GREY, [alone])
    try:
        with GifImagePlugin.GifImageFile(io.BytesIO(gif.raw)) as opened:
            opened.load()
            return np.array(opened, np.uint8)
    except _PILLOW_ERRORS as error:
        raise MalformedMediaError(f"the pixels of a frame cannot be decoded: {error}") from error


def encode(indices: Indices, like: Image, *, left: int, top: int) -> Image:
    """Return `like` with other indices at another place; its flags and colour table stay.

    An interlaced frame stays interlaced where Pillow can write it (16 rows and columns or more).

    Raises:
        LimitExceededError: If a side is over 65,535 px, the most a GIF can state.
    """
    height, width = indices.shape
    if max(width, height) > 0xFFFF:
        raise LimitExceededError(f"a GIF frame cannot be {width}x{height} px")
    buffer = io.BytesIO()
    picture = PillowImage.fromarray(indices)
    picture.save(buffer, "GIF", optimize=False, interlace=int(like.interlaced))
    blocks = parse(buffer.getvalue(), limits=DEFAULT_LIMITS).blocks
    coded = next(block for block in blocks if isinstance(block, Image))
    flags = like.flags & ~0x40 | coded.flags & 0x40
    return replace(like, box=(left, top, width, height), flags=flags, data=coded.data)
