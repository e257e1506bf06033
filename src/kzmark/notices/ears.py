"""What two ears hear of a file, at the rate of a telephone: enough to know words by.

Sound with more than two channels is mixed down as ITU-R BS.775 says: the middle and what is
around count 0.71 in the ear of their side, the deepest channel counts nothing.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import sqrt
from typing import Any, Final

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
_LAYOUTS: Final = ("", "mono", "stereo")  # by the number of ears
_LEFT: Final = frozenset({"FL", "DL", "SL", "BL", "WL", "FLC", "TFL", "TBL", "SDL"})
_RIGHT: Final = frozenset({"FR", "DR", "SR", "BR", "WR", "FRC", "TFR", "TBR", "SDR"})
_FULL: Final = frozenset({"FL", "FR", "DL", "DR"})


class Ears:
    """One stretch of sound as two ears hear it.

    Attributes:
        start: When it begins, in seconds.
        seconds: How long it is.
        single: Whether the file has one channel, so that there is nothing to tell the ears apart.
    """

    def __init__(self, start: float, seconds: float, sides: Samples) -> None:
        self.start, self.seconds = start, seconds
        self.single = sides.shape[1] == 1
        self._sides = sides

    @cached_property
    def both(self) -> Wave:
        """Both ears in unequal parts, so that nothing in one is cancelled by the other; 8 kHz."""
        return _added(self._sides, (1.0,) if self.single else _UNEVEN)

    @property
    def left(self) -> Wave:
        """The left ear, at 8 kHz."""
        return self.both if self.single else self._sides[:, 0]

    @property
    def right(self) -> Wave:
        """The right ear, at 8 kHz."""
        return self.both if self.single else self._sides[:, 1]


def hear(heard: Iterator[tuple[float, Samples]], sound: Sound) -> Ears:
    """Return one stretch, of which blocks come in their order; a second at a time is at full rate.

    Raises:
        BackendMissingError: If PyAV is not installed.
    """
    sides = _sides(sound)
    thin = _Thinner(sound.rate, len(sides))
    start, count, pieces = None, 0, [np.zeros((0, len(sides)), np.float32)]
    for time, samples in clean(heard):
        start = time if start is None else start
        count += len(samples)
        for at in range(0, len(samples), sound.rate):
            second = samples[at : at + sound.rate]
            pieces += thin.more(np.stack([_added(second, shares) for shares in sides], 1))
    pieces += thin.rest()
    return Ears(start or 0.0, count / sound.rate, _in_a_row(pieces))


class _Thinner:
    """Brings blocks to 8 kHz by FFmpeg's resampler: fast, and good enough for telephones."""

    def __init__(self, rate: int, count: int) -> None:
        self._rate, self._layout = rate, _LAYOUTS[count]
        self._change: Any = None

    def more(self, block: Samples) -> list[Samples]:
        """Return what is ready after one more block, (frames, ears)."""
        if self._rate == RATE or not block.size:
            return [block]
        av = backend.load()
        if self._change is None:
            self._change = av.AudioResampler(format="flt", layout=self._layout, rate=RATE)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block).reshape(1, -1), format="flt", layout=self._layout
        )
        frame.sample_rate = self._rate
        return self._given(frame, block.shape[1])

    def rest(self) -> list[Samples]:
        """Return what is left at the end."""
        return [] if self._change is None else self._given(None, _LAYOUTS.index(self._layout))

    def _given(self, frame: Any, count: int) -> list[Samples]:
        assert self._change is not None  # there was a block
        return [one.to_ndarray().reshape(-1, count) for one in self._change.resample(frame)]


def _in_a_row(pieces: list[Samples]) -> Samples:
    """Return pieces as one, and let each of them go at once: no sound is held twice."""
    whole = np.empty((sum(map(len, pieces)), pieces[0].shape[1]), np.float32)
    end = len(whole)
    while pieces:
        part = pieces.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


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
