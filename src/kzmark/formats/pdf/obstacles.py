"""What stands in the way of a notice: files that may not be changed, or that show other pages."""

from collections.abc import Sequence
from typing import Any, Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats.pdf.document import Document, array, dictionary, is_dictionary

_NO_FILES: Final = frozenset({1, 2, 4})  # parts of ISO 19005 that forbid such an embedded file
_MOST_FIELDS: Final = 20_000
_FIELDS_DEEP: Final = 32


def checked(document: Document) -> Sequence[str]:
    """Return notes on what adding a notice does to the file.

    Raises:
        UnsupportedMediaError: If a signature forbids every change, or a reader shows other pages
            than those of the file.
    """
    catalog = document.catalog
    form = dictionary(catalog.get("/AcroForm"))
    if catalog.get("/NeedsRendering") is True:
        raise UnsupportedMediaError(
            "the pages are made by the reader's program (dynamic XFA form)",
            hint="print it to a PDF and stamp that",
        )
    if is_dictionary(catalog.get("/Collection")):
        raise UnsupportedMediaError(
            "the PDF is a portfolio: its files are read, not its pages",
            hint="stamp the files in it one by one",
        )
    if is_dictionary(dictionary(catalog.get("/Perms")).get("/DocMDP")):
        raise UnsupportedMediaError(
            "a certifying signature forbids changes of the pages",
            hint="stamp the file first, then have it certified",
        )
    notes = []
    if _is_signed(form):
        notes.append("pdf.signature-outdated")
    if document.pdf.is_linearized:
        notes.append("pdf.linearisation-lost")
    if document.archival in _NO_FILES:
        notes.append("pdf.archival-attachment")
    return notes


def _is_signed(form: Any) -> bool:
    """Say whether a field of the form holds a signature."""
    waiting = [(field, 0) for field in array(form.get("/Fields"))]
    for _ in range(_MOST_FIELDS):
        if not waiting:
            break
        field, depth = waiting.pop()
        if not is_dictionary(field) or depth > _FIELDS_DEEP:
            continue
        if str(field.get("/FT", "")) == "/Sig" and is_dictionary(field.get("/V")):
            return True
        waiting += [(kid, depth + 1) for kid in array(field.get("/Kids"))]
    return False
