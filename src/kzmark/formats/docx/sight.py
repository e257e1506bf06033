"""What a reader sees of a Word file: the headers of every kind of page, and how the text begins."""

import threading
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from kzmark._limits import Limits
from kzmark.formats._colour import Colour
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element, beginning
from kzmark.formats.docx import cover
from kzmark.formats.docx.looks import Looks
from kzmark.formats.docx.notice import headers
from kzmark.formats.docx.story import Story, is_ours

_LETTERS: Final = 1_500  # of the text: a notice stands at its beginning
_BLOCKS: Final = 200  # of the text, where they hold no letters
_UNSEEN: Final = frozenset(
    {"w:del", "w:moveFrom", "w:drawing", "w:pict", "w:object", "mc:Fallback"}
)
_SHORT: Final = 16 << 10  # bytes of a header that is remembered
_FEW: Final = 8  # headers that are
_SEEN: Final[dict[tuple[bytes, cover.Page, Limits], "_Header"]] = {}
_LOCK: Final = threading.Lock()  # of those who write to it


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield every kind of page of every section."""
    parts = Parts(source, limits=limits)
    looks = Looks(parts)
    data = parts.edits.read(parts.main)
    story = Story.of(data, limits=limits, whole=False)
    seen: dict[tuple[str, str], _Header] = {}
    index = 0
    for section, shown in headers(parts, story):
        page = cover.Page.of(section)
        for name in shown.values():
            key = (name, page.key)
            if key not in seen:
                seen[key] = _header(parts, name, looks, page)
            passages = seen[key].passages
            if not index and not seen[key].is_said:
                text = _text(data, limits)
                passages = (*passages, *_passages(text, looks, page, page.top))
            yield Leaf(index=index, passages=passages)
            index += 1


class _Header(NamedTuple):
    """A header as it looks on pages of a kind.

    Attributes:
        passages: What it says.
        is_said: Whether a notice of ours is among it that is seen. The text of the page is not
            looked at then: what it says stands behind the header.
    """

    passages: tuple[Passage, ...] = ()
    is_said: bool = False


def _header(parts: Parts, name: str, looks: Looks, page: cover.Page) -> _Header:
    if not name or name not in parts.edits:
        return _Header()
    data = parts.edits.read(name)
    key = data, page, parts.limits
    if (known := _SEEN.get(key)) is not None:
        return known
    root = parts.document(name).root
    found = tuple(_passages(root, looks, page, page.header))
    said = " ".join(one.text for one in root.elements if is_ours(one))
    is_said = bool(said) and all(not one.hidden for one in found if one.text in said)
    header = _Header(found, is_said)
    if not looks.is_asked and len(data) <= _SHORT:  # it looks the same in every file
        with _LOCK:
            _SEEN[key] = header
            while len(_SEEN) > _FEW:
                del _SEEN[next(iter(_SEEN))]
    return header


def _text(data: bytes, limits: Limits) -> Element:
    """Return the beginning of the text."""
    letters = blocks = 0

    def enough(one: Element) -> bool:
        nonlocal letters, blocks
        if one.name == "w:t":
            letters += sum(len(text) for text in one.children if isinstance(text, str))
        elif one.parent is not None and one.parent.name == "w:body":
            blocks += 1
        return letters > _LETTERS or blocks > _BLOCKS

    return beginning(data, limits=limits, what="the document", enough=enough)


def _passages(root: Element, looks: Looks, page: cover.Page, top: float) -> Iterator[Passage]:
    """Yield the runs of a part, in the order they are read."""
    covered = page.unseen(top) or cover.covered(root, page, top)
    grounds: dict[int, Colour | None] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if one.name in _UNSEEN:
            continue
        if one.name != "w:r":
            waiting.extend(reversed(list(one.elements)))
            continue
        text = "".join(_letters(one))
        if not text.strip():
            continue
        paragraph = one.parent
        while paragraph is not None and paragraph.name != "w:p":
            paragraph = paragraph.parent
        if paragraph is None:
            continue
        if id(paragraph) not in grounds:
            grounds[id(paragraph)] = looks.ground(paragraph)
        size, reached, hidden = looks.run(one, grounds[id(paragraph)])
        yield Passage(text=text, points=size, contrast=reached, hidden=hidden or covered)


def _letters(run: Element) -> Iterator[str]:
    for one in run.elements:
        if one.name == "w:t":
            yield one.text
        elif one.name in {"w:tab", "w:br", "w:cr", "w:noBreakHyphen"}:
            yield " "
