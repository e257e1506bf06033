"""AVI: the record in XMP and in an INFO list, the notice in the pictures.

Spec: Microsoft, AVI RIFF file reference; OpenDML AVI file format extensions 1.02.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._av.facts import survey
from kzmark.formats._av.soundtracks import overhear, soundtracks
from kzmark.formats._av.stills import stills
from kzmark.formats._base import C2PABinding, FormatInfo, PatchFor, Picture, Signature
from kzmark.formats._film import Film, Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.avi import layers
from kzmark.formats.avi.burn import burn
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Avi:
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

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP chunk and the INFO lists hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in both."""
        layers.write(source, target, mark, limits=limits)

    def film(self, source: BinaryIO, *, limits: Limits) -> Film:
        """Return size, length and tracks."""
        return survey(source, limits=limits).film

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

    def stills(
        self,
        source: BinaryIO,
        times: Sequence[float],
        *,
        limits: Limits,
        keys: bool = False,
        film: Film | None = None,
    ) -> Iterator[tuple[float, Picture]]:
        """Yield what a person sees at these times."""
        return stills(source, times, limits=limits, keys=keys, film=film)

    def soundtracks(self, source: BinaryIO, *, limits: Limits) -> Sequence[Sound]:
        """Return every track of sound that can be decoded."""
        del limits
        return soundtracks(source)

    def overhear(
        self, source: BinaryIO, track: int, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard of a track in these stretches."""
        return overhear(source, "avi", track, spans, limits=limits)


ADAPTER = Avi()
