"""Ogg: pages, positions, and words in the code of the stream that they go before."""

import io
from pathlib import Path

import numpy as np
import pytest
from fixtures.sounds import sound
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, packets, spoken, words

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats.ogg import ADAPTER, pages
from kzmark.formats.ogg.links import File, write_link
from kzmark.formats.ogg.vorbis import books, encode, setup
from kzmark.formats.ogg.vorbis.bits import Reader, Writer
from kzmark.formats.ogg.vorbis.residue import _combined, _searched

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def file(data: bytes) -> File:
    return File(io.BytesIO(data), limits=LIMITS)


def all_pages(data: bytes) -> list[pages.Page]:
    return list(pages.pages(Rope.over(io.BytesIO(data))))


@pytest.mark.parametrize("name", ["speech.opus", "speech.ogg"])
def test_pages_are_numbered_one_after_another_and_positions_rise(name: str) -> None:
    found = all_pages(marked(spoken(clean(name))[0]))
    told = [page.position for page in found if page.position != pages.NOWHERE]

    assert [page.number for page in found] == list(range(len(found)))
    assert told == sorted(told)
    assert found[-1].flags & pages.LAST


@pytest.mark.parametrize("name", ["speech.opus", "speech.ogg"])
def test_every_page_carries_its_own_check(name: str) -> None:
    data = marked(spoken(clean(name))[0])
    for page in all_pages(data):
        raw = bytearray(data[page.start : page.end])
        told = int.from_bytes(raw[22:26], "little")
        raw[22:26] = bytes(4)

        assert pages.crc(raw) == told == slow_crc(bytes(raw))


def slow_crc(data: bytes) -> int:
    found = 0
    for byte in data:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1 ^ (0x04C11DB7 if found >> 31 else 0)) & 0xFFFFFFFF
    return found


@given(st.lists(st.binary(max_size=600), min_size=1, max_size=5))
def test_packets_come_back_from_the_pages_they_were_laid_on(parts: list[bytes]) -> None:
    data = b"".join(pages.joined(parts, serial=7, number=3, position=9))

    found = list(pages.packets(Rope.over(io.BytesIO(data)), all_pages(data), most=1 << 20))

    assert [packet for packet, _ in found] == parts


def test_a_packet_longer_than_a_page_goes_on_on_the_next() -> None:
    data = b"".join(pages.joined([bytes(70_000)], serial=7, number=0, position=9))
    first, second = all_pages(data)

    assert first.position == pages.NOWHERE
    assert second.flags == pages.CONTINUED


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_opus_is_heard_as_before_bit_for_bit(layout: str) -> None:
    for rate in (16_000, 64_000):  # coded as speech is, and as music is
        data = sound("ogg", "libopus", rate=48_000, layout=layout, bit_rate=rate)
        before, after = heard(data), heard(spoken(data)[0])

        assert np.array_equal(after[-len(before) :], before)


def test_the_gain_that_all_packets_get_is_taken_back_from_the_words() -> None:
    data = bytearray(clean("speech.opus"))
    at = data.index(b"OpusHead")
    data[at + 16 : at + 18] = (-6 * 256).to_bytes(2, "little", signed=True)
    page = bytes(data[: at + 19])
    data[: at + 19] = pages.moved(page, later=0, on=0)
    after = spoken(bytes(data))[0]

    ((_, found),) = ADAPTER.listen(io.BytesIO(after), [(0.2, 0.5)], limits=LIMITS)

    assert np.abs(found).max() == pytest.approx(0.25, abs=0.04)


def test_a_second_link_stays_as_it_is_and_gets_the_mark() -> None:
    one = clean("speech.opus")
    other = bytearray()
    for page in all_pages(clean("wide.opus")):
        raw = clean("wide.opus")[page.start : page.end]
        other += pages.moved(raw, later=0, on=0, serial=4_711)
    data = marked(spoken(one + bytes(other))[0])

    first, second = file(data).links

    assert second.serial == 4_711
    assert {e.status.value for e in ADAPTER.read(io.BytesIO(data), limits=LIMITS)} == {"present"}
    assert first.last > file(one).links[0].last


@pytest.mark.parametrize(
    ("kind", "name"),
    [("oggopus.OggOpus", "speech.opus"), ("oggvorbis.OggVorbis", "speech.ogg")],
)
def test_mutagen_reads_the_mark_and_what_others_wrote(kind: str, name: str) -> None:
    found = mutagen(kind, marked(spoken(clean(name))[0]))

    assert found["title"] == ["Ән"]
    assert "KZ 230-VIII" in found["kzmark_record"][0]
    assert found.info.length == pytest.approx(2.4, abs=0.45)


def test_streams_side_by_side_are_refused() -> None:
    one = clean("speech.opus")
    first = all_pages(one)[0]
    other = pages.moved(one[: first.end], later=0, on=0, serial=99)

    with pytest.raises(UnsupportedMediaError, match="side by side"):
        file(one[: first.end] + other + one[first.end :])


def test_a_file_that_is_cut_off_is_malformed() -> None:
    with pytest.raises(MalformedMediaError):
        file(clean("speech.opus")[:-9])


def vorbis() -> setup.Setup:
    link = file(clean("speech.ogg")).links[0]
    return setup.read(link.headers[0], link.headers[2])


def test_words_in_the_books_of_a_stream_are_close_to_what_was_said() -> None:
    data = spoken(clean("speech.ogg"))[0]
    said = words(22_050, 2)

    ((_, found),) = ADAPTER.listen(io.BytesIO(data), [(0, len(said) / 22_050)], limits=LIMITS)

    wrong = found - said[: len(found)]
    assert 10 * np.log10(np.mean(said**2) / np.mean(wrong**2)) > 18


def test_silence_takes_next_to_nothing() -> None:
    made = encode.packets(np.zeros((22_050, 2), np.float32), vorbis(), 2_048)

    assert max(map(len, made)) <= 2


@given(st.lists(st.tuples(st.integers(0, (1 << 20) - 1), st.integers(20, 24)), max_size=20))
def test_bits_come_back_as_they_were_put(numbers: list[tuple[int, int]]) -> None:
    writer = Writer()
    for value, count in numbers:
        writer.put(value, count)
    reader = Reader(writer.bytes())

    assert [reader.take(count) for _, count in numbers] == [value for value, _ in numbers]


def test_words_of_a_code_book_are_no_beginnings_of_each_other() -> None:
    for book in vorbis().books:
        told = [f"{w:0{n}b}"[::-1] for w, n in zip(book.words, book.lengths, strict=True) if n]

        assert len(set(told)) == len(told)
        assert not any(
            b.startswith(a) for a, b in zip(sorted(told), sorted(told)[1:], strict=False)
        )


def test_looking_up_each_number_is_the_same_as_comparing_with_all() -> None:
    chance = np.random.default_rng(3)
    for book in vorbis().books:
        if book.axis is None or book.values is None or not all(book.lengths):
            continue
        vectors = chance.normal(0, 2, (200, book.dimensions)).astype(np.float32)
        every = np.arange(len(book.lengths))
        fast, plain = _combined(vectors, book.axis), _searched(vectors, book, every)
        away, least = (np.abs(book.values[one] - vectors).sum(1) for one in (fast, plain))

        assert np.allclose(away, least, atol=1e-3)


@settings(max_examples=60, deadline=None)
@example(1967, 0)  # numbers of a code book that no sound has
@example(1967, 1)
@given(st.integers(0, 3_000), st.integers(0, 7))
def test_damaged_headers_are_a_media_error_or_still_headers(at: int, bit: int) -> None:
    link = file(clean("speech.ogg")).links[0]
    hurt = bytearray(link.headers[2])
    hurt[at % len(hurt)] ^= 1 << bit
    try:
        found = setup.read(link.headers[0], bytes(hurt))
        encode.packets(words(22_050, 2, seconds=0.3), found, 256)
    except MediaError:
        pass


def test_a_code_book_that_would_take_all_memory_is_refused() -> None:
    writer = Writer()
    for value, count in ((0x564342, 24), (65_535, 16), ((1 << 24) - 1, 24)):
        writer.put(value, count)

    with pytest.raises(MediaError):
        books.book(Reader(writer.bytes()))


def test_no_packet_of_vorbis_changes() -> None:
    assert packets(spoken(clean("speech.ogg"))[0])[-5:] == packets(clean("speech.ogg"))[-5:]


@pytest.mark.parametrize("name", ["speech.opus", "speech.ogg"])
@pytest.mark.parametrize("later", [777, 48_000 * 3600])
def test_a_part_of_a_stream_that_begins_late_is_as_long_as_it_plays(name: str, later: int) -> None:
    data, moved = clean(name), Rope()
    for link in file(data).links:
        write_link(file(data), moved, link, later=later)

    told = [ADAPTER.sound(one, limits=LIMITS).seconds for one in (io.BytesIO(data), moved)]

    assert told[1] == pytest.approx(told[0], abs=0.1)
    ((begin, heard_),) = ADAPTER.listen(moved, [(0.0, 60.0)], limits=LIMITS)
    assert begin == pytest.approx(0.0, abs=0.1)
    rate = ADAPTER.sound(moved, limits=LIMITS).rate
    assert len(heard_) / rate == pytest.approx(told[0], rel=0.1)
