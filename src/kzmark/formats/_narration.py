"""What a format adds to the contract where words can be spoken over the sound of its films.

Times are seconds from the first sample of a track that a player plays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.formats._film import Progress, Span
from kzmark.formats._sound import Samples, Sound

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narration:
    """Words over the start of a track, at its rate and with its channels.

    Attributes:
        words: What is added, (frames, channels).
        gain: What the track is multiplied by meanwhile, one number a frame: 1 at both ends.
    """

    words: Samples
    gain: NDArray[np.float32]

    def over(self, samples: Samples) -> Samples:
        """Return what is heard where the words are spoken over these samples, as many of them."""
        mixed: Samples = samples * self.gain[: len(samples), None] + self.words[: len(samples)]
        return mixed


NarrationFor = Callable[[Sound, Listen], Narration]


@runtime_checkable
class Overhears(Protocol):
    """What adapters of films can do whose sound can be listened to."""

    def soundtracks(self, source: BinaryIO, *, limits: Limits) -> Sequence[Sound]:
        """Return every track of sound that can be decoded, in the order of the file.

        Raises:
            MediaError: If the film is damaged, or a track is beyond any real one.
        """
        ...

    def overhear(
        self, source: BinaryIO, track: int, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard of a track in these stretches, with the time at which each begins.

        Args:
            source: The film.
            track: Its place among `soundtracks`, from 0.
            spans: In rising order; one that begins behind the end is left out.
            limits: What it may cost.
        """
        ...


@runtime_checkable
class Narrates(Overhears, Protocol):
    """What adapters of films can do that can be spoken over."""

    def admit(self, source: BinaryIO, *, limits: Limits) -> None:
        """Refuse a film over whose sound nothing here can speak; nothing is decoded or written.

        Raises:
            MediaError: If a track is of a kind that cannot be encoded again, or damaged.
        """
        ...

    def narrate(
        self,
        source: BinaryIO,
        target: BinaryIO,
        narration_for: NarrationFor,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy `source` to `target` with words over the start of every track of sound.

        Only the packets that hold them are encoded again, in the codec of the track; no time
        changes, and every other packet stays as it is.

        Args:
            source: The film.
            target: Where the new one goes; empty, written from its start.
            narration_for: Called for each track, with what it is and a way to listen to it.
            limits: What it may cost.
            progress: Told of every track.

        Returns:
            Notes on what else changed, as stable codes.

        Raises:
            MediaError: If the film is damaged, or `admit` would refuse it.
        """
        ...
