"""Knowing words again that one has on file, and telling how well they can be understood.

Where: the two sounds are whitened by the spectrum of what is heard, so that neither hum nor music
outweighs the rest, and correlated over all delays at once, by their spectra.

How well: coherence. In cells of a sixth of a second and a third of an octave, what is heard is
split into the part that follows the words and the part that does not, whatever a codec, a tone
control or a room did to level and phase. The ratio of the two, weighted as ANSI S3.5 weights bands
of speech, is the speech intelligibility index (the coherence SII of Kates and Arehart, 2005).
"""

import functools
import math
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from kzmark.notices.ears import RATE
from kzmark.notices.rates import resampled

Wave = NDArray[np.float32]  # one channel, 8 kHz
Grid = NDArray[np.float64]  # (time, band)
N = TypeVar("N", np.complex128, np.float64)

LOW: Final = 280.0  # Hz
HIGH: Final = 3500.0
COARSE: Final = 4_000  # samples a second at which delays are looked for: half of the work
_TOP: Final = 1900.0  # Hz, of the band in which they are
_SMOOTHED: Final = 60.0  # Hz
_FLOOR: Final = 1e-4  # of the strongest part of a spectrum: what is weaker is not lifted further
_QUIET: Final = 1e-6  # of the mean power: what is quieter is silence
_EARLIER: Final = 0.8  # of the best match, which makes an earlier one count instead
_NEAR: Final = 64  # samples around a delay that is known roughly
_FINE: Final = 4  # parts of a sample that are told apart
_FRAME: Final = 256  # samples of a short spectrum
_HOP: Final = 80
_CELL: Final = 16  # short spectra of a cell
_STRIDE: Final = 8
_BANDS: Final = 12
_INDEPENDENT: Final = 2.6  # short spectra overlap; so many of them count as one
_STRONG: Final = 0.95  # share of the cells of a band that are weaker than its strong ones
_ACTIVE: Final = 18.0  # dB under the strongest cells of a band in which words are still spoken
_OCTAVES: Final = ((250, 0.0617), (500, 0.1671), (1000, 0.2373), (2000, 0.2648), (4000, 0.2142))


@dataclass(frozen=True, slots=True)
class Match:
    """Where words were found.

    Attributes:
        start: Sample at which they begin, at 8 kHz.
        score: 0 to 1: what they are of all that is heard there.
    """

    start: float
    score: float


@dataclass(frozen=True, slots=True)
class Trace:
    """How words came through, cell by cell.

    Attributes:
        gain: In dB, to the recording, in each stretch of time.
        index: Speech intelligibility index of each stretch.
        weight: How much is spoken in it.
    """

    gain: NDArray[np.float64]
    index: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def level(self) -> float:
        """Gain of the louder half of what is spoken, in dB."""
        order = np.argsort(self.gain)[::-1]
        upto = np.searchsorted(np.cumsum(self.weight[order]), self.weight.sum() / 2) + 1
        louder = self.gain[order[:upto]]  # in falling order, so that the median is in its middle
        return float(louder[(upto - 1) // 2] + louder[upto // 2]) / 2

    @property
    def intelligibility(self) -> float:
        """Index of the whole."""
        return float(np.average(self.index, weights=self.weight))


class Searched:
    """Sound in which words are looked for: its spectrum is taken once.

    Args:
        wave: At 8 kHz; it is searched at half of that.
        room: Samples that the longest words take.
    """

    def __init__(self, wave: Wave, room: int) -> None:
        thin = resampled(wave, RATE, COARSE)
        self._count = thin.size
        self._size = 1 << max(11, (thin.size + room // 2).bit_length())
        spectrum = _spectrum(thin, self._size)
        self._low, self._high = (int(f * self._size / COARSE) for f in (LOW, _TOP))
        self._white = _whitening(spectrum, self._low, self._high, rate=COARSE)
        self._spectrum = spectrum[self._low : self._high] * self._white
        del thin, spectrum
        self._baseband = 1 << (self._high - self._low).bit_length()
        self._step = self._size / self._baseband
        self._power = _sums(np.fft.ifft(self._spectrum, self._baseband))

    def find(self, words: Wave) -> Match | None:
        """Return the place at which words match best; nothing in silence.

        Args:
            words: At 4 kHz, as long as half of the room at most.
        """
        if not self._power[-1]:
            return None
        reference = _spectrum(words, self._size)[self._low : self._high] * self._white
        match = np.abs(np.fft.ifft(self._spectrum * reference.conj(), self._baseband))
        width = int(words.size / self._step)
        there = np.full(self._baseband, self._power[-1])
        there[: max(0, self._baseband - width)] = self._power[width : self._baseband]
        there -= self._power[:-1]
        floor = self._power[-1] * _QUIET + 1e-30
        own = np.vdot(reference, reference).real / self._baseband
        score = match / np.sqrt(np.maximum(there, floor) * max(own, 1e-30))
        score = score[: max(1, int(self._count / self._step))]
        best = float(score.max())
        first = int(np.argmax(score >= best * _EARLIER))
        span = max(1, int(0.02 * COARSE / self._step))
        peak = first + int(np.argmax(score[first : first + span]))
        return Match(peak * self._step * RATE / COARSE, min(1.0, float(score[peak])))


def refined(wave: Wave, words: Wave, match: Match) -> Match:
    """Return a match to a fraction of a sample, from the whole band."""
    begin = round(match.start) - _NEAR
    size = 1 << (words.size + 2 * _NEAR).bit_length()
    heard = np.fft.rfft(_cut(wave, begin, words.size + 2 * _NEAR), size)
    band = slice(*(int(f * size / RATE) for f in (LOW, HIGH)))
    product = np.zeros_like(heard)
    own = np.fft.rfft(words, size)[band].conj()
    product[band] = heard[band] * own * _whitening(heard, band.start, band.stop, rate=RATE) ** 2
    fine = np.empty((2 * _NEAR, _FINE), np.float32)
    turn = np.exp(2j * np.pi * np.arange(product.size) / (size * _FINE)).astype(np.complex64)
    for part in range(_FINE):  # each time later by a part of a sample: no transform is large
        fine[:, part] = np.abs(np.fft.ifft(product, size)[: 2 * _NEAR])
        product *= turn
    return Match(begin + float(np.argmax(fine)) / _FINE, match.score)


class Spoken:
    """Words that begin at a known place.

    Args:
        words: At 8 kHz.
        start: The sample at which they begin in what is heard; may be a fraction.
    """

    def __init__(self, words: Wave, start: float) -> None:
        self._begin = int(np.floor(start))
        self._size = words.size
        self._short = _short(_delayed(words, start - self._begin))
        self._own = _cells(np.abs(self._short) ** 2)

    def traced(self, wave: Wave) -> Trace:
        """Return how they came through."""
        heard = _short(_cut(wave, self._begin, self._size))
        return _trace(_cells(heard * self._short.conj()), _cells(np.abs(heard) ** 2), self._own)


def _trace(both: NDArray[np.complex128], there: Grid, own: Grid) -> Trace:
    """Judge cells by what is common to them, by what is heard, and by what was spoken."""
    coherence = np.abs(both) ** 2 / np.maximum(there * own, 1e-30)
    bias = _bias()
    signal = np.clip((coherence - bias) / (1 - bias), 1e-4, 0.9999)
    audible = np.clip((10 * np.log10(signal / (1 - signal)) + 15) / 30, 0, 1)
    audible[there <= 1e-12] = 0
    weight = (own > _strong(own) * 10 ** (-_ACTIVE / 10)) * _importance()
    spoken_there = weight.sum(1)
    index = (audible * weight).sum(1) / np.maximum(spoken_there, 1e-9)
    gain = np.abs(both).sum(1) / np.maximum(own.sum(1), 1e-30)
    used = spoken_there > 0.15
    return Trace(20 * np.log10(np.maximum(gain, 1e-6))[used], index[used], spoken_there[used])


def _spectrum(wave: Wave, size: int) -> NDArray[np.complex64]:
    """Return the spectrum of that many samples, in the precision that they have."""
    spectrum = np.fft.rfft(wave.astype(np.float32, copy=False), size)
    return spectrum.astype(np.complex64, copy=False)


def _sums(values: NDArray[np.complexfloating[Any, Any]]) -> NDArray[np.float64]:
    """Return the power before each value, and that of all."""
    power = np.abs(values)
    power *= power
    sums = np.zeros(power.size + 1)
    np.cumsum(power, dtype=np.float64, out=sums[1:])
    return sums


def _strong(own: Grid) -> NDArray[np.float64]:
    """Return what a twentieth of the cells of each band reach.

    As NumPy's quantile has it, which loads all of its masked arrays, as its median does.
    """
    place = _STRONG * (len(own) - 1)
    below, part = int(place), place % 1
    rising = np.sort(own, axis=0)[[below, min(below + 1, len(own) - 1)]]
    found: NDArray[np.float64] = rising[0] + (rising[1] - rising[0]) * part
    return found


def _whitening(
    spectrum: NDArray[np.complexfloating[Any, Any]], low: int, high: int, *, rate: int
) -> NDArray[np.float32]:
    """Return what makes a part of a spectrum even, from its own level nearby."""
    width = max(1, int(_SMOOTHED * 2 * spectrum.size / rate))
    sums = _sums(spectrum)
    means = sums[width:] - sums[:-width]
    means /= width
    del sums
    first, last = low - width // 2, high - width // 2
    near = means[max(0, first) : last]
    smooth = np.pad(near, (max(0, -first), max(0, last - len(means))), "edge")
    white: NDArray[np.float32] = 1 / np.sqrt(smooth + means.max() * _FLOOR + 1e-30)
    return white.astype(np.float32)


def _cut(wave: Wave, begin: int, size: int) -> Wave:
    """Return a stretch of a sound, silent where the sound is not."""
    piece = np.zeros(size, np.float32)
    inside = wave[max(0, begin) : max(0, begin + size)]
    piece[max(0, -begin) : max(0, -begin) + inside.size] = inside
    return piece


def _delayed(wave: Wave, part: float) -> Wave:
    """Return a sound later by a part of a sample."""
    size = 1 << (wave.size + _NEAR).bit_length()
    turn = np.exp(-2j * np.pi * part * np.arange(size // 2 + 1) / size)
    moved = np.fft.irfft(np.fft.rfft(wave, size) * turn, size)[: wave.size]
    return moved.astype(np.float32)


def _short(wave: Wave) -> NDArray[np.complex128]:
    """Return the short spectra of a sound, only the bins that count."""
    padded = np.pad(wave, (_FRAME // 2, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectra: NDArray[np.complex128] = np.fft.rfft(frames * np.hanning(_FRAME).astype(np.float32))
    return spectra


def _cells(values: NDArray[N]) -> NDArray[N]:
    """Add up short spectra by bands, and then by stretches of time."""
    bands = np.add.reduceat(values[:, : _edges()[-1]], _edges()[:-1], axis=1)
    sums = np.concatenate([np.zeros_like(bands[:1]), np.cumsum(bands, 0)])
    starts = np.arange(0, max(1, len(bands) - _CELL + 1), _STRIDE)
    cells: NDArray[N] = sums[np.minimum(starts + _CELL, len(bands))] - sums[starts]
    return cells


@functools.cache
def _edges() -> NDArray[np.int64]:
    """Return the bins at which bands begin, and where the last one ends: even steps in mel."""
    low, high = (1127 * math.log1p(edge / 700) for edge in (LOW, HIGH))
    hertz = 700 * np.expm1(np.linspace(low, high, _BANDS + 1) / 1127)
    edges: NDArray[np.int64] = np.round(hertz * _FRAME / RATE).astype(np.int64)
    return edges


@functools.cache
def _bias() -> NDArray[np.float64]:
    """Return the coherence that chance gives in each band: one through what is independent."""
    bins = np.diff(_edges()) / 1.5  # of a Hann window, one and a half count as one
    return 1 / (np.maximum(1, bins) * _CELL / _INDEPENDENT)


@functools.cache
def _importance() -> NDArray[np.float64]:
    """Return the weight of each band for understanding speech; they add up to 1."""
    edges = _edges() * RATE / _FRAME
    centres, octaves = np.sqrt(edges[1:] * edges[:-1]), np.log2(edges[1:] / edges[:-1])
    told, share = np.array(_OCTAVES).T
    weight = np.interp(np.log2(centres), np.log2(told), share) * octaves
    normal: NDArray[np.float64] = weight / weight.sum()
    return normal
