"""AAC in ADTS frames: the record in an ID3v2 tag, the C2PA manifest beside the file.

Spec: ISO/IEC 14496-3, 1.A.2 (ADTS); ID3v2.4.0. No place for a C2PA manifest is defined in it.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._audio import tagged, tagged_layers
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.aac import listen as heard
from kzmark.formats.aac import speak as spoken
from kzmark.formats.aac.frames import header
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_LOOK: Final = 16_384  # bytes in which a second frame begins


class Aac:
    """AAC sound in ADTS frames."""

    info = FormatInfo(
        name="aac",
        title="AAC sound (ADTS)",
        medium=Medium.AUDIO,
        mime="audio/aac",
        extensions=(".aac", ".adts"),
        signatures=(
            Signature(tagged.MAGIC),
            *(Signature(bytes((0xFF, second))) for second in b"\xf1\xf9\xf0\xf8"),
        ),
        layers=frozenset({Layer.ID3, Layer.XMP, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every frame of sound, and tags of others, with times moved by the length of the "
        "notice; high efficiency AAC is encoded again",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether a frame of AAC begins here, or a tag behind which one may."""
        return head.startswith(tagged.MAGIC) or header(head[:7]) is not None

    def probe(self, source: BinaryIO) -> bool:
        """Say whether two frames follow each other behind the tag, or one is all there is."""
        data = tagged.behind(source, _LOOK)
        first = header(data[:7])
        if first is None:
            return False
        follows = data[first.size : first.size + 7]
        return not follows or header(follows) is not None

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
        return heard.listen(source, spans, limits=limits)


ADAPTER = Aac()
