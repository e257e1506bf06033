"""The colours of a picture in memory: into a mode that its format holds, without lying about it.

A colour profile is kept only where it still describes the pixels: one of CMYK over RGB pixels would
show every colour wrong. Where the format has no place for a profile, the pixels become sRGB. What
is see-through stays so, or is refused: without their alpha, pixels show colours that nobody has
seen.
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

from kzmark.errors import RequestError

_HELD: Final = {  # format → modes that its encoder takes as they are
    "avif": ("RGB", "RGBA"),
    "bmp": ("L", "RGB"),
    "gif": ("L", "RGB"),
    "heic": ("L", "RGB", "RGBA"),
    "jpeg": ("L", "RGB"),
    "jxl": ("L", "RGB", "RGBA"),
    "png": ("L", "RGB", "RGBA"),
    "tiff": ("L", "RGB", "RGBA"),
    "webp": ("RGB", "RGBA"),
}
_CUT_OUT: Final = "gif"  # a pixel is there or not: GIF89a, 23
_WITHOUT_PROFILE: Final = frozenset({"bmp", "gif", "jxl"})  # imagecodecs takes none for JPEG XL
_GREY: Final = frozenset({"1", "L", "LA", "La"})
_DEEP: Final = ("I", "F")  # I;16 and its kin too
_SPACES: Final = {"L": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}  # ICC.1, 7.2.6
_SEE_THROUGH: Final = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_KEYED: Final = frozenset({"1", "L", "P", "RGB"})  # modes of which one colour can be transparent
_SAME: Final = 2  # levels by which a profile may differ from sRGB and be called sRGB
_NO_PROFILE: Final = (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A picture whose pixels a format holds.

    Attributes:
        image: L, RGB or RGBA, 8 bits a channel.
        profile: The colour profile that describes the pixels, or nothing for sRGB and unknown.
        notes: What became of its colours, as stable codes.
    """

    image: Image.Image
    profile: bytes | None = None
    notes: tuple[str, ...] = ()


def fit(image: Image.Image, name: str) -> Fitted:
    """Return the picture in a mode that the format `name` holds, with 8 bits a channel.

    Raises:
        RequestError: If it has more than 8 bits a channel, is see-through where the format cannot
            be, or no way leads from its colours to RGB.
    """
    if image.mode.startswith(_DEEP):
        raise RequestError(
            f"a picture of mode {image.mode}, which would lose depth",
            hint="scale it to 8 bits (mode L or RGB) yourself, or give the file itself",
        )
    clear = _with_alpha(image)
    if clear is not None and "RGBA" not in _HELD[name]:
        clear = clear if _shows_through(clear, name) else None
    pixels, converted = _pixels(image, name) if clear is None else (clear, False)
    if pixels.mode != "L" and (grey := _grey_profile(image)):
        pixels, converted = _as_srgb_of_grey(pixels, grey)
    profile = profile_for(pixels, image)
    if profile and name in _WITHOUT_PROFILE:
        pixels, converted, profile = *_as_srgb(pixels, profile), None
    return Fitted(image=pixels, profile=profile, notes=("colours-now-srgb",) if converted else ())


def profile_for(image: Image.Image, origin: Image.Image) -> bytes | None:
    """Return the colour profile of `origin` if it describes the pixels of `image`, else nothing."""
    profile = origin.info.get("icc_profile")
    if isinstance(profile, bytes) and profile[16:20] == _SPACES[image.mode]:
        return profile
    return None


def cut_out(image: Image.Image) -> Image.Image:
    """Return an RGBA picture in which all is there or not as 255 colours and a hole.

    What is not there leaves no colour in the table.
    """
    alpha = image.getchannel("A")
    seen = Image.new("RGB", image.size)
    seen.paste(image.convert("RGB"), mask=alpha)
    found = seen.quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    found.paste(255, mask=alpha.point(lambda level: 255 - level))
    found.info["transparency"] = 255
    return found


def _pixels(image: Image.Image, name: str) -> tuple[Image.Image, bool]:
    """Return an opaque picture as L or RGB, and whether a profile led there."""
    mode = "L" if image.mode in _GREY and "L" in _HELD[name] else "RGB"
    if image.mode == mode:
        return image, False
    managed = _managed(image)
    return (_converted(image, mode), False) if managed is None else (managed, True)


def _with_alpha(image: Image.Image) -> Image.Image | None:
    """Return the picture as RGBA if anything in it may be see-through."""
    palette = getattr(image.palette, "mode", "")
    keyed = image.mode in _KEYED and "transparency" in image.info
    if image.mode not in _SEE_THROUGH and not keyed and palette != "RGBA":
        return None
    return image if image.mode == "RGBA" else _converted(image, "RGBA")


def _shows_through(image: Image.Image, name: str) -> bool:
    """Say whether some of an RGBA picture is see-through, and its format can be so."""
    levels = image.getchannel("A").histogram()
    if levels[255] == image.width * image.height:
        return False
    half = any(levels[1:255])
    if name == _CUT_OUT and not half:
        return True
    able = ", ".join(sorted(one for one, held in _HELD.items() if "RGBA" in held))
    raise RequestError(
        f"the picture is {'half ' if half else ''}see-through in places, which {name} cannot show",
        hint=f"lay it on a background first (Image.alpha_composite), or take one of {able}",
    )


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
        return _srgb(image, source)
    except _NO_PROFILE:
        return None


def _as_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    """Return pixels as sRGB, and whether that changed them; alpha stays, a broken profile goes."""
    colours = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _is_srgb(source, colours.mode):
            return image, False
        changed = _srgb(colours, source)
    except _NO_PROFILE:
        return image, False
    if image.mode == "RGBA":
        changed.putalpha(image.getchannel("A"))
    return changed, True


def _grey_profile(image: Image.Image) -> bytes | None:
    """Return the colour profile of a grey picture, which no pixels of three colours can keep."""
    profile = image.info.get("icc_profile")
    if image.mode in _GREY and isinstance(profile, bytes) and profile[16:20] == _SPACES["L"]:
        return profile
    return None


def _as_srgb_of_grey(image: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    """As `_as_srgb`, of RGB or RGBA whose channels are one grey."""
    shown, converted = _as_srgb(image.getchannel("R"), profile)
    if converted and image.mode == "RGBA":
        shown.putalpha(image.getchannel("A"))
    return (shown, True) if converted else (image, False)


def _is_srgb(source: Any, mode: str) -> bool:
    """Say whether a profile shows a lattice of colours as sRGB does."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    if mode == "L":
        lattice = Image.fromarray(steps[None])
    else:
        red, green, blue = np.meshgrid(steps, steps, steps)
        lattice = Image.fromarray(np.stack([red, green, blue], axis=-1).reshape(1, -1, 3))
    shown, plain = (np.asarray(one, np.int16) for one in (_srgb(lattice, source), lattice))
    return bool(np.abs(shown - (plain[..., None] if mode == "L" else plain)).max() <= _SAME)


def _srgb(image: Image.Image, source: Any) -> Image.Image:
    found = ImageCms.profileToProfile(
        image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert found is not None  # only a change in place gives nothing
    return found


def _converted(image: Image.Image, mode: str) -> Image.Image:
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode, image.mode)
    try:
        return (image if straight == image.mode else image.convert(straight)).convert(mode)
    except ValueError as error:
        raise RequestError(
            f"a picture of mode {image.mode}: {error}", hint="convert it to RGB yourself"
        ) from error
