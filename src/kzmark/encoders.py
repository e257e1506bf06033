"""Encoders of pictures in memory: Pillow's, libheif for HEIC, libjxl for JPEG XL.

The last two are extras. Nothing is encoded twice, so our own choices lose little: they can be
overruled by options, which are checked.
"""

import io
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image

from kzmark import colours, options
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import BackendMissingError, MediaError, RequestError
from kzmark.formats.gif import blocks as gif
from kzmark.formats.gif.xmp import extension, place
from kzmark.formats.jxl import boxes as jxl

_CHOSEN: Final[Mapping[str, Mapping[str, Any]]] = {
    "avif": {"quality": 90, "speed": 7},
    "bmp": {},
    "gif": {},
    "heic": {"quality": 90, "enc_params": {"preset": "medium"}},
    "jpeg": {"quality": 95, "subsampling": 0, "restart_marker_rows": 1},
    "jxl": {"effort": 5},
    "png": {"compress_level": 3},
    "tiff": {"compression": "tiff_deflate"},
    "webp": {"quality": 95, "method": 2},
}
NAMES: Final = tuple(sorted(_CHOSEN))
FAULTS: Final = (  # what encoders raise for pictures and options that they cannot take
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    Image.DecompressionBombError,
)
_LOSSLESS: Final = -1  # quality of libheif, as pillow-heif has it
_DISTANCE: Final = 0.5  # of libjxl: 44 dB; at 1.0 people begin to see a difference
_EXIF_PREFIX: Final = b"Exif\0\0"
_EXIF_LEAD: Final = bytes(4)  # ISO/IEC 18181-2, 9.6: the TIFF header follows at once


def encode(
    image: Image.Image, name: str, carried: Mapping[str, Any], given: Mapping[str, Any]
) -> bytes:
    """Return a picture as a file of the format `name`.

    Args:
        image: L, RGB or RGBA, as the format holds it.
        name: One of `NAMES`.
        carried: What it brings along.
        given: The caller's options, over our own choices.

    Raises:
        RequestError: If an option is unknown or out of range, or the encoder refuses.
        BackendMissingError: If the extra of the format is not installed.
    """
    wanted = {**_CHOSEN[name], **carried, **options.checked(name, given)}
    by = {"gif": _gif, "heic": _heic, "jxl": _jxl}.get(name, partial(_pillow, name))
    try:
        return by(image, wanted)
    except (*FAULTS, MediaError) as error:
        raise RequestError(
            f"the picture of {image.width}x{image.height} px cannot be encoded as {name}: {error}",
            hint="another size, format or option",
        ) from error


def _pillow(name: str, image: Image.Image, wanted: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    image.save(target, name.upper(), **{"icc_profile": None, **wanted})
    return target.getvalue()


def _gif(image: Image.Image, wanted: dict[str, Any]) -> bytes:
    """Return a GIF, its XMP in the extension that Pillow does not write."""
    packet = wanted.pop("xmp", None)
    held = colours.cut_out(image) if image.mode == "RGBA" else image
    data = _pillow("gif", held, wanted)
    if not packet:
        return data
    file = gif.parse(data, limits=DEFAULT_LIMITS)
    file.blocks.insert(place(file.blocks), extension(_bytes(packet)))
    return file.raw


def _heic(image: Image.Image, wanted: dict[str, Any]) -> bytes:
    """Return a HEIC file: 4:2:0 unless asked otherwise, which is what most devices decode."""
    try:
        import pillow_heif
    except ImportError as error:
        raise BackendMissingError("pillow_heif", extra="heic") from error
    profile, _ = wanted.pop("icc_profile", None), wanted.pop("dpi", None)
    wanted["enc_params"] = dict(wanted["enc_params"])  # pillow-heif writes into it
    if wanted["quality"] == _LOSSLESS and wanted.keys().isdisjoint({"chroma", "subsampling"}):
        wanted |= {"chroma": 444, "matrix_coefficients": 0}  # RGB kept as it is
    file = pillow_heif.HeifFile()
    picture = file.add_frombytes(image.mode, image.size, image.tobytes())
    if profile:
        picture.info.update(icc_profile=profile, icc_profile_type="prof")
    target = io.BytesIO()
    file.save(target, **wanted)
    return target.getvalue()


def _jxl(image: Image.Image, wanted: dict[str, Any]) -> bytes:
    """Return a JPEG XL container; its EXIF and XMP stand in boxes, its pixels are sRGB."""
    try:
        import imagecodecs
    except ImportError as error:
        raise BackendMissingError("imagecodecs", extra="jxl") from error
    told = [
        jxl.Box(kind, lead + _bytes(block).removeprefix(_EXIF_PREFIX))
        for kind, lead, block in (
            (jxl.EXIF, _EXIF_LEAD, wanted.pop("exif", None)),
            (jxl.XML, b"", wanted.pop("xmp", None)),
        )
        if block
    ]
    wanted.pop("icc_profile", None)  # `colours` made the pixels sRGB
    wanted.pop("dpi", None)
    if (quality := wanted.pop("quality", None)) is not None:
        wanted["distance"] = _distance(quality)
    if not wanted.get("lossless"):
        wanted.setdefault("distance", _DISTANCE)
    code = imagecodecs.jpegxl_encode(
        np.ascontiguousarray(np.asarray(image)), usecontainer=False, **wanted
    )
    *before, picture = jxl.bare(bytes(code), limits=DEFAULT_LIMITS)
    return jxl.join([*before, *told, picture])


def _distance(quality: float) -> float:
    """Return the distance of libjxl that stands for a quality of 0 to 100, as its tools have it."""
    if quality >= 100:
        return 0.0
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return min(25.0, 53 / 3000 * quality * quality - 23 / 20 * quality + 25)


def _bytes(block: Any) -> bytes:
    return bytes(block.tobytes() if isinstance(block, Image.Exif) else block)
