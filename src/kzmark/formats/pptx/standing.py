"""What stands on a slide: words and pictures, those of its layout and master too.

Spec: ISO 29500-1, 19.3.1.36 (placeholders), 19.3.1.38 (slides and the shapes of their master).
"""

from collections.abc import Iterator
from typing import Final

from kzmark.formats._ooxml.spots import Box
from kzmark.formats._xmlmap import Element
from kzmark.formats.pptx.deck import Deck, is_ours, number

_KINDS: Final = frozenset({"p:sp", "p:pic", "p:graphicFrame", "p:grpSp"})
_ALIKE: Final = {"ctrTitle": "title", "subTitle": "body", "obj": "body", "": "body"}
_OFF: Final = frozenset({"0", "false"})


class Standing:
    """Looks at the slides of a presentation; a layout and a master are taken apart once."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._known: dict[str, Element] = {}

    def boxes(self, name: str, root: Element) -> list[Box]:
        """Return the boxes of what is seen on a slide, our own plates left out, in EMU."""
        layout = self._deck.parts.related(name, "slideLayout")
        master = self._deck.parts.related(layout, "slideMaster") if layout else ""
        behind = [self._root(one) for one in (layout, master) if one]
        found = [
            box
            for shape in _shapes(root)
            if _is_seen(shape) and (box := self._box(shape, behind)) is not None
        ]
        for around, inner in zip([root, *behind], behind, strict=False):
            if around.get("showMasterSp") in _OFF:
                break
            shapes = (one for one in _shapes(inner) if _holder(one) is None and _is_seen(one))
            found += [box for one in shapes if (box := _own(one)) is not None]
        return found

    def _root(self, name: str) -> Element:
        if name not in self._known:
            self._known[name] = self._deck.parts.document(name).root
        return self._known[name]

    def _box(self, shape: Element, behind: list[Element]) -> Box | None:
        own, holder = _own(shape), _holder(shape)
        if own is not None or holder is None:
            return own
        for root in behind:
            for one in _shapes(root):
                other = _holder(one)
                if other is not None and _is_same(holder, other) and (box := _own(one)):
                    return box
        return None


def _shapes(root: Element) -> Iterator[Element]:
    tree = root.first("p:cSld", "p:spTree")
    waiting = list(tree.elements) if tree is not None else []
    for one in waiting:
        if one.name in _KINDS and not is_ours(one):
            yield one
        elif one.name == "mc:AlternateContent":
            inner = next(one.elements, None)
            waiting += inner.elements if inner is not None else ()


def _is_seen(shape: Element) -> bool:
    """Say whether a shape shows words or a picture."""
    if shape.name in {"p:pic", "p:graphicFrame"}:
        return True
    return any(
        one.name in {"p:pic", "a:blip"} or (one.name == "a:t" and one.text.strip())
        for one in shape.walk()
    )


def _holder(shape: Element) -> Element | None:
    """Return what says that a shape is a placeholder, if it is one."""
    for kind in ("p:nvSpPr", "p:nvPicPr", "p:nvGraphicFramePr"):
        found = shape.first(kind, "p:nvPr", "p:ph")
        if found is not None:
            return found
    return None


def _is_same(one: Element, other: Element) -> bool:
    """Say whether a placeholder takes after another: by its number, or else by its kind."""
    if one.get("idx") and one.get("idx") == other.get("idx"):
        return True
    kinds = [_ALIKE.get(each.get("type"), each.get("type")) for each in (one, other)]
    return kinds[0] == kinds[1] and (kinds[0] != "body" or not other.get("idx", "1").strip("1"))


def _own(shape: Element) -> Box | None:
    place = (
        shape.first("p:spPr", "a:xfrm")
        or shape.first("p:grpSpPr", "a:xfrm")
        or shape.first("p:xfrm")
    )
    off = place.first("a:off") if place is not None else None
    ext = place.first("a:ext") if place is not None else None
    if off is None or ext is None:
        return None
    x, y = number(off, "x", 0), number(off, "y", 0)
    return x, y, x + number(ext, "cx", 0), y + number(ext, "cy", 0)
