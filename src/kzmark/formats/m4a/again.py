"""Words before the sound of an M4A to which they cannot be joined: both are encoded as one."""

import io
from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._rope import Rope, copy
from kzmark._temporary import scratch
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av.retake import KIND, Original, prefaced
from kzmark.formats._bmff.boxes import brands
from kzmark.formats._sound import Samples, Sound
from kzmark.formats.m4a.shift import hold_later, movie_scale
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.retrack import retracked
from kzmark.formats.mp4.tables import Table

_LOCKED: Final = frozenset({b"enca", b"drms"})


def muxer_of(movie: Movie) -> str:
    """Return which of both of libav writes such a file: M4A takes fewer kinds of sound."""
    return "ipod" if brands(movie.head)[0][:2] == b"M4" else "mp4"


def again(
    movie: Movie,
    target: BinaryIO,
    tables: Sequence[Table],
    table: Table,
    sound: Sound,
    words: Samples,
) -> Sequence[str]:
    """Copy an M4A with words and its sound encoded as one; chapters and all else stay.

    Args:
        movie: The file.
        target: Where the new one goes.
        tables: Of all tracks.
        table: Of the sound.
        sound: What it is.
        words: At its rate and with its channels.

    Returns:
        Notes on what was done, and why.

    Raises:
        MediaError: If it is encrypted, or cannot be encoded again.
    """
    if table.stbl.need(b"stsd").body[12:16] in _LOCKED:
        raise UnsupportedMediaError("its sound is encrypted")
    track = Original(source=movie.source, demuxer="mov", number=0, sound=sound)
    take = prefaced(track, words, muxer=muxer_of(movie), reason=KIND)
    made = retracked(movie, tables, table, take)
    seconds = len(words) / sound.rate
    for one in tables:
        if one is not table:
            later = round(seconds * movie_scale(movie))
            hold_later(one, later, round(seconds * one.scale))
    times.move_chapters(movie.moov, seconds)
    whole = round(take.seconds * take.manner.rate)
    times.put_gapless(movie.moov, made.table.start(), whole)
    with scratch() as storage:
        rewrite(movie, storage, edits=made.edits)
        copy(Rope.over(storage), target, 0, storage.seek(0, io.SEEK_END))
    return take.notes
