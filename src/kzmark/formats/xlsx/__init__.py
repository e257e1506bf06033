"""Excel files: a first sheet with the notice, and a print header on every sheet.

Spec: ISO 29500-1 (SpreadsheetML); C2PA 2.4, A.6. No formula, name or reference changes: sheets are
called by name in formulas, and what counts them (names of one sheet, the open sheet) is put right.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._ooxml.adapter import SIGNATURES, OfficeFile
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._text import Inscription, Leaf
from kzmark.vocabulary import Layer, Medium

_MIME: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Xlsx(OfficeFile):
    """The adapter."""

    info = FormatInfo(
        name="xlsx",
        title="Excel workbooks and templates",
        medium=Medium.DOCUMENT,
        mime=_MIME,
        extensions=(".xlsx", ".xlsm", ".xltx", ".xltm"),
        signatures=SIGNATURES,
        layers=frozenset({Layer.C2PA, Layer.OOXML}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every cell, formula and name; parts without notice and mark, packed as they were",
        streamed=True,
    )
    mains = (
        b"spreadsheetml.sheet.main+xml",
        b"spreadsheetml.template.main+xml",
        b"ms-excel.sheet.macroEnabled.main+xml",
        b"ms-excel.template.macroEnabled.main+xml",
    )

    def inscribed(self, parts: Parts, inscription: Inscription) -> Sequence[str]:
        """Put in a first sheet that says it, and a print header on every sheet.

        Raises:
            UnsupportedMediaError: If a header has no room for the notice.
        """
        from kzmark.formats.xlsx import notice

        return notice.inscribe(parts, inscription)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the open sheet as it is seen, then every sheet as it is printed."""
        from kzmark.formats.xlsx import sight

        return sight.leaves(source, limits=limits)


ADAPTER = Xlsx()
