"""The sound of a film that is being made: packets of a file as they are, or samples, encoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av.backend import load, opened, reading
from kzmark.formats._av.successors import rate_for

_STEP: Final = 1024  # samples of one frame
_BITS: Final = 80_000  # bits a second of each channel


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard: a file, or samples.

    Attributes:
        source: The file, or samples of shape (count, channels), float32 from -1 to 1.
        rate: Samples a second, for samples.
    """

    source: BinaryIO | NDArray[np.float32]
    rate: int = 0

    def into(self, out: Any, copied: frozenset[str], encoder: str) -> "Voice":
        """Add a track to a container.

        Args:
            out: The container.
            copied: Codecs whose packets are taken over as they are.
            encoder: What encodes anything else.

        Raises:
            MediaError: If there is no sound in the file, or it cannot be decoded.
        """
        if isinstance(self.source, np.ndarray):
            frames = _frames(self.source, self.rate)
            channels = self.source.shape[1]
            return Voice(_encoded(out, encoder, frames, self.rate, channels))
        return Voice(_recorded(out, self.source, copied, encoder))


class Voice:
    """Packets in the order of their time, given out as the pictures go on."""

    def __init__(self, packets: Iterator[Any]) -> None:
        self._packets = packets
        next(packets)  # the track is there now, before the first picture is written
        self._held: Any = None

    def until(self, seconds: float) -> list[Any]:
        """Return the packets that begin before a time."""
        found: list[Any] = []
        while True:
            if self._held is None:
                self._held = next(self._packets, None)
            held = self._held
            if held is None or (held.dts or 0) * held.time_base >= seconds:
                return found
            found.append(held)
            self._held = None


def _recorded(out: Any, source: BinaryIO, copied: frozenset[str], encoder: str) -> Iterator[Any]:
    with opened(source) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None:
            raise UnsupportedMediaError("there is no sound in it that can be decoded")
        if stream.codec_context.name not in copied:
            context = stream.codec_context
            frames = _decoded(container, stream)
            yield from _encoded(out, encoder, frames, context.sample_rate, context.channels)
            return
        track = out.add_stream_from_template(stream)
        yield None
        with reading("sound"):
            for packet in container.demux(stream):
                if packet.dts is not None:
                    packet.stream = track
                    yield packet


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    with reading("sound"):
        for frame in container.decode(stream):
            frame.pts = None
            yield frame


def _frames(samples: NDArray[np.float32], rate: int) -> Iterator[Any]:
    layout = _layout(samples.shape[1])
    for start in range(0, len(samples), _STEP):
        part = np.ascontiguousarray(samples[start : start + _STEP].reshape(1, -1))
        frame = load().AudioFrame.from_ndarray(part, format="flt", layout=layout)
        frame.sample_rate = rate
        yield frame


def _encoded(
    out: Any, encoder: str, frames: Iterator[Any], rate: int, channels: int
) -> Iterator[Any]:
    rate = rate_for(encoder, rate)
    layout = _layout(min(channels, 2))
    track = out.add_stream(encoder, rate=rate, layout=layout)
    if encoder != "flac":
        track.codec_context.bit_rate = _BITS * min(channels, 2)
    yield None
    track.codec_context.open()
    size = track.codec_context.frame_size or _STEP
    resampler = load().AudioResampler(
        format=track.codec_context.format, layout=layout, rate=rate, frame_size=size
    )
    count = 0
    for frame in _through(resampler, frames):
        frame.pts, frame.time_base = count, Fraction(1, rate)
        count += frame.samples
        yield from track.encode(frame)
    yield from track.encode(None)


def _through(resampler: Any, frames: Iterator[Any]) -> Iterator[Any]:
    for frame in frames:
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"
