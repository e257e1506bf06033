"""WebP pixels of one picture, with Pillow (libwebp) as the coder.

A frame is handed to Pillow as a still file of its own, so that nothing is composed, blended or
cleared behind our back, and colours under full transparency survive.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._animation import Rgba
from kzmark.formats.webp import vp8
from kzmark.formats.webp.riff import ALPHA_FLAG, Chunk, WebP, coded_size, parse, still

Samples = NDArray[np.uint8]  # (height, width, 3 or 4)

_LARGEST: Final = 16383  # pixels a side (RFC 6386, 9.1; RFC 9649, 3.3)
_METHOD: Final = 2  # twice as fast as 4, 0.7 dB and 4 % of size behind it
_LEGIBLE: Final = 50  # quality below which the edges of letters on a plate begin to smear
_DENSE: Final = 6  # bits a pixel from which a lossless picture is a photograph, not a drawing
_PILLOW_ERRORS: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
)


def decode(picture: list[Chunk], *, limits: Limits, file_bytes: int) -> Samples:
    """Return the pixels of one picture: RGB, or RGBA if it has transparency.

    Args:
        picture: `VP8L`, or `VP8 ` with its `ALPH`.
        limits: What it may cost.
        file_bytes: Size of the file it stands in, in bytes.

    Raises:
        MalformedMediaError: If it is damaged.
        LimitExceededError: If its declared size is out of all proportion.
    """
    width, height = coded_size(picture[-1])
    limits.check_picture(width, height, file_bytes=file_bytes)
    alone = WebP(list(picture))
    if len(picture) > 1:
        alone.chunks.insert(0, Chunk(b"VP8X", bytes(10)))
        alone.announce(ALPHA_FLAG, size=(width, height))
    try:
        with WebPImagePlugin.WebPImageFile(io.BytesIO(alone.raw)) as opened:
            opened.load()
            samples = np.array(opened, np.uint8)
    except _PILLOW_ERRORS as error:
        raise MalformedMediaError(f"the pixels cannot be decoded: {error}") from error
    if samples.shape[:2] != (height, width):
        raise MalformedMediaError(f"a picture of {width}x{height} px is of another size within")
    return samples


def encode(samples: Samples, like: list[Chunk]) -> list[Chunk]:
    """Return the chunks of a picture coded as another one was: lossless, or at least as finely.

    Raises:
        LimitExceededError: If a side is over 16,383 px, the most a WebP can have.
    """
    height, width = samples.shape[:2]
    if max(width, height) > _LARGEST:
        raise LimitExceededError(f"a WebP cannot be {width}x{height} px")
    if samples.shape[2] == 4 and samples[..., 3].min() == 255 and like[-1].kind == b"VP8 ":
        samples = np.ascontiguousarray(samples[..., :3])
    buffer = io.BytesIO()
    if like[-1].kind == b"VP8L":
        graphic = len(like[-1].data) * 8 < _DENSE * np.prod(coded_size(like[-1]))
        Image.fromarray(samples).save(
            buffer, "WEBP", lossless=True, exact=True, method=4, quality=75 if graphic else 20
        )
    else:
        quality = max(_LEGIBLE, vp8.quality_of(like[-1].data))
        Image.fromarray(samples).save(
            buffer, "WEBP", quality=quality, method=_METHOD, alpha_quality=100
        )
    coded = still(parse(buffer.getvalue(), limits=DEFAULT_LIMITS).chunks)
    assert coded
    return coded


def with_alpha(samples: Samples) -> Rgba:
    """Return the pixels as RGBA."""
    if samples.shape[2] == 4:
        return samples
    whole = np.full((*samples.shape[:2], 4), 255, np.uint8)
    whole[..., :3] = samples
    return whole
