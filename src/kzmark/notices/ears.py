"""What two ears hear of a file, at the rate of a telephone: enough to know words by.

Sound with more than two channels is mixed down as ITU-R BS.775 says: the middle and what is
around count 0.71 in the ear of their side, the deepest channel counts nothing.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._av import backend
from kzmark.formats._sound import Samples, Sound
from kzmark.notices import channels
from kzmark.notices.programme import clean

Wave = NDArray[np.float32]  # one channel

RATE: Final = 8_000
LOWEST: Final = 6_000  # samples a second under which words cannot be understood
_UNEVEN: Final = (0.62, 0.38)
_HALF: Final = 1 / sqrt(2)
_LEFT: Final = frozenset({"FL", "DL", "SL", "BL", "WL", "FLC", "TFL", "TBL", "SDL"})
_RIGHT: Final = frozenset({"FR", "DR", "SR", "BR", "WR", "FRC", "TFR", "TBR", "SDR"})
_FULL: Final = frozenset({"FL", "FR", "DL", "DR"})


class Ears:
    """One stretch of sound as two ears hear it.

    Attributes:
        start: When it begins, in seconds.
        single: Whether the file has one channel, so that there is nothing to tell the ears apart.
    """

    def __init__(self, start: float, sides: Samples, rate: int) -> None:
        self.start = start
        self.single = sides.shape[1] == 1
        self._sides, self._rate = sides, rate

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self._sides) / self._rate

    @cached_property
    def both(self) -> Wave:
        """Both ears in unequal parts, so that nothing in one is cancelled by the other; 8 kHz."""
        shares = (1.0,) if self.single else _UNEVEN
        return thinned(_added(self._sides, shares), self._rate)

    @cached_property
    def left(self) -> Wave:
        """The left ear, at 8 kHz."""
        return self.both if self.single else thinned(self._sides[:, 0], self._rate)

    @cached_property
    def right(self) -> Wave:
        """The right ear, at 8 kHz."""
        return self.both if self.single else thinned(self._sides[:, 1], self._rate)


def hear(heard: Iterator[tuple[float, Samples]], sound: Sound) -> Ears:
    """Return one stretch, of which blocks come in their order."""
    sides = _sides(sound)
    start, pieces = None, [np.zeros((0, len(sides)), np.float32)]
    for time, samples in clean(heard):
        start = time if start is None else start
        pieces.append(np.stack([_added(samples, shares) for shares in sides], 1))
    return Ears(start or 0.0, np.concatenate(pieces), sound.rate)


def thinned(wave: Wave, rate: int) -> Wave:
    """Return one channel at 8 kHz, by FFmpeg's resampler: fast, and good enough for telephones.

    Raises:
        BackendMissingError: If PyAV is not installed.
    """
    if rate == RATE or not wave.size:
        return wave
    av = backend.load()
    change = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(wave)[None], format="flt", layout="mono"
    )
    frame.sample_rate = rate
    parts = [*change.resample(frame), *change.resample(None)]
    thin: Wave = np.concatenate([part.to_ndarray()[0] for part in parts])
    return thin


def _added(samples: Samples, shares: Sequence[float]) -> Wave:
    """Return the channels added up. Plain sums: a product of matrices would wake every core."""
    total = np.zeros(len(samples), np.float32)
    for channel, share in enumerate(shares):
        if share:
            total += samples[:, channel] * np.float32(share)
    return total


def _sides(sound: Sound) -> list[list[float]]:
    """Return how much each channel counts in the left ear and in the right one."""
    if sound.channels == 1:
        return [[1.0]]
    names = channels.names(sound)
    return [[_share(name, own) for name in names] for own in (_LEFT, _RIGHT)]


def _share(name: str, own: frozenset[str]) -> float:
    if name in _FULL:
        return float(name in own)
    if name.startswith("LFE"):
        return 0.0
    return _HALF if name in own or name not in _LEFT | _RIGHT else 0.0
