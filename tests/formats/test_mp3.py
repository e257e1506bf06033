"""MP3: what the first frame tells, what every decoder needs, and what stands around the frames."""

import io
from pathlib import Path

import numpy as np
import pytest
from fixtures.sounds import sound
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, spoken

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, MediaError, UnsupportedMediaError
from kzmark.formats.mp3 import ADAPTER, info
from kzmark.formats.mp3.frames import begin, header, walk
from kzmark.formats.mp3.speak import Stream

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def stream(data: bytes) -> Stream:
    return Stream.of(io.BytesIO(data), limits=LIMITS)


@pytest.mark.parametrize("name", ["speech.mp3", "old.mp3", "bare.mp3"])
def test_the_first_frame_tells_frames_bytes_and_silence(name: str) -> None:
    before, after = stream(clean(name)), stream(spoken(clean(name))[0])
    told = after.info

    assert told is not None
    assert told.delay == 1105 - info.DECODER
    assert told.padding == (before.info.padding if before.info else 0)
    data = after.front.source
    data.seek(after.frames.starts[0] + after.frames.first.side)
    body = data.read(120)
    assert int.from_bytes(body[8:12], "big") == after.count
    assert int.from_bytes(body[12:16], "big") == after.frames.end - after.frames.starts[0]


def test_mutagen_agrees_on_the_length() -> None:
    data = spoken(clean("speech.mp3"))[0]

    found = mutagen("mp3.MP3", data).info

    assert found.length == pytest.approx(stream(data).samples / 16_000, abs=0.2)
    assert found.sample_rate == 16_000


def test_the_check_of_all_frames_is_that_of_all_frames() -> None:
    made = stream(spoken(spoken(clean("speech.mp3"))[0])[0])  # the second time from a true one
    source = made.front.source
    source.seek(made.start)

    music = source.read(made.frames.end - made.start)

    assert made.info is not None
    before = stream(clean("speech.mp3"))
    before.front.source.seek(before.start)
    old = before.front.source.read(before.frames.end - before.start)
    if before.info and before.info.music == info.crc(old):
        assert made.info.music == info.crc(music)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_joined_checks_are_the_check_of_what_was_joined(one: bytes, two: bytes) -> None:
    assert info.joined_crc(info.crc(one), info.crc(two), len(two)) == info.crc(one + two)


@given(st.binary(max_size=40), st.integers(0, 1 << 40))
def test_zeros_are_the_same_as_none(one: bytes, length: int) -> None:
    assert info.joined_crc(0, info.crc(one), length) == info.crc(one)


def test_tags_at_the_end_stay() -> None:
    data = clean("old.mp3")

    assert data[-128:-125] == b"TAG"
    assert spoken(data)[0].endswith(data[-128:])


def test_a_frame_that_borrows_from_frames_that_are_gone_changes_nothing_else() -> None:
    whole = sound("mp3", "libmp3lame", bit_rate=64_000, rate=44_100, muxer={"write_xing": "0"})
    frames = walk(Rope.over(io.BytesIO(whole)), begin(Rope.over(io.BytesIO(whole)), 0))
    data = whole[frames.starts[7] :]  # as cutters leave it
    after = heard(spoken(data)[0])
    before = heard(data)

    assert np.array_equal(after[-len(before) + 12 * 1152 :], before[12 * 1152 :])


def test_something_between_the_frames_is_stepped_over() -> None:
    data = clean("bare.mp3")
    frames = walk(Rope.over(io.BytesIO(data)), 0)
    at = frames.starts[5]
    hurt = data[:at] + b"\xff\xfbnoise" * 3 + data[at:]

    assert len(walk(Rope.over(io.BytesIO(hurt)), 0).starts) >= len(frames.starts) - 1
    assert spoken(hurt)[0].endswith(hurt[at:])


def test_other_layers_are_refused_in_words() -> None:
    with pytest.raises(UnsupportedMediaError, match="Layer I or II"):
        begin(Rope.over(io.BytesIO(b"\xff\xfd\x90\x04" + bytes(3_000))), 0)


def test_a_tag_without_sound_is_malformed() -> None:
    with pytest.raises(MalformedMediaError):
        ADAPTER.sound(io.BytesIO(marked(clean("speech.mp3"))[:700]), limits=LIMITS)


@given(st.binary(min_size=4, max_size=4))
def test_heads_that_are_read_have_a_size(raw: bytes) -> None:
    found = header(raw)

    if found is not None:
        assert 24 <= found.size <= 2_881
        assert found.samples in {576, 1152}
        assert found.side <= 40


def test_no_bytes_at_all_are_a_media_error() -> None:
    with pytest.raises(MediaError):
        ADAPTER.sound(io.BytesIO(b""), limits=LIMITS)
