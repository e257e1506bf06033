"""As loud as asked for, and no peak above what players can follow."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.notices.loudness import true_peaks

Wave = NDArray[np.float32]  # one channel

DEEPEST: Final = 6.0  # dB that the highest peak may lose before words sound squeezed
_GRAIN: Final = 0.001  # seconds: the limiter decides once in each
_STRETCH: Final = 1 << 15  # samples that are turned down at once
_AHEAD: Final = 3  # grains before and behind a peak that are turned down too: more cost a decibel


def limited(wave: Wave, rate: int, ceiling: float) -> Wave:
    """Return a sound whose true peak stays under a ceiling, turned down smoothly around peaks.

    Args:
        wave: One channel.
        rate: Its samples a second.
        ceiling: In dBTP.
    """
    grain = max(1, round(rate * _GRAIN))
    top = 10 ** (ceiling / 20)
    peaks = true_peaks(wave, grain)
    if not peaks.size or peaks.max() <= top:
        return wave
    needed = np.minimum(1, top / np.maximum(peaks, 1e-9))
    width = 2 * _AHEAD + 1
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(needed, 2 * _AHEAD, constant_values=1.0), width
    )
    window = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(around.min(1), window / window.sum(), "valid")
    turned = np.empty_like(wave)
    for start in range(0, wave.size, _STRETCH):
        part = wave[start : start + _STRETCH]
        places = (np.arange(start, start + part.size) + 0.5) / grain
        gain = np.interp(places, np.arange(peaks.size) + 0.5, smooth)
        turned[start : start + part.size] = part * gain.astype(np.float32)
    over = true_peaks(turned, grain).max() / top  # between grains, a hundredth of a decibel
    return turned / np.float32(max(1.0, over))
