"""FLAC: the record in Vorbis comments, a C2PA manifest in an ID3v2 tag before the file.

Spec: RFC 9639 (FLAC); C2PA 2.4, A.3.4 (ID3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from kzmark import _rope
from kzmark._limits import Limits
from kzmark._rope import stream_of
from kzmark.formats._audio import facts, hear, tagged
from kzmark.formats._base import C2PABinding, FormatInfo, Signature
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.flac import blocks
from kzmark.formats.flac import speak as spoken
from kzmark.formats.flac.blocks import File
from kzmark.formats.layers import vorbis
from kzmark.formats.layers.vorbis import Comments
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Flac:
    """FLAC sound."""

    info = FormatInfo(
        name="flac",
        title="FLAC sound",
        medium=Medium.AUDIO,
        mime="audio/flac",
        extensions=(".flac",),
        signatures=(Signature(tagged.MAGIC), Signature(blocks.MAGIC)),
        layers=frozenset({Layer.VORBIS, Layer.C2PA}),
        c2pa=C2PABinding.EMBEDDED,
        exact="every sample, pictures and blocks of others; seek points, cue sheet and chapters "
        "move by the length of the notice",
        streamed=True,
        backend="av",
        extra="audio",
    )

    def confirm(self, head: bytes) -> bool:
        """Say whether the file begins here, or a tag does behind which it may."""
        return head.startswith((tagged.MAGIC, blocks.MAGIC))

    def probe(self, source: BinaryIO) -> bool:
        """Say whether the file begins behind the tag, however long that is."""
        return tagged.behind(source, 4) == blocks.MAGIC

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return what the comments hold."""
        found = File.of(source, limits=limits).find(blocks.COMMENTS)
        comments = Comments() if found is None else Comments.parse(found, limits=limits)
        return [vorbis.judge(comments)]

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file with the mark in its comments; those of others stay."""
        file = File.of(source, limits=limits)
        found = file.find(blocks.COMMENTS)
        comments = Comments() if found is None else Comments.parse(found, limits=limits)
        vorbis.put(comments, mark)
        if found is None:
            file.blocks.insert(1, (blocks.COMMENTS, comments.pack()))
        else:
            file.change(blocks.COMMENTS, lambda _: comments.pack())
        rope = file.front.source
        _rope.copy(rope, target, 0, file.front.content)
        target.write(file.head())
        _rope.copy(rope, target, file.sound, rope.size - file.sound)

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length."""
        info = File.of(source, limits=limits).info
        told = facts.survey(source, "flac").sound
        return replace(told, seconds=info.total / info.rate) if info.total else told

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
        return hear.listen(source, "flac", spans, limits=limits)

    def room(self, data: Any, size: int) -> Room:
        """Return the place behind the last frame of the tag."""
        return tagged.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store, which stands as it is."""
        return tagged.unwrap(piece)

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store in the tag."""
        file = File.of(stream_of(data), limits=limits)
        others = tuple(one for kind, one in file.blocks if kind != blocks.PICTURE)
        return tagged.survey(data, limits=limits, others=others)


ADAPTER = Flac()
