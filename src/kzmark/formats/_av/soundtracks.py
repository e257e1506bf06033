"""The tracks of sound of a film: what they are, and what is heard in them."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._audio import hear
from kzmark.formats._audio.facts import check, sound_of
from kzmark.formats._av.backend import opened
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound


def soundtracks(source: BinaryIO) -> list[Sound]:
    """Return the tracks that can be decoded. See `Overhears.soundtracks`."""
    with opened(source) as film:
        streams = [one for one in film.streams.audio if one.codec_context is not None]
        for stream in streams:
            check(stream.codec_context)
        return [sound_of(film, stream) for stream in streams]


def configs(source: BinaryIO) -> list[bytes]:
    """Return what a decoder needs beforehand, for each of these tracks."""
    with opened(source) as film:
        known = [one.codec_context for one in film.streams.audio if one.codec_context is not None]
        return [bytes(context.extradata or b"") for context in known]


def overhear(
    source: BinaryIO, container: str, track: int, spans: Sequence[Span], *, limits: Limits
) -> Iterator[tuple[float, Samples]]:
    """Yield what is heard in stretches of a track. See `Overhears.overhear`.

    Args:
        source: The film.
        container: Name of the demuxer.
        track: Its place among those that can be decoded.
        spans: In rising order, in seconds.
        limits: What it may cost.
    """
    return hear.listen(source, container, spans, limits=limits, track=track)
