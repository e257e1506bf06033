"""What stands on an OpenDocument slide: words and pictures, those of its master page too."""

from collections.abc import Iterator, Sequence
from typing import Final

from kzmark.formats._odf.looks import points
from kzmark.formats._odf.pages import masters
from kzmark.formats._odf.parts import STYLES, OdfParts
from kzmark.formats._ooxml.spots import Box
from kzmark.formats._xmlmap import Element

NAME: Final = "kzmark notice"  # of the frame by which our plates are known
_SHAPES: Final = frozenset(
    {
        *("draw:frame", "draw:custom-shape", "draw:rect", "draw:ellipse", "draw:circle"),
        *("draw:polygon", "draw:path", "draw:regular-polygon", "draw:caption"),
    }
)
_PICTURES: Final = frozenset({"draw:image", "draw:object", "draw:plugin", "table:table"})
_MARGIN: Final = "presentation:class"  # a master's placeholders are not shown on slides


class Standing:
    """Looks at the slides of a presentation; its master pages are looked at once."""

    def __init__(self, parts: OdfParts) -> None:
        root = parts.document(STYLES).root if STYLES in parts.edits else None
        self._behind = {
            page.get("style:name"): [
                box for one in _shapes(page) if not one.get(_MARGIN) for box in _seen(one)
            ]
            for page in (masters(root) if root is not None else ())
        }

    def boxes(self, pages: Sequence[Element]) -> list[list[Box]]:
        """Return the boxes of what is seen on each slide, our plates left out, in points."""
        return [
            [box for one in _shapes(page) for box in _seen(one)]
            + self._behind.get(page.get("draw:master-page-name"), [])
            for page in pages
        ]


def is_ours(frame: Element) -> bool:
    """Say whether a frame is an earlier plate of ours."""
    return frame.name == "draw:frame" and frame.get("draw:name") == NAME


def _shapes(page: Element) -> Iterator[Element]:
    """Yield the shapes of a slide, those in groups too."""
    waiting = list(page.elements)
    for one in waiting:
        if one.name in {"draw:g", "draw:a"}:
            waiting += one.elements
        elif one.name in _SHAPES and not is_ours(one):
            yield one


def _seen(shape: Element) -> Iterator[Box]:
    """Yield the box of a shape that shows words or a picture and says where it stands."""
    if not shape.get("svg:width") or shape.get("draw:transform"):
        return
    is_empty = shape.get("presentation:placeholder") == "true"
    pictured = any(one.name in _PICTURES for one in shape.elements)
    if is_empty or not (pictured or shape.text.strip()):
        return
    x, y = points(shape.get("svg:x")), points(shape.get("svg:y"))
    yield x, y, x + points(shape.get("svg:width")), y + points(shape.get("svg:height"))
