"""What is heard in stretches of an ADTS stream: only their frames are read.

Such a stream has no index, so libav would read all of it to find a time. Frames are found here,
and given to a decoder one by one, with a few before them that they lap over.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError
from kzmark.formats._audio import hear
from kzmark.formats._audio.backend import reading
from kzmark.formats._audio.facts import survey
from kzmark.formats._audio.tagged import Front
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples
from kzmark.formats.aac.frames import LOW, SAMPLES, Frames, header, walk

_FORMAT: Final = "aac"
_START: Final = 60.0  # seconds that are as soon decoded as frames are counted
_BEFORE: Final = 10  # blocks before a stretch, so that the decoder has settled


class _Part(NamedTuple):
    """Some of the frames.

    Attributes:
        first: Number of the first of them.
        last: Number of the one behind the last.
        block: Number of the block with which they begin.
    """

    first: int
    last: int
    block: int


def listen(
    source: BinaryIO, spans: Sequence[Span], *, limits: Limits
) -> Iterator[tuple[float, Samples]]:
    """Yield the samples of each span. See `Sounds.listen`."""
    front = Front.of(source, limits=limits)
    if not spans or spans[-1][1] <= _START:
        return hear.listen(front.source, _FORMAT, spans, limits=limits)
    frames = walk(front.source, front.content)
    parts = [_part(frames, span) for span in spans]
    if not _alike(front.source, frames, parts):
        return hear.listen(front.source, _FORMAT, spans, limits=limits)
    return _heard(front.source, frames, list(zip(spans, parts, strict=True)), limits)


def _heard(
    source: Rope, frames: Frames, wanted: Sequence[tuple[Span, _Part]], limits: Limits
) -> Iterator[tuple[float, Samples]]:
    rate, most = frames.first.rate, limits.max_bytes // 16
    for (start, stop), part in wanted:
        if (part.last - part.first) * SAMPLES * frames.first.channels > most:
            raise LimitExceededError(f"a stretch of more than {most} samples")
        decoded = list(_decoded(source, frames, part))
        if not decoded:
            continue
        begin = part.block * SAMPLES
        skip = max(0, round(start * rate) - begin)
        found = np.concatenate(decoded)[skip : max(0, round(stop * rate) - begin)]
        if len(found):
            yield (begin + skip) / rate, found


def _decoded(source: Rope, frames: Frames, part: _Part) -> Iterator[Samples]:
    wide = 0
    with reading("sound") as av:
        decoder = av.CodecContext.create(_FORMAT, "r")
        for number in range(part.first, part.last):
            start, end = int(frames.starts[number]), frames.stop(number)
            source.seek(start)
            for frame in decoder.decode(av.Packet(source.read(end - start))):
                wide = wide or frame.layout.nb_channels
                if (frame.sample_rate, frame.layout.nb_channels) == (frames.first.rate, wide):
                    yield hear.floats(frame)


def _part(frames: Frames, span: Span) -> _Part:
    """Return the frames that hold a stretch."""
    rate = frames.first.rate / SAMPLES  # blocks a second
    wanted = [max(0.0, span[0] * rate - _BEFORE), max(0.0, span[1] * rate)]
    first, last = np.searchsorted(frames.ends, wanted, "right").tolist()
    before = int(frames.ends[first - 1]) if first else 0
    return _Part(first, min(last + 1, len(frames.starts)), before)


def _alike(source: Rope, frames: Frames, parts: Sequence[_Part]) -> bool:
    """Say whether a decoder knows from any frame what it knows from the first.

    High efficiency AAC says only now and then that it is that; channels without a number of their
    arrangement are told in a frame of their own.
    """
    if frames.first.kind != LOW or not frames.first.channels:
        return False
    if frames.blocks != len(frames.starts):  # libav takes one block of each frame
        return False
    if survey(source, _FORMAT).sound.rate != frames.first.rate:
        return False
    for number in (number for part in parts for number in range(part.first, part.last)):
        source.seek(int(frames.starts[number]))
        head = header(source.read(7))
        if head is None or head[1:4] != frames.first[1:4]:
            return False
    return True
