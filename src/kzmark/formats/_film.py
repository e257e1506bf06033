"""What a format adds to the contract where its files are films.

Times are seconds from the first displayed frame. Sizes are as a person sees them: turned as the
file says, with square pixels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO, Protocol, runtime_checkable

from kzmark._limits import Limits
from kzmark.formats._base import PatchFor, Picture

Span = tuple[float, float]  # seconds: from, up to
Progress = Callable[[int, int], None]  # frames done, frames to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track of a film.

    Attributes:
        kind: "video", "audio", "subtitle", "data" or "attachment".
        codec: Name of its codec, such as "h264"; empty if unknown.
        language: ISO 639-2 code, or empty.
    """

    kind: str
    codec: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is known of a film before a frame is decoded for work.

    Attributes:
        width: Displayed width, in square pixels.
        height: Displayed height, in square pixels.
        seconds: How long the picture lasts; 0 if the file does not say.
        frames: Number of frames; 0 if the file does not say.
        rate: Frames a second, on average.
        tracks: All tracks, in the order of the file.
        known: What the adapter found out beside this, for its own methods.
    """

    width: int
    height: int
    seconds: float
    frames: int
    rate: Fraction
    tracks: tuple[Track, ...]
    known: object = field(default=None, compare=False, repr=False)


@runtime_checkable
class Films(Protocol):
    """What the adapters of films can do."""

    def film(self, source: BinaryIO, *, limits: Limits) -> Film:
        """Return size, length and tracks; one frame at most is decoded.

        Raises:
            MediaError: If there is no picture in it, or it cannot be decoded.
        """
        ...

    def burn(
        self,
        source: BinaryIO,
        target: BinaryIO,
        patch_for: PatchFor,
        spans: Sequence[Span],
        *,
        limits: Limits,
        progress: Progress | None = None,
    ) -> Sequence[str]:
        """Copy `source` to `target` with a patch on every frame that is seen in the spans.

        Only the groups of pictures with such frames are encoded again; every other byte of the
        picture, and all of the other tracks, stay as they are.

        Args:
            source: The film.
            target: Where the new one goes; empty, written from its start.
            patch_for: Called with the displayed size.
            spans: When the patch is seen.
            limits: What it may cost.
            progress: Told of every few frames.

        Returns:
            Notes on what else changed, as stable codes.

        Raises:
            MediaError: If the film is damaged, or of a kind that cannot be encoded again.
        """
        ...

    def stills(
        self,
        source: BinaryIO,
        times: Sequence[float],
        *,
        limits: Limits,
        keys: bool = False,
        film: Film | None = None,
    ) -> Iterator[tuple[float, Picture]]:
        """Yield what a person sees at these times, with the time of each frame.

        Args:
            source: The film.
            times: In rising order; one behind the end gives the last frame.
            limits: What it may cost.
            keys: Whether the nearest key frame at or before each time will do: far cheaper.
            film: What `film` said of this very file, so that nobody looks again.
        """
        ...
