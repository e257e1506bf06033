"""Words before sound, in every format: what was there stays, bit for bit, and comes later."""

import io
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.sound_samples import LIMITS, heard, marked, packets, spoken, words

from kzmark._rope import Rope
from kzmark.errors import MediaError
from kzmark.formats import adapter
from kzmark.formats._audio import pcm, voice
from kzmark.formats._audio.resample import resampled
from kzmark.formats._sound import Sounds
from kzmark.report import Status
from kzmark.sniff import sniff
from kzmark.testing import example_mark

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
NAMES = ("aac", "aiff", "flac", "m4a", "mp3", "ogg", "wav")
FILES = [
    path.name
    for name in NAMES
    for path in sorted(CLEAN.iterdir())
    if path.suffix in adapter(name).info.extensions
]
PACKETS = [name for name in FILES if Path(name).suffix in {".mp3", ".m4a", ".opus", ".ogg", ".aac"}]
each_file = pytest.mark.parametrize("name", FILES)


def clean(name: str) -> bytes:
    return (CLEAN / name).read_bytes()


def sounds(name: str) -> Any:
    found = sniff(io.BytesIO(clean(name)))
    assert isinstance(found, Sounds)
    return found


@each_file
def test_what_was_heard_is_heard_bit_for_bit_behind_the_words(name: str) -> None:
    before, after = heard(clean(name)), heard(spoken(clean(name))[0])
    shift = len(after) - len(before)
    run_in = 1024 if name == "speech.aac" else 0  # its first block laps over silence of an encoder

    assert shift > 0
    assert np.array_equal(after[shift + run_in :], before[run_in:])


@each_file
def test_the_words_come_first_and_sound_as_they_were_given(name: str) -> None:
    data = spoken(clean(name))[0]
    sound = sounds(name).sound(io.BytesIO(data), limits=LIMITS)
    given_ = words(sound.rate, sound.channels)
    late = 1024 if name == "speech.aac" else 0  # ADTS does not say how late its encoder is

    ((start, found),) = sounds(name).listen(
        io.BytesIO(data), [(0, (len(given_) + late) / sound.rate)], limits=LIMITS
    )

    found = found[late:]
    assert start == pytest.approx(0, abs=1e-3)
    assert np.sqrt(np.mean((found - given_[: len(found)]) ** 2)) < 0.02
    assert np.abs(found[: int(0.03 * sound.rate)]).max() < 0.02


@pytest.mark.parametrize("name", PACKETS)
def test_no_packet_of_the_sound_is_encoded_again(name: str) -> None:
    before, after = packets(clean(name)), packets(spoken(clean(name))[0])

    assert after[-len(before) :] == before


@each_file
def test_the_file_says_how_long_it_is_now(name: str) -> None:
    data, notes = spoken(clean(name))
    before = sounds(name).sound(io.BytesIO(clean(name)), limits=LIMITS)
    after = sounds(name).sound(io.BytesIO(data), limits=LIMITS)

    assert after.seconds - before.seconds == pytest.approx(0.8, abs=0.45)
    assert (after.rate, after.channels, after.codec) == (before.rate, before.channels, before.codec)
    assert notes == ()


@each_file
def test_stretches_are_the_same_as_in_the_whole(name: str) -> None:
    data = io.BytesIO(clean(name))
    sound = sounds(name).sound(data, limits=LIMITS)
    ((_, everything),) = sounds(name).listen(data, [(0, 60)], limits=LIMITS)
    spans = [(0.1, 0.2), (0.15, 0.3), (0.4, 9.0), (20.0, 21.0)]

    found = list(sounds(name).listen(data, spans, limits=LIMITS))

    assert len(found) == 3
    for start, part in found:
        at = round(start * sound.rate)
        assert np.array_equal(everything[at : at + len(part)], part)


@each_file
def test_a_stamped_sound_is_still_recognised_and_read(name: str) -> None:
    data = marked(spoken(clean(name))[0])
    found = sniff(io.BytesIO(data))

    assert found.info.name == sounds(name).info.name
    assert {e.status for e in found.read(io.BytesIO(data), limits=LIMITS)} == {Status.PRESENT}


@each_file
def test_a_store_goes_where_the_survey_finds_it(name: str) -> None:
    one: Any = sounds(name)
    if one.info.c2pa.value != "embedded" or one.info.name == "m4a":
        return  # M4A has the boxes of MP4, whose tests these are
    data = marked(clean(name))
    store = (1_001).to_bytes(4, "big") + b"jumb" + bytes(993)

    room = one.room(Rope.over(io.BytesIO(data)), len(store))
    piece = room.wrap(store)
    base = room.data
    base.seek(0)
    body = base.read()
    full = body[: room.start] + room.lead + piece + room.trail + body[room.start :]
    seen = one.survey(full, limits=LIMITS)

    assert len(piece) == room.size
    assert one.unwrap(piece) == store
    assert (seen.store, seen.start) == (store, room.start + len(room.lead))
    assert np.array_equal(heard(full), heard(data))
    with pytest.raises(MediaError):
        one.room(full, 1_000)


@each_file
def test_a_file_cut_anywhere_raises_only_media_errors(name: str) -> None:
    data, one = clean(name), sounds(name)
    for length in range(0, len(data), max(997, len(data) // 24)):
        _everything(one, data[:length])


@each_file
def test_a_damaged_file_raises_only_media_errors(name: str) -> None:
    one, chance = sounds(name), np.random.default_rng(5)
    for number in range(16):
        data = bytearray(marked(clean(name)) if number % 2 else clean(name))
        span = len(data) if number % 4 else 200
        for _ in range(3):
            data[int(chance.integers(span))] ^= 1 << int(chance.integers(8))
        _everything(one, bytes(data))


def _everything(one: Any, data: bytes) -> None:
    source = io.BytesIO(data)
    quiet = np.zeros((2_000, 1), np.float32)
    calls = (
        lambda: one.read(source, limits=LIMITS),
        lambda: list(one.listen(source, [(0, 0.2)], limits=LIMITS)),
        lambda: one.speak(
            source,
            io.BytesIO(),
            np.repeat(quiet, one.sound(source, limits=LIMITS).channels, axis=1),
            limits=LIMITS,
        ),
        lambda: one.write(source, io.BytesIO(), example_mark(one), limits=LIMITS),
    )
    for call in calls:
        try:
            call()
        except MediaError:
            continue


@each_file
def test_ffmpeg_decodes_it_whole_without_a_complaint(name: str, tmp_path: Path) -> None:
    if which("ffmpeg") is None:
        pytest.skip("the ffmpeg program is not installed")
    path = tmp_path / name
    path.write_bytes(marked(spoken(clean(name))[0]))

    ran = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["signed", "unsigned", "float"]),
    bits=st.sampled_from([8, 16, 24, 32]),
    order=st.sampled_from(["little", "big"]),
    level=st.floats(-2, 2),
)
def test_samples_are_stored_within_half_a_step(
    kind: str, bits: int, order: Any, level: float
) -> None:
    bits = {"float": 32, "unsigned": 8}.get(kind, bits)
    wave = np.full((3, 2), level, np.float32)

    data = pcm.packed(wave, pcm.Kind(kind=kind, bits=bits, valid=bits, order=order), 8_000)

    assert len(data) == 6 * bits // 8
    if kind == "float":
        assert np.frombuffer(data, f"{'<' if order == 'little' else '>'}f4")[0] == np.float32(level)
        return
    value = int.from_bytes(data[: bits // 8], order, signed=kind == "signed")
    top = 1 << (bits - 1)
    near = np.clip(level, -1, 1 - 1 / top)
    assert abs((value - top * (kind == "unsigned")) / top - near) <= 0.51 / top + 1e-7


def test_words_at_another_rate_keep_their_length_and_pitch() -> None:
    given_ = words(48_000, 2)

    found = resampled(given_, 48_000, 16_000)

    assert len(found) == pytest.approx(len(given_) / 3, abs=40)
    assert np.abs(np.fft.rfft(found[:, 0])).argmax() / len(found) * 16_000 == pytest.approx(440, 5)


def test_an_encoder_that_is_not_there_is_the_files_fault() -> None:
    manner = voice.Manner(encoder="libmp3lame", rate=7_000, layout="mono", sample="fltp")

    with pytest.raises(MediaError, match="cannot be encoded here"):
        voice.coded([words(7_000, 1)], manner)
