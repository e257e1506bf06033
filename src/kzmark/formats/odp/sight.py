"""What a viewer sees of an OpenDocument slide: its words, and what lies over them."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._colour import parse
from kzmark.formats._odf.looks import Look, Styles, passages, points
from kzmark.formats._odf.parts import CONTENT, STYLES, OdfParts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element
from kzmark.formats.odp.notice import size_of

_BOXES: Final = frozenset({"draw:frame", "draw:custom-shape", "draw:rect"})
_SHAPES: Final = _BOXES | {"draw:g", "draw:polygon", "draw:path", "draw:ellipse", "draw:circle"}
_HIDDEN_SHARE: Final = 0.4
_UNFILLED: Final = frozenset({"none"})

Box = tuple[float, float, float, float]  # left, top, right, bottom, in points


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield every slide."""
    parts = OdfParts(source, limits=limits)
    root = parts.document(CONTENT).root
    common = parts.document(STYLES).root if STYLES in parts.edits else None
    styles = Styles(root, common)
    slide = size_of(parts)
    shown = root.first("office:body", "office:presentation")
    pages = shown.all("draw:page") if shown is not None else []
    if len(pages) > limits.max_pages:
        raise LimitExceededError(f"a presentation of {len(pages)} slides")
    for index, page in enumerate(pages):
        yield Leaf(index=index, passages=tuple(_passages(page, styles, slide)))


def _passages(page: Element, styles: Styles, slide: tuple[float, float]) -> Iterator[Passage]:
    shapes = [one for one in page.elements if one.name in _SHAPES]
    boxes = [_box(one) for one in shapes]
    moved = {
        value
        for one in page.walk()
        for name, value in one.attributes.items()
        if name.endswith("targetElement")
    }
    for at in sorted(range(len(shapes)), key=lambda n: _height(boxes[n], slide[1])):
        shape = shapes[at]
        if shape.name not in _BOXES:
            continue
        hidden = _hidden(shape, boxes[at], slide, moved)
        if not hidden and _covered(boxes[at], shapes[at + 1 :], boxes[at + 1 :], styles):
            hidden = "something lies over it"
        look = _filled(shape, styles, hidden)
        yield from passages(shape, styles, look, boxed=True)


def _height(box: Box | None, height: float) -> tuple[float, float]:
    """Return what orders shapes: from the upper and lower edge inwards, then from the left.

    A slide is seen at once, and a plate at its foot as soon as one at its head.
    """
    if box is None:
        return float("inf"), 0.0
    return min(max(0.0, box[1]), max(0.0, height - box[3])), box[0]


def _style(shape: Element) -> tuple[str, str]:
    if shape.get("presentation:style-name"):
        return "presentation", shape.get("presentation:style-name")
    return "graphic", shape.get("draw:style-name")


def _filled(shape: Element, styles: Styles, hidden: str) -> Look:
    family, name = _style(shape)
    look = styles.inside(Look(size=18.0, ground=None, hidden=hidden), family, name)
    kind = styles.value(family, name, "graphic", "draw:fill")
    colour = parse(styles.value(family, name, "graphic", "draw:fill-color"))
    clear = styles.value(family, name, "graphic", "draw:opacity")
    if kind == "solid" and colour and clear in {"", "100%"}:
        return Look(look.size, look.ink, colour[:3], look.hidden)
    return look


def _box(shape: Element) -> Box | None:
    if not shape.get("svg:width") or shape.get("draw:transform"):
        return None
    x, y = points(shape.get("svg:x")), points(shape.get("svg:y"))
    return x, y, x + points(shape.get("svg:width")), y + points(shape.get("svg:height"))


def _hidden(shape: Element, box: Box | None, slide: tuple[float, float], moved: set[str]) -> str:
    if shape.get("draw:display", "always") == "none" or shape.get("draw:visible") == "false":
        return "its shape is hidden"
    names = {value for key, value in shape.attributes.items() if key.endswith(":id")}
    if names & moved:
        return "an animation can hide it"
    if box is None:
        return "its shape is turned or has no size" if shape.get("draw:transform") else ""
    left, top, right, bottom = box
    if right - left < 10 or bottom - top < 4:
        return "its shape has no size"
    wide = min(right, slide[0]) - max(left, 0)
    high = min(bottom, slide[1]) - max(top, 0)
    if wide < 0.9 * min(right - left, slide[0]) or high < 0.9 * (bottom - top):
        return "it stands off the slide"
    return ""


def _covered(
    box: Box | None, shapes: Sequence[Element], boxes: Sequence[Box | None], styles: Styles
) -> bool:
    if box is None:
        return False
    left, top, right, bottom = box
    hidden = 0.0
    for shape, other in zip(shapes, boxes, strict=True):
        if other is None or not _is_opaque(shape, styles):
            continue
        wide = min(right, other[2]) - max(left, other[0])
        high = min(bottom, other[3]) - max(top, other[1])
        hidden += max(0.0, wide) * max(0.0, high)
    return hidden > _HIDDEN_SHARE * max(1.0, (right - left) * (bottom - top))


def _is_opaque(shape: Element, styles: Styles) -> bool:
    if any(one.name in {"draw:image", "draw:object", "table:table"} for one in shape.elements):
        return True
    family, name = _style(shape)
    kind = styles.value(family, name, "graphic", "draw:fill")
    return (kind or ("none" if shape.name == "draw:frame" else "solid")) not in _UNFILLED
