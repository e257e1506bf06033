"""How the user units of an SVG become displayed pixels.

Spec: SVG 2, 8.2 (the initial viewport), 8.6 (viewBox), 8.7 (preserveAspectRatio); CSS Values 3,
6.2 (absolute lengths: 96 px an inch).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kzmark.errors import LimitExceededError, MalformedMediaError

_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH: Final = re.compile(rf"\s*({_NUMBER})\s*(%|[a-zA-Z]*)\s*")
_BOX: Final = re.compile(rf"\s*({_NUMBER})" + rf"(?:\s*,\s*|\s+)({_NUMBER})" * 3 + r"\s*")
_ALIGN: Final = re.compile(
    r"\s*(?:defer\s+)?(none|x(Min|Mid|Max)Y(Min|Mid|Max))(?:\s+(meet|slice))?\s*"
)
_SHARE: Final = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
_UNITS: Final = {  # displayed pixels of one unit
    "": 1.0,
    "px": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "em": 16.0,  # the size of letters that browsers start from
    "rem": 16.0,
    "ex": 8.0,
}
_FALLBACK: Final = (300.0, 150.0)  # what CSS shows where a picture tells no size of its own
_LARGEST: Final = 1e6  # displayed pixels of one side; a 200 m print has less


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewport:
    """The displayed rectangle of an SVG, and how user units fall into it.

    Displayed pixel = scale * user unit + shift, across and down.

    Attributes:
        width: Displayed width, in pixels.
        height: Displayed height, in pixels.
        scale: Displayed pixels of a user unit, across and down.
        shift: Where the user's origin is displayed, in pixels.
        boxed: Whether the root has a usable viewBox.
        tall: Whether the root names its height itself.
        cropped: Whether another shape of window than this would cut the picture off (`slice`).
    """

    width: float
    height: float
    scale: tuple[float, float]
    shift: tuple[float, float]
    boxed: bool
    tall: bool
    cropped: bool

    @property
    def matrix(self) -> tuple[float, float, float, float]:
        """Scale and shift that take displayed pixels to user units."""
        (across, down), (x, y) = self.scale, self.shift
        return 1 / across, 1 / down, -x / across, -y / down

    def view_box(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Return the user rectangle shown in `width` x `height` px from the left top corner."""
        across, down, x, y = self.matrix
        return x, y, width * across, height * down


def number(value: float) -> str:
    """Spell a number with nine digits at most: far finer than a pixel at any size."""
    return format(value, ".9g") if abs(value) > 1e-12 else "0"


def viewport(root: Mapping[str, str], style: Mapping[str, str]) -> Viewport:
    """Return the viewport of a root element, in a window that fits it.

    A side without an absolute length follows the viewBox, as where a page shows the picture in
    its own size. What stands inside the viewBox is then seen in a window of any shape, unless the
    root asks to be sliced.

    Args:
        root: Attributes of the root element.
        style: Its inline style, which wins over attributes.

    Raises:
        MalformedMediaError: If the picture has no area.
        LimitExceededError: If it is larger than anything displayed.
    """
    box = _box(root.get("viewBox", ""))
    told = [_pixels(style.get(side) or root.get(side, "")) for side in ("width", "height")]
    width, height = _size(told[0], told[1], box)
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise MalformedMediaError("the SVG has no area")
    if max(width, height) > _LARGEST:
        raise LimitExceededError(f"an SVG displayed at {width:.0f}x{height:.0f} px")
    fixed = None not in told
    if box is None:
        return Viewport(
            width=width,
            height=height,
            scale=(1.0, 1.0),
            shift=(0.0, 0.0),
            boxed=False,
            tall=told[1] is not None,
            cropped=not fixed,
        )
    scale, shift, sliced = _fit(box, width, height, root.get("preserveAspectRatio", ""))
    return Viewport(
        width=width,
        height=height,
        scale=scale,
        shift=shift,
        boxed=True,
        tall=told[1] is not None,
        cropped=sliced and not fixed,
    )


def _size(
    width: float | None, height: float | None, box: tuple[float, ...] | None
) -> tuple[float, float]:
    if width is not None and height is not None:
        return width, height
    if box is None:
        return (
            _FALLBACK[0] if width is None else width,
            _FALLBACK[1] if height is None else height,
        )
    if width is not None:
        return width, width * box[3] / box[2]
    if height is not None:
        return height * box[2] / box[3], height
    return box[2], box[3]


def _fit(
    box: tuple[float, ...], width: float, height: float, aspect: str
) -> tuple[tuple[float, float], tuple[float, float], bool]:
    """Return scale, shift and whether the box is sliced (SVG 2, 8.2: equivalent transform)."""
    across, down = width / box[2], height / box[3]
    found = _ALIGN.fullmatch(aspect)
    align, sliced = (found[1], found[4] == "slice") if found else ("xMidYMid", False)
    if align != "none":
        across = down = max(across, down) if sliced else min(across, down)
    x_share, y_share = (_SHARE[found[2]], _SHARE[found[3]]) if found and found[2] else (0.5, 0.5)
    shift = (
        -box[0] * across + (width - box[2] * across) * x_share,
        -box[1] * down + (height - box[3] * down) * y_share,
    )
    return (across, down), shift, sliced and align != "none"


def _box(text: str) -> tuple[float, ...] | None:
    found = _BOX.fullmatch(text[:200])
    if found is None:
        return None  # browsers pass over one they cannot read
    box = tuple(float(number) for number in found.groups())
    if not all(math.isfinite(number) for number in box) or box[2] <= 0 or box[3] <= 0:
        raise MalformedMediaError("the viewBox of the SVG has no area")
    return box


def _pixels(text: str) -> float | None:
    """Return a length in pixels; nothing for what depends on the window or cannot be read."""
    found = _LENGTH.fullmatch(text[:60])
    if found is None or (unit := found[2].lower()) not in _UNITS:
        return None
    return float(found[1]) * _UNITS[unit]
