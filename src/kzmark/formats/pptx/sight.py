"""What a viewer sees of a slide: its words, with what lies over them and where they stand."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._colour import Colour, contrast, over
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.theme import Theme
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Document, Element
from kzmark.formats.pptx.deck import Deck, number

_SHAPES: Final = frozenset({"p:sp", "p:pic", "p:graphicFrame", "p:grpSp", "p:cxnSp"})
_SIZE: Final = 1_800  # hundredths of a point, where nobody says it
_HIDDEN_SHARE: Final = 0.4  # of a shape's area that may be covered
_FAINT: Final = 0.1
_LETTERS: Final = 6_000  # of a slide

Box = tuple[int, int, int, int]  # left, top, right, bottom, in EMU


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield every slide."""
    parts = Parts(source, limits=limits)
    deck = Deck.of(parts)
    themes: dict[str, Theme] = {}
    for index, name in enumerate(deck.slides):
        root = parts.document(name).root
        layout = parts.related(name, "slideLayout")
        master = parts.related(layout, "slideMaster") if layout else ""
        if master not in themes:
            themes[master] = _theme(parts, master)
        yield Leaf(index=index, passages=tuple(_passages(root, deck, themes[master])))


def _theme(parts: Parts, master: str) -> Theme:
    if not master:
        return Theme()
    return Theme.of(parts, master, _names(parts.edits.read(master), parts.limits, master))


@functools.lru_cache(maxsize=8)
def _names(data: bytes, limits: Limits, what: str) -> Mapping[str, str] | None:
    """Return what slides of a master call its colours; the files of one program have the same."""
    said = Document.of(data, limits=limits, what=what).root.first("p:clrMap")
    return said.attributes if said is not None else None


def _passages(root: Element, deck: Deck, theme: Theme) -> Iterator[Passage]:
    tree = root.first("p:cSld", "p:spTree")
    shapes = list(_shapes(tree)) if tree is not None else []
    boxes = [_box(one, deck) for one in shapes]
    moved = {one.get("spid") for one in root.walk() if one.name == "p:spTgt"}
    paper = _paper(root, theme)
    letters = 0
    for at in sorted(range(len(shapes)), key=lambda n: _height(boxes[n], deck)):
        shape = shapes[at]
        if shape.name != "p:sp" or shape.first("p:txBody") is None:
            continue
        hidden = _hidden(shape, boxes[at], deck, moved)
        if not hidden and _covered(boxes[at], shapes[at + 1 :], boxes[at + 1 :]):
            hidden = "something lies over it"
        for passage in _runs(shape, theme, paper, hidden):
            letters += len(passage.text)
            yield passage
        if letters > _LETTERS:
            return


def _height(box: Box | None, deck: Deck) -> tuple[int, int]:
    """Return what orders shapes: from the upper and lower edge inwards, then from the left.

    A slide is seen at once, and a plate at its foot as soon as one at its head.
    """
    if box is None:
        return 1 << 60, 0
    return min(max(0, box[1]), max(0, deck.height - box[3])), box[0]


def _shapes(tree: Element) -> Iterator[Element]:
    """Yield the shapes of a slide, those behind first."""
    for one in tree.elements:
        if one.name in _SHAPES:
            yield one
        elif one.name == "mc:AlternateContent":
            inner = next(one.elements, None)
            yield from _shapes(inner) if inner is not None else ()


def _box(shape: Element, deck: Deck) -> Box | None:
    place = (
        shape.first("p:spPr", "a:xfrm")
        or shape.first("p:grpSpPr", "a:xfrm")
        or shape.first("p:xfrm")
    )
    if place is None:
        return None
    off, ext = place.first("a:off"), place.first("a:ext")
    x, y = number(off, "x", 0), number(off, "y", 0)
    width, height = number(ext, "cx", deck.width), number(ext, "cy", deck.height)
    return x, y, x + width, y + height


def _hidden(shape: Element, box: Box | None, deck: Deck, moved: set[str]) -> str:
    """Say why a viewer does not see a shape, or nothing."""
    named = shape.first("p:nvSpPr", "p:cNvPr")
    if named is not None and named.get("hidden") in {"1", "true"}:
        return "its shape is hidden"
    if named is not None and named.get("id") in moved:
        return "an animation can hide it"
    fit = shape.first("p:txBody", "a:bodyPr", "a:normAutofit")
    if number(fit, "fontScale", 100_000) < 30_000:
        return "its letters are scaled down"
    return _misplaced(box, deck) if box is not None else ""


def _misplaced(box: Box, deck: Deck) -> str:
    left, top, right, bottom = box
    if right - left < 10 * _POINTS or bottom - top < 4 * _POINTS:
        return "its shape has no size"
    wide = min(right, deck.width) - max(left, 0)
    high = min(bottom, deck.height) - max(top, 0)
    if wide < 0.9 * min(right - left, deck.width) or high < 0.9 * (bottom - top):
        return "it stands off the slide"
    return ""


_POINTS: Final = 12_700


def _covered(box: Box | None, shapes: Sequence[Element], boxes: Sequence[Box | None]) -> bool:
    """Say whether shapes that are painted later take a shape out of sight."""
    if box is None:
        return False
    left, top, right, bottom = box
    area = max(1, (right - left) * (bottom - top))
    hidden = 0
    for shape, over_it in zip(shapes, boxes, strict=True):
        if over_it is None or not _is_opaque(shape):
            continue
        wide = min(right, over_it[2]) - max(left, over_it[0])
        high = min(bottom, over_it[3]) - max(top, over_it[1])
        hidden += max(0, wide) * max(0, high)
    return hidden > _HIDDEN_SHARE * area


def _is_opaque(shape: Element) -> bool:
    if shape.name in {"p:pic", "p:graphicFrame"}:
        return True
    if shape.name == "p:grpSp":
        return any(_is_opaque(one) for one in _shapes(shape))
    look = shape.first("p:spPr")
    if look is not None and look.first("a:noFill") is not None:
        return False
    filled = {"a:solidFill", "a:gradFill", "a:blipFill", "a:pattFill", "a:grpFill"}
    return (look is not None and any(one.name in filled for one in look.elements)) or (
        shape.first("p:style", "a:fillRef") is not None
    )


def _runs(shape: Element, theme: Theme, paper: Colour | None, hidden: str) -> Iterator[Passage]:
    look = shape.first("p:spPr")
    fill = look.first("a:solidFill") if look is not None else None
    colour, share = theme.drawn(fill)
    ground = paper
    if colour is not None:
        ground = over((*colour, share), paper or (128, 128, 128)) if share < 1 else colour
    elif look is not None and any(one.name in _PICTURES for one in look.elements):
        ground = None
    for one in shape.walk():
        if one.name not in {"a:r", "a:fld"}:
            continue
        text = "".join(each.text for each in one.all("a:t"))
        if not text.strip():
            continue
        size, reached, why = _run(one, theme, ground)
        yield Passage(text=text, points=size, contrast=reached, hidden=hidden or why)


_PICTURES: Final = frozenset({"a:gradFill", "a:blipFill", "a:pattFill"})


def _run(run: Element, theme: Theme, ground: Colour | None) -> tuple[float, float | None, str]:
    said = run.first("a:rPr")
    size = number(said, "sz", _SIZE) / 100
    if said is None:
        return size, None, ""
    if said.first("a:noFill") is not None:
        return size, None, "its letters have no colour"
    ink, share = theme.drawn(said.first("a:solidFill"))
    if share < _FAINT:
        return size, None, "its letters are transparent"
    if ink is None or ground is None:
        return size, None, ""
    return size, contrast(over((*ink, share), ground), ground), ""


def _paper(root: Element, theme: Theme) -> Colour | None:
    """Return the colour of a slide where it is one."""
    look = root.first("p:cSld", "p:bg", "p:bgPr")
    if look is None:
        return None
    return theme.drawn(look.first("a:solidFill"))[0]
