"""PowerPoint files: the notice as a plate of real text on every slide, the mark in the properties.

Spec: ISO 29500-1 (PresentationML, DrawingML); C2PA 2.4, A.6.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._ooxml.adapter import SIGNATURES, OfficeFile
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._text import Inscription, Leaf
from kzmark.vocabulary import Layer, Medium

_MIME: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


class Pptx(OfficeFile):
    """The adapter."""

    info = FormatInfo(
        name="pptx",
        title="PowerPoint presentations, shows and templates",
        medium=Medium.DOCUMENT,
        mime=_MIME,
        extensions=(".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"),
        signatures=SIGNATURES,
        layers=frozenset({Layer.C2PA, Layer.OOXML}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every part but the slides and those that name or hold the mark, packed as they were",
        streamed=True,
    )
    mains = (
        b"presentationml.presentation.main+xml",
        b"presentationml.slideshow.main+xml",
        b"presentationml.template.main+xml",
        b"ms-powerpoint.presentation.macroEnabled.main+xml",
        b"ms-powerpoint.slideshow.macroEnabled.main+xml",
        b"ms-powerpoint.template.macroEnabled.main+xml",
    )

    def inscribed(self, parts: Parts, inscription: Inscription) -> Sequence[str]:
        """Put a plate on every slide, or on the first.

        Returns:
            `pptx.slide-added` if there was no slide.
        """
        from kzmark.formats.pptx import notice

        return notice.inscribe(parts, inscription)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield every slide, hidden ones too."""
        from kzmark.formats.pptx import sight

        return sight.leaves(source, limits=limits)


ADAPTER = Pptx()
