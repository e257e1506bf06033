"""OpenDocument presentations: the notice as a plate on every slide, the mark in the metadata.

Spec: ODF 1.3 (OASIS, ISO 26300); C2PA 2.4, A.6.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._base import Adapter, C2PABinding, FormatInfo
from kzmark.formats._odf.adapter import INSIDE, OdfFile, PackedOdf, packed
from kzmark.formats._ooxml.adapter import SIGNATURES
from kzmark.formats._text import Inscription, Leaf
from kzmark.vocabulary import Layer, Medium


class Odp(OdfFile):
    """The adapter."""

    info = FormatInfo(
        name="odp",
        title="OpenDocument presentations and templates",
        medium=Medium.DOCUMENT,
        mime="application/vnd.oasis.opendocument.presentation",
        extensions=(".odp", ".otp"),
        signatures=SIGNATURES,
        layers=frozenset({Layer.ODF, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every file but those that hold the notice and the mark, packed as they were",
        streamed=True,
    )
    kinds = frozenset(
        {
            "application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation-template",
        }
    )

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a plate on every slide, or on the first.

        Raises:
            UnsupportedMediaError: If it is signed or encrypted.
        """
        from kzmark.formats.odp import notice

        return notice.inscribe(source, target, inscription, limits=limits)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield every slide."""
        from kzmark.formats.odp import sight

        return sight.leaves(source, limits=limits)

    @property
    def embedding(self) -> Adapter:
        """The format with its manifest in the package."""
        return PACKED


class PackedOdp(PackedOdf, Odp):
    """The same for a file with its C2PA manifest in it."""

    info = packed(Odp.info)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice.

        Returns:
            `odf.manifest-inside`: LibreOffice does not open such a file.
        """
        return (*super().inscribe(source, target, inscription, limits=limits), INSIDE)


ADAPTER = Odp()
PACKED = PackedOdp()
