"""From one rate of samples to another.

A band-limited signal is its spectrum; cut or padded, it gives the same sound at another rate,
exact but for the top of the narrower band, which is faded so that nothing rings. PyAV's resampler
was measured against it: docs/explanation/notice.md.
"""

import functools
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]  # one channel

_FADED: Final = 0.05  # share of the band that the fade at its top takes
_STRETCH: Final = 1 << 15  # samples that are changed at once, where there are more than twice that
_MARGIN: Final = 2_048  # samples of the slower rate, of its neighbours
_SMOOTH: Final = 64  # silence behind the end, in samples of the slower rate


def resampled(wave: Wave, rate: int, wanted: int) -> Wave:
    """Return a sound at another rate.

    Args:
        wave: One channel, silent before and behind.
        rate: Its samples a second.
        wanted: Those of the answer.

    Returns:
        As long in seconds, to the next whole sample.
    """
    if rate == wanted or not wave.size:
        return wave
    if wave.size > 2 * _STRETCH:
        return _in_stretches(wave, rate, wanted)
    return _at_once(wave, rate, wanted)


def _in_stretches(wave: Wave, rate: int, wanted: int) -> Wave:
    """Return the same, made stretch by stretch: transforms of one size, in little memory.

    Each stretch has neighbours on both sides that are as long as the fade at the top of the band
    rings, and left out behind.
    """
    step = rate // gcd(rate, wanted)
    hop = -(-_STRETCH // step) * step
    margin = -(-_MARGIN * max(1, rate // wanted) // step) * step
    skip, kept = (count * wanted // rate for count in (margin, hop))
    found = np.zeros(-(-wave.size * wanted // rate), np.float32)
    for number, start in enumerate(range(0, wave.size, hop)):
        part = np.zeros(hop + 2 * margin, np.float32)
        inside = wave[max(0, start - margin) : start + hop + margin]
        before = max(0, margin - start)
        part[before : before + inside.size] = inside
        place = found[number * kept : (number + 1) * kept]
        place[:] = _at_once(part, rate, wanted)[skip : skip + place.size]
    return found


def _at_once(wave: Wave, rate: int, wanted: int) -> Wave:
    step = rate // gcd(rate, wanted)
    length = -(-wave.size * wanted // rate)
    blocks = fast_size(-(-(wave.size + _SMOOTH * max(1, rate // wanted)) // step))
    size, target = blocks * step, blocks * step * wanted // rate
    spectrum = np.fft.rfft(wave.astype(np.float32, copy=False), size)
    kept = min(size, target) // 2 + 1
    narrow = np.zeros(target // 2 + 1, spectrum.dtype)
    narrow[:kept] = spectrum[:kept]
    faded = int(kept * _FADED)
    narrow[kept - faded : kept] *= np.cos(np.linspace(0, np.pi / 2, faded, dtype=np.float32)) ** 2
    back = np.fft.irfft(narrow, target)[:length] * (target / size)
    return back.astype(np.float32, copy=False)


@functools.lru_cache
def fast_size(least: int) -> int:
    """Return the next number of factors 2, 3 and 5: transforms of such lengths are fast."""
    best = 1 << max(0, least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            number = three << max(0, -(-least // three) - 1).bit_length()
            best = min(best, number)
            three *= 3
        five *= 5
    return best
