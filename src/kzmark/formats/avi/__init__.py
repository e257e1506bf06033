"""AVI: the record in XMP and in an INFO list, the notice in the pictures.

Spec: Microsoft, AVI RIFF file reference; OpenDML AVI file format extensions 1.02.
"""

from collections.abc import Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._av.adapter import FilmFile
from kzmark.formats._base import C2PABinding, FormatInfo, PatchFor, Signature
from kzmark.formats._film import Progress, Span
from kzmark.formats._narration import NarrationFor
from kzmark.formats.avi import layers, narrate
from kzmark.formats.avi.burn import burn
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Avi(FilmFile):
    """AVI films, also those over 1 GB (OpenDML)."""

    info = FormatInfo(
        name="avi",
        title="AVI films",
        medium=Medium.VIDEO,
        mime="video/avi",
        extensions=(".avi",),
        signatures=(
            Signature(b"RIFF\0\0\0\0AVI ", mask=b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"),
        ),
        layers=frozenset({Layer.XMP, Layer.RIFF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every byte of sound; of the pictures those without the notice where each is coded "
        "by itself, else they are encoded again",
        streamed=True,
        backend="av",
        extra="video",
    )
    demuxer = "avi"

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP chunk and the INFO lists hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in both."""
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
        narrate.admit(source, limits=limits)

    def narrate(
        self,
        source: BinaryIO,
        target: BinaryIO,
        narration_for: NarrationFor,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the film with words over the start of its sound."""
        return narrate.narrate(source, target, narration_for, limits=limits, progress=progress)


ADAPTER = Avi()
