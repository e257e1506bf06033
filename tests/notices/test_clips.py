"""Clips: each text of the profile has one, fit to be heard, and others' can take its place."""

import io
import wave
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.notices.sounding import RATE, heard, mark_of, music, noticed, sound_of, style_of

from kzmark import profile as profiles
from kzmark.errors import PolicyUnsatisfiableError, ProfileError, RecordError
from kzmark.formats._sound import Samples
from kzmark.mark import Mark, NoticeRecord
from kzmark.notices import audio, clips
from kzmark.notices.loudness import Meter, true_peak
from kzmark.profile import Profile, Recording, Wording, load
from kzmark.report import Status
from kzmark.vocabulary import Audible, Operation

pytest.importorskip("av")
each_text = pytest.mark.parametrize(
    ("language", "operation"),
    [(language, operation) for language in load().texts for operation in Operation],
)


def wav(samples: Samples, rate: int = RATE) -> bytes:
    """Return a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def babble(seed: int, seconds: float = 2.0) -> Samples:
    """Return what stands in for somebody's voice: syllables of gliding tones and hisses."""
    rng = np.random.default_rng(seed)
    pieces: list[NDArray[np.float64]] = []
    while sum(piece.size for piece in pieces) < seconds * RATE:
        size = int(rng.uniform(0.06, 0.2) * RATE)
        time = np.arange(size) / RATE
        pitch, slope = rng.uniform(100, 250), rng.uniform(-200, 200)
        voiced = sum(
            rng.uniform(0, 1) * np.sin(2 * np.pi * k * (pitch * time + slope * time**2 / 2))
            for k in range(1, 16)
        )
        hiss = rng.standard_normal(size) * rng.uniform(0, 1)
        pieces.append((voiced + hiss) * np.hanning(size))
    joined = np.concatenate(pieces)
    samples: Samples = (0.5 * joined / np.abs(joined).max()).astype(np.float32)[:, None]
    return samples


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Return the profile with two people's recordings."""
    folder = tmp_path_factory.mktemp("voices")
    paths = {}
    for seed, language in enumerate(("kk", "ru")):
        paths[language] = folder / f"{language}.wav"
        paths[language].write_bytes(wav(babble(seed) * (0.1 if seed else 1)))
    return load().with_voices(paths)


@each_text
def test_every_text_of_the_profile_is_spoken(language: str, operation: Operation) -> None:
    sound = clips.spoken(language, load().wording(language, operation))
    meter = Meter(clips.RATE, [1.0])
    meter.hear(sound[:, None])

    assert 1.5 < sound.size / clips.RATE < 4
    assert meter.loudness == pytest.approx(-20, abs=0.5)
    assert true_peak(sound) < -1
    assert np.abs(sound[:48]).max() < 1e-2
    assert np.abs(sound[-48:]).max() < 1e-2


def test_no_clip_is_without_a_text_and_all_are_small() -> None:
    folder = resources.files("kzmark.notices") / "clips"
    files = {one.name for one in folder.iterdir() if one.name.endswith(".opus")}

    assert files == set(clips._index().values())
    assert sum(len((folder / name).read_bytes()) for name in files) < 250_000


def test_a_text_without_a_clip_is_refused_by_its_words() -> None:
    with pytest.raises(PolicyUnsatisfiableError, match="Ешкім"):
        clips.spoken("kk", Wording(full="Ешкім айтпаған", short="ЖИ"))


def test_recordings_of_ones_own_are_spoken_and_found(own: Profile) -> None:
    style = style_of(profile=own)
    whole, _ = noticed(music(6), style)
    mark = mark_of(style)

    evidence = heard(whole, mark, profile=own)

    assert evidence.status is Status.PRESENT, evidence.detail
    assert mark.notice.voices == tuple(
        own.wording(language, Operation.CREATED).voice.digest  # type: ignore[union-attr]
        for language in ("kk", "ru")
    )
    assert heard(whole, profile=own).status is Status.PRESENT


def test_who_has_not_the_recordings_does_not_know(own: Profile) -> None:
    style = style_of(profile=own)
    whole, size = noticed(music(6), style)

    evidence = heard(whole, mark_of(style))

    assert (evidence.status, evidence.code) == (Status.UNCHECKED, "notice.voice-unknown")
    assert heard(whole).status is Status.ABSENT
    muted = whole.copy()
    muted[:size] *= 0.01
    assert heard(muted, mark_of(style)).code == "notice.too-quiet"


def test_a_recording_other_than_the_marks_does_not_pass_for_it(own: Profile) -> None:
    style = style_of(profile=own)
    whole, _ = noticed(music(6), style_of())

    assert heard(whole, mark_of(style), profile=own).status is Status.ABSENT


def test_one_language_may_be_a_clip_and_the_other_a_recording(own: Profile) -> None:
    mixed = replace(own, texts={**own.texts, "ru": load().texts["ru"]})
    style = style_of(profile=mixed)
    whole, _ = noticed(music(6), style)

    notice = audio.record(style, sound_of(whole))

    assert [bool(digest) for digest in notice.voices] == [True, False]
    assert heard(whole, mark_of(style), profile=mixed).status is Status.PRESENT


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "there is no sound in it"),
        (b"RIFF\x00\x00\x00\x00WAVE", "there is no sound in it"),
        (bytes(range(256)) * 40, "there is no sound in it"),
        (wav(babble(1, 0.2)[:3000]), "0.1 s"),
        (wav(np.zeros((RATE * 70, 1), np.float32)), "60 s"),
        (wav(np.zeros((RATE * 2, 1), np.float32)), "nothing is heard"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, told: str) -> None:
    wording = Wording(full="Создано", short="ИИ", voice=Recording("x.wav", data, told))

    with pytest.raises(ProfileError, match=told):
        clips.spoken("ru", wording)


def test_a_profile_file_names_recordings_beside_it(tmp_path: Path) -> None:
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    line = 'short = "ЖИ жасаған"'
    named = text.replace('"kz-2026.1"', '"voiced-1"').replace(line, f'{line}\nvoice = "me.wav"')
    (tmp_path / "voiced.toml").write_text(named, encoding="utf-8")
    with pytest.raises(ProfileError, match="there is no such file"):
        profiles.load(tmp_path / "voiced.toml")
    (tmp_path / "me.wav").write_bytes(wav(babble(3)))

    loaded = profiles.load(tmp_path / "voiced.toml")

    voice = loaded.wording("kk", Operation.CREATED).voice
    assert voice is not None
    assert len(voice.digest) == 64
    assert loaded.wording("kk", Operation.MODIFIED).voice is None
    assert "me.wav" not in repr(loaded)
    assert voice.digest in repr(loaded)


@pytest.mark.parametrize("value", ["7", '""', "[]"])
def test_a_voice_that_is_no_path_is_refused(value: str) -> None:
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    line = 'short = "ЖИ жасаған"'

    with pytest.raises(ProfileError, match="voice"):
        Profile.from_toml(text.replace(line, f"{line}\nvoice = {value}"))


def test_a_profile_from_before_the_audible_notice_still_loads() -> None:
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    later = ("quietest", "loudest", "lead = 3", "intelligibility", "step_back")
    lines = [one for one in text.splitlines() if not one.startswith(later)]
    old = "\n".join(lines).replace('"kz-2026.1"', '"old-1"')

    assert Profile.from_toml(old).audio == load().audio


def test_voices_for_a_language_that_the_profile_lacks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "de.wav").write_bytes(wav(babble(1)))

    with pytest.raises(ProfileError, match="de"):
        load().with_voices({"de": tmp_path / "de.wav"})


def test_the_mark_keeps_who_speaks(own: Profile) -> None:
    for style in (style_of(profile=own), style_of(audible=Audible.TONE), style_of()):
        mark = mark_of(style)

        assert Mark.from_json(mark.to_json()) == mark


@pytest.mark.parametrize("voices", [("x", "y"), ("a" * 64,), ("tone", "tone"), ("a" * 63, "")])
def test_voices_that_name_nobody_are_refused(voices: tuple[str, ...]) -> None:
    with pytest.raises(RecordError, match=r"notice\.voices"):
        NoticeRecord(languages=("kk", "ru"), texts=("а", "б"), voices=voices)
