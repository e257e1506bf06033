"""What a reader sees of a book first: the page that its spine begins with, in its own styles."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats import _xml
from kzmark.formats._text import Leaf, Passage
from kzmark.formats.epub.book import Book
from kzmark.formats.html.sight import passages

_LINK: Final = re.compile(r"<(?:\w+:)?link\b[^>]*>", re.IGNORECASE)
_HREF: Final = re.compile(r"""\bhref\s*=\s*["']([^"']{1,1000})["']""", re.IGNORECASE)
_SHEETS: Final = 20
_DECLARED: Final = re.compile(r"\A\s*<\?xml[^>]*\?>")


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield the first page of the book that is read in order."""
    book = Book(source, limits=limits)
    shown = [one for one in book.spine() if one.get("linear", "yes") != "no"]
    names = {one.get("id"): book.path(one.get("href")) for one in book.items()}
    name = names.get(shown[0].get("idref"), "") if shown else ""
    found: tuple[Passage, ...] = ()
    if name and name in book.edits:
        found = passages(_with_sheets(book, name), limits=limits)
    yield Leaf(index=0, passages=found)


def _with_sheets(book: Book, name: str) -> str:
    """Return a page with the style sheets that it links to inside it."""
    body, _ = _xml.to_utf8(book.edits.read(name), what=name)
    text = _DECLARED.sub("", body.decode())
    sheets = []
    for link in _LINK.findall(text)[:_SHEETS]:
        found = _HREF.search(link)
        path = book.path(found[1], name) if found and "stylesheet" in link.lower() else ""
        if path and path in book.edits:
            sheets.append(book.edits.read(path).decode("utf-8", "replace").replace("<", " "))
    if not sheets:
        return text
    styles = "".join(f"<style>{one}</style>" for one in sheets)
    return _LINK.sub("", text, count=0).replace("</head>", f"{styles}</head>", 1)
