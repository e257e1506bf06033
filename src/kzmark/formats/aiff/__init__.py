"""AIFF: the record in an ID3 tag and XMP, the C2PA manifest beside the file.

Spec: Apple, Audio Interchange File Format 1.3; AIFF-C. No place for a C2PA manifest is defined.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._audio import hear
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.aiff import chunks
from kzmark.formats.aiff import sound as samples
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_MASK = b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"


class Aiff:
    """AIFF and AIFF-C sound."""

    info = FormatInfo(
        name="aiff",
        title="AIFF sound",
        medium=Medium.AUDIO,
        mime="audio/aiff",
        extensions=(".aiff", ".aif", ".aifc"),
        signatures=(
            Signature(b"FORM\0\0\0\0AIFF", mask=_MASK),
            Signature(b"FORM\0\0\0\0AIFC", mask=_MASK),
        ),
        layers=frozenset({Layer.ID3, Layer.XMP, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every sample, markers moved by the length of the notice, and every chunk of others",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the tag and the XMP chunk hold."""
        return chunks.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in both."""
        chunks.write(source, target, mark, limits=limits)

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length."""
        return samples.sound(source, limits=limits)

    def speak(
        self,
        source: BinaryIO,
        target: BinaryIO,
        voice: Samples,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the file with words before its samples."""
        return samples.speak(source, target, voice, limits=limits, progress=progress)

    def unsay(
        self, source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file without the words that `speak` put first."""
        return samples.unsay(source, target, count, limits=limits)

    def listen(
        self, source: BinaryIO, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches."""
        return hear.listen(source, "aiff", spans, limits=limits)


ADAPTER = Aiff()
