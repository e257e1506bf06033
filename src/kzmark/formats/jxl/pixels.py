"""Pixels of a JPEG XL codestream in and out, by libjxl through imagecodecs.

imagecodecs hands over no profile, takes 16-bit samples as linear light, and writes headers of its
own; so headers are exchanged around it. What loses nothing is encoded without loss. The rest is
encoded in XYB again, from linear floating-point light wherever 8 bits of sRGB would be too narrow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats._heif.pixels import Plate, good_enough, lay, psnr
from kzmark.formats._orient import upright
from kzmark.formats.jxl.boxes import codestream, read_boxes
from kzmark.formats.jxl.graft import graft, linear
from kzmark.formats.jxl.header import BLACK, LINEAR, SRGB, Header, read_header

# Distance and effort, one try after another; at 1.0 people begin to see a difference, and an effort
# of 4 keeps less of a decoded picture in more bytes than 5. libjxl 0.12 takes no distance below
# 0.05: colours far outside sRGB (PQ) were 5 dB worse for it. An effort of 7 gives them 9 dB back.
_TRIES: Final = ((0.5, 5), (0.2, 5), (0.07, 5), (0.02, 7))
_LOSSLESS_EFFORT: Final = 3  # a sixth of the time of 5 at 4 % more bytes
_BACK: Final = {6: 8, 8: 6}  # the orientation that undoes another; the rest undo themselves


class Decoded(NamedTuple):
    """Stored pixels, and how to understand them.

    Attributes:
        pixels: (height, width) or (height, width, channels), integers or floating-point numbers.
        bits: Bits of an integer sample.
        light: Whether they are linear light.
        exact: Whether they are to be encoded without loss.
    """

    pixels: NDArray[Any]
    bits: int
    light: bool
    exact: bool


def check(header: Header) -> list[str]:
    """Refuse what cannot be encoded again, and return notes on what is left behind.

    Raises:
        MediaError: If the picture is animated, is printed in four inks, or is too deep.
    """
    if header.animated:
        raise MediaError("animated JPEG XL cannot be encoded again with its timing")
    if any(one.kind == BLACK for one in header.channels):
        raise MediaError("a JPEG XL picture in CMYK cannot be encoded again")
    whole = 16 if not header.floating else 32
    if not header.xyb and (
        header.bits > whole or (header.floating and header.bits not in {16, 32})
    ):
        raise MediaError(
            f"a lossless JPEG XL picture of {header.bits} bits cannot be kept lossless"
        )
    spare = len(header.channels) - (header.alpha is not None)
    notes = ["extra-channels-dropped"] if spare else []
    return [*notes, "preview-dropped"] if header.preview else notes


def decode(header: Header) -> Decoded:
    """Return the stored pixels of a still in the form in which they are encoded again."""
    exact = not header.xyb and (header.modular() or not _is_srgb(header))
    if exact or (header.bits <= 8 and _is_srgb(header) and not header.floating):
        pixels = _decode(header.data, header)
        return Decoded(pixels, header.bits, header.colour.transfer == LINEAR, exact)
    if header.xyb:
        return Decoded(_decode(linear(header), header), 32, True, False)
    number = _decode(header.data, header).astype(np.float32) / np.float32((1 << header.bits) - 1)
    return Decoded(_lightened(number), 32, True, False)


def show(header: Header) -> NDArray[Any]:
    """Return the displayed pixels as 8-bit sRGB, with straight alpha if there is any."""
    if header.xyb and not _is_srgb(header):
        found = Decoded(_decode(linear(header), header), 32, True, False)
    else:
        light = header.colour.transfer == LINEAR
        found = Decoded(_decode(header.data, header), header.bits, light, False)
    eight = _eight(found)
    if header.alpha is not None and header.alpha.associated and eight.ndim == 3:
        eight = _straight(eight)
    return upright(eight, header.orientation)


def paint(found: Decoded, header: Header, patch: Patch, *, limits: Limits) -> bytes:
    """Return a codestream with a patch on the picture."""
    shown = upright(found.pixels, header.orientation)
    plate = _lay(found, shown, patch, limits)
    back = _BACK.get(header.orientation, header.orientation)
    stored = np.ascontiguousarray(upright(plate.pixels, back))
    if found.exact:
        lossless = _encode(stored, found.bits, 0.0, effort=_LOSSLESS_EFFORT)
        return _graft(lossless, header, stored, limits)
    wanted = _eight(found._replace(pixels=plate.pixels))
    code = b""
    for distance, effort in _TRIES:
        lossy = _encode(stored, found.bits, distance, effort=effort)
        code = _graft(lossy, header, stored, limits)
        got = show(read_header(code, limits=limits, whole=True))
        loss = psnr(wanted, got, plate.outside, bits=8)
        if good_enough(loss, len(code), source=len(header.data)):
            break
    return code


@contextmanager
def _libjxl() -> Iterator[Any]:
    try:
        import imagecodecs
    except ImportError as error:
        raise BackendMissingError("imagecodecs", extra="jxl") from error
    try:
        yield imagecodecs
    except (RuntimeError, ValueError, MemoryError, NotImplementedError, TypeError) as error:
        raise MalformedMediaError(f"libjxl cannot process the picture: {error}") from error


def _decode(code: bytes, header: Header) -> NDArray[Any]:
    with _libjxl() as library:
        found = np.asarray(library.jpegxl_decode(code, index=0, keeporientation=True))
    if header.alpha is None and header.channels and found.ndim == 3:
        grey = header.colour.space == 1
        found = found[0] if grey else found  # planes of grey come one by one
    if found.shape[:2] != (header.height, header.width):
        raise MalformedMediaError(f"libjxl sees {found.shape} where the headers say otherwise")
    return found


def _encode(pixels: NDArray[Any], bits: int, distance: float, *, effort: int) -> bytes:
    options: dict[str, Any] = {"lossless": not distance, "usecontainer": False, "effort": effort}
    if distance:
        options["distance"] = distance
    if pixels.dtype.kind == "u":
        options["bitspersample"] = bits
    with _libjxl() as library:
        return bytes(library.jpegxl_encode(pixels, **options))


def _graft(encoded: bytes, source: Header, pixels: NDArray[Any], limits: Limits) -> bytes:
    code = codestream(read_boxes(encoded, limits=limits))
    alpha = pixels.ndim == 3 and pixels.shape[2] in {2, 4}
    return graft(source, read_header(code, limits=limits), alpha=alpha)


def _lay(found: Decoded, shown: NDArray[Any], patch: Patch, limits: Limits) -> Plate:
    if shown.dtype.kind == "u" and not found.light:
        return lay(shown, patch, bits=found.bits, limits=limits)
    plate = lay(np.zeros(shown.shape, np.uint8), patch, bits=8, limits=limits)
    top = 1.0 if shown.dtype.kind == "f" else float((1 << found.bits) - 1)
    number = plate.pixels.astype(np.float32) / np.float32(255)
    if found.light:
        number = _lightened(number)
    whole = (number * top + (0 if shown.dtype.kind == "f" else 0.5)).astype(shown.dtype)
    x, y, across, down = patch.box
    keep = np.ones(whole.shape[:2], np.bool_)
    keep[y : y + down, x : x + across] = False
    inner = keep[: shown.shape[0]]
    whole[: shown.shape[0]][inner] = shown[inner]
    return Plate(whole, plate.outside)


def _eight(found: Decoded) -> NDArray[np.uint8]:
    """Return pixels as 8-bit sRGB numbers; alpha is not light."""
    pixels = found.pixels
    if pixels.dtype == np.uint8 and found.bits == 8 and not found.light:
        return pixels
    number = pixels.astype(np.float32)
    if pixels.dtype.kind == "u":
        number /= np.float32((1 << found.bits) - 1)
    number = np.clip(np.nan_to_num(number), 0, 1)
    if found.light:
        colours = {1: 1, 2: 1}.get(number.shape[-1], 3)
        part = number if number.ndim == 2 else number[..., :colours]
        part[...] = np.where(part <= 0.0031308, part * 12.92, 1.055 * part ** (1 / 2.4) - 0.055)
    return (number * 255 + np.float32(0.5)).astype(np.uint8)


def _lightened(number: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear light for sRGB numbers; the last of 2 or 4 channels is alpha and stays."""
    light = np.where(number <= 0.04045, number / 12.92, ((number + 0.055) / 1.055) ** 2.4)
    if number.ndim == 3 and number.shape[2] in {2, 4}:
        light[..., -1] = number[..., -1]
    return light.astype(np.float32)


def _straight(eight: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = np.maximum(eight[..., -1:], 1).astype(np.uint16)
    colour = np.minimum(eight[..., :-1].astype(np.uint16) * 255 // alpha, 255).astype(np.uint8)
    return np.concatenate([colour, eight[..., -1:]], axis=2)


def _is_srgb(header: Header) -> bool:
    colour = header.colour
    plain = not colour.icc and not colour.gamma and colour.transfer == SRGB and colour.space < 2
    return plain and colour.white == 1 and colour.primaries == 1 and header.default_tone
