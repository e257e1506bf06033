"""JPEG to pixels and raw components, through Pillow.

Only what the picture needs reaches Pillow (tables, frame, scans): no metadata is parsed there, and
the colour model is the one `_jpeg_colour` found. The *canvas* of a file is its raw components,
each as it was stored and, if it is smaller than the picture, repeated to full size. Coding a canvas
averages the repeated samples back to the very same ones, so planes pass unharmed. The filter by
which decoders smooth small planes would be lost in every round; it is avoided (4:2:0) or undone.
"""

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Pixels
from kzmark.formats.jpeg import colour
from kzmark.formats.jpeg.colour import Model
from kzmark.formats.jpeg.frame import Frame
from kzmark.formats.jpeg.segments import APP0, COM, EOI, SOI, SOS, Stream

Plane = NDArray[np.uint8]  # (height, width)

_NEAREST: Final = Image.Resampling.NEAREST
_FULL: Final = (1, 1)
_HALF: Final = (2, 2)
_SMOOTHED: Final = frozenset({(2, 1), (1, 2), _HALF})  # libjpeg repeats samples at other ratios
_PADDING: Final = bytes(16)  # what the decoder's look-ahead may read behind the last MCU
_ROOT: Final = 3 - 8**0.5  # pole of the inverse of the filter (1, 6, 1) / 8


def rgb(stream: Stream, *, least: int | None = None) -> Pixels:
    """Return the stored picture as a viewer would show it, orientation aside: (h, w, 3) RGB.

    Args:
        stream: The file.
        least: Pixels that the longest side needs, if a smaller picture will do: then it comes at
            the eighth, quarter or half that still has them, where the decoder can.

    Raises:
        MalformedMediaError: If it cannot be decoded whole.
    """
    frame, size = stream.frame, None
    if least is not None:
        by = max(1, max(frame.width, frame.height) // least)
        size = max(1, frame.width // by), max(1, frame.height // by)
    image = _decode(stream, colour.model(stream), frame, size=size)
    return np.asarray(image.convert("RGB"))


def small(stream: Stream, by: int) -> Pixels | None:
    """Return the stored picture smaller by 2, 4 or 8, its sides rounded up: (h, w, 3) RGB.

    The decoder computes fewer samples of each block; nothing if the picture is too narrow for it to
    choose this very size.

    Raises:
        MalformedMediaError: If it cannot be decoded whole.
    """
    frame = stream.frame
    size = max(1, frame.width // by), max(1, frame.height // by)
    image = _decode(stream, colour.model(stream), frame, size=size)
    wanted = -(-frame.width // by), -(-frame.height // by)
    return np.asarray(image.convert("RGB")) if image.size == wanted else None


def canvas(stream: Stream) -> Image.Image:
    """Return the raw components, repeated to full size.

    Returns:
        An image of mode L, YCbCr (any three components) or CMYK (the inverse of any four).

    Raises:
        MalformedMediaError: If it cannot be decoded whole.
    """
    frame = stream.frame
    raw = {1: Model.GREY, 3: Model.YCC, 4: Model.CMYK}[len(frame.components)]
    mode = "YCbCr" if raw is Model.YCC else None
    if all(ratio == _FULL for ratio in frame.ratios):
        return _decode(stream, raw, frame, mode=mode)
    even = Frame(
        frame.marker,
        frame.precision,
        frame.width + frame.width % 2,  # the blocks are the same ones, and no sample is cut
        frame.height + frame.height % 2,
        frame.components,
    )
    if set(frame.ratios) == {_FULL, _HALF}:
        whole = _from_halves(stream, even, raw)
    else:
        image = _decode(stream, raw, even, mode=mode)
        bands = [_restored(*pair) for pair in zip(image.split(), frame.ratios, strict=True)]
        whole = Image.merge(image.mode, bands)
    size = frame.width, frame.height
    return whole if whole.size == size else whole.crop((0, 0, *size))


def _from_halves(stream: Stream, frame: Frame, raw: Model) -> Image.Image:
    """Decode 4:2:0 twice: for the luma, then at half size, where the chroma is whole.

    At half size libjpeg needs no smoothing to bring the planes together, so chroma comes out as
    it was stored.
    """
    size = frame.width, frame.height
    mode = "YCbCr" if raw is Model.YCC else None
    alone = frame.ratios == (_FULL, _HALF, _HALF)  # then the luma takes less time than all three
    full = _decode(stream, raw, frame, mode="L" if alone else mode)
    small = _decode(stream, raw, frame, mode=mode, size=(size[0] // 2, size[1] // 2))
    bands = [
        half.resize(size, _NEAREST) if ratio == _HALF else full.getchannel(0 if alone else at)
        for at, (half, ratio) in enumerate(zip(small.split(), frame.ratios, strict=True))
    ]
    return Image.merge(small.mode, bands)


def _decode(
    stream: Stream,
    kind: Model,
    frame: Frame,
    *,
    mode: str | None = None,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """Decode with the door for everything Pillow may raise; Image.open's pixel limits stay out."""
    data = b"".join(_slim(stream, kind, frame))
    try:
        image = JpegImageFile(io.BytesIO(data))
        if mode or size:
            image.draft(mode, size)
        image.decodermaxblock = len(data)
        image.load()
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, MemoryError) as error:
        raise MalformedMediaError(f"the picture cannot be decoded: {error}") from error
    return image


def _slim(stream: Stream, kind: Model, frame: Frame) -> Sequence[bytes]:
    """Return the pieces of a file with nothing but the picture, its size as in `frame`.

    A picture of one scan ends without EOI: decoders make up what is missing before an EOI, but a
    lack of bytes is an error. So a file that was cut and closed again is refused.
    """
    pieces = [SOI, colour.marker(kind)]
    for segment in stream.segments:
        if segment.marker == frame.marker:
            head = stream.data[segment.start : segment.body + 1]
            sides = frame.height.to_bytes(2, "big") + frame.width.to_bytes(2, "big")
            pieces += [head, sides, stream.data[segment.body + 5 : segment.stop]]
        elif not (APP0 <= segment.marker <= APP0 + 15 or segment.marker == COM):
            pieces.append(stream.raw(segment))
    scans = sum(1 for _ in stream.find(SOS))
    return [*pieces, _PADDING if scans == 1 else EOI]


def _restored(band: Image.Image, ratio: tuple[int, int]) -> Image.Image:
    """Return a band with the samples it was stored with, each repeated."""
    if ratio == _FULL:
        return band
    plane = np.asarray(band)
    narrow = ratio[0] == 2 and band.width <= 4  # rows of one or two samples are not smoothed
    if ratio in _SMOOTHED and not narrow:
        for axis, times in enumerate(reversed(ratio)):
            plane = _sharp(plane, axis) if times == 2 else plane
    else:
        plane = plane[:: ratio[1], :: ratio[0]]
    whole = Image.fromarray(np.ascontiguousarray(plane))
    wide = whole.resize((plane.shape[1] * ratio[0], plane.shape[0] * ratio[1]), _NEAREST)
    return wide.crop((0, 0, *band.size))


def _sharp(plane: Plane, axis: int) -> Plane:
    """Undo the smoothing along one axis and halve it.

    Decoders give each sample as 3/4 of itself and 1/4 of its neighbour. The mean of a pair is then
    (1, 6, 1) / 8 of three samples, whose inverse falls off by `_ROOT` a step.
    """
    import cv2

    first, second = (plane[:, ::2], plane[:, 1::2]) if axis == 1 else (plane[::2], plane[1::2])
    means = (first.astype(np.float32) + second) / 2
    kernel = ((-_ROOT) ** np.abs(np.arange(-8, 9))).astype(np.float32)
    kernel /= kernel.sum()
    one = np.ones(1, np.float32)
    along, across = (kernel, one) if axis == 1 else (one, kernel)
    sharp = cv2.sepFilter2D(means, -1, along, across, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(np.rint(sharp), 0, 255), np.uint8)
