"""EPUB: a notice page first in the spine and in the navigation, the mark in the package file.

Spec: EPUB 3.3 and EPUB 2.0.1 (OPF, NCX); C2PA 2.4, A.6.
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import BackendMissingError
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._odf.adapter import media_type
from kzmark.formats._ooxml.adapter import SIGNATURES
from kzmark.formats._text import Inscription, Leaf
from kzmark.formats._zip.c2pa import Parcel
from kzmark.formats._zip.package import MAGIC
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Epub:
    """The adapter."""

    info = FormatInfo(
        name="epub",
        title="EPUB 2 and 3",
        medium=Medium.DOCUMENT,
        mime="application/epub+zip",
        extensions=(".epub",),
        signatures=SIGNATURES,
        layers=frozenset({Layer.C2PA, Layer.EPUB}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every page of the book and every file it shows, packed as they were",
        backend="selectolax",
        extra="html",
        streamed=True,
    )

    def confirm(self, head: bytes) -> bool:
        """Say that the first bytes may be those of a package."""
        return head.startswith(MAGIC)

    def probe(self, source: BinaryIO) -> bool:
        """Say whether a package is a book, by its media type."""
        return media_type(source) == self.info.mime

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the package file holds."""
        from kzmark.formats.epub.book import Book
        from kzmark.formats.layers import epub

        return (epub.judge(Book(source, limits=limits).document.root),)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the book with the mark in its package file.

        Raises:
            UnsupportedMediaError: If it is signed or its text is encrypted.
        """
        from kzmark.formats.epub.book import Book
        from kzmark.formats.layers import epub

        book = Book(source, limits=limits)
        book.check_changeable()
        book.edits.put(book.main, book.document.edited(epub.merge(book.document, mark)))
        book.edits.write(target)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the book with a notice page before all others.

        Raises:
            UnsupportedMediaError: If it is signed or its text is encrypted.
        """
        from kzmark.formats.epub import notice

        return notice.inscribe(source, target, inscription, limits=limits)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the page that a reader begins with.

        Raises:
            BackendMissingError: If selectolax or tinycss2 is not installed.
        """
        try:
            from kzmark.formats.epub import sight

            yield from sight.leaves(source, limits=limits)
        except ImportError as error:
            raise BackendMissingError("selectolax", extra="html") from error

    def parcel(self, data: Any, *, limits: Limits) -> Parcel:
        """Take the package apart for signing."""
        whole: bytes | Rope = data
        return Parcel(whole, limits=limits)


ADAPTER = Epub()
