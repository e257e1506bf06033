"""What lies over the words of a page in Word, and pages that show no header."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from kzmark.formats._xmlmap import Element
from kzmark.formats.docx.story import Section

_EMU: Final = 12_700  # of a point
_WIDTH, _HEIGHT, _MARGIN, _HEADER = 612.0, 792.0, 72.0, 36.0  # points, where nobody says them
_BAND: Final = 12.0  # points: the height of a line of a notice
_SHARE: Final = 0.5  # of the line's width, from which it cannot be read
_LAYING: Final = (b"anchor", b"shape", b"rect", b"oval")  # in the name of all that lies somewhere
_ABOVE: Final = frozenset({"topMargin", "page"})


@dataclass(frozen=True, slots=True)
class Page:
    """The pages of a section, in points.

    Attributes:
        width: Of the page.
        height: Of the page.
        left: Where lines begin.
        right: Where they end, from the left edge.
        top: Where the text begins.
        header: Where the header begins.
    """

    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _MARGIN
    right: float = _WIDTH - _MARGIN
    top: float = _MARGIN
    header: float = _HEADER

    @classmethod
    def of(cls, section: Section | None) -> Self:
        """Read what a section says of its pages."""
        return cls() if section is None else cls(*_measures(section.element))

    @property
    def key(self) -> str:
        """The same for pages that are alike."""
        return f"{self.width}x{self.height} {self.left} {self.right} {self.top} {self.header}"

    def unseen(self, top: float) -> str:
        """Say why a line at a height is not on the page, or nothing."""
        if top < 0 or top > self.height - _BAND:
            return "it stands off the page"
        if self.right - self.left < 4 * _BAND or self.left < -_BAND or self.left > self.width:
            return "its line is off the page, or too narrow"
        return ""


@functools.lru_cache(maxsize=16)
def _measures(section: Element) -> tuple[float, ...]:
    """Return what section properties say of a page; files of one program share the element."""
    size, margins = section.first("w:pgSz"), section.first("w:pgMar")
    width, height = _twips(size, "w:w", _WIDTH), _twips(size, "w:h", _HEIGHT)
    left, right = _twips(margins, "w:left", _MARGIN), _twips(margins, "w:right", _MARGIN)
    top, header = abs(_twips(margins, "w:top", _MARGIN)), _twips(margins, "w:header", _HEADER)
    return width, height, left, width - right, top, header


def covered(root: Element, page: Page, top: float) -> str:
    """Say whether something opaque lies over the first line of a part."""
    if root.lacks(*_LAYING):
        return ""
    width = page.right - page.left
    for x, y, across, down in _shapes(root, page, top):
        wide = min(x + across, page.right) - max(x, page.left)
        if wide >= _SHARE * width and y <= top + _BAND / 2 <= y + down:
            return "something lies over it"
    return ""


def _shapes(root: Element, page: Page, top: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield left, top, width and height of what lies before the text."""
    for one in root.walk():
        if one.name == "wp:anchor" and one.get("behindDoc", "0") in {"0", "false"}:
            if one.first("wp:wrapTopAndBottom") is None and _is_opaque(one):
                extent = one.first("wp:extent")
                across, down = _emu(extent, "cx"), _emu(extent, "cy")
                x = _place(one.first("wp:positionH"), page.left, page.width, across)
                y = _place(one.first("wp:positionV"), top, page.height, down)
                yield x, y, across, down
        elif one.name in {"v:shape", "v:rect", "v:roundrect", "v:oval"}:
            yield from _old(one, page, top)


def _is_opaque(anchor: Element) -> bool:
    kinds = {one.name.rpartition(":")[2].rpartition("}")[2] for one in anchor.walk()}
    return bool(kinds & {"solidFill", "blipFill", "gradFill", "pattFill", "fillRef"})


def _place(position: Element | None, start: float, whole: float, size: float) -> float:
    if position is None:
        return start
    base = 0.0 if position.get("relativeFrom") in _ABOVE else start
    offset, align = position.first("wp:posOffset"), position.first("wp:align")
    if offset is not None:
        return base + _points(offset.text)
    said = align.text if align is not None else ""
    return {"center": (whole - size) / 2, "right": whole - size, "bottom": whole - size}.get(
        said, base
    )


def _old(shape: Element, page: Page, top: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield the place of a VML shape that lies before the text."""
    style = dict(
        part.strip().lower().split(":", 1) for part in shape.get("style").split(";") if ":" in part
    )
    if style.get("position") != "absolute" or style.get("z-index", "1").startswith("-"):
        return
    if shape.get("filled") in {"f", "false"} and shape.first("v:imagedata") is None:
        return
    from_page = style.get("mso-position-vertical-relative") == "page"
    x = page.left + _css(style.get("margin-left", "") or style.get("left", ""))
    y = (0 if from_page else top) + _css(style.get("margin-top", "") or style.get("top", ""))
    yield x, y, _css(style.get("width", "")), _css(style.get("height", ""))


def _css(said: str) -> float:
    found = re.fullmatch(r"(-?\d*\.?\d+)(pt|in|mm|cm|px)?", said.strip())
    if not found:
        return 0.0
    return float(found[1]) * {"in": 72, "mm": 2.835, "cm": 28.35, "px": 0.75}.get(found[2], 1)


def _twips(element: Element | None, name: str, default: float) -> float:
    said = element.get(name) if element is not None else ""
    return int(said) / 20 if re.fullmatch(r"-?\d{1,7}", said) else default


def _emu(element: Element | None, name: str) -> float:
    return _points(element.get(name)) if element is not None else 0.0


def _points(said: str) -> float:
    return int(said) / _EMU if re.fullmatch(r"-?\d{1,12}", said.strip()) else 0.0
