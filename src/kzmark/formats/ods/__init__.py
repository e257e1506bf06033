"""OpenDocument spreadsheets: a first sheet with the notice, and a print header on every sheet.

Spec: ODF 1.3 (OASIS, ISO 26300); C2PA 2.4, A.6. Sheets are called by name, so nothing else moves.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._base import Adapter, C2PABinding, FormatInfo
from kzmark.formats._odf.adapter import INSIDE, OdfFile, PackedOdf, packed
from kzmark.formats._ooxml.adapter import SIGNATURES
from kzmark.formats._text import Inscription, Leaf
from kzmark.vocabulary import Layer, Medium


class Ods(OdfFile):
    """The adapter."""

    info = FormatInfo(
        name="ods",
        title="OpenDocument spreadsheets and templates",
        medium=Medium.DOCUMENT,
        mime="application/vnd.oasis.opendocument.spreadsheet",
        extensions=(".ods", ".ots"),
        signatures=SIGNATURES,
        layers=frozenset({Layer.ODF, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every cell, formula and name; files without notice and mark, packed as they were",
        streamed=True,
    )
    kinds = frozenset(
        {
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet-template",
        }
    )

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a first sheet that says it, and a print header on every sheet.

        Raises:
            UnsupportedMediaError: If it is signed or encrypted.
        """
        from kzmark.formats.ods import notice

        return notice.inscribe(source, target, inscription, limits=limits)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the open sheet as it is seen, then the header of every kind of printed page."""
        from kzmark.formats.ods import sight

        return sight.leaves(source, limits=limits)

    @property
    def embedding(self) -> Adapter:
        """The format with its manifest in the package."""
        return PACKED


class PackedOds(PackedOdf, Ods):
    """The same for a file with its C2PA manifest in it."""

    info = packed(Ods.info)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice.

        Returns:
            `odf.manifest-inside`: LibreOffice does not open such a file.
        """
        return (*super().inscribe(source, target, inscription, limits=limits), INSIDE)


ADAPTER = Ods()
PACKED = PackedOds()
