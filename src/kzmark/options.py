"""The options with which a picture in memory may be encoded, and what each of them may be.

Encoders pass over names they do not know and clip numbers out of range, so a slip of the pen would
go unseen. Ranges are those that Pillow, pillow-heif and libjxl document.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL.JpegPresets import presets

from kzmark.errors import RequestError

_REAL: Final = int | float | np.integer | np.floating


@dataclass(frozen=True, slots=True)
class _Number:
    """A number from the first to the last, whole unless it says otherwise."""

    first: float
    last: float
    whole: bool = True

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, _REAL):
            return False
        return self.first <= value <= self.last and (not self.whole or float(value).is_integer())

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.first:g} to {self.last:g}"


_Allowed = tuple[Any, ...]  # ranges and single values; empty for what the encoder itself checks
_ANY: Final[_Allowed] = ()
_FLAG: Final[_Allowed] = (True, False, None)
_PERCENT: Final = _Number(0, 100)
_CHROMA: Final = ("4:4:4", "4:2:2", "4:2:0")
_WORDS: Final[Mapping[str, _Allowed]] = dict.fromkeys(
    ("artist", "copyright", "date_time", "description", "software"), _ANY
)
_FRAMES: Final[Mapping[str, _Allowed]] = {"save_all": _FLAG, "duration": _ANY}
_METADATA: Final[Mapping[str, _Allowed]] = dict.fromkeys(("exif", "icc_profile", "xmp"), _ANY)

_OPTIONS: Final[Mapping[str, Mapping[str, _Allowed]]] = {
    "avif": {
        **_METADATA,
        **_FRAMES,
        "advanced": _ANY,
        "alpha_premultiplied": _FLAG,
        "autotiling": _FLAG,
        "codec": ("auto", "aom", "rav1e", "svt"),
        "max_threads": _ANY,
        "quality": (_PERCENT,),
        "range": ("full", "limited"),
        "speed": (_Number(0, 10),),
        "subsampling": (*_CHROMA, "4:0:0"),
        "tile_cols": (_Number(0, 6),),
        "tile_rows": (_Number(0, 6),),
    },
    "bmp": {"dpi": _ANY},
    "gif": {
        **_FRAMES,
        "background": _ANY,
        "comment": _ANY,
        "disposal": (_Number(0, 3),),
        "include_color_table": _FLAG,
        "interlace": _FLAG,
        "loop": (_Number(0, 0xFFFF), None),
        "optimize": _FLAG,
        "palette": _ANY,
        "transparency": _ANY,
        "xmp": _ANY,
    },
    "heic": {
        **_METADATA,
        "chroma": (444, 422, 420),
        "enc_params": _ANY,
        "quality": (_Number(-1, 100),),
        "subsampling": _CHROMA,
    },
    "jpeg": {
        **_METADATA,
        "comment": _ANY,
        "dpi": _ANY,
        "keep_rgb": _FLAG,
        "optimize": _FLAG,
        "progression": _FLAG,
        "progressive": _FLAG,
        "qtables": _ANY,
        "quality": (_PERCENT, *presets),
        "restart_marker_blocks": (_Number(0, 0xFFFF),),
        "restart_marker_rows": (_Number(0, 0xFFFF),),
        "smooth": (_PERCENT,),
        "streamtype": (_Number(0, 2),),
        "subsampling": (_Number(-1, 2), *_CHROMA, "4:1:1", *presets),
    },
    "jxl": {
        "decodingspeed": (_Number(0, 4),),
        "distance": (_Number(0, 25, whole=False),),
        "effort": (_Number(1, 10),),
        "exif": _ANY,
        "lossless": _FLAG,
        "quality": (_Number(0, 100, whole=False),),
        "xmp": _ANY,
    },
    "png": {
        **_FRAMES,
        "bits": (1, 2, 4, 8),
        "blend": (_Number(0, 1),),
        "compress_level": (_Number(0, 9),),
        "compress_type": (_Number(-1, 4),),
        "default_image": _FLAG,
        "dictionary": _ANY,
        "disposal": (_Number(0, 2),),
        "dpi": _ANY,
        "exif": _ANY,
        "icc_profile": _ANY,
        "loop": _ANY,
        "optimize": _FLAG,
        "pnginfo": _ANY,
        "transparency": _ANY,
    },
    "tiff": {
        **_WORDS,
        "big_tiff": _FLAG,
        "compression": _ANY,
        "dpi": _ANY,
        "exif": _ANY,
        "icc_profile": _ANY,
        "quality": (_PERCENT,),
        "resolution": _ANY,
        "resolution_unit": (1, 2, 3, "inch", "centimeter", "cm"),
        "save_all": _FLAG,
        "strip_size": _ANY,
        "tiffinfo": _ANY,
        "x_resolution": _ANY,
        "y_resolution": _ANY,
    },
    "webp": {
        **_METADATA,
        **_FRAMES,
        "allow_mixed": _FLAG,
        "alpha_quality": (_PERCENT,),
        "background": _ANY,
        "exact": _FLAG,
        "kmax": _ANY,
        "kmin": _ANY,
        "loop": _ANY,
        "lossless": _FLAG,
        "method": (_Number(0, 6),),
        "minimize_size": _FLAG,
        "quality": (_Number(0, 100, whole=False),),
    },
}


def checked(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as an encoder takes them: NumPy's scalars as Python's.

    Args:
        name: Name of the format.
        given: The caller's options.

    Raises:
        RequestError: If the encoder does not know one of them, or a value is out of range.
    """
    known = _OPTIONS[name]
    for option, value in given.items():
        if option == "append_images":
            raise RequestError(
                f"{name}: append_images would add pictures without the notice",
                hint="stamp the file of all frames, or each picture by itself",
            )
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1)
            raise RequestError(
                f"{name} has no option {option}",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(sorted(known))}",
            )
        if not _fits(value, known[option]):
            raise RequestError(f"{name}: {option}={value!r}", hint=_told(known[option]))
    return {
        option: value.item() if isinstance(value, np.generic) else value
        for option, value in given.items()
    }


def _fits(value: Any, allowed: _Allowed) -> bool:
    if allowed is _FLAG:
        return value is None or isinstance(value, bool | np.bool_) or value in _Number(0, 1)
    return not allowed or any(
        value in one if isinstance(one, _Number) else isinstance(value, type(one)) and value == one
        for one in allowed
    )


def _told(allowed: _Allowed) -> str:
    if allowed is _FLAG:
        return "True or False"
    return " or ".join(str(one) if isinstance(one, _Number) else repr(one) for one in allowed)
