"""Matroska: the record in a tag, the C2PA manifest beside the file, the notice in the pictures.

Spec: RFC 9559 (Matroska), RFC 8794 (EBML). No place for a C2PA manifest is defined in it.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MediaError
from kzmark.formats._av.adapter import FilmFile
from kzmark.formats._base import C2PABinding, FormatInfo, PatchFor, Signature
from kzmark.formats._film import Progress, Span
from kzmark.formats._narration import NarrationFor
from kzmark.formats.matroska import ebml, layers
from kzmark.formats.matroska import narrate as narrated
from kzmark.formats.matroska.burn import burn
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_DOC_TYPE: Final = 0x4282


class Matroska(FilmFile):
    """Matroska films."""

    info = FormatInfo(
        name="matroska",
        title="Matroska films",
        medium=Medium.VIDEO,
        mime="video/x-matroska",
        extensions=(".mkv",),
        signatures=(Signature(b"\x1a\x45\xdf\xa3"),),
        layers=frozenset({Layer.MATROSKA, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every byte of sound, subtitles, chapters, attachments and tags of others; with the "
        "notice at the start or at intervals, every picture outside of the groups of pictures "
        "that show it",
        streamed=True,
        backend="av",
        extra="video",
    )
    demuxer = "matroska"
    doc_type = b"matroska"

    def confirm(self, head: bytes) -> bool:
        """Say whether the head names this kind of file."""
        return doc_type(head) == self.doc_type

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the tags hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its tags."""
        layers.write(source, target, mark, limits=limits)

    def burn(
        self,
        source: BinaryIO,
        target: BinaryIO,
        patch_for: PatchFor,
        spans: Sequence[Span],
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the film with a patch on every frame that is seen in the spans."""
        return burn(source, target, patch_for, spans, limits=limits, progress=progress)

    def admit(self, source: BinaryIO, *, limits: Limits) -> None:
        """Refuse a film over whose sound nothing here can speak."""
        narrated.admit(source, limits=limits)

    def narrate(
        self,
        source: BinaryIO,
        target: BinaryIO,
        narration_for: NarrationFor,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the film with words over the start of every track of sound."""
        return narrated.narrate(source, target, narration_for, limits=limits, progress=progress)


def doc_type(head: bytes) -> bytes:
    """Return what the EBML head calls the file; Matroska if it says nothing, as its default is."""
    from kzmark._limits import DEFAULT_LIMITS

    try:
        top = ebml.element(head[:12], 0, len(head))
        for row in ebml.children(head, top.body, top.end, limits=DEFAULT_LIMITS):
            if row.kind == _DOC_TYPE:
                return head[row.body : row.end].rstrip(b"\0")
    except MediaError:
        return b""
    return b"matroska"


ADAPTER = Matroska()
