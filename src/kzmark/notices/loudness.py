"""Loudness and true peak, as ITU-R BS.1770-5 measures them.

Annex 1: K-weighting, mean square in blocks of 400 ms that overlap by three quarters, a gate at
-70 LUFS, another 10 LU below the mean of what is left. Annex 2: four times as many samples, the
highest of them.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.notices.rates import fast_size, resampled

Wave = NDArray[np.float32]  # one channel
Samples = NDArray[np.float32]  # (frames, channels)

SILENCE: Final = -70.0  # LUFS: the absolute gate
_OFFSET: Final = -0.691  # dB: a sine of 997 Hz at full scale in one channel reads -3.01 LUFS
_RELATIVE: Final = -10.0  # LU
_STEP: Final = 0.1  # seconds between blocks
_BLOCK: Final = 4  # steps
_MEMORY: Final = 0.1  # seconds after which the filters have forgotten
_WHOLE: Final = 1.0  # seconds of a block that is filtered at once
_STRETCH: Final = 1 << 14  # samples whose true peaks are looked for at once
_MARGIN: Final = 2048  # samples on both sides of them, which a band-limited sound has a say in
_OVER: Final = 4  # times as many samples for the true peak


class Meter:
    """Adds up the loudness of stretches of sound.

    Args:
        rate: Samples a second.
        weights: What each channel counts for.
    """

    def __init__(self, rate: int, weights: Sequence[float]) -> None:
        self._rate = rate
        self._weights = np.array(weights, np.float64)
        self._blocks: list[NDArray[np.float64]] = []

    def hear(self, samples: Samples) -> None:
        """Add one stretch; one shorter than 400 ms counts as one block of that length."""
        if not samples.size:
            return
        power = _weighted_power(samples, self._rate, self._weights)
        step = max(1, round(self._rate * _STEP))
        whole = power.size // step
        if whole < _BLOCK:
            self._blocks.append(
                np.array([power.sum(dtype=np.float64) / max(power.size, step * _BLOCK)])
            )
            return
        sums = power[: whole * step].reshape(whole, step).sum(1, dtype=np.float64)
        windows = np.convolve(sums, np.ones(_BLOCK), "valid") / (step * _BLOCK)
        self._blocks.append(windows)

    @property
    def loudness(self) -> float:
        """Gated loudness of all that was heard, in LUFS; minus infinity where all is silent."""
        if not self._blocks:
            return -math.inf
        power = np.concatenate(self._blocks)
        power = power[power > _power(SILENCE)]
        if not power.size:
            return -math.inf
        power = power[power > power.mean() * 10 ** (_RELATIVE / 10)]
        return float(_OFFSET + 10 * math.log10(power.mean()))


def true_peaks(wave: Wave, grain: int) -> NDArray[np.float32]:
    """Return the highest true sample of each stretch of `grain` samples, of full scale 1."""
    grains = -(-wave.size // grain)
    peaks = np.zeros(grains, np.float32)
    most = max(1, _STRETCH // grain)
    for first in range(0, grains, most):
        begin, end = first * grain, min((first + most) * grain, wave.size)
        part = wave[max(0, begin - _MARGIN) : end + _MARGIN]
        before = max(0, _MARGIN - begin)
        part = np.pad(part, (before, 2 * _MARGIN + end - begin - before - part.size))
        fine = np.abs(resampled(part, 1, _OVER)[_MARGIN * _OVER : -_MARGIN * _OVER])
        padded = np.pad(fine, (0, -fine.size % (grain * _OVER)))
        highest = padded.reshape(-1, grain * _OVER).max(1)
        peaks[first : first + highest.size] = highest
    return peaks


def true_peak(wave: Wave) -> float:
    """Return the highest true sample of one channel, in dBTP."""
    peak = float(true_peaks(wave, _MARGIN).max(initial=0))
    return 20 * math.log10(peak) if peak else -math.inf


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def _weighted_power(samples: Samples, rate: int, shares: NDArray[np.float64]) -> Wave:
    """Return the K-weighted square of each frame, channels added up by their weights."""
    total = np.zeros(len(samples), np.float32)
    for index, share in enumerate(shares):
        if share and index < samples.shape[1]:
            for start, heard in _weighted(samples[:, index], rate):
                total[start : start + heard.size] += np.float32(share) * heard * heard
    return total


def _weighted(wave: Wave, rate: int) -> Iterator[tuple[int, Wave]]:
    """Yield one channel behind both filters, made block by block from its spectra.

    Each block has a tenth of a second of what came before it in front: the filters have forgotten
    by then, to 1 part in 10 billion, what was earlier.
    """
    before, step = round(rate * _MEMORY), round(rate * (_WHOLE - _MEMORY))
    size = fast_size(before + step)
    for start in range(0, wave.size, step):
        part = wave[max(0, start - before) : start + step]
        skip = before if start else 0
        padded = np.zeros(size, np.float64)
        padded[before - skip : before - skip + part.size] = part
        spectrum = np.fft.rfft(padded).astype(np.complex64)  # the halves that are each the faster
        spectrum *= _response(size, rate)
        back: Wave = np.fft.irfft(spectrum, size).astype(np.float32, copy=False)
        yield start, back[before : before + part.size - skip]


@functools.lru_cache(maxsize=8)
def _response(size: int, rate: int) -> NDArray[np.complex64]:
    """Return the two filters of Annex 1 at each frequency of a transform of this size."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf, high_pass = _shelf(rate), _high_pass(rate)
    return (_at(z, *shelf) * _at(z, *high_pass)).astype(np.complex64)


def _at(
    z: NDArray[np.complex128], above: Sequence[float], below: Sequence[float]
) -> NDArray[np.complex128]:
    top = above[0] + z * (above[1] + z * above[2])
    answer: NDArray[np.complex128] = top / (below[0] + z * (below[1] + z * below[2]))
    return answer


def _shelf(rate: int) -> tuple[list[float], list[float]]:
    """Return the first filter for any rate: the analogue shape behind the table for 48 kHz."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    above = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return [value / a0 for value in above], [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]


def _high_pass(rate: int) -> tuple[list[float], list[float]]:
    """Return the second filter for any rate."""
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
