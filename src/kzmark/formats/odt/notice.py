"""The notice in an OpenDocument text: in every header, and before the text.

Where the first paragraph begins a page of a kind of its own, the words stand in that paragraph: a
paragraph before it would be alone on a page.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._odf import pages
from kzmark.formats._odf.looks import Styles
from kzmark.formats._odf.parts import CONTENT, STYLES, OdfParts
from kzmark.formats._odf.spelling import OURS, Spelling, is_ours, paragraphs, placed, styles
from kzmark.formats._text import Inscription
from kzmark.formats._xmlmap import Document, Edit, Element

_LARGER: Final = 1.25
_INLINE: Final = f"{OURS}I"  # the span that holds the words inside another's paragraph
_PRELUDE: Final = frozenset(
    {
        *("text:tracked-changes", "text:variable-decls", "text:sequence-decls"),
        *("text:user-field-decls", "text:dde-connection-decls", "office:forms"),
        *("text:alphabetical-index-auto-mark-file", "table:calculation-settings"),
        "table:content-validations",
    }
)


def inscribe(
    source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
) -> Sequence[str]:
    """Copy a text with the notice."""
    parts = OdfParts(source, limits=limits)
    parts.check_changeable()
    pages.inscribe(parts, inscription)
    document = parts.document(CONTENT)
    spelling = Spelling.of(document)
    markup = styles(inscription, points=inscription.points * _LARGER)
    body = document.root.first("office:body", "office:text")
    if body is None:
        edits = [_whole(document, inscription, spelling, markup)]
    else:
        edits = placed(document, markup, spelling)
        edits += _into(parts, document, body, inscription, spelling)
    parts.edits.put(CONTENT, document.edited(edits))
    parts.edits.write(target)
    return ()


def _whole(document: Document, inscription: Inscription, spelling: Spelling, markup: str) -> Edit:
    """Return the edit that gives a file without a body one that holds the notice."""
    if document.root.first("office:body") is not None:
        raise MalformedMediaError("the body of the document is no text")
    said = (
        f"<office:automatic-styles>{markup}</office:automatic-styles>"
        f"<office:body><office:text>{paragraphs(inscription)}</office:text></office:body>"
    )
    return document.root.opened(spelling.spell(said))


def _into(
    parts: OdfParts,
    document: Document,
    body: Element,
    inscription: Inscription,
    spelling: Spelling,
) -> list[Edit]:
    ours = [one for one in body.walk() if one.name in {"text:p", "text:span"} and _is_outer(one)]
    edits = [one.removed() for one in ours]
    words = paragraphs(inscription)
    content = [one for one in body.elements if one.name not in _PRELUDE and one not in ours]
    first = content[0] if content else None
    if first is None:
        return [*edits, body.opened(spelling.spell(words))]
    if _begins_page(parts, document, first):
        inner = words.partition(">")[2].removesuffix("</text:p>")
        span = f'<text:span text:style-name="{_INLINE}">{inner}<text:line-break/></text:span>'
        return [*edits, first.begun(spelling.spell(span))]
    return [*edits, (first.start, first.start, spelling.spell(words))]


def _is_outer(one: Element) -> bool:
    """Say whether an element holds a whole notice of before."""
    name = one.get("text:style-name")
    if one.name == "text:span":
        return name == _INLINE
    return is_ours(name) and name != _INLINE


def _begins_page(parts: OdfParts, document: Document, first: Element) -> bool:
    if first.name not in {"text:p", "text:h"}:
        return False
    common = parts.document(STYLES).root if STYLES in parts.edits else None
    known = Styles(document.root, common)
    name = first.get("text:style-name")
    broken = known.value("paragraph", name, "paragraph", "fo:break-before")
    return bool(known.attribute("paragraph", name, "style:master-page-name")) or broken == "page"
