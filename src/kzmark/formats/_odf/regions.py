"""Headers of regions, as spreadsheets have them: left, middle and right, laid over each other.

Spec: ODF 1.3 part 3, 16.13 to 16.15.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kzmark.formats._odf.looks import Look, Styles, passages
from kzmark.formats._text import Passage
from kzmark.formats._xmlmap import Element

_STARTS: Final = {"style:region-left": 0.0, "style:region-center": 0.5, "style:region-right": 1.0}
_WIDTH: Final = 482.0  # points of a page between its margins: A4
_LETTER: Final = 0.5  # of the size of type: how wide a letter is
_TOUCH: Final = 6.0  # points that may be guessed wrong


def shown(header: Element, known: Styles) -> Iterator[Passage]:
    """Yield the words of a header, hidden where those of another region are printed over them."""
    regions = [one for one in header.elements if one.name in _STARTS]
    if len(regions) < 2:
        yield from passages(header, known)
        return
    found = {
        (region.name, level): list(_said(line, known))
        for region in regions
        for level, line in enumerate(region.elements)
    }
    spans = {place: _span(place[0], said) for place, said in found.items() if said}
    for (name, level), said in found.items():
        over = any(
            other != name and at == level and _touch(spans[name, level], span)
            for (other, at), span in (spans.items() if said else ())
        )
        why = "other words of the print header are printed over it" if over else ""
        yield from (replace(one, hidden=one.hidden or why) for one in said)


def _said(line: Element, known: Styles) -> Iterator[Passage]:
    look = known.inside(Look(), "paragraph", line.get("text:style-name"))
    yield from passages(line, known, look)


def _span(name: str, said: list[Passage]) -> tuple[float, float]:
    """Return from where to where a line reaches, in points."""
    wide = sum(len(one.text.strip()) * (one.points or 0) * _LETTER for one in said)
    start = _STARTS[name] * (_WIDTH - wide)
    return start, start + wide


def _touch(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return min(one[1], other[1]) - max(one[0], other[0]) > _TOUCH
