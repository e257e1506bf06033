"""What is heard in stretches of a sound, decoded with libav."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import numpy as np

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._audio.backend import opened
from kzmark.formats._audio.facts import check
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples

_RUN_IN: Final = 0.2  # seconds decoded before a stretch, so that the decoder has settled
_NEAR: Final = 4.0  # seconds over which decoding on is cheaper than finding another place
_TYPES: Final = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
_SCALES: Final = {
    "u1": (2.0**-7, 128),
    "i2": (2.0**-15, 0),
    "i4": (2.0**-31, 0),
    "i8": (2.0**-63, 0),
}


def listen(
    source: BinaryIO, container: str, spans: Sequence[Span], *, limits: Limits, track: int = 0
) -> Iterator[tuple[float, Samples]]:
    """Yield the samples of each span. See `Sounds.listen`.

    Args:
        source: The file.
        container: Name of the demuxer.
        spans: In rising order, in seconds.
        limits: What it may cost: the samples of one span take a quarter of `max_bytes` at most.
        track: Which of those that can be decoded, from 0.

    Raises:
        MediaError: If the sound cannot be decoded, or a span holds more than the limits allow.
    """
    with opened(source, container, track=track) as (file, stream):
        context = stream.codec_context
        check(context)
        reel = _Reel(file, stream, limits)
        try:
            for start, stop in spans:
                found = reel.cut(max(0.0, start), stop)
                if found is not None:
                    yield found
        finally:
            reel.end()


def whole(source: BinaryIO, container: str) -> Iterator[Samples]:
    """Yield all samples of a sound, frame after frame."""
    with opened(source, container) as (file, stream):
        check(stream.codec_context)
        reel = _Reel(file, stream, DEFAULT_LIMITS)
        while (found := reel.next()) is not None:
            yield found


class _Reel:
    """Decoded frames in order, as far as they were needed so far."""

    def __init__(self, file: Any, stream: Any, limits: Limits) -> None:
        self._file, self._stream, self._most = file, stream, limits.max_bytes // 16
        self._rate, self._channels = stream.codec_context.sample_rate, stream.codec_context.channels
        self._first = float((stream.start_time or 0) * stream.time_base)
        self._frames = self._decoded()
        self._kept: list[tuple[float, Samples]] = []
        self._at = 0.0

    def cut(self, start: float, stop: float) -> tuple[float, Samples] | None:
        """Return what is heard between two times, and when it begins."""
        self._kept = [(at, part) for at, part in self._kept if at + self._long(part) > start]
        if not self._kept and start - self._at > _NEAR:
            self._seek(start)
        while self._at < stop and (frame := next(self._frames, None)) is not None:
            self._at = frame[0] + self._long(frame[1])
            if self._at > start:
                self._kept.append(frame)
            if (self._at - start) * self._rate * self._channels > self._most:
                raise LimitExceededError(f"a stretch of more than {self._most} samples")
        inside = [(at, part) for at, part in self._kept if at < stop]
        if not inside:
            return None
        begin = inside[0][0]
        whole = np.concatenate([part for _, part in inside])
        skip = max(0, round((start - begin) * self._rate))
        keep = max(0, round((stop - begin) * self._rate))
        found = whole[skip:keep]
        return (begin + skip / self._rate, found) if len(found) else None

    def next(self) -> Samples | None:
        """Return what the next frame holds, or nothing at the end."""
        frame = next(self._frames, None)
        return None if frame is None else frame[1]

    def end(self) -> None:
        """Let the file go at once: what decodes refers to this, and this to what decodes."""
        self._frames, self._kept = iter(()), []

    def _seek(self, start: float) -> None:
        wanted = self._first + max(0.0, start - _RUN_IN)
        try:
            self._file.seek(int(wanted / self._stream.time_base), stream=self._stream)
        except OSError:  # as AIFF does behind its end: what follows is gone through from here
            return
        self._frames = self._decoded()

    def _long(self, part: Samples) -> float:
        return float(len(part) / self._rate)

    def _decoded(self) -> Iterator[tuple[float, Samples]]:
        behind: float | None = None
        for frame in self._file.decode(self._stream):
            if frame.sample_rate != self._rate or not frame.samples:
                continue  # a link of a chain that no player plays at this rate
            if frame.pts is not None:
                told = frame.time - self._first
                if behind is None or abs(told - behind) > 2 / self._rate:
                    behind = told
            at = behind or 0.0
            part = self._matched(floats(frame))
            behind = at + self._long(part)
            yield at, part

    def _matched(self, part: Samples) -> Samples:
        if part.shape[1] == self._channels:
            return part
        return np.repeat(part.mean(1, keepdims=True), self._channels, axis=1)


def floats(frame: Any) -> Samples:
    """Return the samples of a decoded frame, (frames, channels), full scale 1.

    PyAV counts planes up to a zero that libav does not always put behind them: of eight channels
    and more it names planes that there are not. Reading one of those ends the process, or raises.
    """
    from av.audio.plane import AudioPlane

    count, channels = frame.samples, frame.layout.nb_channels
    dtype = _TYPES[frame.format.name.removesuffix("p")]
    if frame.format.is_planar:
        found: list[Any] = [AudioPlane(frame, number) for number in range(channels)]
        planes = [np.frombuffer(plane, dtype, count) for plane in found]
        data = np.stack(planes, axis=1)
    else:
        whole: Any = AudioPlane(frame, 0)
        data = np.frombuffer(whole, dtype, count * channels).reshape(count, channels)
        data = data.copy()  # the memory is libav's
    kind = data.dtype.str[1:]
    if kind in _SCALES:
        scale, middle = _SCALES[kind]
        data = (data.astype(np.float32) - middle) * np.float32(scale)
    return np.ascontiguousarray(data, np.float32)
