"""How the letters of an OpenDocument file look: styles, their parents, and the defaults."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from kzmark.formats._colour import Colour, contrast, parse
from kzmark.formats._text import Passage
from kzmark.formats._xmlmap import Element

_DEEPEST: Final = 24
_WHITE: Final = (255, 255, 255)
_POINTS: Final = {"pt": 1.0, "cm": 28.3465, "mm": 2.83465, "in": 72.0, "px": 0.75, "pc": 12.0}
_LENGTH: Final = re.compile(r"(-?\d{0,9}\.?\d{1,9})(pt|cm|mm|in|px|pc)")
_SHARE: Final = re.compile(r"(-?\d{1,6}\.?\d{0,6})%")
_FAR: Final = 1_400.0  # points off the page
_UNSEEN: Final = frozenset(
    {
        *("text:tracked-changes", "text:hidden-text", "text:hidden-paragraph", "text:note"),
        *("office:annotation", "office:forms", "presentation:notes", "draw:frame", "draw:g"),
        *("draw:custom-shape", "draw:rect", "draw:text-box"),
    }
)
_PICTURES: Final = frozenset({"wingdings", "webdings", "symbol", "opensymbol"})


@dataclass(frozen=True, slots=True)
class Look:
    """How letters look.

    Attributes:
        size: In points.
        ink: Colour of letters; None for black or white, as the ground asks.
        ground: Colour behind them; None where it cannot be told.
        hidden: Why they are not seen, or nothing.
    """

    size: float = 12.0
    ink: Colour | None = None
    ground: Colour | None = _WHITE
    hidden: str = ""

    def passage(self, text: str) -> Passage:
        """Return words that look so."""
        reached = None
        if self.ground is not None:
            dark = contrast(self.ground, _WHITE) > contrast(self.ground, (0, 0, 0))
            ink = self.ink or (_WHITE if dark else (0, 0, 0))
            reached = contrast(ink, self.ground)
        return Passage(text=text, points=self.size, contrast=reached, hidden=self.hidden)


class Styles:
    """The styles of a file, by family and name; those given first win."""

    def __init__(self, *roots: Element | None) -> None:
        self._named: dict[tuple[str, str], Element] = {}
        self._defaults: dict[str, Element] = {}
        for root in roots:
            for group in ("office:automatic-styles", "office:styles"):
                listed = root.first(group) if root is not None else None
                for one in listed.elements if listed is not None else ():
                    family = one.get("style:family")
                    if one.name == "style:default-style":
                        self._defaults.setdefault(family, one)
                    else:
                        self._named.setdefault((family, one.get("style:name")), one)

    def chain(self, family: str, name: str) -> Iterator[Element]:
        """Yield a style, its parents, and the default of the family."""
        for _ in range(_DEEPEST):
            style = self._named.get((family, name))
            if style is None:
                break
            yield style
            name = style.get("style:parent-style-name")
        if family in self._defaults:
            yield self._defaults[family]

    def value(self, family: str, name: str, kind: str, said: str) -> str:
        """Return what a style or a parent of it says of a property."""
        for style in self.chain(family, name):
            found = style.first(f"style:{kind}-properties")
            if found is not None and said in found.attributes:
                return found.get(said)
        return ""

    def attribute(self, family: str, name: str, said: str) -> str:
        """Return what a style or a parent of it says in its own tag."""
        return next((one.get(said) for one in self.chain(family, name) if one.get(said)), "")

    def inside(self, look: Look, family: str, name: str) -> Look:
        """Return how letters look inside an element of a style."""

        def text(said: str) -> str:
            return self.value(family, name, "text", said)

        size = _size(text("fo:font-size"), look.size)
        ink = _colour(text("fo:color")) or look.ink
        if text("style:use-window-font-color") == "true":
            ink = None
        ground = look.ground
        kinds = ("paragraph", "text") if family == "paragraph" else (
            ("table-cell", "text") if family == "table-cell" else ("text",)
        )  # fmt: skip
        for kind in kinds:
            fill = self.value(family, name, kind, "fo:background-color")
            ground = _colour(fill) or ground
        hidden = look.hidden or self._hides(family, name, size)
        return replace(look, size=size, ink=ink, ground=ground, hidden=hidden)

    def _hides(self, family: str, name: str, size: float) -> str:
        def text(said: str) -> str:
            return self.value(family, name, "text", said)

        def block(said: str) -> str:
            return self.value(family, name, "paragraph", said)

        if text("text:display") in {"none", "condition"}:
            return "it is hidden text"
        scale = _SHARE.fullmatch(text("style:text-scale"))
        if scale and float(scale[1]) < 34:
            return "its letters are squeezed together"
        face = text("fo:font-family") or text("style:font-name")
        if face.strip("'\"").lower() in _PICTURES:
            return "its font has pictures for letters"
        if family == "paragraph":
            height = _LENGTH.fullmatch(block("fo:line-height"))
            if height and points(block("fo:line-height")) < 0.6 * size:
                return "its line is too low for its letters"
            names = ("fo:margin-left", "fo:text-indent", "fo:margin-right", "fo:margin-top")
            if any(abs(points(block(one))) > _FAR for one in names):
                return "it is moved off the page"
        return ""


def passages(
    root: Element, styles: Styles, look: Look | None = None, *, boxed: bool = False
) -> Iterator[Passage]:
    """Yield the words inside an element, in the order they are read.

    Frames and shapes are passed over, unless the element itself stands in one (`boxed`).
    """
    waiting: list[tuple[Element | str, Look]] = [
        (one, look or Look()) for one in reversed(root.children)
    ]
    while waiting:
        one, around = waiting.pop()
        if isinstance(one, str):
            if one.strip():
                yield around.passage(one)
            continue
        if one.name in _UNSEEN and not boxed:
            continue
        inner = _inner(one, styles, around)
        waiting.extend((child, inner) for child in reversed(one.children))


def _inner(one: Element, styles: Styles, look: Look) -> Look:
    name = one.get("text:style-name")
    if one.name in {"text:p", "text:h"}:
        return styles.inside(look, "paragraph", name)
    if one.name in {"text:span", "text:a"} and name:
        return styles.inside(look, "text", name)
    if one.name == "text:section" and one.get("text:display", "true") != "true":
        return replace(look, hidden=look.hidden or "its section is hidden")
    if one.name == "table:table-cell":
        return styles.inside(look, "table-cell", one.get("table:style-name"))
    if one.get("table:visibility", "visible") != "visible":
        return replace(look, hidden=look.hidden or "its row or column is hidden")
    return look


def points(said: str) -> float:
    """Return a length in points; 0 for none."""
    found = _LENGTH.fullmatch(said)
    return float(found[1]) * _POINTS[found[2]] if found else 0.0


def _size(said: str, around: float) -> float:
    share = _SHARE.fullmatch(said)
    if share:
        return around * float(share[1]) / 100
    return points(said) if _LENGTH.fullmatch(said) else around


def _colour(said: str) -> Colour | None:
    found = parse(said) if said.startswith("#") else None
    return found[:3] if found else None
