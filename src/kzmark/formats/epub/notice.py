"""The notice of a book: a page of its own, first in the spine and in the navigation."""

import posixpath
from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._names import EPUB, XHTML
from kzmark.formats._odf.spelling import css
from kzmark.formats._ooxml.words import sentences
from kzmark.formats._text import Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Edit, Element
from kzmark.formats.epub.book import Book
from kzmark.formats.layers.epub import first

IDENTITY: Final = "kzmark-notice"
_FILE: Final = "kzmark-notice.xhtml"
_NCX: Final = "application/x-dtbncx+xml"
_ROLE: Final = ' epub:type="notice" role="doc-notice"'


def inscribe(
    source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
) -> Sequence[str]:
    """Copy a book with the notice."""
    book = Book(source, limits=limits)
    book.check_changeable()
    page = posixpath.join(posixpath.dirname(book.main), _FILE)
    book.edits.put(page, _page(inscription, is_new=book.is_new))
    book.edits.put(book.main, book.document.edited(_listed(book)))
    for item in book.items():
        name = book.path(item.get("href"))
        if name not in book.edits:
            continue
        if "nav" in item.get("properties").split():
            _into_nav(book, name, page, inscription)
        elif item.get("media-type") == _NCX:
            _into_ncx(book, name, page, inscription)
    book.edits.write(target)
    return ()


def _page(inscription: Inscription, *, is_new: bool) -> bytes:
    """Return the page. It carries its own styles and refers to nothing."""
    ink, ground = css(inscription.ink), css(inscription.ground)
    language = inscription.lines[0].language
    box = (
        f"margin:1em 0;padding:1em;color:{ink};background-color:{ground};"
        f"font-family:Arial,sans-serif;font-size:{max(14, inscription.points):g}pt;line-height:1.5"
    )

    def spoken(language: str) -> str:
        said = f"xml:lang={quote(language)}"
        return f"{said} lang={quote(language)}" if is_new else said

    lines = "".join(
        f'<p style="margin:0.4em 0" {spoken(language)}>{escape(text)}</p>'
        for text, language in sentences(inscription)
    )
    badge = f'<p style="margin:0 0 0.6em 0;font-weight:bold">{escape(inscription.badge)}</p>'
    space = f' xmlns:epub="{EPUB}"' if is_new else ""
    tag, role = ("section", _ROLE) if is_new else ("div", "")
    view = '<meta name="viewport" content="width=600, height=800"/>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="{XHTML}"{space} '
        f"{spoken(language)}><head><title>{escape(inscription.badge)}</title>{view}</head>"
        f'<body><{tag}{role} style="{box}">{badge}{lines}</{tag}></body></html>\n'
    ).encode()


def _listed(book: Book) -> list[Edit]:
    """Return the edits that name the page in manifest and spine."""
    root = book.document.root
    p = root.prefix
    item = f'<{p}item id="{IDENTITY}" href="{_FILE}" media-type="application/xhtml+xml"/>'
    row = f'<{p}itemref idref="{IDENTITY}"/>'
    manifest, spine = first(root, "manifest"), first(root, "spine")
    missing = ""
    edits: list[Edit] = [one.removed() for one in book.spine() if one.get("idref") == IDENTITY]
    if manifest is None:
        missing += f"<{p}manifest>{item}</{p}manifest>"
    elif not any(one.get("id") == IDENTITY for one in book.items()):
        edits.append(manifest.opened(item))
    if spine is None:
        missing += f"<{p}spine>{row}</{p}spine>"
    else:
        edits.append(spine.begun(row))
    return [*edits, root.opened(missing)] if missing else edits


def _into_nav(book: Book, name: str, page: str, inscription: Inscription) -> None:
    """Name the page first in the table of contents (EPUB 3.3, 7.4)."""
    document = book.taken(name)
    tables = [one for one in document.root.walk() if one.name == "h:nav"]
    toc = next((one for one in tables if "toc" in one.get("epub:type").split()), None)
    listed = toc.first("h:ol") if toc is not None else None
    if listed is None:
        return
    edits = [one.removed() for one in listed.all("h:li") if _leads(book, one, name, page)]
    p, href = listed.prefix, quote(book.href(page, name))
    label = escape(inscription.text)
    fresh = f"<{p}li><{p}a href={href}>{label}</{p}a></{p}li>"
    book.edits.put(name, document.edited([*edits, listed.begun(fresh)]))


def _leads(book: Book, row: Element, name: str, page: str) -> bool:
    link = row.first("h:a")
    return link is not None and book.path(link.get("href"), name) == page


def _into_ncx(book: Book, name: str, page: str, inscription: Inscription) -> None:
    """Name the page first in the navigation of EPUB 2 (OPF 2.0.1, 2.4.1)."""
    document = book.taken(name)
    listed = document.root.first("ncx:navMap")
    if listed is None:
        return
    ours = [one for one in listed.all("ncx:navPoint") if one.get("id") == IDENTITY]
    edits = [one.removed() for one in ours]
    ordered = [one for one in document.root.walk() if one.get("playOrder").isdigit()]
    if not ours:
        edits += [
            one.with_attributes({"playOrder": str(int(one.get("playOrder")[:9]) + 1)})
            for one in ordered
        ]
    order = ' playOrder="1"' if ordered else ""
    p, href = listed.prefix, quote(book.href(page, name))
    label = escape(inscription.text)
    fresh = (
        f'<{p}navPoint id="{IDENTITY}"{order}><{p}navLabel><{p}text>{label}</{p}text>'
        f"</{p}navLabel><{p}content src={href}/></{p}navPoint>"
    )
    book.edits.put(name, document.edited([*edits, listed.begun(fresh)]))
