"""Colours as style sheets name them, and how far two of them stand apart."""

import colorsys
import re
from typing import Final

from kzmark.profile import contrast

__all__ = ["Colour", "Glass", "contrast", "over", "parse"]

Colour = tuple[int, int, int]  # sRGB
Glass = tuple[int, int, int, float]  # sRGB and opacity, 0 to 1

_NUMBER: Final = re.compile(r"-?\d*\.?\d+%?")


def parse(said: str) -> Glass | None:
    """Return a CSS colour (CSS Color 4): names, hex, rgb(), hsl(); nothing for what is none.

    Examples:
        >>> parse("#12161c")
        (18, 22, 28, 1.0)
        >>> parse("rgb(0 0 0 / 50%)")
        (0, 0, 0, 0.5)
    """
    text = said.strip().lower()
    if text == "transparent":
        return 0, 0, 0, 0.0
    if text.startswith("#"):
        return _hex(text[1:])
    name, bracket, rest = text.partition("(")
    if bracket and name in {"rgb", "rgba", "hsl", "hsla"}:
        return _function(name[:3], _NUMBER.findall(rest))
    return _named(text)


def over(colour: Colour | Glass, ground: Colour) -> Colour:
    """Return what is seen of a colour laid over a ground."""
    share = colour[3] if len(colour) == 4 else 1.0
    red, green, blue = (
        round(above * share + below * (1 - share))
        for above, below in zip(colour[:3], ground, strict=True)
    )
    return red, green, blue


def _hex(digits: str) -> Glass | None:
    if not re.fullmatch(r"[0-9a-f]{3,8}", digits) or len(digits) in {5, 7}:
        return None
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
    return parts[0], parts[1], parts[2], parts[3] / 255 if len(parts) == 4 else 1.0


def _function(name: str, numbers: list[str]) -> Glass | None:
    if len(numbers) not in {3, 4}:
        return None
    share = min(1.0, max(0.0, _share(numbers[3], 1.0))) if len(numbers) == 4 else 1.0
    if name == "rgb":
        red, green, blue = (round(255 * _share(one, 255.0)) for one in numbers[:3])
    else:
        hue = float(numbers[0].rstrip("%")) / 360 % 1
        rgb = colorsys.hls_to_rgb(hue, _share(numbers[2], 100), _share(numbers[1], 100))
        red, green, blue = (round(255 * one) for one in rgb)
    return _byte(red), _byte(green), _byte(blue), share


def _share(said: str, whole: float) -> float:
    return float(said[:-1]) / 100 if said.endswith("%") else float(said) / whole


def _byte(value: int) -> int:
    return min(255, max(0, value))


def _named(name: str) -> Glass | None:
    from PIL import ImageColor

    known = ImageColor.colormap.get(name)  # Pillow puts numbers there once it has used a colour
    if isinstance(known, tuple):
        return known[0], known[1], known[2], 1.0
    return _hex(known[1:]) if known else None
