"""OpenDocument spreadsheets: a first sheet with the notice, and a print header on every sheet.

Spec: ODF 1.3 (OASIS, ISO 26300); C2PA 2.4, A.6. Sheets are called by name, so nothing else moves.
"""

from kzmark.formats._base import Adapter, C2PABinding, FormatInfo
from kzmark.formats._odf.adapter import OdfFile, PackedOdf, packed
from kzmark.formats._ooxml.adapter import SIGNATURES
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

    @property
    def embedding(self) -> Adapter:
        """The format with its manifest in the package."""
        return PACKED


class PackedOds(PackedOdf, Ods):
    """The same for a file with its C2PA manifest in it."""

    info = packed(Ods.info)


ADAPTER = Ods()
PACKED = PackedOds()
