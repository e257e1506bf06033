"""Words before the frames of an MP3: frames of their own, and one of silence between.

The frame of silence brings every decoder to rest, so that what follows is decoded bit for bit as
it was before, although frames lap over each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import numpy as np

from kzmark import _rope
from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.tagged import Front
from kzmark.formats._audio.voice import Manner, coded, silence
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.mp3 import info
from kzmark.formats.mp3.frames import BIT_RATES, LONGEST, Frames, Header, begin, header, walk
from kzmark.formats.mp3.info import DECODER, Info

_SHORTEST: Final = 24  # bytes of a frame


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of a file, and what the one before them says.

    Attributes:
        front: The tag, and where it ends.
        frames: All frames, that one included.
        info: What it says, if there is one.
        skipped: 1 if the first frame is no sound, else 0.
        first: The header of the first frame of sound.
    """

    front: Front
    frames: Frames
    info: Info | None
    skipped: int
    first: Header

    @classmethod
    def of(cls, source: BinaryIO, *, limits: Limits) -> "Stream":
        """Go through a file.

        Raises:
            MediaError: If there is no sound of MPEG Layer III in it.
        """
        front = Front.of(source, limits=limits)
        frames = walk(front.source, begin(front.source, front.content))
        start = frames.starts[0]
        front.source.seek(start)
        frame = front.source.read(frames.first.size)
        told = info.read(frame, frames.first)
        skipped = int(told is not None or info.is_fraunhofer(frame))
        if len(frames.starts) <= skipped:
            raise MalformedMediaError("there is no frame of sound in it")
        front.source.seek(frames.starts[skipped])
        first = header(front.source.read(4))
        assert first is not None  # it was walked over
        return cls(front, frames, told, skipped, first)

    @property
    def count(self) -> int:
        """Number of frames of sound."""
        return len(self.frames.starts) - self.skipped

    @property
    def start(self) -> int:
        """Where the first frame of sound begins."""
        return self.frames.starts[self.skipped]

    @property
    def lead(self) -> int:
        """Samples that a player leaves out at the start."""
        return self.info.delay + DECODER if self.info and self.info.lame else 0

    @property
    def samples(self) -> int:
        """Samples that a player plays."""
        return max(0, self.count * self.first.samples - _silence_of(self.info))


def sound(source: BinaryIO, *, limits: Limits) -> Sound:
    """Return rate, channels and length; frames are only counted where no frame tells how many."""
    front = Front.of(source, limits=limits)
    first, told = _first(front)
    count = told.frames if told else 0
    if count and 0 < count * _SHORTEST <= front.source.size:
        samples = count * first.samples - _silence_of(told)
    else:
        samples = Stream.of(front.source, limits=limits).samples
    return Sound(
        codec="mp3",
        rate=first.rate,
        channels=first.channels,
        layout="mono" if first.channels == 1 else "stereo",
        seconds=max(0, samples) / first.rate,
    )


def _first(front: Front) -> tuple[Header, Info | None]:
    """Return the first header of a file, and what its frame tells of the others."""
    front.source.seek(begin(front.source, front.content))
    frame = front.source.read(LONGEST)
    first = header(frame)
    assert first is not None  # it was just found
    return first, info.read(frame, first)


def _silence_of(told: Info | None) -> int:
    """Return how many samples a player leaves out at start and end."""
    if told is None or not told.lame:
        return 0
    return told.delay + DECODER + max(0, told.padding - DECODER)


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy an MP3 with words before its frames, which stay as they are, every byte."""
    stream = Stream.of(source, limits=limits)
    first = stream.first
    spoken = coded([words], _manner(stream))
    fresh = [*spoken.packets, _silence(first)]
    lead = spoken.delay - DECODER
    shift = len(fresh) * first.samples + stream.lead - spoken.delay
    tag, notes = stream.front.moved(round(1000 * shift / first.rate))
    target.write(tag)
    front = stream.front
    _rope.copy(front.source, target, front.after, stream.frames.starts[0] - front.after)
    target.write(_told(stream, fresh, lead))
    target.write(b"".join(fresh))
    _rope.copy(front.source, target, stream.start, front.source.size - stream.start)
    if progress:
        progress(1, 1)
    return notes


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy an MP3 without the frames of words of a length. See `Unsays.unsay`."""
    stream = Stream.of(source, limits=limits)
    first = stream.first
    number, _ = silence(count, first.channels, _manner(stream))
    starts = stream.frames.starts[stream.skipped :]
    if len(starts) < number + 2:
        raise MalformedMediaError("it ends with its words")
    content = starts[number + 1]
    stream.front.source.seek(starts[number])
    if any(stream.front.source.read(content - starts[number])[4:]):
        raise MalformedMediaError("there is no frame of silence between its words and its sound")
    stream.front.source.seek(stream.start)
    said = stream.front.source.read(content - stream.start)
    kept = replace(
        stream,
        frames=replace(stream.frames, starts=starts[number + 1 :]),
        skipped=0,
        info=stream.info and replace(stream.info, lame=_music_of(stream, said)),
    )
    shift = (number + 1) * first.samples - stream.lead
    tag, notes = stream.front.moved(-round(1000 * shift / first.rate))
    front = stream.front
    target.write(tag)
    _rope.copy(front.source, target, front.after, stream.frames.starts[0] - front.after)
    target.write(_told(kept, [], 0))
    _rope.copy(front.source, target, content, front.source.size - content)
    return notes


def _music_of(stream: Stream, said: bytes) -> bytes:
    """Return LAME's addition with the check of the frames behind the words: it is linear."""
    if stream.info is None or not stream.info.lame:
        return b""
    length = stream.frames.end - stream.start - len(said)
    music = info.joined_crc(info.crc(said), stream.info.music, length)
    return stream.info.lame[:32] + music.to_bytes(2, "big") + stream.info.lame[34:]


def _manner(stream: Stream) -> Manner:
    return Manner(
        encoder="libmp3lame",
        rate=stream.first.rate,
        layout="mono" if stream.first.channels == 1 else "stereo",
        sample="fltp",
        bit_rate=_bit_rate(stream) * 1000,
        options={"reservoir": "0", "compression_level": "7"},
    )


def _bit_rate(stream: Stream) -> int:
    """Return the bit rate next to that of the sound, in thousands of bits a second."""
    first = stream.first
    length = stream.frames.end - stream.start
    real = length * 8 * first.rate / (stream.count * first.samples) / 1000
    return min(BIT_RATES[first.version], key=lambda one: abs(one - real))


def _silence(first: Header) -> bytes:
    """Return a frame that holds nothing: no part of it is used, so it decodes to zeros."""
    plain = info.fitting(first, 0)
    return plain.raw.ljust(plain.size, b"\0")


def _told(stream: Stream, fresh: Sequence[bytes], lead: int) -> bytes:
    """Return the frame that tells what follows."""
    length = stream.frames.end - stream.start
    spoken = b"".join(fresh)
    music = 0
    if stream.info and stream.info.lame:
        music = info.joined_crc(info.crc(spoken), stream.info.music, length)
    return info.spell(
        stream.first,
        stream.info,
        frames=len(fresh) + stream.count,
        length=len(spoken) + length,
        table=_table(stream, fresh),
        delay=lead,
        music=music,
    )


def _table(stream: Stream, fresh: Sequence[bytes]) -> bytes:
    """Return the share of the bytes before each hundredth of the frames, of 256."""
    sizes = np.array([len(one) for one in fresh], np.int64)
    starts = np.frombuffer(stream.frames.starts, np.int64)[stream.skipped :] - stream.start
    places = np.concatenate([np.cumsum(sizes) - sizes, starts + sizes.sum()])
    whole = int(sizes.sum()) + stream.frames.end - stream.start
    picked = places[np.arange(100) * len(places) // 100]
    return bytes(np.minimum(picked * 256 // whole, 255).astype(np.uint8))
