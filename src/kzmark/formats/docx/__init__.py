"""Word files: the notice in every header in use and before the text, the mark in the properties.

Spec: ISO 29500-1 (WordprocessingML); C2PA 2.4, A.6. Parts are edited by splicing: what others wrote
is copied, and parts that are not touched are copied packed as they are.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._ooxml.adapter import SIGNATURES, OfficeFile
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._text import Inscription, Leaf
from kzmark.vocabulary import Layer, Medium

_MIME: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Docx(OfficeFile):
    """The adapter."""

    info = FormatInfo(
        name="docx",
        title="Word documents and templates",
        medium=Medium.DOCUMENT,
        mime=_MIME,
        extensions=(".docx", ".docm", ".dotx", ".dotm"),
        signatures=SIGNATURES,
        layers=frozenset({Layer.C2PA, Layer.OOXML}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every part but those that name or hold the notice and the mark, packed as they were",
        streamed=True,
    )
    mains = (
        b"wordprocessingml.document.main+xml",
        b"wordprocessingml.template.main+xml",
        b"ms-word.document.macroEnabled.main+xml",
        b"ms-word.template.macroEnabledTemplate.main+xml",
    )

    def inscribed(self, parts: Parts, inscription: Inscription) -> Sequence[str]:
        """Put the notice into every header in use and before the text."""
        from kzmark.formats.docx import notice

        return notice.inscribe(parts, inscription)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield every kind of page of every section: its header, on the first the text too."""
        from kzmark.formats.docx import sight

        return sight.leaves(source, limits=limits)


ADAPTER = Docx()
