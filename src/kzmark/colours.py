"""The colours of a picture in memory: into a mode that its format holds, without lying about it.

A colour profile is kept only where it still describes the pixels: one of CMYK over RGB pixels would
show every colour wrong.
"""

import io
from typing import Final

from PIL import Image, ImageCms

from kzmark.errors import RequestError

_HELD: Final = {  # format → modes that Pillow's writer takes as they are
    "avif": ("RGB", "RGBA"),
    "bmp": ("L", "RGB"),
    "gif": ("L", "RGB"),
    "jpeg": ("L", "RGB"),
    "png": ("L", "RGB", "RGBA"),
    "tiff": ("L", "RGB", "RGBA"),
    "webp": ("RGB", "RGBA"),
}
_GREY: Final = frozenset({"1", "L", "LA", "La"})
_DEEP: Final = ("I", "F")  # I;16 and its kin too
_SPACES: Final = {"L": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}  # ICC.1, 7.2.6


def fit(image: Image.Image, name: str) -> Image.Image:
    """Return the picture in a mode that the format `name` holds, with 8 bits a channel.

    Raises:
        RequestError: If it has more than 8 bits a channel, or no way leads from its colours to RGB.
    """
    if image.mode.startswith(_DEEP):
        raise RequestError(
            f"a picture of mode {image.mode}, which would lose depth",
            hint="scale it to 8 bits (mode L or RGB) yourself, or give the file itself",
        )
    held = _HELD[name]
    see_through = image.has_transparency_data
    if see_through and "RGBA" in held:
        mode = "RGBA"
    elif image.mode in _GREY and "L" in held:
        mode = "L"
    else:
        mode = "RGB"
    if image.mode == mode:
        return image
    return _managed(image) or _converted(image, mode)


def profile_for(image: Image.Image, origin: Image.Image) -> bytes | None:
    """Return the colour profile of `origin` if it describes the pixels of `image`, else nothing."""
    profile = origin.info.get("icc_profile")
    if isinstance(profile, bytes) and profile[16:20] == _SPACES[image.mode]:
        return profile
    return None


def _managed(image: Image.Image) -> Image.Image | None:
    """Return CMYK or Lab pixels as sRGB by their own profile; nothing if they have none."""
    if image.mode not in {"CMYK", "LAB"}:
        return None
    profile = image.info.get("icc_profile")
    try:
        source = (
            ImageCms.createProfile("LAB")
            if image.mode == "LAB"
            else ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        )
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        return None


def _converted(image: Image.Image, mode: str) -> Image.Image:
    try:
        return (image.convert("LA") if image.mode == "La" else image).convert(mode)
    except ValueError as error:
        raise RequestError(
            f"a picture of mode {image.mode}: {error}", hint="convert it to RGB yourself"
        ) from error
