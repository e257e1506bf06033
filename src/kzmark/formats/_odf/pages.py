"""Headers of OpenDocument pages: the notice in every header of every master page.

Spec: ODF 1.3 part 3, 16.9 (master pages), 16.10 to 16.12 (headers).
"""

from collections.abc import Iterator
from typing import Final

from kzmark.formats._names import ODF
from kzmark.formats._odf.parts import STYLES, OdfParts
from kzmark.formats._odf.spelling import OURS, Spelling, is_ours, paragraphs, placed, styles
from kzmark.formats._text import Inscription
from kzmark.formats._xml import quote
from kzmark.formats._xmlmap import Document, Edit, Element

_HEADERS: Final = ("style:header", "style:header-left", "style:header-first")
_STYLE: Final = "H"  # of our paragraph in headers
_NAMES: Final = ("office", "style", "text", "fo", "svg")
_EMPTY: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-styles '
    + " ".join(f'xmlns:{name}="{ODF[name]}"' for name in _NAMES)
    + ' office:version="1.3"><office:automatic-styles></office:automatic-styles>'
    "<office:master-styles></office:master-styles></office:document-styles>"
).encode()
_PAPER: Final = f"{OURS}Layout"
_LAYOUT: Final = (
    f'<style:page-layout style:name="{_PAPER}"><style:page-layout-properties fo:margin="2cm"/>'
    '<style:header-style><style:header-footer-properties fo:min-height="0.6cm" '
    'fo:margin-bottom="0.3cm"/></style:header-style></style:page-layout>'
)


def inscribe(parts: OdfParts, inscription: Inscription, *, usual: str = "Standard") -> None:
    """Put the notice into every header.

    Args:
        parts: The package.
        inscription: The words.
        usual: Name of the master page of pages that name none; made if there is none.
    """
    data = parts.read(STYLES) or _EMPTY
    document = Document.of(data, limits=parts.limits, what=STYLES, doctype=True)
    spelling = Spelling.of(document)
    found = list(masters(document.root))
    is_missing = usual not in {one.get("style:name") for one in found}
    markup = styles(inscription, name=_STYLE)
    if is_missing or any(one.get("style:page-layout-name") == _PAPER for one in found):
        markup += _LAYOUT
    edits = placed(document, markup, spelling)
    words = spelling.spell(paragraphs(inscription, name=_STYLE))
    header = f"<style:header>{paragraphs(inscription, name=_STYLE)}</style:header>"
    for page in found:
        edits += _page(page, words, spelling.spell(header))
    if is_missing:
        edits.append(_added(document, spelling, usual, header))
    parts.edits.put(STYLES, document.edited(edits))
    parts.declare({STYLES: "text/xml"})


def _added(document: Document, spelling: Spelling, name: str, header: str) -> Edit:
    """Return the edit that adds a master page with a header."""
    page = (
        f"<style:master-page style:name={quote(name)} "
        f'style:page-layout-name="{_PAPER}">{header}</style:master-page>'
    )
    listed = document.root.first("office:master-styles")
    if listed is not None:
        return listed.opened(spelling.spell(page))
    office = spelling.names["office"]
    whole = f"<{office}:master-styles>{spelling.spell(page)}</{office}:master-styles>"
    return document.root.opened(whole)


def masters(root: Element) -> Iterator[Element]:
    """Yield the master pages of `styles.xml`."""
    listed = root.first("office:master-styles")
    yield from listed.all("style:master-page") if listed is not None else ()


def headers(page: Element) -> list[Element]:
    """Return the headers that pages of a kind show, that of the first page first."""
    shown = [one for name in reversed(_HEADERS) for one in page.all(name) if is_shown(one)]
    return shown if page.first("style:header") is not None else []


def is_shown(header: Element) -> bool:
    """Say whether a header is shown."""
    return header.get("style:display", "true") != "false"


def _page(page: Element, words: str, empty: str) -> list[Edit]:
    if page.first("style:header") is None:
        return [page.begun(empty)]
    edits: list[Edit] = []
    for header in (one for name in _HEADERS for one in page.all(name)):
        if not is_shown(header):
            if header.name != "style:header":
                continue
            name = f"{header.prefix}display"
            edits.append(header.with_attributes({name: "true"}))
        regions = [one for one in header.elements if one.name.startswith("style:region-")]
        edits += [
            one.removed()
            for place in (header, *regions)
            for one in place.elements
            if one.name == "text:p" and is_ours(one.get("text:style-name"))
        ]
        edits += _beside(header, regions, words) if regions else [_first(header, words, edits)]
    return edits


def _beside(header: Element, regions: list[Element], words: str) -> list[Edit]:
    """Return the edits of a header of regions, which are laid over each other, each centred.

    The notice stands at the left; the others begin a line lower, and the left is the highest.
    """
    start, _, _ = words.partition(">")
    blank = f"{start}></{start[1:].split(' ')[0]}>"
    left = next((one for one in regions if one.name == "style:region-left"), None)
    others = [one for one in regions if one is not left and one.text.strip()]
    lines = [sum(not is_ours(p.get("text:style-name")) for p in one.elements) for one in others]
    own = sum(not is_ours(p.get("text:style-name")) for p in left.elements) if left else 0
    said = words + blank * max(0, max(lines, default=0) - own)
    edits = [one.begun(blank) for one in others]
    if left is not None:
        return [*edits, left.begun(said)]
    name = f"{regions[0].prefix}region-left"
    return [*edits, header.begun(f"<{name}>{said}</{name}>")]


def _first(into: Element, words: str, edits: list[Edit]) -> Edit:
    """Return the edit that puts words first, also where the start tag is edited too."""
    if into.is_empty and edits and edits[-1][0] == into.start:
        start, stop, head = edits.pop()
        return start, stop, head.removesuffix("/>") + f">{words}</{into.tag}>"
    return into.begun(words)


__all__ = ["OURS", "headers", "inscribe", "is_shown", "masters"]
