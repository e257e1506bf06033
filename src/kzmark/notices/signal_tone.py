"""The signal in front of the words: the badge of the audible notice.

Two short rising glides, the same in every language and profile, so that people learn it. They glide
over frequencies that belong to no scale, which no music does for long, and lie where telephones
and small loudspeakers are best.
"""

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]  # one channel

RATE: Final = 48_000
SECONDS: Final = 0.56
LOUDNESS_BELOW: Final = 4.0  # dB under the words, which are what matters
_GLIDES: Final = (  # from, for (seconds), between (Hz)
    (0.0, 0.22, 620.0, 1190.0),
    (0.28, 0.28, 910.0, 1750.0),
)
_PARTIALS: Final = ((1.0, 1.0), (2.0, 0.22), (3.0, 0.06))  # multiple of the frequency, part
_ROUNDED: Final = 0.03  # seconds in which a glide swells and fades


@functools.cache
def signal_tone() -> Wave:
    """Return the signal at 48 kHz, its highest sample at full scale."""
    wave = np.zeros(round(SECONDS * RATE))
    for start, seconds, low, high in _GLIDES:
        begin, size = round(start * RATE), round(seconds * RATE)
        wave[begin : begin + size] += _glide(size, low, high)
    signal: Wave = (wave / np.abs(wave).max()).astype(np.float32)
    return signal


def _glide(size: int, low: float, high: float) -> NDArray[np.float64]:
    time = np.arange(size) / RATE
    ratio, seconds = np.log(high / low), size / RATE
    phase = 2 * np.pi * low * seconds / ratio * (np.exp(time / seconds * ratio) - 1)
    wave = sum(part * np.sin(multiple * phase) for multiple, part in _PARTIALS)
    edge = np.minimum(1, np.minimum(time, time[::-1]) / _ROUNDED)
    swell: NDArray[np.float64] = (
        wave * np.sin(edge * np.pi / 2) ** 2 * np.exp(-2.5 * time / seconds)
    )
    return swell
