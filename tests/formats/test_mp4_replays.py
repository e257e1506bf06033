"""Edits of an MP4 that play its samples again and again."""

import io
from typing import Any

import pytest
from fixtures.films import X264, film
from fixtures.sounds import sound

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats.mp4 import replays, times
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import Box

LIMITS = Limits()
QUICK = {**X264, "preset": "ultrafast"}


def edited(data: bytes, kind: bytes, rows: list[tuple[int, int]], *, loose: bool = False) -> bytes:
    """Return a film with these edits of a track, perhaps where no list of them belongs."""
    movie, target = Movie(io.BytesIO(data), limits=LIMITS), io.BytesIO()
    traks = [box for box in movie.moov.children or () if box.kind == b"trak"]
    (trak,) = (one for one in traks if one.need(b"mdia", b"hdlr").body[8:12] == kind)
    trak.drop(b"edts")
    trak.put(Box(b"edts", children=[Box(b"elst")]), behind=b"tkhd")
    times.put_edits(trak, [(length, at, b"\0\1\0\0") for length, at in rows])
    if loose:
        listed = trak.need(b"edts", b"elst")
        trak.drop(b"edts")
        trak.put(listed, behind=b"tkhd")
    rewrite(movie, target)
    return target.getvalue()


SOUND = {
    "mp4": lambda: film("mp4", "libx264", sound="aac", frames=36, options=QUICK),
    "mov": lambda: film("mov", "libx264", sound="pcm_s16le", frames=36, options=QUICK),
    "m4a": lambda: sound("ipod", "aac", seconds=3),
}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("length", [3_000, 0])
@pytest.mark.parametrize("loose", [False, True])
def test_a_track_that_is_played_again_and_again_is_refused(
    name: str, length: int, *, loose: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_MOST", 0)
    data = edited(SOUND[name](), b"soun", [(length, 0)] * 9, loose=loose)

    with pytest.raises(LimitExceededError, match="edits that play"):
        Movie(io.BytesIO(data), limits=LIMITS)


def test_short_edits_far_from_a_sync_sample_count_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replays, "_MOST", 0)
    data = film("mp4", "libx264", frames=96, group=96, options=QUICK)
    late, early = (edited(data, b"vide", [(1, at)] * 9) for at in (90_000, 0))

    Movie(io.BytesIO(early), limits=LIMITS)
    with pytest.raises(LimitExceededError, match="edits that play"):
        Movie(io.BytesIO(late), limits=LIMITS)


@pytest.mark.parametrize("name", SOUND)
def test_a_track_in_many_pieces_is_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "_MOST", 0)
    whole: Any = edited(SOUND[name](), b"soun", [(20, 900 * n) for n in range(100)])

    assert len(Movie(io.BytesIO(whole), limits=LIMITS).tables()) >= 1
