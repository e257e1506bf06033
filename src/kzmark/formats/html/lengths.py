"""Lengths and numbers of style sheets, as far as they say how large and where something is.

CSS Values 4: units, and the functions `calc`, `min`, `max` and `clamp`. A window is taken to be
1,000 pixels wide and high.
"""

import re
from typing import Final

WINDOW: Final = 1000.0  # CSS pixels
LENGTH: Final = re.compile(r"([+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d++)?)([a-z%]*+)")
_WINDOWS: Final = ("vw", "vh", "vmin", "vmax", "vi", "vb", "dvw", "dvh", "svh", "lvh")
_PIXELS: Final = dict.fromkeys(_WINDOWS, WINDOW / 100) | {
    "": 1.0,
    "px": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "rem": 16.0,
}
_EMS: Final = {"em": 1.0, "ch": 0.5, "ex": 0.5, "ic": 1.0, "lh": 1.2, "cap": 0.7}
_TOKEN: Final = re.compile(r"\s*(calc|min|max|clamp|[()*/,]|[+-](?=\s)|[+-]?[\d.][\d.e]*[a-z%]*)")
_MAX_TOKENS: Final = 200
_MAX_LETTERS: Final = 1000  # of a value


def pixels(said: str, size: float, *, share: float = WINDOW) -> float | None:
    """Return a length in CSS pixels, or nothing if it is none that can be told.

    Args:
        said: The value.
        size: Of type, for `em`, in pixels.
        share: What a percentage is of, in pixels.
    """
    text = said.strip()
    if len(text) > _MAX_LETTERS:
        return None
    if "(" in text:
        return _reckoned(text, size, share)
    found = LENGTH.fullmatch(text)
    if found is None:
        return None
    number, unit = float(found[1]), found[2]
    if unit == "%":
        return number / 100 * share
    factor = _PIXELS.get(unit) or _EMS.get(unit, 0.0) * size
    return number * factor if factor else None


def number(said: str, default: float = 1.0) -> float:
    """Return a number or a percentage; `default` if it is neither."""
    found = pixels(said, 1.0, share=1.0)
    return default if found is None else found


def degrees(said: str) -> float:
    """Return an angle in degrees; 0 if it is none."""
    found = LENGTH.fullmatch(said.strip()[:_MAX_LETTERS])
    factor = {"deg": 1.0, "turn": 360.0, "rad": 57.3, "grad": 0.9}
    return float(found[1]) * factor.get(found[2], 0.0) if found else 0.0


def _reckoned(text: str, size: float, share: float) -> float | None:
    """Work out `calc` and its kin."""
    tokens = _TOKEN.findall(text)
    if not tokens or len(tokens) > _MAX_TOKENS or "".join(tokens) != re.sub(r"\s+", "", text):
        return None
    try:
        value, rest = _sum(tokens, size, share)
    except (ValueError, ZeroDivisionError, IndexError, RecursionError):
        return None
    return value if not rest else None


def _sum(tokens: list[str], size: float, share: float) -> tuple[float, list[str]]:
    value, tokens = _product(tokens, size, share)
    while tokens and tokens[0] in {"+", "-"}:
        more, rest = _product(tokens[1:], size, share)
        value, tokens = (value + more if tokens[0] == "+" else value - more), rest
    return value, tokens


def _product(tokens: list[str], size: float, share: float) -> tuple[float, list[str]]:
    value, tokens = _factor(tokens, size, share)
    while tokens and tokens[0] in {"*", "/"}:
        more, rest = _factor(tokens[1:], size, share)
        value, tokens = (value * more if tokens[0] == "*" else value / more), rest
    return value, tokens


def _factor(tokens: list[str], size: float, share: float) -> tuple[float, list[str]]:
    first, *rest = tokens
    if first in {"calc", "min", "max", "clamp", "("}:
        values: list[float] = []
        rest = rest if first == "(" else rest[1:]
        while True:
            value, rest = _sum(rest, size, share)
            values.append(value)
            if rest[0] == ")":
                break
            rest = rest[1:]
        if first == "clamp":
            low, value, high = values
            return max(low, min(value, high)), rest[1:]
        return {"min": min, "max": max}.get(first, max)(values), rest[1:]
    found = pixels(first, size, share=share)
    if found is None:
        raise ValueError(first)
    return found, rest
