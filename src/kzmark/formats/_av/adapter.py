"""What the adapters of films have in common: libav looks at them, decodes and listens."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar

from kzmark._limits import Limits
from kzmark.formats._av import soundtracks
from kzmark.formats._av.facts import survey
from kzmark.formats._av.stills import stills
from kzmark.formats._base import Picture
from kzmark.formats._film import Film, Span
from kzmark.formats._sound import Samples, Sound


class FilmFile:
    """A film of one kind of container.

    Attributes:
        demuxer: Name of the demuxer of libav that reads it.
    """

    demuxer: ClassVar[str]

    def film(self, source: BinaryIO, *, limits: Limits) -> Film:
        """Return size, length and tracks."""
        return survey(source, limits=limits).film

    def stills(
        self,
        source: BinaryIO,
        times: Sequence[float],
        *,
        limits: Limits,
        keys: bool = False,
        film: Film | None = None,
    ) -> Iterator[tuple[float, Picture]]:
        """Yield what a person sees at these times."""
        return stills(source, times, limits=limits, keys=keys, film=film)

    def soundtracks(self, source: BinaryIO, *, limits: Limits) -> Sequence[Sound]:
        """Return every track of sound that can be decoded."""
        del limits
        return soundtracks.soundtracks(source)

    def overhear(
        self, source: BinaryIO, track: int, spans: Sequence[Span], *, limits: Limits
    ) -> Iterator[tuple[float, Samples]]:
        """Yield what is heard of a track in these stretches."""
        return soundtracks.overhear(source, self.demuxer, track, spans, limits=limits)
