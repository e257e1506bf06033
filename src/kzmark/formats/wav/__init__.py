"""WAV: the record in INFO, ID3 and XMP chunks, the notice spoken before the samples.

Spec: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE); EBU Tech 3285
(broadcast WAV), 3306 (RF64).
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from kzmark._limits import Limits
from kzmark.formats._audio import hear
from kzmark.formats._audio.chunks import W64
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.wav import c2pa, layers
from kzmark.formats.wav import sound as samples
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_MASK = b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff"


class Wav:
    """WAV sound, also broadcast WAV and RF64."""

    info = FormatInfo(
        name="wav",
        title="WAV sound",
        medium=Medium.AUDIO,
        mime="audio/wav",
        extensions=(".wav", ".wave", ".rf64"),
        signatures=(
            Signature(b"RIFF\0\0\0\0WAVE", mask=_MASK),
            Signature(b"RF64\0\0\0\0WAVE", mask=_MASK),
            Signature(W64),  # to be refused by its name
        ),
        layers=frozenset({Layer.XMP, Layer.ID3, Layer.RIFF, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every sample, cue points and loops moved by the length of the notice, and every "
        "chunk of others",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP chunk, the INFO lists and the ID3 tag hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in all of them."""
        layers.write(source, target, mark, limits=limits)

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
        return hear.listen(source, "wav", spans, limits=limits)

    def room(self, data: Any, size: int) -> Room:
        """Return the place behind the last chunk."""
        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a chunk."""
        return c2pa.unwrap(piece)

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store, and collect all else that is no sound."""
        return c2pa.survey(data, limits=limits)


ADAPTER = Wav()
