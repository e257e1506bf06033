"""What a reader sees of an OpenDocument text: headers of every kind of page, how it begins."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._odf import pages
from kzmark.formats._odf.looks import Styles, passages
from kzmark.formats._odf.parts import CONTENT, STYLES, OdfParts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element, beginning

_LETTERS: Final = 1_500  # of the text: a notice stands at its beginning


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield every kind of page."""
    parts = OdfParts(source, limits=limits)
    common = parts.document(STYLES).root if STYLES in parts.edits else None
    text = tuple(_text(parts, common))
    index = 0
    known = Styles(common)
    for page in pages.masters(common) if common is not None else ():
        shown = [tuple(passages(one, known)) for one in pages.headers(page)] or [()]
        for found in shown:
            yield Leaf(index=index, passages=found if index else (*found, *text))
            index += 1
    if not index:
        yield Leaf(index=0, passages=text)


def _text(parts: OdfParts, common: Element | None) -> Iterator[Passage]:
    letters = 0

    def enough(one: Element) -> bool:
        nonlocal letters
        if one.name in {"text:p", "text:h"}:
            letters += len(one.text)
        return letters > _LETTERS

    data = parts.edits.read(CONTENT)
    root = beginning(data, limits=parts.limits, what=CONTENT, enough=enough)
    body = root.first("office:body", "office:text")
    if body is not None:
        yield from passages(body, Styles(root, common))
