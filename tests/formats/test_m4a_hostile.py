"""M4A and MP4: an index that lies about how many samples there are, and when they are played."""

import io
from collections.abc import Callable

import pytest
from fixtures.films import X264, film
from tests.formats.sound_samples import LIMITS
from tests.formats.test_m4a import clean, movie

import kzmark
from kzmark.errors import MalformedMediaError
from kzmark.formats.m4a import ADAPTER, excerpt
from kzmark.formats.mp4 import ADAPTER as FILMS
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import Box

MANY = 20_000_000


def numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def changed(change: Callable[[Box], None]) -> bytes:
    """Return the sound with another track."""
    film, target = movie(clean("speech.m4a")), io.BytesIO()
    change(film.moov.need(b"trak"))
    rewrite(film, target)
    return target.getvalue()


def empty_end(trak: Box, begin: int) -> None:
    """Add a chunk that holds nothing, and begin to play at a time."""
    stbl = trak.need(b"mdia", b"minf", b"stbl")
    for kind, size in ((b"stco", 4), (b"stsc", 12)):
        box = stbl.need(kind)
        count = int.from_bytes(box.body[4:8], "big")
        chunks = int.from_bytes(stbl.need(b"stco").body[4:8], "big")
        row = numbers(48) if kind == b"stco" else numbers(chunks, 0, 1)
        box.body = bytes(4) + numbers(count + 1) + box.body[8 : 8 + count * size] + row
    times.put_edits(trak, [(1_000, begin, b"\0\1\0\0")])


@pytest.mark.parametrize("begin", [0, 1_024, 20_000, 0x7FFFFFFF])
def test_chunks_without_samples_at_the_end_are_read_over(begin: int) -> None:
    data = changed(lambda trak: empty_end(trak, begin))

    index = excerpt.Index.of(Movie(io.BytesIO(data), limits=LIMITS))
    report = kzmark.verify(data)
    found = list(ADAPTER.listen(io.BytesIO(data), [(0.5, 30.0), (60.0, 61.0)], limits=LIMITS))

    assert (index is None) is (begin > 100_000)
    assert report.verdict is kzmark.Verdict.NOT_COMPLIANT
    assert all(len(samples) for _, samples in found)


def many(trak: Box) -> None:
    """Say that there are twenty million samples of a byte."""
    stbl = trak.need(b"mdia", b"minf", b"stbl")
    stbl.need(b"stsz").body = bytes(4) + numbers(1, MANY)
    stbl.need(b"stts").body = bytes(4) + numbers(1, MANY, 1024)
    stbl.need(b"stsc").body = bytes(4) + numbers(1, 1, MANY, 1)


def cut_off(trak: Box) -> None:
    """Say that the sizes of all of them follow, which are not there."""
    stbl = trak.need(b"mdia", b"minf", b"stbl")
    stbl.need(b"stsz").body = bytes(4) + numbers(0, MANY) + bytes(40)


@pytest.mark.parametrize(
    ("change", "told"), [(many, "larger than the file"), (cut_off, "ends too early")]
)
def test_samples_that_there_cannot_be_are_refused_before_libav_makes_room_for_them(
    change: Callable[[Box], None], told: str
) -> None:
    data = changed(change)

    with pytest.raises(MalformedMediaError, match=told):
        ADAPTER.sound(io.BytesIO(data), limits=LIMITS)
    with pytest.raises(MalformedMediaError, match=told):
        ADAPTER.read(io.BytesIO(data), limits=LIMITS)


def test_fragments_that_name_more_samples_than_bytes_are_refused() -> None:
    flags = {"movflags": "frag_keyframe+empty_moov"}
    data = film("mp4", "libx264", options=X264, muxer=flags)
    at = data.index(b"trun")
    size = int.from_bytes(data[at - 4 : at], "big")
    run = numbers(20) + b"trun" + numbers(1, MANY) + data[at + 12 : at + 16]
    rest = numbers(size - len(run)) + b"free" + bytes(size - len(run) - 8)
    lying = data[: at - 4] + run + rest + data[at - 4 + size :]

    with pytest.raises(MalformedMediaError, match="more samples than there can be"):
        FILMS.read(io.BytesIO(lying), limits=LIMITS)
    assert FILMS.read(io.BytesIO(data), limits=LIMITS)
