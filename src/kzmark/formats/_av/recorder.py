"""Samples encoded into a file of their own, a frame at a time."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from kzmark.formats._audio.backend import load, reading
from kzmark.formats._audio.hear import floats
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats._sound import Samples, Sound

_BLOCK: Final = 1024  # samples of a packet of codecs without a length of their own
_HELD: Final = {"ac3": 256, "eac3": 256, "mp2": 481}  # samples that come out one packet later
_BARE: Final = {"libmp3lame": "mp3", "mp2": "mp2", "ac3": "ac3"}  # encoder → muxer
_TONE: Final = 1_000  # hertz
_NO_HEAD: Final = {"write_xing": "0", "id3v2_version": "0"}


def record(
    parts: Iterable[Samples], manner: Manner, storage: Any, muxer: str, sound: Sound
) -> tuple[int, Sequence[int]]:
    """Encode samples into a file; return how many there are, and the size of each packet.

    AVI cannot say what comes out of a decoder before the first sample. There the first samples
    begin with a packet, those before it are left out, and the file is packets and nothing else.

    Args:
        parts: The samples.
        manner: How they are encoded.
        storage: The file.
        muxer: Name of that of the container.
        sound: What the samples are.

    Raises:
        MalformedMediaError: If what is encoded cannot be decoded.
    """
    count, sizes = 0, array("I")
    lead, skipped = _lead(manner) if muxer == "avi" else (0, 0)
    bare = _BARE[manner.encoder] if muxer == "avi" else muxer
    options = _NO_HEAD if bare == "mp3" else {}
    with reading("sound") as av, av.open(storage, "w", format=bare, options=options) as out:
        track = _track(out, manner)
        size = track.codec_context.frame_size or _BLOCK
        for frame in _frames_of(parts, manner, sound, size, lead):
            frame.pts = count
            count += frame.samples
            for packet in track.encode(frame):
                skipped -= 1
                if skipped < 0:
                    sizes.append(packet.size)
                    out.mux(packet)
        for packet in (*_tail(track, manner, count), *track.encode(None)):
            sizes.append(packet.size)
            out.mux(packet)
    return count - lead, sizes


def _track(out: Any, manner: Manner) -> Any:
    track = out.add_stream(manner.encoder, rate=manner.rate, options=dict(manner.options))
    encoder = track.codec_context
    encoder.layout, encoder.format = manner.layout, manner.sample
    if manner.bit_rate:
        encoder.bit_rate = manner.bit_rate
    encoder.open()
    return track


def _lead(manner: Manner) -> tuple[int, int]:
    """Return samples of silence to put first, and packets to leave out then."""
    made = coded([np.zeros((1, manner.channels), np.float32)], manner)
    lead = -made.delay % made.frame
    return lead, (made.delay + lead) // made.frame


def _gain(manner: Manner) -> float:
    """Return by what an encoder multiplies samples: LAME makes low bit rates quieter."""
    if manner.encoder != "libmp3lame":
        return 1.0
    time = np.arange(manner.rate // 2) / manner.rate
    tone = (0.25 * np.sin(2 * np.pi * _TONE * time)).astype(np.float32)
    made = coded([np.repeat(tone[:, None], manner.channels, axis=1)], manner)
    with reading("sound") as av:
        decoder = av.CodecContext.create("mp3float", "r")
        parts = [floats(one) for data in made.packets for one in decoder.decode(av.Packet(data))]
    middle = np.concatenate(parts)[len(time) // 3 : -len(time) // 3]
    return float(np.sqrt(np.mean(middle**2) / np.mean(tone**2)))


def _tail(track: Any, manner: Manner, count: int) -> Iterator[Any]:
    """Yield what comes of some silence more: a few encoders hold back the end."""
    if held := _HELD.get(manner.encoder):
        frame = load().AudioFrame(format=manner.sample, layout=manner.layout, samples=held)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts = manner.rate, count
        yield from track.encode(frame)


def _frames_of(
    parts: Iterable[Samples], manner: Manner, sound: Sound, size: int, lead: int
) -> Iterator[Any]:
    """Yield frames as an encoder takes them, silence first."""
    av, layout = load(), sound.layout or f"{sound.channels}c"
    given: dict[str, Any] = {"format": manner.sample, "layout": manner.layout, "rate": manner.rate}
    resampler = av.AudioResampler(**given, frame_size=size)
    lead = -(-lead * sound.rate // manner.rate)
    silence = np.zeros((lead, sound.channels), np.float32)
    count, louder = 0, np.float32(1 / _gain(manner))
    for part in chain([silence] if lead else [], parts):
        data = np.ascontiguousarray(part * louder, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="flt", layout=layout)
        frame.sample_rate, frame.pts = sound.rate, count
        count += len(part)
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
