"""What takes words of a page out of sight: tags, attributes and declarations."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kzmark.formats.html.lengths import WINDOW, degrees, number, pixels

_UNSEEN: Final = frozenset(
    {
        *("head", "title", "script", "style", "template", "noscript", "datalist", "object"),
        *("iframe", "audio", "video", "canvas", "select", "textarea", "noframes", "noembed", "svg"),
        *("rp", "progress", "meter", "annotation", "annotation-xml"),
    }
)
_AWAY: Final = 400  # pixels by which words are pushed out of a window, to the left and up
_BELOW: Final = 3 * WINDOW  # how far down nobody looks for the beginning
_NARROW: Final = 40  # pixels of a box that shows no word
_FLAT: Final = 10  # pixels of a box that shows no line
_SMALL: Final = 0.3  # of its size: what is scaled down so far is not read
_NONE: Final = frozenset({"", "none", "auto", "initial", "unset", "inherit", "revert", "normal"})
_PLACED: Final = frozenset({"absolute", "fixed", "relative", "sticky"})
_SHIFTS: Final = {"left": 1, "top": 1, "right": -1, "bottom": -1}
_OVERFLOWS: Final = ("overflow", "overflow-x", "overflow-y")
_STEEP: Final = (80, 100)  # degrees between which words are seen from their edge
_CALL: Final = re.compile(r"(?<![a-z0-9])([a-z0-9]++)\(([^()]*+)\)")


def hides(  # noqa: PLR0911 - one way out for each way to hide
    node: Any, tag: str, style: Mapping[str, str], size: float
) -> str:
    """Say why nothing inside an element is seen, if that is so.

    Args:
        node: The element.
        tag: Its name.
        style: What is declared for it.
        size: Of type in it, in CSS pixels.
    """
    told = node.attributes or {}
    display = style.get("display", "")
    if tag in _UNSEEN:
        return f"it stands in <{tag}>"
    if display == "none" or (("hidden" in told or "popover" in told) and not display):
        return "display: none"
    if tag == "details" and "open" not in told:
        return "it stands in closed <details>"
    if tag == "dialog" and "open" not in told and display in {"", "initial"}:
        return "it stands in a closed <dialog>"
    if style.get("content-visibility") == "hidden":
        return "content-visibility: hidden"
    if tag == "bdo" and told.get("dir") == "rtl":
        return "its letters are turned round"
    return styled_away(style, size) if style else ""


def styled_away(style: Mapping[str, str], size: float) -> str:
    """Say why declarations alone take words out of sight, if they do."""
    return (
        _clipped(style)
        or _pushed(style, size)
        or _moved(style, size)
        or _squeezed(style, size)
        or _garbled(style, size)
    )


def _clipped(style: Mapping[str, str]) -> str:
    for name in ("clip", "clip-path", "mask", "mask-image"):
        for prefix in ("", "-webkit-"):
            if style.get(prefix + name, "") not in _NONE:
                return f"{name} cuts it off"
    if re.search(r"opacity|blur|brightness|contrast\(", style.get("filter", "")):
        return "a filter hides it"
    return ""


def _pushed(style: Mapping[str, str], size: float) -> str:
    """Say whether an element is moved out of the window."""
    placed = style.get("position") in _PLACED
    for name in ("text-indent", "margin-left", "margin-top", "vertical-align"):
        if (pixels(style.get(name, ""), size) or 0) <= -_AWAY:
            return f"{name} pushes it out of the window"
    for name in ("text-indent", "padding-left", "margin-left"):
        if (pixels(style.get(name, ""), size) or 0) >= WINDOW / 2 + _AWAY:
            return f"{name} pushes it out of the window"
    for name, _ in _SHIFTS.items() if placed else ():
        shift = pixels(style.get(name, ""), size) or 0
        most = WINDOW if name in {"left", "right"} or style["position"] == "fixed" else _BELOW
        if shift <= -_AWAY or shift >= most:
            return f"{name} pushes it out of the window"
    if placed and number(style.get("z-index", ""), 0) < 0:
        return "it lies behind the page"
    return ""


def _moved(style: Mapping[str, str], size: float) -> str:
    """Say whether a transform moves words away, turns them to their edge, or scales them down."""
    if any(style.get(name, "") not in _NONE for name in ("offset", "offset-path")):
        return "a path moves it away"
    calls = _CALL.findall(style.get("transform", ""))
    calls += [(name, style[name].replace(" ", ",")) for name in _ALONE if style.get(name)]
    for name, inner in calls:
        parts = [part.strip() for part in inner.split(",") if part.strip()]
        if name.startswith("translate") and any(
            abs(pixels(one, size) or 0) >= _AWAY for one in parts[:2]
        ):
            return "a transform moves it out of the window"
        if name.startswith(("scale", "zoom")) and any(abs(number(one)) < _SMALL for one in parts):
            return "it is scaled down"
        if name.startswith("matrix") and _is_lost([number(one, 0) for one in parts]):
            return "a transform takes it out of sight"
        if _is_edgewise(name, parts):
            return "it is turned to its edge"
    return ""


_ALONE: Final = ("translate", "scale", "zoom", "rotate")  # transforms that are properties as well


def _is_edgewise(name: str, parts: list[str]) -> bool:
    angle = abs(degrees(parts[-1])) % 180 if parts else 0.0
    steep = _STEEP[0] < angle < _STEEP[1]
    if name in {"rotatex", "rotatey", "skewx", "skewy", "skew"}:
        return steep
    if name == "rotate" and len(parts) > 1:
        return steep and parts[0] in {"x", "y"}
    return name == "rotate3d" and steep and any(number(one, 0) for one in parts[:2])


def _is_lost(cells: list[float]) -> bool:
    """Say whether a matrix scales down to nothing, or moves out of the window."""
    if len(cells) == 6:
        a, b, c, d, across, down = cells
    elif len(cells) == 16:
        a, b, c, d, across, down = cells[0], cells[1], cells[4], cells[5], cells[12], cells[13]
    else:
        return True  # it is none that can be told
    return abs(a * d - b * c) < _SMALL**2 or max(abs(across), abs(down)) >= _AWAY


def _squeezed(style: Mapping[str, str], size: float) -> str:
    """Say whether an element is too small for what it holds, and shows none of the rest."""
    if all(style.get(name, "visible") in {"visible", "initial"} for name in _OVERFLOWS):
        return ""
    limits = {"width": _NARROW, "height": _FLAT}
    for name, least in limits.items():
        for said in (name, f"max-{name}"):
            room = pixels(style.get(said, ""), size)
            if room is not None and room <= least:
                return f"{said} leaves no room for it"
    line = pixels(style.get("line-height", ""), size, share=size)
    if line is not None and line < _FLAT and not _is_factor(style["line-height"], _SMALL):
        return "line-height leaves no room for it"
    if {"size", "strict"} & set(style.get("contain", "").split()) and "height" not in style:
        return "contain leaves no room for it"
    return ""


def _is_factor(said: str, least: float) -> bool:
    """Say whether a line height is a bare factor of the size of type, and large enough."""
    return re.fullmatch(r"[\d.]+", said) is not None and float(said or 0) >= least


def _garbled(style: Mapping[str, str], size: float) -> str:
    """Say whether letters stand where nobody can read them, or others in their place."""
    if (pixels(style.get("letter-spacing", ""), size) or 0) <= -0.3 * size:
        return "its letters lie on each other"
    if abs(pixels(style.get("word-spacing", ""), size) or 0) >= _AWAY:
        return "word-spacing pushes it out of the window"
    if style.get("-webkit-text-security", "none") not in _NONE:
        return "dots stand for its letters"
    if "override" in style.get("unicode-bidi", "") and style.get("direction") == "rtl":
        return "its letters are turned round"
    adjusted = style.get("font-size-adjust", "")
    if adjusted not in _NONE and number(adjusted.split()[-1]) < 0.2:
        return "font-size-adjust makes it too small"
    return ""
