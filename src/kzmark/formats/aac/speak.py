"""Words before the frames of an ADTS stream."""

import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final

import numpy as np

from kzmark import _rope
from kzmark._limits import Limits
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio import hear
from kzmark.formats._audio.backend import spool
from kzmark.formats._audio.facts import Facts, survey
from kzmark.formats._audio.tagged import Front
from kzmark.formats._audio.voice import ENCODED_AGAIN, FAST, Manner, coded, encoded, silence
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.aac.frames import LOW, SAMPLES, Frames, Header, framed, header, walk

_LEAST, _MOST = 24_000, 160_000  # bits a second of one channel
_HEAD: Final = 7  # bytes of the head of a frame that `framed` makes
_SILENCE: Final = 2  # packets of silence before the sound, so that nothing laps over into it


def sound(source: BinaryIO, *, limits: Limits) -> Sound:
    """Return rate, channels and length: frames are counted."""
    front = Front.of(source, limits=limits)
    frames = walk(front.source, front.content)
    told = survey(front.source, "aac").sound
    return Sound(
        codec=told.codec,
        rate=told.rate,
        channels=told.channels,
        layout=told.layout,
        seconds=frames.blocks * SAMPLES / frames.first.rate,
    )


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a stream with words before its frames, which stay as they are, every byte.

    High efficiency AAC is encoded again as plain AAC: such a stream says nowhere that it is one, so
    a decoder that meets plain frames first plays all at half the rate.
    """
    front = Front.of(source, limits=limits)
    frames = walk(front.source, front.content)
    facts = survey(front.source, "aac")
    first, told = frames.first, facts.sound
    manner = Manner(
        encoder="aac",
        rate=told.rate,
        layout=told.layout,
        sample="fltp",
        bit_rate=_bit_rate(frames, facts),
        options=FAST,
    )
    quiet = np.zeros((_SILENCE * SAMPLES, told.channels), np.float32)
    joins = first.kind == LOW and first.rate == told.rate
    spoken = coded([words, quiet], manner)
    if joins and int.from_bytes(spoken.extradata[:2], "big") >> 3 & 15 != first.channels:
        raise UnsupportedMediaError(
            f"its channels ({told.layout}) are arranged in a way of their own"
        )
    tag, notes = front.moved(round(1000 * len(spoken.packets) * SAMPLES / told.rate))
    target.write(tag)
    if joins:
        _rope.copy(front.source, target, front.after, frames.start - front.after)
        target.write(b"".join(framed(first, packet) for packet in spoken.packets))
        _rope.copy(front.source, target, frames.start, front.source.size - frames.start)
    else:
        parts = chain([words, quiet], hear.whole(front.source, "aac"))
        _write_again(target, encoded(parts, manner), spoken.extradata)
        _rope.copy(front.source, target, frames.end, front.source.size - frames.end)
        notes.append(ENCODED_AGAIN)
    if progress:
        progress(1, 1)
    return notes


def unsay(source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits) -> Sequence[str]:
    """Copy a stream without the frames of words of a length. See `Unsays.unsay`."""
    front = Front.of(source, limits=limits)
    frames = walk(front.source, front.content)
    told = survey(front.source, "aac").sound
    manner = Manner(encoder="aac", rate=told.rate, layout=told.layout, sample="fltp", options=FAST)
    number, quiet = silence(count + _SILENCE * SAMPLES, told.channels, manner)
    if len(frames.starts) <= number or frames.blocks != len(frames.starts):
        raise UnsupportedMediaError("it ends with its words")
    last = int(frames.starts[number - 1])
    front.source.seek(last)
    if front.source.read(frames.stop(number - 1) - last)[_HEAD:] != quiet:
        raise UnsupportedMediaError("there is no silence between its words and its sound")
    tag, notes = front.moved(-round(1000 * number * SAMPLES / told.rate))
    target.write(tag)
    _rope.copy(front.source, target, front.after, frames.start - front.after)
    content = int(frames.starts[number])
    _rope.copy(front.source, target, content, front.source.size - content)
    return notes


def _bit_rate(frames: Frames, facts: Facts) -> int:
    seconds = frames.blocks * SAMPLES / frames.first.rate
    real = int((frames.end - frames.start) * 8 / seconds)
    channels = facts.sound.channels
    return max(_LEAST * channels, min(real, _MOST * channels))


def _write_again(target: BinaryIO, packets: Iterator[bytes], extradata: bytes) -> None:
    """Write packets as frames; they pass through a file, since they may be many."""
    like = _like(extradata)
    with spool() as held:
        for packet in packets:
            held.write(framed(like, packet))
        size = held.seek(0, io.SEEK_END)
        _rope.copy(held, target, 0, size)


def _like(extradata: bytes) -> Header:
    """Return the head that frames have with this configuration (14496-3, 1.6.2.1)."""
    bits = int.from_bytes(extradata[:2], "big")
    rate, channels = bits >> 7 & 15, bits >> 3 & 15
    raw = bytes((0xFF, 0xF1, (LOW - 1) << 6 | rate << 2 | channels >> 2, (channels & 3) << 6))
    found = header(raw + bytes((0x01, 0x00, 0xFC)))
    if found is None:
        raise UnsupportedMediaError("a configuration of AAC that frames cannot say")
    return found
