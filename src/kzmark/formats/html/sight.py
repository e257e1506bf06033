"""What a reader sees of a page: its first words, and what takes words out of sight."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._colour import Colour, contrast, over, parse
from kzmark.formats._text import Passage
from kzmark.formats.html.declared import resolved
from kzmark.formats.html.hiding import hides, styled_away
from kzmark.formats.html.lengths import WINDOW, number, pixels
from kzmark.formats.html.styles import Sheet

_SIZES: Final = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18}
_SIZES_UP: Final = {"x-large": 24, "xx-large": 32, "xxx-large": 48, "smaller": 13, "larger": 19}
_HEADINGS: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83}
_LOWERED: Final = {"sub": 0.83, "sup": 0.83, "big": 1.2}
_WHOLE: Final = 0.9  # of a window: what covers so much of it covers its beginning
_SILENT: Final = frozenset({"inherit", "currentcolor", "unset", "initial", "revert"})
_TINY: Final = 4  # pixels of type that nobody reads
_FAINT: Final = 0.1  # opacity below which words are not there
_MAX_LETTERS: Final = 20_000  # of a page: a notice stands at its beginning
_FURTHER: Final = 20_000  # elements behind these in which something that covers them is looked for
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
        level: How high they lie over the page: -1 in its flow, else what `z-index` says.
        placed: Whether an element around them is a ground for those placed in it.
        variables: What custom properties hold, by name.
    """

    ink: Colour
    ground: Colour | None
    size: float
    opacity: float
    visible: bool
    hidden: str
    level: float = -1
    placed: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


_PLAIN: Final = _Look((0, 0, 0), (255, 255, 255), 16.0, 1.0, visible=True, hidden="")


class _Cover(NamedTuple):
    """An element that covers the whole window.

    Attributes:
        order: Its place in the page.
        level: How high it lies.
    """

    order: int
    level: float


def passages(markup: str, *, limits: Limits) -> tuple[Passage, ...]:
    """Return the first words of a page as a browser without scripts shows them, hidden ones too.

    Raises:
        LimitExceededError: If the page has too many elements or rules, or a style that is nested
            too deeply or holds a number of thousands of digits, which nothing reads.
    """
    try:
        return _seen(markup, limits)
    except (RecursionError, ValueError) as error:  # of tinycss2
        raise LimitExceededError("a style of the page goes beyond what can be read") from error


def _seen(markup: str, limits: Limits) -> tuple[Passage, ...]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    sheet = Sheet.of(tree, limits=limits)
    found: list[tuple[int, str, _Look]] = []
    covers: list[_Cover] = []
    letters = last = 0
    for order, text, look in _walk(tree.root, sheet, covers):
        if letters <= _MAX_LETTERS:
            found.append((order, text, look))
            letters += 0 if look.hidden else len(text)
            last = order
        elif order > last + _FURTHER:
            break
    return tuple(_passage(text, look, _why(look, order, covers)) for order, text, look in found)


def _why(look: _Look, order: int, covers: Sequence[_Cover]) -> str:
    """Say why words are not seen, if they are not."""
    if look.hidden or not look.visible:
        return look.hidden or "visibility: hidden"
    over = any((one.level, one.order) > (look.level, order) for one in covers)
    return "something lies over the page" if over else ""


def _walk(root: Any, sheet: Sheet, covers: list[_Cover]) -> Iterator[tuple[int, str, _Look]]:
    """Yield place, text and look of the pieces of text of a tree, without recursion."""
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
                yield count, text, look
            continue
        if not node.is_element_node and not node.is_document_node:
            continue
        inside = look
        if node.is_element_node:
            style = resolved(node, sheet, look.variables)
            inside = _inside(node, look, style, sheet)
            if _covers(node.tag, style, look, inside):
                covers.append(_Cover(count, inside.level))
        children = []
        child = node.child if not hasattr(node, "first_child") else node.first_child
        while child is not None:
            children.append((child, inside))
            child = child.next
        stack.extend(reversed(children))


def _covers(tag: str, style: Mapping[str, str], around: _Look, look: _Look) -> bool:
    """Say whether an element covers the whole window, its beginning with it."""
    position = style.get("position", "")
    if look.hidden or not look.visible or look.opacity < _SOLID or position not in _LOOSE:
        return False
    if position == "absolute" and around.placed:  # it covers the element that it is placed in
        return False
    if _ground(style, replace(look, ground=None)) is None and tag not in _OPAQUE:
        image = style.get("background-image", "none") not in {"none", "initial", "unset"}
        if not image:
            return False
    return _spans(style, "left", "right", "width") and _spans(style, "top", "bottom", "height")


def _spans(style: Mapping[str, str], start: str, end: str, size: str) -> bool:
    """Say whether an element reaches from one edge of the window to the other."""
    first, last = (pixels(style.get(name, ""), 16) for name in (start, end))
    if first is not None and last is not None and size not in style:
        return first <= 0 and last <= (1 - _WHOLE) * WINDOW
    room = pixels(style.get(size, ""), 16)
    return (first or 0) <= 0 and room is not None and room >= _WHOLE * WINDOW


_LOOSE: Final = frozenset({"absolute", "fixed"})
_OPAQUE: Final = frozenset({"img", "video", "canvas", "iframe", "embed", "object"})
_SOLID: Final = 0.9  # opacity from which nothing is seen through


def _inside(node: Any, look: _Look, style: Mapping[str, str], sheet: Sheet) -> _Look:
    """Return how words inside an element look, given how those around it do."""
    tag = node.tag
    size = _size(style.get("font-size", ""), look.size, tag)
    if not style:  # most elements: nothing is declared for them
        hidden = look.hidden or hides(node, tag, style, size) or _shadowed(node)
        same = hidden == look.hidden and size == look.size
        return look if same else replace(look, size=size, hidden=hidden)
    opacity = look.opacity * number(style.get("opacity", ""))
    visible = {"hidden": False, "collapse": False, "visible": True, "initial": True}.get(
        style.get("visibility", ""), look.visible
    )
    hidden = look.hidden or hides(node, tag, style, size) or _strange(style)
    hidden = hidden or _shadowed(node) or _animated(style, size, sheet)
    if not hidden and opacity < _FAINT:
        hidden = "it is transparent"
    placed = style.get("position", "static") in {"absolute", "fixed", "relative", "sticky"}
    level = look.level
    if placed and level < 0:
        level = max(0.0, number(style.get("z-index", ""), 0))
    return _Look(
        ink=_ink(style, look),
        ground=_ground(style, look),
        size=size,
        opacity=opacity,
        visible=visible,
        hidden=hidden,
        level=level,
        placed=look.placed or placed or style.get("transform", "none") != "none",
        variables=_variables(style, look),
    )


def _variables(style: Mapping[str, str], look: _Look) -> Mapping[str, str]:
    own = {name: value for name, value in style.items() if name.startswith("--")}
    return {**look.variables, **own} if own else look.variables


def _strange(style: Mapping[str, str]) -> str:
    """Say whether the colour of letters cannot be told."""
    said = style.get("-webkit-text-fill-color") or style.get("color", "")
    if not said or said in _SILENT or parse(said) is not None:
        return ""
    return f"its colour cannot be told: {said[:40]}" if "(" in said else ""


def _shadowed(node: Any) -> str:
    """Say whether a shadow tree stands in the place of what an element holds."""
    child = node.child if not hasattr(node, "first_child") else node.first_child
    while child is not None:
        told = (child.attributes or {}) if child.tag == "template" else {}
        if {"shadowrootmode", "shadowroot"} & set(told):
            return "a shadow tree stands in its place"
        child = child.next
    return ""


def _animated(style: Mapping[str, str], size: float, sheet: Sheet) -> str:
    """Say whether an animation takes words out of sight after its first frame."""
    names = f"{style.get('animation', '')} {style.get('animation-name', '')}"
    for name in re.split(r"[\s,]+", names) if sheet.frames else ():
        for frame in sheet.frames.get(name.strip("\"'"), ()):
            gone = number(frame.get("opacity", "")) < _FAINT or frame.get("visibility") == "hidden"
            tiny = _size(frame.get("font-size", ""), size, "") < _TINY
            if gone or tiny or frame.get("display") == "none" or styled_away(frame, size):
                return "an animation hides it"
    return ""


def _ink(style: Mapping[str, str], look: _Look) -> Colour:
    for name in ("-webkit-text-fill-color", "color"):
        said = style.get(name, "")
        if said and said not in _SILENT - {"initial"}:
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
        return around * (_HEADINGS | _LOWERED).get(tag, 1.0)
    if said in _SIZES or said in _SIZES_UP:
        return float((_SIZES | _SIZES_UP)[said])
    if said in {"initial", "unset", "inherit"}:
        return 16.0 if said == "initial" else around
    found = pixels(said, around, share=around)
    return around if found is None else found


def _passage(text: str, look: _Look, hidden: str) -> Passage:
    reached = None
    if look.ground is not None:
        faded = over((*look.ink, look.opacity), look.ground)
        reached = contrast(faded, look.ground)
    return Passage(text=text, points=look.size * 0.75, contrast=reached, hidden=hidden)
