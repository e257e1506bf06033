"""What the components of a JPEG mean, and a plate spelt in them.

Spec: ITU-T T.871 (JFIF), 7 for YCbCr; ITU-T T.872, 6.5.3 for the Adobe marker; where a file has
neither, the rules of libjpeg, which browsers follow.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

import numpy as np
from PIL import Image

from kzmark.formats._base import Pixels
from kzmark.formats.jpeg.segments import APP0, APP14, Head, Stream, segment_bytes

_ADOBE: Final = b"Adobe"
_JFIF: Final = 14  # bytes of JFIF's payload; decoders pass over shorter ones
_TRANSFORM: Final = 11  # offset of the transform byte in Adobe's payload


class Model(Enum):
    """A colour model; of CMYK and YCCK, files hold the inverse of the ink, as Adobe began it."""

    GREY = auto()
    YCC = auto()
    RGB = auto()
    CMYK = auto()
    YCCK = auto()


_TRANSFORMS: Final = {Model.YCC: 1, Model.RGB: 0, Model.CMYK: 0, Model.YCCK: 2}


def model(stream: Stream) -> Model:
    """Return the colour model by which viewers show the file; it has 1, 3 or 4 components."""
    return stream.head.once(_model)


def _model(head: Head) -> Model:
    names = bytes([component.identifier for component in head.frame.components])
    if len(names) == 1:
        return Model.GREY
    transform = _transform([head.payload(s) for s in head.segments if s.marker == APP14])
    if len(names) == 4:
        return Model.CMYK if transform in {None, 0} else Model.YCCK
    if any(_is_jfif(head.payload(s)) for s in head.segments if s.marker == APP0):
        return Model.YCC
    rgb = transform == 0 if transform is not None else names == b"RGB"
    return Model.RGB if rgb else Model.YCC


def marker(kind: Model) -> bytes:
    """Return an Adobe segment that makes a decoder take the components for this model."""
    if kind is Model.GREY:
        return b""
    return segment_bytes(APP14, _ADOBE + bytes((0, 100, 0, 0, 0, 0, _TRANSFORMS[kind])))


def spell(plate: Pixels, kind: Model) -> Image.Image:
    """Return an RGB plate as the raw components of a model, in the mode of a canvas.

    Args:
        plate: (height, width, 3) uint8 RGB.
        kind: The model of the file.

    Returns:
        An image of mode L, YCbCr (any three components) or CMYK (the inverse of any four).
    """
    if kind is Model.GREY:
        return Image.fromarray(plate).convert("L")
    if kind is Model.YCC:
        return Image.fromarray(plate).convert("YCbCr")
    if kind is Model.RGB:
        return _labelled(plate, "YCbCr")
    inks = _inks(plate)
    if kind is Model.YCCK:
        inks[..., :3] = 255 - np.asarray(_labelled(inks[..., :3], "RGB").convert("YCbCr"))
    return _labelled(inks, "CMYK")


def show(components: Pixels, kind: Model) -> Pixels:
    """Return decoded components of a model as RGB, as Pillow does.

    Args:
        components: (height, width, count) uint8: grey, RGB (also of YCbCr), or what files hold of
            CMYK (also of YCCK).
        kind: The model of the file.
    """
    if kind is Model.GREY:
        return np.repeat(components, 3, axis=2)
    if components.shape[2] == 3:
        return components
    return np.asarray(_labelled(255 - components, "CMYK").convert("RGB"))


def _is_jfif(payload: bytes) -> bool:
    return payload.startswith(b"JFIF\0") and len(payload) >= _JFIF


def _transform(payloads: Iterable[bytes]) -> int | None:
    """Return the transform byte of the last Adobe marker, the one that decoders go by."""
    found = None
    for payload in payloads:
        if payload.startswith(_ADOBE) and len(payload) > _TRANSFORM:
            found = payload[_TRANSFORM]
    return found


def _inks(plate: Pixels) -> Pixels:
    """Return CMYK with all grey in the black ink, so that letters print from one plate."""
    wide = plate.astype(np.uint16)
    light = wide.max(axis=2, keepdims=True)
    shades = (255 * wide + light // 2) // np.maximum(light, 1)
    inks = 255 - np.concatenate([np.where(light, shades, 255), light], axis=2)
    return inks.astype(np.uint8)


def _labelled(array: Pixels, mode: str) -> Image.Image:
    height, width = array.shape[:2]
    return Image.frombytes(mode, (width, height), array.tobytes())
