"""OpenDocument presentations: the notice as a plate on every slide, the mark in the metadata.

Spec: ODF 1.3 (OASIS, ISO 26300); C2PA 2.4, A.6.
"""

from kzmark.formats._base import Adapter, C2PABinding, FormatInfo
from kzmark.formats._odf.adapter import OdfFile, PackedOdf, packed
from kzmark.formats._ooxml.adapter import SIGNATURES
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

    @property
    def embedding(self) -> Adapter:
        """The format with its manifest in the package."""
        return PACKED


class PackedOdp(PackedOdf, Odp):
    """The same for a file with its C2PA manifest in it."""

    info = packed(Odp.info)


ADAPTER = Odp()
PACKED = PackedOdp()
