"""What a reader sees of a page: its first words, and what takes words out of sight."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._colour import Colour, contrast, over, parse
from kzmark.formats._text import Passage
from kzmark.formats.html.styles import Sheet

_UNSEEN: Final = frozenset(
    {
        *("head", "title", "script", "style", "template", "noscript", "datalist", "object"),
        *("iframe", "audio", "video", "canvas", "select", "textarea", "noframes", "noembed", "svg"),
    }
)
_BLOCKS: Final = frozenset(
    {
        *("html", "body", "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"),
        *("header", "footer", "main", "nav", "aside", "ul", "ol", "li", "table", "tr", "td", "th"),
        *("blockquote", "pre", "figure", "figcaption", "form", "fieldset", "dl", "dt", "dd", "hr"),
    }
)
_SIZES: Final = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18}
_SIZES_UP: Final = {"x-large": 24, "xx-large": 32, "xxx-large": 48, "smaller": 13, "larger": 19}
_HEADINGS: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83}
_LENGTH: Final = re.compile(r"(-?\d*\.?\d+)(px|pt|em|rem|%|vw|vh|in|cm|mm|pc)?")
_PIXELS: Final = {"": 1.0, "px": 1, "pt": 4 / 3, "in": 96, "cm": 37.8, "mm": 3.78, "pc": 16}
_AWAY: Final = 400  # pixels by which words are pushed out of a window
_TINY: Final = 3  # pixels of a box that shows nothing
_FAINT: Final = 0.1  # opacity below which words are not there
_MAX_LETTERS: Final = 20_000  # of a page: a notice stands at its beginning
_MAX_NODES: Final = 200_000


@dataclass(frozen=True, slots=True)
class _Look:
    """How words inside an element look.

    Attributes:
        ink: Colour of letters.
        ground: Colour behind them; None where a picture is.
        size: Of type, in CSS pixels.
        opacity: Of all elements around, 0 to 1.
        visible: What `visibility` says.
        hidden: Why nothing inside is seen, or nothing.
    """

    ink: Colour
    ground: Colour | None
    size: float
    opacity: float
    visible: bool
    hidden: str


_PLAIN: Final = _Look((0, 0, 0), (255, 255, 255), 16.0, 1.0, visible=True, hidden="")


def passages(markup: str, *, limits: Limits) -> tuple[Passage, ...]:
    """Return the first words of a page as a browser without scripts shows them, hidden ones too.

    Raises:
        LimitExceededError: If the page has too many elements or rules.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    sheet = Sheet.of(tree, limits=limits)
    found: list[Passage] = []
    letters = 0
    for text, look in _walk(tree.root, sheet):
        hidden = look.hidden or ("" if look.visible else "visibility: hidden")
        found.append(_passage(text, look, hidden))
        letters += 0 if hidden else len(text)
        if letters > _MAX_LETTERS:
            break
    return tuple(found)


def _walk(root: Any, sheet: Sheet) -> Iterator[tuple[str, _Look]]:
    """Yield the pieces of text of a tree with their looks, without recursion."""
    stack: list[tuple[Any, _Look]] = [(root, _PLAIN)] if root is not None else []
    count = 0
    while stack:
        node, look = stack.pop()
        count += 1
        if count > _MAX_NODES:
            raise LimitExceededError("the page has too many elements")
        if node.is_text_node:
            text = node.text_content or ""
            if text.strip():
                yield text, look
            continue
        if not node.is_element_node and not node.is_document_node:
            continue
        inside = _inside(node, look, sheet) if node.is_element_node else look
        children = []
        child = node.child if not hasattr(node, "first_child") else node.first_child
        while child is not None:
            children.append((child, inside))
            child = child.next
        stack.extend(reversed(children))


def _inside(node: Any, look: _Look, sheet: Sheet) -> _Look:
    """Return how words inside an element look, given how those around it do."""
    style = sheet.style(node)
    tag = node.tag
    size = _size(style.get("font-size", ""), look.size, tag)
    ink = _ink(style, look)
    ground = _ground(style, look)
    opacity = look.opacity * _number(style.get("opacity", ""), 1.0)
    visible = {"hidden": False, "collapse": False, "visible": True, "initial": True}.get(
        style.get("visibility", ""), look.visible
    )
    hidden = look.hidden or _hides(node, tag, style, size)
    if not hidden and opacity < _FAINT:
        hidden = "it is transparent"
    return replace(
        look, ink=ink, ground=ground, size=size, opacity=opacity, visible=visible, hidden=hidden
    )


def _hides(node: Any, tag: str, style: Mapping[str, str], size: float) -> str:
    """Say why nothing inside an element is seen, if that is so."""
    told = node.attributes or {}
    display = style.get("display", "")
    if tag in _UNSEEN:
        return f"it stands in <{tag}>"
    if display == "none" or ("hidden" in told and not display):
        return "display: none"
    if tag == "details" and "open" not in told:
        return "it stands in closed <details>"
    if tag == "dialog" and "open" not in told and display in {"", "initial"}:
        return "it stands in a closed <dialog>"
    if style.get("content-visibility") == "hidden":
        return "content-visibility: hidden"
    return _clipped(style, size) or _pushed(style, size) or _squeezed(style, size)


def _clipped(style: Mapping[str, str], size: float) -> str:
    del size
    for name in ("clip", "clip-path", "mask", "mask-image", "-webkit-mask", "-webkit-mask-image"):
        if style.get(name, "none") not in {"none", "auto", "initial", "unset", "inherit"}:
            return f"{name} cuts it off"
    if re.search(r"opacity|blur|brightness|contrast\(", style.get("filter", "")):
        return "a filter hides it"
    return ""


def _pushed(style: Mapping[str, str], size: float) -> str:
    """Say whether an element is moved out of the window."""
    names = ["text-indent", "margin-left", "margin-top"]
    if style.get("position") in {"absolute", "fixed", "relative", "sticky"}:
        names += ["left", "top", "right", "bottom"]
    for name in names:
        if _pixels(style.get(name, ""), size) <= -_AWAY:
            return f"{name} pushes it out of the window"
    moved = f"{style.get('transform', '')} {style.get('translate', '')}"
    if any(abs(_pixels(one, size)) >= _AWAY for one in re.split(r"[(),\s]+", moved)):
        return "a transform moves it out of the window"
    scales = re.findall(r"scale[xy3d]*\(([^)]*)", style.get("transform", ""))
    scales += [style.get("scale", ""), style.get("zoom", "")]
    if any(abs(_number(one, 1.0)) < 0.3 for text in scales for one in re.split(r"[,\s]+", text)):
        return "it is scaled down"
    return ""


def _squeezed(style: Mapping[str, str], size: float) -> str:
    """Say whether an element is too small for what it holds, and shows none of the rest."""
    cut = any(style.get(n, "visible") not in {"visible", "initial"} for n in _OVERFLOWS)
    for name in ("width", "height", "max-width", "max-height"):
        found = _LENGTH.fullmatch(style.get(name, ""))
        if cut and found and abs(_pixels(style[name], size)) <= _TINY:
            return f"{name} leaves no room for it"
    return ""


_OVERFLOWS: Final = ("overflow", "overflow-x", "overflow-y")


def _ink(style: Mapping[str, str], look: _Look) -> Colour:
    for name in ("-webkit-text-fill-color", "color"):
        said = style.get(name, "")
        if said and said not in {"inherit", "currentcolor", "unset"}:
            if said == "initial":
                return (0, 0, 0)
            colour = parse(said)
            if colour is not None:
                return over(colour, look.ground or (255, 255, 255))
    return look.ink


def _ground(style: Mapping[str, str], look: _Look) -> Colour | None:
    said = style.get("background-color", "")
    colour = parse(said) if said else None
    solid = colour is not None and colour[3] >= 0.95
    if style.get("background-image", "none") not in {"none", "initial", "unset"}:
        return None
    if colour is None or (look.ground is None and not solid):
        return look.ground
    return over(colour, look.ground or (255, 255, 255))


def _size(said: str, around: float, tag: str) -> float:
    if not said:
        return around * _HEADINGS.get(tag, 1.0)
    if said in _SIZES or said in _SIZES_UP:
        return float((_SIZES | _SIZES_UP)[said])
    if said in {"initial", "unset", "inherit"}:
        return 16.0 if said == "initial" else around
    return _pixels(said, around, share=around) if _LENGTH.fullmatch(said) else around


def _pixels(said: str, size: float, *, share: float = 1000.0) -> float:
    """Return a length in CSS pixels; a percentage is taken of `share`, 0 if it is none."""
    found = _LENGTH.fullmatch(said.strip())
    if found is None:
        return 0.0
    number, unit = float(found[1]), found[2] or ""
    if unit == "em":
        return number * size
    if unit == "rem":
        return number * 16
    if unit == "%":
        return number / 100 * share
    return number * _PIXELS.get(unit, 10.0)  # vw, vh: of a window of 1,000 px


def _number(said: str, default: float) -> float:
    found = re.fullmatch(r"(-?\d*\.?\d+)(%?)", said.strip())
    return default if found is None else float(found[1]) / (100 if found[2] else 1)


def _passage(text: str, look: _Look, hidden: str) -> Passage:
    reached = None
    if look.ground is not None:
        faded = over((*look.ink, look.opacity), look.ground)
        reached = contrast(faded, look.ground)
    return Passage(text=text, points=look.size * 0.75, contrast=reached, hidden=hidden)
