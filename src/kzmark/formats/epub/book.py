"""A book: its container, its package file, its spine (EPUB 3.3, 4.2 and 5)."""

import posixpath
from typing import BinaryIO, Final
from urllib.parse import quote as escaped
from urllib.parse import unquote

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._xmlmap import Document, Element
from kzmark.formats._zip.edits import Edits
from kzmark.formats.layers.epub import first, local

_CONTAINER: Final = "META-INF/container.xml"
_SIGNATURES: Final = "META-INF/signatures.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_OBFUSCATED: Final = frozenset(  # fonts, not text (EPUB 3.3, 4.4)
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
)


class Book:
    """A book under work.

    Attributes:
        edits: Its package.
        main: Name of its package file.
        document: That file.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.edits = Edits(source, limits=limits)
        self.limits = limits
        container = self.taken(_CONTAINER)
        rows = [one for one in container.root.walk() if one.name.endswith(":rootfile")]
        self.main = unquote(rows[0].get("full-path")) if rows else ""
        if not self.main or self.main not in self.edits:
            raise MalformedMediaError("the book names no package file")
        self.document = self.taken(self.main)
        if local(self.document.root) != "package":
            raise MalformedMediaError("the package file of the book is none")

    @property
    def is_new(self) -> bool:
        """Whether it is EPUB 3."""
        return self.document.root.get("version", "2.0").startswith("3")

    def taken(self, name: str) -> Document:
        """Return a file taken apart."""
        return Document.of(self.edits.read(name), limits=self.limits, what=name, doctype=True)

    def items(self) -> list[Element]:
        """Return the rows of the manifest."""
        listed = first(self.document.root, "manifest")
        return [one for one in listed.elements if local(one) == "item"] if listed else []

    def spine(self) -> list[Element]:
        """Return the rows of the spine."""
        listed = first(self.document.root, "spine")
        return [one for one in listed.elements if local(one) == "itemref"] if listed else []

    def path(self, href: str, base: str = "") -> str:
        """Return the name of the file that a reference leads to."""
        folder = posixpath.dirname(base or self.main)
        whole = posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))
        return self.edits.package.find(whole) or whole

    def href(self, name: str, base: str = "") -> str:
        """Return the reference that leads to a file."""
        folder = posixpath.dirname(base or self.main)
        return escaped(posixpath.relpath(f"/{name}", f"/{folder}"))

    def check_changeable(self) -> None:
        """Refuse what a change would break, and what nobody could read afterwards.

        Raises:
            UnsupportedMediaError: If the book is signed, or its text is encrypted.
        """
        if _SIGNATURES in self.edits:
            raise UnsupportedMediaError(
                "the book is signed, and any change would break the signature",
                hint="stamp it first, then sign it",
            )
        if _ENCRYPTION in self.edits:
            rows = self.taken(_ENCRYPTION).root.walk()
            ways = {one.get("Algorithm") for one in rows if one.get("Algorithm")}
            if not ways <= _OBFUSCATED:
                raise UnsupportedMediaError(
                    "the book is encrypted (DRM)", hint="stamp it before it is encrypted"
                )
