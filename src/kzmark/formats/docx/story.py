"""Where things stand in the main part of a Word file: its body, and the sections of it.

A long text is not taken apart as a whole: its beginning and its section properties are, and they
are found by the letters of their tags. That is exact where the text has no comments, no CDATA, and
one prefix for the vocabulary: `<` begins a tag then, everywhere. Any other text is taken apart.
"""

from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._names import STRICT, WORD
from kzmark.formats._xmlmap import Document, Edit, Element
from kzmark.formats._xmlskim import Skim
from kzmark.formats._xmlwords import places

_NEAR: Final = 4096  # bytes that the first paragraph may have
_BEHIND: Final = frozenset({b" ", b">", b"/", b"\t", b"\n", b"\r"})  # the name of a tag
STYLE: Final = "kzmarkNotice"  # the paragraph style by which our paragraphs are known
URIS: Final = (WORD, *(strict for strict, usual in STRICT.items() if usual == WORD))


@dataclass(frozen=True, slots=True)
class Section:
    """The properties of one section.

    Attributes:
        element: Its `sectPr`.
        shift: What to add to the element's positions, in bytes.
    """

    element: Element
    shift: int

    @property
    def headers(self) -> dict[str, str]:
        """The id of the relationship of each header that it names, by kind of page."""
        found = self.element.all("w:headerReference")
        return {one.get("w:type", "default"): one.get("r:id") for one in found}

    @property
    def has_title(self) -> bool:
        """Whether its first page has a header of its own."""
        return is_on(self.element.first("w:titlePg"))

    def with_headers(self, content: str) -> Edit:
        """Return the edit that names more headers."""
        start, stop, fresh = self.element.begun(content)
        return start + self.shift, stop + self.shift, fresh


@dataclass(frozen=True, slots=True)
class Story:
    """The main part, as far as a notice needs it.

    Attributes:
        document: Its bytes; only the body's beginning is taken apart if `whole` is not set.
        body: The element.
        sections: In order.
        ours: Paragraphs of an earlier notice.
        end: Before the end of the body.
    """

    document: Document
    body: Element
    sections: tuple[Section, ...]
    ours: tuple[Element, ...]
    end: int

    @classmethod
    def of(cls, data: bytes, *, limits: Limits, whole: bool = True) -> "Story":
        """Find what a notice needs; if not `whole`, earlier notices may be left out.

        Raises:
            MalformedMediaError: If it has no body.
            LimitExceededError: If it has too many elements or levels.
        """
        return _skimmed(data, limits, whole=whole) or cls.taken_apart(data, limits=limits)

    @classmethod
    def taken_apart(cls, data: bytes, *, limits: Limits) -> "Story":
        """The same, with every element looked at."""
        document = Document.of(data, limits=limits, what="the document")
        body = _body(document.root)
        found = [one for one in body.walk() if one.name == "w:sectPr"]
        sections = tuple(Section(one, 0) for one in found if not _is_past(one))
        ours = tuple(one for one in body.elements if is_ours(one))
        return cls(document, body, sections, ours, body.stop)


def is_ours(paragraph: Element, badge: str = "") -> bool:
    """Say whether a paragraph is of an earlier notice.

    The style has no definition: a program that saves the file anew may drop it. With a badge, a
    shaded paragraph whose first run is that badge is known too.
    """
    if paragraph.name != "w:p":
        return False
    style = paragraph.first("w:pPr", "w:pStyle")
    if style is not None and style.get("w:val") == STYLE:
        return True
    run = paragraph.first("w:r") if badge else None
    shaded = paragraph.first("w:pPr", "w:shd") is not None
    return run is not None and shaded and run.text.strip() == badge


def is_on(switch: Element | None) -> bool:
    """Say whether a property that is on or off is on (ISO 29500-1, 17.17.4)."""
    return switch is not None and switch.get("w:val", "true") not in {"0", "false", "off"}


def _body(root: Element) -> Element:
    body = root.first("w:body")
    if root.name != "w:document" or body is None:
        raise MalformedMediaError("the document has no body")
    return body


def _is_past(section: Element) -> bool:
    """Say whether section properties are those before a tracked change."""
    return section.parent is not None and section.parent.name == "w:sectPrChange"


def _skimmed(data: bytes, limits: Limits, *, whole: bool) -> Story | None:
    """Return the story of a text whose tags can be found by their letters, or nothing."""
    skim = Skim.of(data, URIS, limits=limits, what="the document", until="w:body")
    if skim is not None and whole and not _is_theirs(skim, limits):
        skim = Skim.of(data, URIS, limits=limits, what="the document", enough=_is_begun)
    if skim is None:
        return None
    root = skim.root
    body = _body(root)
    end = data.rfind(b"</%sbody" % skim.prefix)
    first = next(body.elements, None)
    ours = (first,) if first is not None and is_ours(first) else ()
    blocks = list(skim.blocks("sectPr"))
    if end < 0 or any(start == stop for start, stop in blocks):  # a tracked change of a section
        return None
    if whole and len(places(data, STYLE.encode())) != len(ours):
        return None
    found = (skim.taken(*block, limits=limits) for block in blocks)
    sections = tuple(Section(element, shift) for element, shift in found)
    return Story(Document(data, root, "utf-8"), body, sections, ours, end)


def _is_theirs(skim: Skim, limits: Limits) -> bool:
    """Say whether the text begins with a well-formed paragraph that nobody takes for a notice.

    A notice has a style of ours or a shade, and both are spelt with their own letters.
    """
    body, data, tag = _body(skim.root), skim.data, skim.prefix + b"p"
    end = data.find(b"</%s>" % tag, body.inside, body.inside + _NEAR) + len(tag) + 3
    said = data[body.inside : max(end, body.inside)]
    openings = [said[at + len(tag) + 1 : at + len(tag) + 2] for at in places(said, b"<" + tag)]
    if (
        not said.startswith(b"<" + tag)
        or openings[0] not in _BEHIND
        or any(one in _BEHIND for one in openings[1:])  # a paragraph in it
        or any(one in said for one in (STYLE.encode(), b"shd", b"&#"))
        or len(said) > limits.max_elements
        or said.count(b"<") >= limits.max_depth
    ):
        return False
    try:
        expat.ParserCreate("utf-8", namespace_separator=" ").Parse(data[:end], False)
    except expat.ExpatError:
        return False
    return True


def _is_begun(element: Element) -> bool:
    return element.parent is not None and element.parent.name == "w:body"
