"""Words, and what is heard of them, for tests of sound."""

import importlib
import io
from typing import Any

import av
import numpy as np

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.sniff import sniff
from kzmark.testing import example_mark

LIMITS = Limits()


def words(rate: int, channels: int, *, seconds: float = 0.8) -> np.ndarray:
    """Return a tone that swells and ends, silence at both ends."""
    time = np.arange(int(seconds * rate)) / rate
    swell = np.clip(np.minimum(time - 0.05, seconds - 0.15 - time) / 0.05, 0, 1)
    tone = 0.25 * np.sin(2 * np.pi * 440 * time) * swell
    return np.repeat(tone.astype(np.float32)[:, None], channels, axis=1)


def spoken(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a file with words before its sound, and the notes."""
    adapter: Any = sniff(io.BytesIO(data))
    sound = adapter.sound(io.BytesIO(data), limits=LIMITS)
    target = Rope()
    notes = adapter.speak(
        io.BytesIO(data), target, words(sound.rate, sound.channels), limits=LIMITS
    )
    return whole(target), tuple(notes)


def marked(data: bytes, *, number: int = 1) -> bytes:
    """Return a file with a mark in its layers."""
    adapter, target = sniff(io.BytesIO(data)), Rope()
    adapter.write(io.BytesIO(data), target, example_mark(adapter, number=number), limits=LIMITS)
    return whole(target)


def whole(rope: Rope) -> bytes:
    """Return all of a rope."""
    rope.seek(0)
    return rope.read()


def heard(data: bytes) -> np.ndarray:
    """Return all samples that PyAV plays, (frames, channels)."""
    with av.open(io.BytesIO(data)) as file:
        parts = []
        for frame in file.decode(file.streams.audio[0]):
            part = frame.to_ndarray()
            wide = part.T if frame.format.is_planar else part.reshape(frame.samples, -1)
            parts.append(wide)
    return np.concatenate(parts)


def mutagen(name: str, data: bytes) -> Any:
    """Return what mutagen reads in a file; its own module says nothing of types."""
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(f"mutagen.{module}"), kind)(io.BytesIO(data))


def packets(data: bytes) -> list[bytes]:
    """Return the packets of a sound."""
    with av.open(io.BytesIO(data)) as file:
        return [bytes(one) for one in file.demux(file.streams.audio[0]) if one.size]
