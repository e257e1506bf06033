"""MP3: the record in an ID3v2 tag, the notice spoken in frames before all others.

Spec: ISO/IEC 11172-3 and 13818-3 (Layer III); ID3v2.3.0 and 2.4.0; LAME, MP3 Info tag revision 1.
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from kzmark._limits import Limits
from kzmark.formats._audio import hear, tagged, tagged_layers
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.mp3 import speak as spoken
from kzmark.formats.mp3.frames import header
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_FIRST = b"\xff\xfb\xfa\xf3\xf2\xe3\xe2"  # the second bytes of frames of Layer III, and 0xFF


class Mp3:
    """MP3 sound."""

    info = FormatInfo(
        name="mp3",
        title="MP3 sound",
        medium=Medium.AUDIO,
        mime="audio/mpeg",
        extensions=(".mp3",),
        signatures=(
            Signature(tagged.MAGIC),
            *(Signature(bytes((0xFF, second))) for second in _FIRST[1:]),
        ),
        layers=frozenset({Layer.ID3, Layer.XMP, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every frame of sound, decoded bit for bit as before; tags of others, with times "
        "moved by the length of the notice",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether frames of Layer III begin here, or a tag that only this format has."""
        if head.startswith(tagged.MAGIC):
            return True  # what follows is of no format that is known by its first bytes
        first = header(head[:4])
        if first is None:
            return False
        other = header(head[first.size : first.size + 4])
        return len(head) < first.size + 4 or (other is not None and first.alike(other))

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the tag holds."""
        return tagged_layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its tag."""
        tagged_layers.write(source, target, mark, limits=limits)

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length."""
        return spoken.sound(source, limits=limits)

    def speak(
        self,
        source: BinaryIO,
        target: BinaryIO,
        voice: Samples,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the file with words before its frames."""
        return spoken.speak(source, target, voice, limits=limits, progress=progress)

    def unsay(
        self, source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file without the words that `speak` put first."""
        return spoken.unsay(source, target, count, limits=limits)

    def listen(
        self, source: BinaryIO, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches."""
        return hear.listen(source, "mp3", spans, limits=limits)

    def room(self, data: Any, size: int) -> Room:
        """Return the place behind the last frame of the tag."""
        return tagged.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store, which stands as it is."""
        return tagged.unwrap(piece)

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store in the tag."""
        return tagged.survey(data, limits=limits)


ADAPTER = Mp3()
