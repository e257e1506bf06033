"""Frames of a track whose rate or channels change on the way, brought to those of its first."""

from typing import Any

import numpy as np

from kzmark.formats._audio.backend import load
from kzmark.formats._audio.hear import floats
from kzmark.formats._sound import Samples, Sound


class Unison:
    """Gives the samples of frames as those of one sound: libav mixes channels and changes rates.

    Args:
        sound: What the track is.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._layout = sound.layout or f"{sound.channels}c"
        self._kind: tuple[int, str, str] | None = None
        self._resampler: Any = None

    def samples(self, frame: Any) -> Samples:
        """Return the samples of the next frame, behind what was held back of those before it.

        Raises:
            FFmpegError: If libav knows no way from its channels to those of the track.
        """
        if (frame.sample_rate, frame.layout.nb_channels) == (
            self._sound.rate,
            self._sound.channels,
        ):
            held, own = self._end(), floats(frame)
            return np.concatenate([held, own]) if len(held) else own
        kind = (frame.sample_rate, frame.layout.name, frame.format.name)
        held = self._silent()
        if kind != self._kind:
            held, self._kind = self._end(), kind
            self._resampler = load().AudioResampler(
                format="flt", layout=self._layout, rate=self._sound.rate
            )
        parts = [floats(one) for one in self._resampler.resample(frame)]
        return np.concatenate([held, *parts])

    def _end(self) -> Samples:
        """Return what a change of rate still holds back."""
        if self._resampler is None:
            return self._silent()
        parts = [floats(one) for one in self._resampler.resample(None)]
        self._kind = self._resampler = None
        return np.concatenate([self._silent(), *parts])

    def _silent(self) -> Samples:
        return np.zeros((0, self._sound.channels), np.float32)
