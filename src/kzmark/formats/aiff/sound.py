"""The samples of an AIFF: how they are stored, and the words laid before them.

Spec: Apple, Audio Interchange File Format 1.3 (`COMM`, `SSND`, `MARK`); AIFF-C, draft of 1991.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio import facts
from kzmark.formats._audio.chunks import Chunk, File, Fresh, Piece, write
from kzmark.formats._audio.fields import field
from kzmark.formats._audio.pcm import Kind, packed
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.aiff import chunks
from kzmark.formats.layers._id3_tag import Tag
from kzmark.formats.layers._id3_times import shift

_Order = Literal["little", "big"]
_KINDS: Final[dict[bytes, tuple[str, int, _Order]]] = {  # name, bits (0: as `COMM` says), order
    b"NONE": ("signed", 0, "big"),
    b"twos": ("signed", 0, "big"),
    b"sowt": ("signed", 0, "little"),
    b"in24": ("signed", 24, "big"),
    b"in32": ("signed", 32, "big"),
    b"raw ": ("unsigned", 8, "big"),
    b"fl32": ("float", 32, "big"),
    b"FL32": ("float", 32, "big"),
    b"fl64": ("float", 64, "big"),
    b"FL64": ("float", 64, "big"),
    b"alaw": ("alaw", 8, "big"),
    b"ALAW": ("alaw", 8, "big"),
    b"ulaw": ("mulaw", 8, "big"),
    b"ULAW": ("mulaw", 8, "big"),
}
_PREFIX: Final = 8  # bytes of `SSND` before the samples: offset and block size


@dataclass(frozen=True, slots=True)
class Shape:
    """What the `COMM` chunk says.

    Attributes:
        data: The whole chunk.
        channels: How many.
        frames: Moments of sound.
        bits: Bits of a sample that count.
        codec: Four letters: how samples are stored.
    """

    data: bytes
    channels: int
    frames: int
    bits: int
    codec: bytes

    @property
    def kind(self) -> Kind:
        """How samples are stored.

        Raises:
            UnsupportedMediaError: If they are coded in blocks, or in an unknown way.
        """
        if self.codec not in _KINDS:
            name = self.codec.decode("latin-1")
            raise UnsupportedMediaError(f"sound of the kind {name!r} inside of an AIFF")
        name, bits, order = _KINDS[self.codec]
        if name == "float" or bits:
            return Kind(kind=name, bits=bits, valid=bits, order=order)
        if not 1 <= self.bits <= 32:
            raise MalformedMediaError(f"samples of {self.bits} bits")
        return Kind(kind=name, bits=-(-self.bits // 8) * 8, valid=self.bits, order=order)


def shape(file: File) -> Shape:
    """Return what the `COMM` chunk says.

    Raises:
        MalformedMediaError: If it makes no sense.
    """
    data = file.content(file.need(b"COMM"))
    if len(data) < (22 if file.form == b"AIFC" else 18):
        raise MalformedMediaError("the format of the sound is cut off")
    channels, frames, bits = (int.from_bytes(data[a:b], "big") for a, b in ((0, 2), (2, 6), (6, 8)))
    if not 1 <= channels <= facts.CHANNELS:
        raise MalformedMediaError(f"{channels} channels")
    codec = data[18:22] if file.form == b"AIFC" else b"NONE"
    return Shape(data, channels, frames, bits, codec)


def sound(source: BinaryIO, *, limits: Limits) -> Sound:
    """Return rate, channels and length."""
    file = File(source, limits=limits)
    shape(file).kind  # noqa: B018 - refuses what nothing can be joined to
    file.need(b"SSND")
    return facts.survey(file.source, "aiff").sound


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy an AIFF with words before its samples, of which no bit changes."""
    file = File(source, limits=limits)
    shaped, data = shape(file), file.need(b"SSND")
    rate = facts.survey(file.source, "aiff").sound.rate
    file.source.seek(data.body)
    head = file.source.read(_PREFIX)
    offset = int.from_bytes(head[:4], "big")
    start = data.body + _PREFIX + offset
    align = shaped.channels * shaped.kind.bits // 8
    length = min(max(0, data.end - start), shaped.frames * align)
    if data.end - data.body < _PREFIX or start > data.end:
        raise MalformedMediaError("the samples begin behind their end")
    fresh = packed(words, shaped.kind, rate)
    joined = Fresh(b"SSND", (bytes(_PREFIX), fresh, Piece(file.source, start, length)))
    notes = _write(file, target, data, joined, length // align, len(words), rate)
    if progress:
        progress(1, 1)
    return notes


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy an AIFF without so many samples at its start. See `Unsays.unsay`."""
    file = File(source, limits=limits)
    shaped, data = shape(file), file.need(b"SSND")
    rate = facts.survey(file.source, "aiff").sound.rate
    file.source.seek(data.body)
    align = shaped.channels * shaped.kind.bits // 8
    offset = int.from_bytes(file.source.read(_PREFIX)[:4], "big")
    start = data.body + _PREFIX + offset + count * align
    length = min(data.end - start, (shaped.frames - count) * align)
    if length <= 0:
        raise MalformedMediaError("it ends with its words")
    kept = Fresh(b"SSND", (bytes(_PREFIX), Piece(file.source, start, length)))
    return _write(file, target, data, kept, length // align, -count, rate)


def _write(
    file: File, target: BinaryIO, data: Chunk, joined: Fresh, old: int, count: int, rate: int
) -> list[str]:
    """Write the file with other samples, of which so many are new, or so many are gone."""
    shaped = shape(file)
    moments = field(old + max(0, count), 4, what="moments of sound")
    common = (shaped.data[0:2], moments, shaped.data[6:])
    kept, notes = [], []
    for one in file.chunks:
        if one == data:
            kept.append(joined)
        elif one.kind == b"COMM":
            kept.append(Fresh(one.kind, (b"".join(common),)))
        elif one.kind == b"MARK":
            kept.append(Fresh(one.kind, (chunks.moved_marks(file.content(one), count),)))
        elif one.kind in chunks.TAGS:
            tag = Tag.parse(file.content(one), limits=file.limits)
            notes += shift(tag, round(1000 * count / rate))
            kept.append(Fresh(one.kind, (tag.pack(),)))
        else:
            kept.append(file.kept(one))
    write(file, target, kept)
    return notes
