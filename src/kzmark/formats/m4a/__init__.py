"""M4A: sound in the boxes of MP4, with the notice spoken in samples before all others.

Spec: ISO/IEC 14496-12 (boxes), 14496-14 (MP4), 14496-3 (AAC); XMP part 3, MPEG-4.
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._bmff.boxes import brands
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.m4a import excerpt
from kzmark.formats.m4a import speak as spoken
from kzmark.formats.m4a.handlers import is_sound
from kzmark.formats.m4a.unsay import unsay
from kzmark.formats.mp4 import ADAPTER as FILMS
from kzmark.formats.mp4 import c2pa, layers
from kzmark.formats.mp4.movie import Movie
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_HEAD: Final = 4_096  # bytes in which the brands stand
_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P "})


class M4a:
    """M4A and M4B sound."""

    info = FormatInfo(
        name="m4a",
        title="M4A and M4B sound",
        medium=Medium.AUDIO,
        mime="audio/mp4",
        extensions=(".m4a", ".m4b"),
        signatures=(Signature(b"ftyp", offset=4),),
        layers=frozenset({Layer.XMP, Layer.MP4, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every packet of sound, tags and covers; chapters move by the length of the notice",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the first brand is one of sound, or of films: they may have no pictures."""
        return brands(head)[0] in _BRANDS or FILMS.confirm(head)

    def probe(self, source: BinaryIO) -> bool:
        """Say whether the first brand is one of sound, or there is sound and no picture."""
        return brands(source.read(_HEAD))[0] in _BRANDS or is_sound(source)

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the XMP box and the metadata of the index hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its XMP box and its index."""
        layers.write(source, target, mark, limits=limits)

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length."""
        return excerpt.survey(Movie(source, limits=limits)).sound

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
        return spoken.speak(source, target, voice, limits=limits, progress=progress)

    def unsay(
        self, source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file without the words that `speak` put first."""
        return unsay(source, target, count, limits=limits)

    def listen(
        self, source: BinaryIO, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches."""
        return excerpt.listen(Movie(source, limits=limits), spans, limits=limits)

    def room(self, data: Any, size: int) -> Room:
        """Return the place for a manifest store."""
        return c2pa.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a box."""
        return c2pa.unwrap(piece)

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store."""
        return c2pa.survey(data, limits=limits)

    def boxes(self, data: Any, *, limits: Limits) -> Sequence[tuple[bytes, int, int]]:
        """Return type, start and end of every outermost box."""
        return c2pa.boxes(data, limits=limits)


ADAPTER = M4a()
