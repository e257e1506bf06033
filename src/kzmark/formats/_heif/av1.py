"""AV1 pictures in and out of an AVIF file: by Pillow for 8 bits, by imagecodecs for more.

Both give the stored pixels: libavif neither crops nor turns. EXIF orientation counts for nothing in
AVIF; Pillow replaces it by what `irot` and `imir` say.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile

from kzmark.errors import MalformedMediaError
from kzmark.formats._heif.pixels import Samples, Step

_SPEED: Final = 8  # a fifth of the time of 6 at 12 % more bytes
LOSSLESS: Final = -1
_FAULTS: Final = (
    *(OSError, SyntaxError, ValueError, RuntimeError, MemoryError, TypeError, KeyError),
    *(IndexError, EOFError, struct.error, OverflowError, AttributeError, UnicodeError),
)


@contextmanager
def _libavif() -> Iterator[None]:
    """Turn whatever a decoder or encoder raises about the file into a `MediaError`."""
    try:
        yield
    except _FAULTS as error:
        raise MalformedMediaError(f"libavif cannot process the pictures: {error}") from error


def frames(data: bytes, *, expected: tuple[int, int, int]) -> Iterator[Samples]:
    """Yield the stored pixels of each frame, 8 bits a sample; a still has one frame.

    Args:
        data: The file.
        expected: Width, height and number of frames, as the boxes declare them.

    Raises:
        MalformedMediaError: If libavif cannot decode it or sees something else.
    """
    with _libavif():
        image = AvifImageFile(io.BytesIO(data))
        count = getattr(image, "n_frames", 1)
        if (*image.size, count) != expected:
            raise MalformedMediaError(
                f"libavif sees {count} frames of {image.size}, the boxes declare {expected}"
            )
        for index in range(count):
            image.seek(index)
            yield np.asarray(image)


def deep(data: bytes) -> Samples | None:
    """Return the stored pixels of a still in its own depth, or nothing without imagecodecs."""
    try:
        from imagecodecs import avif_decode
    except ImportError:
        return None
    with _libavif():
        found: Samples = avif_decode(data)
        return found


def encode(
    pictures: Sequence[Samples], step: Step, *, durations: Sequence[int] = (), icc: bytes = b""
) -> bytes:
    """Return an AVIF file of stored 8-bit pixels.

    Args:
        pictures: The frames; one for a still.
        step: Quality and subsampling.
        durations: Ticks of each frame of an animation.
        icc: Colour profile of an animation.
    """
    with _libavif():
        first, *others = (Image.fromarray(_coloured(one)) for one in pictures)
        options: dict[str, Any] = {
            "quality": step.quality,
            "subsampling": step.chroma,
            "speed": _SPEED,
        }
        if durations:
            options |= {"save_all": True, "append_images": others, "duration": list(durations)}
            options |= {"icc_profile": icc} if icc else {}
        out = io.BytesIO()
        _plain(first).save(out, "AVIF", **options)
        return out.getvalue()


def encode_deep(pixels: Samples, step: Step, *, bits: int) -> bytes:
    """Return an AVIF file of stored pixels of any depth; quality -1 loses nothing.

    imagecodecs must be installed: `deep` said so.
    """
    import imagecodecs

    with _libavif():
        options: dict[str, Any] = {"bitspersample": bits, "speed": _SPEED}
        if step.quality != LOSSLESS:
            layout = f"YUV{step.chroma.replace(':', '')}"  # releases differ in the texts they take
            chosen = imagecodecs.AVIF.PIXEL_FORMAT[layout]
            options |= {"level": step.quality, "pixelformat": chosen}
        return bytes(imagecodecs.avif_encode(np.ascontiguousarray(pixels), **options))


def _plain(image: Image.Image) -> Image.Image:
    image.info.clear()  # no profile or EXIF of its own: they are carried over byte by byte
    return image


def _coloured(pixels: Samples) -> Samples:
    """Return pixels as Pillow's encoder takes them: grey with alpha becomes colour with alpha."""
    if pixels.ndim == 3 and pixels.shape[2] == 2:
        pixels = pixels[..., [0, 0, 0, 1]]
    return np.ascontiguousarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)
