"""Words that were found in a stretch of sound, and how they came through."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.mark import TONE
from kzmark.notices import hearing
from kzmark.notices.ears import RATE, Ears
from kzmark.notices.lexicon import Entry

_LIKELY: Final = 0.12  # score from which on words are looked at closely
_LIKELY_TONE: Final = 0.4  # the same for the signal, which is shorter and plainer
_CHANCE: Final = 0.15  # share of words up to which chance, and a like voice, may come
_ANCHOR: Final = 0.8  # share of one language that makes it a notice, where no mark says so
_ANCHOR_MARKED: Final = 0.25  # the same, where one does
_HEARD: Final = 0.2  # intelligibility index of a moment that is heard at all
_FADED: Final = 10.0  # dB under the level of the rest at which words are lost
_SILENT: Final = -120.0  # dB


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud words are in each ear, in dB to their recording.

    Attributes:
        left: In the left ear.
        right: In the right one.
        middle: From one loudspeaker that plays both.
    """

    left: float
    right: float
    middle: float


@dataclass(frozen=True)
class Heard:
    """Words that were found.

    Attributes:
        entry: Which they are.
        ears: What they were found in.
        match: Where in it.
        spoken: The words as they would be there.
        trace: How they came through.
    """

    entry: Entry
    ears: Ears
    match: hearing.Match
    spoken: hearing.Spoken
    trace: hearing.Trace

    @property
    def start(self) -> float:
        """When they begin, in seconds of the file."""
        return self.ears.start + self.match.start / RATE

    @property
    def end(self) -> float:
        """When they end, in seconds of the file."""
        return self.start + self.entry.wave.size / RATE

    @property
    def share(self) -> float:
        """Part of the words that is heard, 0 to 1."""
        return self._part(self._audible & self._loud)

    @property
    def faded(self) -> float:
        """Part of the words that is there, and far weaker than the rest."""
        return self._part(self._audible & ~self._loud)

    @property
    def there(self) -> float:
        """Part of the words that is known again, however weak."""
        return self._part(self._audible)

    @property
    def covered(self) -> float:
        """Part of the words that is there, and not heard under something else."""
        return self._part(~self._audible & self._loud)

    @cached_property
    def levels(self) -> Levels:
        """How loud they are in each ear."""
        if self.ears.single:
            return Levels(*[self.trace.level] * 3)
        left, right = self.ears.left, self.ears.right
        waves = (left, right, (left + right) * np.float32(0.5))
        return Levels(*(max(_SILENT, self.spoken.traced(wave).level) for wave in waves))

    @property
    def loudness(self) -> float:
        """How loud they are in the file, in LUFS."""
        each = self.levels
        sides = [each.middle] if self.ears.single else [each.left, each.right]
        return self.entry.loudness + 10 * math.log10(sum(10 ** (side / 10) for side in sides))

    @property
    def worth(self) -> float:
        """How sure it is that these words are meant and no similar ones."""
        return self.share * self.trace.intelligibility

    @property
    def _audible(self) -> NDArray[np.bool_]:
        return self.trace.index >= _HEARD

    @property
    def _loud(self) -> NDArray[np.bool_]:
        return self.trace.gain >= self.trace.level - _FADED

    def _part(self, chosen: NDArray[np.bool_]) -> float:
        return float(self.trace.weight[chosen].sum() / self.trace.weight.sum())


def recognised(ears: Ears, entries: Sequence[Entry], *, marked: bool) -> list[Heard]:
    """Return those of the entries that are heard, wherever they are.

    Args:
        ears: What is heard.
        entries: What may be part of a notice.
        marked: Whether a mark says that there is one, so that little is enough to say what is
            wrong with it. Without one, a voice that speaks some of its words is no notice.
    """
    if not entries or not ears.both.size:
        return []
    searched = hearing.Searched(ears.both, max(entry.wave.size for entry in entries))
    likely = [one for entry in entries if (one := _likely(ears, searched, entry))]
    found = [one for one in likely if one.there > _CHANCE]
    anchor = _ANCHOR_MARKED if marked else _ANCHOR
    return found if any(one.there >= anchor for one in found) else []


def _likely(ears: Ears, searched: hearing.Searched, entry: Entry) -> Heard | None:
    match = searched.find(entry.coarse)
    if match is None or match.score < (_LIKELY_TONE if entry.language == TONE else _LIKELY):
        return None
    match = hearing.refined(ears.both, entry.wave, match)
    spoken = hearing.Spoken(entry.wave, match.start)
    return Heard(entry, ears, match, spoken, spoken.traced(ears.both))
