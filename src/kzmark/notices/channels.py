"""Which channels of a sound speak the notice, and what each counts for in loudness."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._sound import Sound

_FRONT: Final = (("FL", "FR"), ("DL", "DR"), ("FC",), ("AMBI0",))  # the first pair there is
_SURROUND: Final = frozenset({"SL", "SR", "BL", "BR", "BC", "WL", "WR", "SDL", "SDR"})
_WEIGHT: Final = 1.41  # BS.1770 Annex 1: of what comes from the side or from behind
_KNOWN: Final = {1: ("FC",), 2: ("FL", "FR")}  # where the layout is not told


def names(sound: Sound) -> tuple[str, ...]:
    """Return the name of each channel as FFmpeg gives it; empty for one without a known place."""
    told = _of_layout(sound.layout) if sound.layout else ()
    if len(told) != sound.channels:
        told = _KNOWN.get(sound.channels, ("",) * sound.channels)
    return told


def weights(sound: Sound) -> list[float]:
    """Return what each channel counts for: 1 in front, 1.41 around, nothing for the deepest."""
    return [_counts_for(name) for name in names(sound)]


def speaking(sound: Sound) -> list[int]:
    """Return the channels that speak: front left and right, else the middle, else all but LFE.

    Left and right are part of every downmix, on headphones and on a telephone.
    """
    known = names(sound)
    for front in _FRONT:
        if set(front) <= set(known):
            return [known.index(name) for name in front]
    return [index for index, name in enumerate(known) if not name.startswith("LFE")] or [0]


def sum_of_speaking(sound: Sound) -> float:
    """Return what one wave on all channels that speak counts for."""
    counts = weights(sound)
    return sum(counts[index] for index in speaking(sound)) or 1.0


def spread(wave: NDArray[np.float32], sound: Sound) -> NDArray[np.float32]:
    """Return one sound on the channels that speak, (frames, channels), the others silent."""
    samples = np.zeros((wave.size, sound.channels), np.float32)
    samples[:, speaking(sound)] = wave[:, None]
    return samples


def _counts_for(name: str) -> float:
    if name.startswith("LFE"):
        return 0.0
    return _WEIGHT if name in _SURROUND else 1.0


def _of_layout(layout: str) -> tuple[str, ...]:
    from kzmark.formats._av import backend

    av = backend.load()
    try:
        return tuple(channel.name for channel in av.AudioLayout(layout).channels)
    except ValueError:  # not one that FFmpeg knows
        return ()
