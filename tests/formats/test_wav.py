"""WAV: every way to store samples, and chunks that name places in them."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from fixtures.sounds import chunk, sound
from tests.formats.sound_samples import LIMITS, heard, marked, mutagen, spoken, whole, words

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.chunks import File, Fresh, Piece, write
from kzmark.formats.wav import ADAPTER
from kzmark.formats.wav import sound as samples
from kzmark.sniff import sniff

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
CODECS = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw")


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def file(data: bytes) -> File:
    return File(io.BytesIO(data), limits=LIMITS)


def content(data: bytes, kind: bytes) -> bytes:
    found = file(data)
    return found.content(found.need(kind))


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    more = chunk(kind, body)
    return data[:4] + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_every_kind_of_sample_stays_and_gets_words(codec: str, layout: str) -> None:
    data = sound("wav", codec, layout=layout, seconds=0.2)
    before, after = heard(data), heard(spoken(data)[0])
    said = int(0.8 * 16_000)

    assert np.array_equal(after[said:], before)
    middle = (after[:said].astype(np.float64) - after[0]).std()
    assert middle > 0.02 * np.abs(after.astype(np.float64)).max()


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav"])
def test_samples_coded_in_blocks_get_blocks_before_them(codec: str) -> None:
    data = sound("wav", codec, rate=22_050)

    after = heard(spoken(data)[0])

    assert np.array_equal(after[-len(heard(data)) :], heard(data))
    assert len(after) > len(heard(data)) + 0.7 * 22_050


def test_cue_points_names_and_loops_move_with_the_samples() -> None:
    before, after = clean("cues.wav"), spoken(clean("cues.wav"))[0]
    said = len(words(16_000, 2))
    points = [struct.unpack_from("<IIIIII", content(after, b"cue "), 4 + 24 * n) for n in range(2)]
    loop = struct.unpack_from("<II", content(after, b"smpl"), 44)

    assert [(p[1], p[5]) for p in points] == [(800 + said,) * 2, (4000 + said,) * 2]
    assert loop == (800 + said, 4000 + said)
    assert content(after, b"LIST") == content(before, b"LIST")


def test_the_time_of_day_of_the_content_stays() -> None:
    bext = bytes(338) + struct.pack("<Q", 1_000_000) + bytes(256)
    data = with_chunk(clean("speech.wav"), b"bext", bext)

    after = content(spoken(data)[0], b"bext")

    assert struct.unpack_from("<Q", after, 338)[0] == 1_000_000 - len(words(16_000, 1))
    early = with_chunk(clean("speech.wav"), b"bext", bytes(338) + struct.pack("<Q", 7) + bytes(256))
    assert spoken(early)[1] == ("time-reference-kept",)


def test_a_table_of_peaks_that_no_longer_holds_is_left_out_and_told() -> None:
    data, notes = spoken(with_chunk(clean("speech.wav"), b"levl", bytes(200)))

    assert notes == ("peaks-dropped",)
    assert file(data).find(b"levl") is None


def test_peaks_name_where_they_are_now() -> None:
    peak = struct.pack("<II", 1, 0) + struct.pack("<fI", 0.9, 5) + struct.pack("<fI", 0.01, 6)
    data = with_chunk(sound("wav", "pcm_f32le", layout="stereo"), b"PEAK", peak)

    after = content(spoken(data)[0], b"PEAK")

    (high, where), (low, there) = (struct.unpack_from("<fI", after, at) for at in (8, 16))
    assert (high, where) == (pytest.approx(0.9), 5 + len(words(16_000, 1)))
    assert low == pytest.approx(0.25, abs=0.01)
    assert there < len(words(16_000, 1))


def test_chunks_of_others_stay_byte_for_byte() -> None:
    data = with_chunk(with_chunk(clean("speech.wav"), b"iXML", b"<BWFXML/>x"), b"zzzz", b"odd")

    after = marked(spoken(data)[0])

    assert content(after, b"iXML") == b"<BWFXML/>x"
    assert content(after, b"zzzz") == b"odd"


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("<SPEED><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>0172800</...>", True),
        ("<BEXT><BWF_TIME_REFERENCE_LOW>5</BWF_TIME_REFERENCE_LOW></BEXT>", True),
        ("<SPEED><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>0</...>", False),
        ("<NOTE>take 5</NOTE>", False),
    ],
)
@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_times_of_a_recorder_are_told(named: str, coding: str, *, told: bool) -> None:
    data = with_chunk(clean("speech.wav"), b"iXML", named.encode(coding))

    after, notes = spoken(data)

    assert content(after, b"iXML") == named.encode(coding)
    assert ("times-not-shifted" in notes) is told


def test_wave64_is_refused_by_its_name() -> None:
    data = sound("w64", "pcm_s16le")

    with pytest.raises(UnsupportedMediaError, match="Wave64"):
        sniff(io.BytesIO(data)).read(io.BytesIO(data), limits=LIMITS)


def test_mutagen_reads_the_mark() -> None:
    found = mutagen("wave.WAVE", marked(clean("speech.wav")))

    assert '"law":"KZ 230-VIII art. 21"' in str(found.tags["TXXX:kzmark.record"])


def test_a_sound_whose_writer_never_came_back_to_its_header_is_read_to_its_end() -> None:
    data = bytearray(clean("law.wav"))
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff" * 4

    found = heard(spoken(bytes(data))[0])

    assert np.array_equal(found[-12_000:], heard(clean("law.wav")))


def test_what_passes_four_gigabytes_becomes_rf64(monkeypatch: pytest.MonkeyPatch) -> None:
    from kzmark.formats._audio import chunks

    monkeypatch.setattr(chunks, "_4G", 20_000)
    data = spoken(clean("speech.wav"))[0]

    assert data[:4] == b"RF64"
    assert file(data).samples == len(heard(data))
    assert np.array_equal(heard(data)[-24_000:], heard(clean("speech.wav")))
    assert marked(data)[:4] == b"RF64"


def test_a_sound_over_four_gigabytes_is_rf64_and_costs_no_memory() -> None:
    made = file(clean("speech.wav"))
    block = Rope()
    block.write(bytes(1 << 20))
    parts = tuple(Piece(block, 0, 1 << 20) for _ in range(4_097))
    target = Rope()

    write(made, target, [made.kept(made.chunks[0]), Fresh(b"data", parts)], samples=7)

    found = File(target, limits=Limits())
    assert found.need(b"data").end - found.need(b"data").body == 4_097 << 20
    assert found.samples == 7


def test_other_sounds_inside_of_a_wav_are_refused_in_words() -> None:
    data = bytearray(clean("speech.wav"))
    data[20:22] = (0x55).to_bytes(2, "little")

    with pytest.raises(UnsupportedMediaError, match="0x0055"):
        ADAPTER.sound(io.BytesIO(bytes(data)), limits=LIMITS)


def test_blocks_that_do_not_fit_their_samples_are_malformed() -> None:
    data = bytearray(clean("speech.wav"))
    data[32:34] = (3).to_bytes(2, "little")

    with pytest.raises(MalformedMediaError):
        samples.sound(io.BytesIO(bytes(data)), limits=LIMITS)


def test_more_chunks_than_any_file_has_are_refused() -> None:
    body = b"WAVE" + chunk(b"aaaa", b"") * 60_000

    with pytest.raises(LimitExceededError):
        file(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_a_store_goes_to_the_end_of_a_file_that_says_its_length() -> None:
    room = ADAPTER.room(clean("speech.wav"), 999)

    assert int.from_bytes(room.data[4:8], "little") + 8 == room.start + room.size + 1
    assert (room.size, room.trail) == (8 + 999, b"\0")
    assert whole(Rope.over(io.BytesIO(room.data)))[8:12] == b"WAVE"
