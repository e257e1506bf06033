"""Sounds that lie, or are built to be slow: refused in words, or gone through in one pass."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fixtures.sounds import NOISELESS, sound
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.sound_samples import LIMITS, heard, marked, spoken

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio import hear
from kzmark.formats._audio.fields import field
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats.layers._id3_tag import Frame, Tag, split, syncsafe
from kzmark.formats.layers._id3_times import _later, _lyrics
from kzmark.formats.mp3 import frames as mp3
from kzmark.formats.mp3.frames import Frames, begin, walk
from kzmark.formats.mp4 import times
from kzmark.formats.mp4.movie import Movie, rewrite
from kzmark.formats.mp4.tree import Box
from kzmark.sniff import sniff

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
BARE = (CLEAN / "bare.mp3").read_bytes()


def frames(data: bytes) -> Frames:
    return walk(Rope.over(io.BytesIO(data)), begin(Rope.over(io.BytesIO(data)), 0))


def with_tag(*frames: Frame, version: int = 3) -> bytes:
    return Tag(version, list(frames)).pack()


def changed(data: bytes, kind: bytes, at: int, four: bytes) -> bytes:
    place = data.index(kind) + 4 + at
    return data[:place] + four + data[place + 4 :]


def test_a_group_with_more_samples_than_a_field_can_say_is_malformed() -> None:
    data = changed((CLEAN / "speech.m4a").read_bytes(), b"sbgp", 12, b"\xff" * 4)

    with pytest.raises(MalformedMediaError, match="a group of samples"):
        spoken(data)


@pytest.mark.parametrize(
    "row", [(1 << 64, 0), ((1 << 64) - 1, 0), (1 << 40, (1 << 63) - 1), (1, -(1 << 40))]
)
def test_edits_near_the_end_of_their_fields_are_written_or_malformed(row: tuple[int, int]) -> None:
    elst = Box(b"elst")
    trak = Box(b"trak", children=[Box(b"edts", children=[elst])])
    rows = [(*row, b"\0\1\0\0")]

    try:
        times.put_edits(trak, rows)
    except MalformedMediaError:
        assert row[0] >= 1 << 64
    else:
        assert times.edits(trak) == rows


@pytest.mark.parametrize("row", [((1 << 64) - 1, 0), (1, (1 << 63) - 1), (1, -(1 << 63))])
def test_a_file_with_such_edits_raises_nothing_else(row: tuple[int, int]) -> None:
    movie = Movie(io.BytesIO((CLEAN / "speech.m4a").read_bytes()), limits=LIMITS)
    trak = movie.moov.need(b"trak")
    target = io.BytesIO()
    times.put_edits(trak, [(*row, b"\0\1\0\0"), (5, 0, b"\0\1\0\0")])
    rewrite(movie, target)

    try:
        after = spoken(target.getvalue())[0]
    except MalformedMediaError:
        return
    assert len(after) > len(target.getvalue())


@given(st.integers(), st.integers(1, 8), st.booleans())
def test_a_number_fits_or_is_malformed(number: int, size: int, signed: bool) -> None:
    try:
        told = field(number, size, what="it", signed=signed)
    except MalformedMediaError:
        return
    assert int.from_bytes(told, "big", signed=signed) == number


def plainly_moved(body: bytes, milliseconds: int) -> bytes | None:
    """Return lyrics as they were moved before, a piece cut off at a time."""
    title, end, rest = split(body[6:], body[0])
    found = [body[:6], title, end]
    while rest:
        text, end, rest = split(rest, body[0])
        if not end or len(rest) < 4:
            return None
        found += [text, end, _later(rest[:4], milliseconds)]
        rest = rest[4:]
    return b"".join(found)


@given(st.integers(0, 3), st.lists(st.sampled_from([b"\0", b"\0\0", b"a", b"\0\0\1\2", b"wxyz"])))
def test_lyrics_move_as_in_the_plain_way(code: int, parts: list[bytes]) -> None:
    body = bytes((code,)) + b"eng\2\1" + b"".join(parts)

    assert _lyrics(body, 700) == plainly_moved(body, 700)


def test_hundreds_of_thousands_of_syllables_are_moved() -> None:
    rows = b"".join(b"\0" + number.to_bytes(4, "big") for number in range(400_000))

    moved = _lyrics(b"\0eng\2\1t\0" + rows, 1)

    assert moved == b"\0eng\2\1t\0" + b"".join(
        b"\0" + (number + 1).to_bytes(4, "big") for number in range(400_000)
    )


def test_endless_bytes_that_look_like_frames_are_refused() -> None:
    with pytest.raises(MalformedMediaError, match="between two frames"):
        frames(BARE + BARE[:2] * (9 << 20) + BARE)


def test_gaps_without_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mp3, "_GAPS", 1_000)
    one = BARE[: frames(BARE).starts[1]]

    with pytest.raises(MalformedMediaError, match="more than 1000 times"):
        frames(one * 4 + (b"\1" + one * 2) * 1_001)


@given(st.binary(min_size=1, max_size=500), st.integers(2, 50))
def test_frames_behind_junk_are_found_again(junk: bytes, number: int) -> None:
    before = list(frames(BARE).starts)
    at = before[number]

    after = frames(BARE[:at] + junk + BARE[at:])

    moved = {one + len(junk) for one in before[number:]}
    assert list(after.starts[:number]) == before[:number]
    assert len(moved - set(after.starts)) <= 2  # junk may look like a frame that covers some
    assert all(one < two for one, two in pairwise(after.starts))


def test_blocks_end_anywhere_and_no_frame_is_lost() -> None:
    data = BARE * 200 + b"\xff\xf3junk" + BARE * 200  # passes the end of several blocks
    at = len(BARE) * 200

    found = frames(data)

    assert len(found.starts) == 400 * len(frames(BARE).starts)
    assert at + 6 in found.starts
    assert found.end == len(data)


@pytest.mark.parametrize("name", [b"TCP\0", b"TCM\0", b"TS2 "])
def test_frames_with_names_of_the_older_version_stay_byte_for_byte(name: bytes) -> None:
    theirs = name + (2).to_bytes(4, "big") + b"\0\0" + b"\0001"
    body = b"TIT2" + (3).to_bytes(4, "big") + b"\0\0" + b"\0Me" + theirs
    data = b"ID3\3\0\0" + syncsafe(len(body)) + body + BARE

    after = marked(spoken(data)[0])

    assert theirs in after[:200]
    assert after.endswith(BARE)


@pytest.mark.parametrize("kind", ["mp3", "aac", "flac"])
def test_a_second_tag_with_a_large_cover_stays_where_it_is(kind: str) -> None:
    content = BARE if kind == "mp3" else (CLEAN / f"speech.{kind}").read_bytes()
    cover = Frame("APIC", b"\0image/jpeg\0\3\0" + bytes(1_500_000))
    second = with_tag(Frame("TIT2", b"\0Theirs"), cover)
    data = with_tag(Frame("TIT2", b"\0First")) + second + content

    adapter = sniff(io.BytesIO(data))
    after = marked(spoken(data)[0])

    assert adapter.info.name == kind
    assert second in after
    assert after.index(b"First") < after.index(second)
    assert sniff(io.BytesIO(after)).info.name == kind


def test_times_in_a_second_tag_are_told() -> None:
    second = with_tag(Frame("TLEN", b"\x0060000"))

    notes = spoken(with_tag(Frame("TIT2", b"\0First")) + second + BARE)[1]

    assert notes == ("times-not-shifted",)


# The one way of eight channels that ADTS has a number for was taken for 7.1 up to FFmpeg 8.0
EIGHT = "7.1" if av.library_versions["libavcodec"] < (63,) else "7.1(wide)"


def surround(container: str, codec: str, layout: str) -> bytes:
    """Return a tone of another height in each channel."""
    target, time = io.BytesIO(), np.arange(24_000) / 48_000
    options = NOISELESS if codec == "aac" else {}
    with av.open(target, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000, layout=layout, options=options)
        count = stream.codec_context.channels
        tones = np.stack([np.sin(2 * np.pi * 200 * (1 + n) * time) for n in range(count)], 1) * 0.2
        frame = av.AudioFrame.from_ndarray(
            tones.astype(np.float32).reshape(1, -1), format="flt", layout=layout
        )
        frame.sample_rate, frame.pts = 48_000, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return target.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "layout"),
    [("ipod", "aac", "7.1"), ("adts", "aac", EIGHT), ("ipod", "alac", "7.1(wide)")],
)
def test_eight_channels_get_words_and_are_heard(container: str, codec: str, layout: str) -> None:
    data = surround(container, codec, layout)
    adapter: Any = sniff(io.BytesIO(data))
    after = spoken(data)[0]

    ((_, before_),) = adapter.listen(io.BytesIO(data), [(0.0, 5.0)], limits=LIMITS)
    ((_, after_),) = adapter.listen(io.BytesIO(after), [(0.0, 5.0)], limits=LIMITS)

    assert before_.shape[1] == after_.shape[1] == 8
    assert np.abs(after_[-len(before_) :] - before_)[4_000:].max() < 0.01
    tone = np.abs(np.fft.rfft(before_[4_000:20_000] * np.hanning(16_000)[:, None], axis=0))
    places = {round(one * 3 / 200) for one in tone.argmax(0).tolist()}
    assert len(places) >= 7  # each is itself; of the deepest AAC keeps nothing so high


@pytest.mark.parametrize("sample", ["u8", "s16", "s32", "flt", "dbl"])
@pytest.mark.parametrize("planar", ["", "p"])
def test_frames_of_every_kind_are_the_same_numbers(sample: str, planar: str) -> None:
    rng = np.random.default_rng(1).integers(-100, 100, (64, 2))
    scale = {"u8": 1, "s16": 1 << 8, "s32": 1 << 24}.get(sample, 1 / 128)
    kind = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}[sample]
    values = (rng * scale + 128 * (sample == "u8")).astype(kind)
    data = np.ascontiguousarray(values.T if planar else values.reshape(1, -1))
    frame = av.AudioFrame.from_ndarray(data, format=sample + planar, layout="stereo")

    assert np.array_equal(hear.floats(frame), (rng / 128).astype(np.float32))


def test_words_in_eight_channels_are_coded() -> None:
    manner = Manner(encoder="aac", rate=48_000, layout="7.1", sample="fltp", bit_rate=256_000)

    assert len(coded([np.zeros((4_096, 8), np.float32)], manner).packets) >= 4


def test_samples_of_twenty_bits_in_three_bytes_get_words() -> None:
    data = bytearray(sound("wav", "pcm_s24le", layout="stereo", seconds=0.2))
    at = data.index(b"fmt ") + 8
    data[at : at + 2], data[at + 14 : at + 16] = b"\1\0", (20).to_bytes(2, "little")
    before = heard(bytes(data))

    after = heard(spoken(bytes(data))[0])

    assert np.array_equal(after[-len(before) :], before)
    assert np.abs(after[: -len(before)]).max() / 2**31 == pytest.approx(0.25, abs=0.01)


def chapters(start: int) -> bytes:
    body = b"\1\0\0\0" + bytes(4) + b"\1" + start.to_bytes(8, "big") + b"\1a"
    return (len(body) + 8).to_bytes(4, "big") + b"chpl" + body


def test_only_a_box_of_chapters_is_one() -> None:
    decoy = b"\0\0\0\x30name" + chapters(70_000_000) + b"\0" * 9  # a name that contains one
    decoy = len(decoy).to_bytes(4, "big") + decoy[4:]
    moov = Box(b"moov", children=[Box(b"udta", decoy + chapters(50_000_000) + bytes(4))])

    times.move_chapters(moov, 2.0)

    assert moov.need(b"udta").body == decoy + chapters(70_000_000) + bytes(4)
