"""What rendering an SVG may cost, judged before a renderer sees it.

A few hundred bytes can ask for billions of shapes: `<use>` of a group of `<use>`s, patterns painted
with patterns. So references are followed on paper first. What is then neither plainly cheap nor
plainly too much is rendered where it can be stopped.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats import _xml
from kzmark.formats.svg.document import SVG, WHAT

_REFERENCE: Final = re.compile(r"url\(\s*[\"']?#([^)\"']+)")
_HREF: Final = ("href", "http://www.w3.org/1999/xlink href")
_MAX_CHAIN: Final = 32  # references that lead on to references
_REPEATED: Final = 4  # how many times the elements of a file may be painted on average
_CHEAP_BYTES: Final = 2 << 20
_CHEAP_LEVELS: Final = 200  # elements nested and referred to in a row
_CHEAP_COST: Final = 3_000  # measured: about a second at most
_LAYER_COST: Final = 60  # of a group painted apart and then laid over, in elements
_LETTERS_EACH: Final = 4  # letters that cost as much as an element
_GEOMETRY_EACH: Final = 100  # bytes of a path that do
_COSTLY: Final = frozenset(  # paint areas again and again, or take numbers without a bound
    f"{SVG} {name}" for name in ("filter", "mask", "pattern", "marker", "textPath", "feImage")
)
_TEXTS: Final = (f"{SVG} text", f"{SVG} tspan", f"{SVG} a")
_SHADES: Final = (f"{SVG} linearGradient", f"{SVG} radialGradient")
_LAYERS: Final = ("opacity", "mix-blend-mode", "isolation", "clip-path")
_LAYERED: Final = re.compile(rf"(?<![\w-])(?:{'|'.join(_LAYERS)})")  # not `fill-opacity`
_IMAGES: Final = (f"{SVG} image", f"{SVG} feImage")


class Weight(_xml.Visitor):
    """Adds up one document while it is scanned.

    Attributes:
        images: Offset of the start tag and reference of each picture that is drawn.
        cheap: Whether rendering is plainly cheap, known after `settle`.
    """

    def __init__(self, size: int) -> None:
        self.images: list[tuple[int, str]] = []
        self.cheap = size <= _CHEAP_BYTES
        self._open: list[_Part] = [_Part("", "")]
        self._parts: dict[str, _Part] = {}
        self._deepest = 0
        self._css: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open a part."""
        part = _Part(name, attributes.get("id", ""))
        self._open.append(part)
        self._deepest = max(self._deepest, len(self._open))
        href = next((attributes[key] for key in _HREF if key in attributes), "").strip()
        if name in _IMAGES:
            self.images.append((self.offset, href))
        if href.startswith("#"):
            part.references.append(href[1:])
        for value in attributes.values():
            if "url(" in value:
                part.references += _REFERENCE.findall(value)
        style = attributes.get("style", "")
        geometry = len(attributes.get("d", "")) + len(attributes.get("points", ""))
        part.cost += geometry / _GEOMETRY_EACH
        part.cost += _LAYER_COST * (
            any(key in attributes for key in _LAYERS) or bool(_LAYERED.search(style))
        )
        if name in _COSTLY or "stroke-dasharray" in attributes or "dasharray" in style:
            self.cheap = False

    def end(self) -> None:
        """Close a part; what it weighs counts for the one around it."""
        part = self._open.pop()
        self._open[-1].take(part)
        if part.identity:
            self._parts.setdefault(part.identity, part)
        css = "".join(self._css)
        if "url(" in css or "dasharray" in css or _LAYERED.search(css):
            self.cheap = False
        self._css = []

    def text(self, text: str) -> None:
        """Keep the style sheets."""
        if self._open[-1].name == f"{SVG} style":
            self._css.append(text)
        elif self._open[-1].name in _TEXTS:
            self._open[-1].cost += len(text) / _LETTERS_EACH

    def settle(self, *, limits: Limits) -> None:
        """Follow the references.

        Raises:
            LimitExceededError: If the shapes to paint or the references in a row are too many.
        """
        whole = self._follow(self._open[0], limits.max_elements * _REPEATED, ())
        if whole.cost > _CHEAP_COST or self._deepest * whole.chain > _CHEAP_LEVELS or self.images:
            self.cheap = False

    def _follow(self, part: "_Part", allowed: int, path: tuple[str, ...]) -> "_Sum":
        """Return what a part paints with all it refers to."""
        if len(path) > _MAX_CHAIN:
            raise LimitExceededError(f"{WHAT} refers on and on, over {_MAX_CHAIN} times in a row")
        if part.sum is None:
            shapes, cost, chain = part.shapes, part.cost, 1
            for name in part.references:
                if name in path or name not in self._parts or self._parts[name].name in _SHADES:
                    continue  # a circle is not painted, nor what is not there; a shade is no shape
                more = self._follow(self._parts[name], allowed, (*path, name))
                shapes, cost = shapes + more.shapes, cost + more.cost
                chain = max(chain, more.chain + 1)
                if shapes > allowed:
                    raise LimitExceededError(
                        f"{WHAT} paints over the limit of {allowed} shapes by references"
                    )
            part.sum = _Sum(shapes, cost, chain)
        return part.sum


class _Sum(NamedTuple):
    """What a part paints: elements, their cost, and the longest chain of references."""

    shapes: int
    cost: float
    chain: int


class _Part:
    """An element with all that is in it."""

    __slots__ = ("cost", "identity", "name", "references", "shapes", "sum")

    def __init__(self, name: str, identity: str) -> None:
        self.name = name
        self.identity = identity
        self.shapes = 1
        self.cost = 1.0
        self.references: list[str] = []
        self.sum: _Sum | None = None

    def take(self, other: "_Part") -> None:
        self.shapes += other.shapes
        self.cost += other.cost
        self.references += other.references


def weigh(text: bytes, *, limits: Limits) -> Weight:
    """Return the weight of an SVG in UTF-8.

    Raises:
        MalformedMediaError: If it is not well-formed or declares entities.
        LimitExceededError: If it is over the limits.
    """
    weight = Weight(len(text))
    _xml.scan(text, limits=limits, what=WHAT, doctype=True, visitor=weight)
    weight.settle(limits=limits)
    return weight
