"""What a format adds to the contract where its files are sound.

Times are seconds from the first sample that a player plays. Samples are floats of full scale 1,
of the shape (frames, channels), channels in the order of the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.formats._film import Progress, Span

Samples = NDArray[np.float32]  # (frames, channels), full scale 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What is known of a sound file before it is decoded for work.

    Attributes:
        codec: Name of its codec, such as "mp3" or "pcm_s16le".
        rate: Samples a second.
        channels: Number of channels.
        layout: Name of their arrangement, such as "stereo" or "5.1"; empty if unknown.
        seconds: How long it plays; 0 if the file does not say.
    """

    codec: str
    rate: int
    channels: int
    layout: str
    seconds: float


@runtime_checkable
class Unsays(Protocol):
    """What the adapters of sound files can do that can take words back."""

    def unsay(
        self, source: BinaryIO, target: BinaryIO, count: int, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` without the words that `speak` put first.

        Args:
            source: The sound.
            target: Where the new one goes; empty, written from its start.
            count: Samples that the words had, at the rate of the sound.
            limits: What it may cost.

        Returns:
            Notes on what else changed, as stable codes.

        Raises:
            MediaError: If the sound is damaged, or does not begin as `speak` lets it begin.
        """
        ...


@runtime_checkable
class Sounds(Protocol):
    """What the adapters of sound files can do."""

    def sound(self, source: BinaryIO, *, limits: Limits) -> Sound:
        """Return rate, channels and length.

        Raises:
            MediaError: If there is no sound in it, or it cannot be decoded.
        """
        ...

    def speak(
        self,
        source: BinaryIO,
        target: BinaryIO,
        voice: Samples,
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy `source` to `target` with spoken words before all that is played.

        The content is not encoded again where the codec allows joining; chapters, cue points and
        other times in the file move with it.

        Args:
            source: The sound.
            target: Where the new one goes; empty, written from its start.
            voice: The words, at the rate and with the channels of the sound, silence at both ends
                included.
            limits: What it may cost.
            progress: Told of every few seconds, in seconds.

        Returns:
            Notes on what else changed, as stable codes.

        Raises:
            MediaError: If the sound is damaged, or of a kind that cannot be encoded again.
        """
        ...

    def listen(
        self, source: BinaryIO, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard in these stretches, with the time at which each begins.

        Args:
            source: The sound.
            spans: In rising order; one that begins behind the end is left out, one that ends there
                is cut.
            limits: What it may cost.
        """
        ...
