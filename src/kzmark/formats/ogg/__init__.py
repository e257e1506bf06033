"""Ogg: the record in Vorbis comments, the C2PA manifest beside the file, the notice spoken first.

Spec: RFC 3533 (Ogg), RFC 7845 (Opus), Xiph Vorbis I. No place for a C2PA manifest is defined in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._audio import facts, hear
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.ogg import layers, opus, pages
from kzmark.formats.ogg import speak as spoken
from kzmark.formats.ogg.links import KINDS, File, Link
from kzmark.formats.ogg.opus import RATE
from kzmark.formats.ogg.spoken import start_of as vorbis_start
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium

_HEAD: Final = 27  # bytes of the head of a page before its lacing values
_LONG: Final = 1 << 21  # a position that the samples of one page do not reach


class Ogg:
    """Ogg sound: Opus and Vorbis."""

    info = FormatInfo(
        name="ogg",
        title="Ogg sound (Opus, Vorbis)",
        medium=Medium.AUDIO,
        mime="audio/ogg",
        extensions=(".ogg", ".oga", ".opus"),
        signatures=(Signature(pages.MAGIC),),
        layers=frozenset({Layer.VORBIS, Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every packet of sound, and comments of others; chapters move by the length of the "
        "notice",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the first packet is the head of a kind of sound."""
        start = _HEAD + (head[26] if len(head) > 26 else 0)
        return head[start : start + 8].startswith(tuple(KINDS))

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the comments hold."""
        return layers.read(source, limits=limits)

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its comments."""
        layers.write(source, target, mark, limits=limits)

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length."""
        return _sound(source, limits)

    def speak(
        self,
        source: BinaryIO,
        target: BinaryIO,
        voice: Samples,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy the file with words before its packets."""
        return spoken.speak(source, target, voice, limits=limits, progress=progress)

    def listen(
        self, source: BinaryIO, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches."""
        return hear.listen(source, "ogg", spans, limits=limits)


def _sound(source: BinaryIO, limits: Limits) -> Sound:
    """Add up the links: libav knows the length of one."""
    file = File(source, limits=limits)
    told = facts.survey(file.source, "ogg").sound
    samples = 0
    for link in file.links:
        skip = int.from_bytes(link.headers[0][10:12], "little") if link.kind == "opus" else 0
        samples += max(0, link.last - _start(file, link) - skip)
    rate = RATE if file.links[0].kind == "opus" else told.rate
    return replace(told, seconds=samples / rate)


def _start(file: File, link: Link) -> int:
    """Return the position at which a link begins: not 0 in a part of a stream."""
    if link.kind == "opus":
        return opus.start_of(file, link)
    page = next(file.pages(link), None)
    if link.kind != "vorbis" or page is None or page.position < _LONG:
        return 0
    return vorbis_start(file, link)


ADAPTER = Ogg()
