"""M4A: words that are taken back leave the index as it was before they came."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from fixtures.sounds import sound
from tests.formats.sound_samples import LIMITS, packets
from tests.formats.test_m4a import chaptered, clean, movie

from kzmark.errors import MediaError, UnsupportedMediaError
from kzmark.formats.m4a import ADAPTER
from kzmark.formats.m4a.trace import Trace, drop
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import rewrite
from kzmark.formats.mp4.tree import Box

COUNT = 20_000  # samples of the words
OFFSETS = frozenset({b"stco", b"co64"})


def edited(data: bytes, *rows: tuple[int, int]) -> bytes:
    """Return the sound with other edits; with none if there are no rows."""
    film, target = movie(data), io.BytesIO()
    trak = film.moov.need(b"trak")
    if rows:
        times.put_edits(trak, [(length, at, b"\0\1\0\0") for length, at in rows])
    else:
        trak.drop(b"edts")
    rewrite(film, target)
    return target.getvalue()


def gapless(data: bytes) -> bytes:
    """Return the sound with what iTunes says of silence at its start."""
    film, target = movie(data), io.BytesIO()
    told = b" 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000"
    assert film.moov.children is not None
    film.moov.children.append(Box(b"udta", b"\0\0\0\x4dtest" + told.ljust(69)))
    rewrite(film, target)
    return target.getvalue()


MADE = {
    "plain": lambda: clean("speech.m4a"),
    "lossless": lambda: clean("lossless.m4a"),
    "chapters": lambda: chaptered(clean("speech.m4a")),
    "no edit": lambda: edited(clean("speech.m4a")),
    "late edit": lambda: edited(clean("speech.m4a"), (700, 2112)),
    "two edits": lambda: edited(clean("speech.m4a"), (400, 1024), (300, 9_000)),
    "iTunes": lambda: gapless(clean("speech.m4a")),
}


def spoken(data: bytes) -> bytes:
    target = io.BytesIO()
    channels = ADAPTER.sound(io.BytesIO(data), limits=LIMITS).channels
    words = np.full((COUNT, channels), 0.2, np.float32)
    ADAPTER.speak(io.BytesIO(data), target, words, limits=LIMITS)
    return target.getvalue()


def unsaid(data: bytes, count: int = COUNT) -> bytes:
    target = io.BytesIO()
    ADAPTER.unsay(io.BytesIO(data), target, count, limits=LIMITS)
    return target.getvalue()


def leaves(box: Box, path: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    for child in box.children or ():
        yield from leaves(child, path + child.kind)
    if box.children is None and box.kind not in OFFSETS:
        yield path, box.body


@pytest.mark.parametrize("name", MADE)
def test_every_box_of_the_index_is_as_it_was(name: str) -> None:
    before = MADE[name]()

    after = unsaid(spoken(before))

    assert list(leaves(movie(after).moov)) == list(leaves(movie(before).moov))
    assert packets(after) == packets(before)
    assert len(after) == len(before)


def test_words_of_another_length_are_not_taken_back() -> None:
    said = spoken(clean("speech.m4a"))

    for count in (1_000, COUNT - 48_000, COUNT + 9_000):
        with pytest.raises(UnsupportedMediaError, match="as long as"):
            unsaid(said, count)


def test_words_that_came_before_anything_was_told_are_not_taken_back() -> None:
    film, target = movie(spoken(clean("speech.m4a"))), io.BytesIO()
    drop(film.moov.need(b"trak"))
    rewrite(film, target)

    with pytest.raises(UnsupportedMediaError, match="nothing tells"):
        unsaid(target.getvalue())


@pytest.mark.parametrize("packets", [0, 1, 1 << 20, (1 << 32) - 1])
@pytest.mark.parametrize("begin", [0, 1 << 40, (1 << 63) - 1])
def test_what_is_told_wrongly_raises_only_media_errors(packets: int, begin: int) -> None:
    film, target = movie(spoken(clean("speech.m4a"))), io.BytesIO()
    Trace(packets, begin, 0).put(film.moov.need(b"trak"))
    rewrite(film, target)

    with pytest.raises(MediaError):
        unsaid(target.getvalue())


def test_a_number_of_packets_that_is_right_and_a_time_that_is_not_raise_only_media_errors() -> None:
    film, target = movie(spoken(clean("speech.m4a"))), io.BytesIO()
    trak = film.moov.need(b"trak")
    told = Trace.find(trak)
    assert told is not None
    Trace(told.packets, (1 << 62), (1 << 32) - 1).put(trak)
    rewrite(film, target)

    with pytest.raises(MediaError):
        unsaid(target.getvalue())


def test_words_stay_where_later_samples_lie_among_them() -> None:
    film, target = movie(spoken(clean("speech.m4a"))), io.BytesIO()
    stbl = film.moov.need(b"trak", b"mdia", b"minf", b"stbl")
    count = int.from_bytes(stbl.need(b"stsz").body[8:12], "big")
    first = stbl.need(b"stco").body[8:12]
    stbl.need(b"stco").body = bytes(4) + (2).to_bytes(4, "big") + 2 * first
    rows = [(1, count - 1, 1), (2, 1, 1)]
    listed = b"".join(n.to_bytes(4, "big") for row in rows for n in row)
    stbl.need(b"stsc").body = bytes(4) + len(rows).to_bytes(4, "big") + listed
    rewrite(film, target)

    with pytest.raises(UnsupportedMediaError, match="share their chunks"):
        ADAPTER.unsay(target, io.BytesIO(), COUNT, limits=LIMITS)


@pytest.mark.parametrize("rate", [8_000, 11_025, 48_000, 96_000])
@pytest.mark.parametrize("more", [1, 500, 873, 1_023])
def test_words_of_any_length_are_taken_back_at_any_rate(rate: int, more: int) -> None:
    before = sound("ipod", "aac", seconds=2, rate=rate)
    count = rate // 1_024 * 1_024 + more
    target = io.BytesIO()
    ADAPTER.speak(io.BytesIO(before), target, np.full((count, 1), 0.2, np.float32), limits=LIMITS)

    after = unsaid(target.getvalue(), count)

    assert packets(after) == packets(before)
