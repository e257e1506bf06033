"""HEVC pictures in and out of a HEIF file, by libheif.

libheif crops and turns what it decodes (clap, irot, imir) and leaves EXIF orientation alone, as
ISO/IEC 23008-12 asks; so do viewers.
"""

import io
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kzmark.errors import BackendMissingError, MalformedMediaError
from kzmark.formats._heif.pixels import Samples, Step
from kzmark.formats._heif.stills import Still

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_SIDE: Final = 2  # x265 refuses less
_PRESET: Final = "medium"  # half the time of libheif's "slow", at the same size unless very soft


@contextmanager
def _libheif() -> "Iterator[Any]":
    """Give the library; whatever it raises about the file comes out as a `MediaError`."""
    try:
        import pillow_heif
    except ImportError as error:
        raise BackendMissingError("pillow_heif", extra="heic") from error
    try:
        yield pillow_heif
    except (ValueError, EOFError, SyntaxError, RuntimeError, OSError, MemoryError) as error:
        raise MalformedMediaError(f"libheif cannot process the pictures: {error}") from error


def decode(data: bytes, stills: Sequence[Still]) -> "Iterator[tuple[Still, Samples]]":
    """Yield each picture with its displayed pixels, in its own depth.

    A picture that libheif leaves out, as other viewers do, is left out here; both lists are in the
    order of item IDs.

    Raises:
        BackendMissingError: If pillow_heif is not installed.
        MalformedMediaError: If libheif cannot decode them, or sees other pictures than we do.
    """
    with _libheif() as library:
        file = library.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        left = iter(stills)
        for image in file:
            still = next((one for one in left if (one.width, one.height) == image.size), None)
            if still is None:
                raise MalformedMediaError("libheif sees other pictures than the boxes declare")
            array = np.asarray(image)[: still.height, : still.width]
            if array.shape[:2] != (still.height, still.width):
                raise MalformedMediaError("libheif decodes less than the boxes declare")
            yield still, array


def encode(pictures: Sequence[Samples], stills: Sequence[Still], primary: int, step: Step) -> bytes:
    """Return a HEIC file of stored pictures, without metadata or properties of the source.

    Args:
        pictures: Stored pixels of each picture.
        stills: What they are made from, for depth.
        primary: Item ID of the source's primary picture.
        step: Quality, -1 for lossless, and subsampling.
    """
    with _libheif() as library:
        file = library.HeifFile()
        for pixels, still in zip(pictures, stills, strict=True):
            height, width = pixels.shape[:2]
            if min(width, height) < _SIDE:
                raise MalformedMediaError(f"x265 cannot encode {width}x{height} px")
            channels = pixels.shape[2] if pixels.ndim == 3 else 1
            mode = _MODES[channels] + (f";{still.bits}" if still.bits > 8 else "")
            image = file.add_frombytes(
                mode, (width, height), np.ascontiguousarray(pixels).tobytes()
            )
            image.info["bit_depth"] = still.bits
        options: dict[str, Any] = {"quality": step.quality, "enc_params": {"preset": _PRESET}}
        if step.chroma != "4:0:0":
            options["chroma"] = int(step.chroma.replace(":", ""))
        if step.quality < 0:
            options["matrix_coefficients"] = 0
        index = next(i for i, one in enumerate(stills) if one.number == primary)
        out = io.BytesIO()
        file.save(out, primary_index=index, **options)
        return out.getvalue()
