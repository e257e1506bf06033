"""PDF: the notice as real text on every page, the mark in the XMP packet and the information.

Spec: ISO 32000-2. A file is changed by an update behind it (7.5.6): its own bytes are the
beginning of the new file, whatever its size.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._text import Inscription, Leaf
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Pdf:
    """The adapter."""

    info = FormatInfo(
        name="pdf",
        title="PDF 1.0 to 2.0, PDF/A, tagged PDF",
        medium=Medium.DOCUMENT,
        mime="application/pdf",
        extensions=(".pdf",),
        signatures=(Signature(b"%PDF-"),),
        layers=frozenset({Layer.C2PA, Layer.XMP, Layer.PDF}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every byte of the file: what is new stands behind it",
        backend="pikepdf",
        extra="pdf",
        streamed=True,
    )

    unaided = True  # the C2PA library would write the whole file anew

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP packet and the information dictionary hold.

        Raises:
            BackendMissingError: If pikepdf is not installed.
        """
        from kzmark.formats.pdf import layers

        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in both, as an update behind it."""
        from kzmark.formats.pdf import layers

        layers.write(source, target, mark, limits=limits)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with the notice on its pages, as an update behind it.

        Returns:
            `pdf.page-enlarged`, `pdf.linearisation-lost`, `pdf.signature-outdated`,
            `pdf.archival-attachment`.

        Raises:
            UnsupportedMediaError: If it is encrypted, certified against changes, a portfolio or a
                dynamic XFA form.
        """
        from kzmark.formats.pdf import notice

        return notice.inscribe(source, target, inscription, limits=limits)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield every page as a reader sees it.

        Raises:
            BackendMissingError: If pypdfium2 is not installed.
        """
        from kzmark.formats.pdf import sight

        return sight.leaves(source, limits=limits)

    def room(self, data: bytes | Rope, size: int) -> Room:
        """Return the place for a manifest store: an embedded file, in an update of its own."""
        from kzmark.formats.pdf import c2pa

        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store, which stands as it is."""
        from kzmark.formats.pdf import c2pa

        return c2pa.unwrap(piece)

    def survey(self, data: bytes | Rope, *, limits: Limits) -> Survey:
        """Look for the store where readers do."""
        from kzmark.formats.pdf import c2pa

        return c2pa.survey(data, limits=limits)


ADAPTER = Pdf()
