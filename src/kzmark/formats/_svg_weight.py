"""What rendering an SVG may cost, judged before a renderer sees it.

A few hundred bytes can ask for billions of shapes: `<use>` of a group of `<use>`s, patterns painted
with patterns. So references are followed on paper first. What is then neither plainly cheap nor
plainly too much is rendered where it can be stopped.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats import _xml
from kzmark.formats._svg_document import SVG, WHAT, Span

_REFERENCE: Final = re.compile(r"url\(\s*[\"']?#([^)\"']+)")
_HREF_VALUE: Final = re.compile(rb"""(?<=href)\s*=\s*("[^"]*"|'[^']*')""")
_HREF: Final = ("href", "http://www.w3.org/1999/xlink href")
_MAX_CHAIN: Final = 32  # references that lead on to references
_CHEAP_SHAPES: Final = 3_000
_CHEAP_LEVELS: Final = 200  # elements nested and referred to in a row
_CHEAP_LAYERS: Final = 50  # groups that are painted apart and then laid over
_CHEAP_BYTES: Final = 2 << 20
_COSTLY: Final = frozenset(  # paint areas again and again, or take numbers without a bound
    f"{SVG} {name}" for name in ("filter", "mask", "pattern", "marker", "textPath", "feImage")
)
_LAYERS: Final = ("opacity", "mix-blend-mode", "isolation", "clip-path")
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
        self._open: list[_Part] = [_Part("")]
        self._parts: dict[str, _Part] = {}
        self._layers = 0
        self._deepest = 0
        self._in_style = False
        self._css: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        part = _Part(attributes.get("id", ""))
        part.shapes = 1
        self._open.append(part)
        self._deepest = max(self._deepest, len(self._open))
        href = next((attributes[key] for key in _HREF if key in attributes), "").strip()
        if name in _IMAGES:
            self.images.append((self.offset, href))
        if href.startswith("#"):
            part.references.append(href[1:])
        style = attributes.get("style", "")
        for value in attributes.values():
            if "url(" in value:
                part.references += _REFERENCE.findall(value)
        if any(key in attributes or key in style for key in _LAYERS):
            self._layers += 1
        if name in _COSTLY or "stroke-dasharray" in attributes or "dasharray" in style:
            self.cheap = False
        self._in_style = name == f"{SVG} style"

    def end(self) -> None:
        part = self._open.pop()
        self._in_style = False
        if any(word in "".join(self._css) for word in ("url(", "dasharray", *_LAYERS)):
            self.cheap = False
        self._css = []
        self._open[-1].take(part)
        if part.name and part.name not in self._parts:
            self._parts[part.name] = part

    def text(self, text: str) -> None:
        if self._in_style:
            self._css.append(text)

    def settle(self, *, limits: Limits) -> None:
        """Follow the references.

        Raises:
            LimitExceededError: If the shapes to paint or the references in a row are too many.
        """
        shapes, chain = self._follow(self._open[0], limits.max_elements, ())
        if shapes > _CHEAP_SHAPES or self._deepest * chain > _CHEAP_LEVELS:
            self.cheap = False
        repeated = shapes > self._open[0].shapes
        if self.images or self._layers > (0 if repeated else _CHEAP_LAYERS):
            self.cheap = False

    def _follow(self, part: "_Part", allowed: int, path: tuple[str, ...]) -> tuple[int, int]:
        """Return how many shapes a part paints, and the longest chain of references from it."""
        if len(path) > _MAX_CHAIN:
            raise LimitExceededError(f"{WHAT} refers on and on, over {_MAX_CHAIN} times in a row")
        if part.known is None:
            shapes, chain = part.shapes, 1
            for name in part.references:
                if name in path or name not in self._parts:
                    continue  # a circle is not painted; what is missing neither
                more, longer = self._follow(self._parts[name], allowed, (*path, name))
                shapes, chain = shapes + more, max(chain, longer + 1)
                if shapes > allowed:
                    raise LimitExceededError(
                        f"{WHAT} paints over the limit of {allowed} shapes by references"
                    )
            part.known = shapes, chain
        return part.known


class _Part:
    """An element with all that is in it."""

    __slots__ = ("known", "name", "references", "shapes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.shapes = 0
        self.references: list[str] = []
        self.known: tuple[int, int] | None = None

    def take(self, other: "_Part") -> None:
        self.shapes += other.shapes
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


def blanked(text: bytes, tags: Iterable[Span]) -> list[tuple[Span, bytes]]:
    """Return the edits that take the references out of start tags."""
    return [
        ((start + found.start(1), start + found.end(1)), b'""')
        for start, end in tags
        for found in _HREF_VALUE.finditer(text[start:end])
    ]
