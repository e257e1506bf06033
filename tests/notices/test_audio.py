"""The spoken notice: what it says, how loud it is, and on which channels."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.notices.sounding import RATE, listening, music, sound_of, style_of

from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._sound import Samples
from kzmark.mark import TONE
from kzmark.notices import audio, channels, programme, speech
from kzmark.notices.limiter import limited
from kzmark.notices.loudness import Meter, true_peak
from kzmark.profile import Wording, load
from kzmark.vocabulary import Audible

pytest.importorskip("av")


def loudness(samples: Samples, rate: int = RATE, *, layout: str | None = None) -> float:
    meter = Meter(rate, channels.weights(sound_of(samples, rate, layout=layout)))
    meter.hear(samples)
    return meter.loudness


def voiced(programme: Samples, rate: int = RATE, **style: object) -> Samples:
    return audio.voice(
        style_of(**style),  # type: ignore[arg-type]
        sound_of(programme, rate),
        listening(programme, rate),
    )


@pytest.mark.parametrize(("rate", "count"), [(8_000, 1), (44_100, 2), (48_000, 6), (96_000, 2)])
def test_it_has_the_rate_and_the_channels_of_the_sound(rate: int, count: int) -> None:
    content = music(3, rate=rate, channels=count)

    voice = voiced(content, rate)

    start, end = audio.record(style_of(), sound_of(content, rate)).seconds or (None, None)
    assert voice.dtype == np.float32
    assert voice.shape[1] == count
    assert start == 0
    assert len(voice) / rate == pytest.approx(end, abs=1 / rate)


@pytest.mark.parametrize("level", [-34.0, -27.0, -20.0, -14.0])
@pytest.mark.parametrize("count", [1, 2])
def test_it_is_as_loud_as_the_programme(level: float, count: int) -> None:
    content = music(20, channels=count, level=level)

    voice = voiced(content)

    assert loudness(voice) == pytest.approx(loudness(content), abs=0.3)


@pytest.mark.parametrize("level", [-60.0, -20.0, -9.0, -3.0, 6.0])
def test_its_true_peak_stays_under_the_profiles(level: float) -> None:
    voice = voiced(music(6, level=level))

    assert max(true_peak(np.ascontiguousarray(one)) for one in voice.T) <= -1.0 + 1e-3


def test_before_silence_it_has_the_loudness_that_the_profile_names() -> None:
    rules = load().audio

    assert loudness(voiced(np.zeros((RATE, 2), np.float32))) == pytest.approx(
        rules.silence_loudness, abs=0.1
    )


def test_before_a_whisper_it_is_heard_and_before_a_roar_it_is_not_distorted() -> None:
    rules = load().audio

    assert loudness(voiced(music(6, level=-65))) == pytest.approx(rules.quietest, abs=0.1)
    roar = loudness(voiced(np.clip(music(6, level=3), -1, 1)))
    assert rules.loudest - rules.loudness_tolerance <= roar <= rules.loudest + 0.1


@pytest.mark.parametrize(
    ("layout", "count", "speaking"),
    [
        ("mono", 1, [0]),
        ("stereo", 2, [0, 1]),
        ("5.1", 6, [0, 1]),
        ("2.1", 3, [0, 1]),
        ("downmix", 2, [0, 1]),
        ("", 1, [0]),
        ("", 2, [0, 1]),
        ("", 4, [0, 1, 2, 3]),
        ("no such layout", 2, [0, 1]),
        ("5.1", 2, [0, 1]),
    ],
)
def test_it_is_spoken_in_front(layout: str, count: int, speaking: list[int]) -> None:
    sound = sound_of(np.zeros((1, count), np.float32), layout=layout)

    assert channels.speaking(sound) == speaking


def test_the_deepest_channel_and_those_around_stay_silent() -> None:
    voice = voiced(music(3, channels=6))

    assert np.abs(voice[:, :2]).max() > 0.01
    assert not voice[:, 2:].any()
    assert (voice[:, 0] == voice[:, 1]).all()


def test_kazakh_is_spoken_first_and_pauses_part_what_is_said() -> None:
    parts = speech.parts(style_of())

    assert [part.name for part in parts] == [TONE, "kk", "ru"]
    for before, after in itertools.pairwise(parts):
        pause = after.start - before.start - before.wave.size / speech.RATE
        assert 0.25 <= pause <= 0.6
    silent = int(0.5 * speech.RATE)
    assert not speech.whole(parts)[-silent:].any()


def test_the_record_names_texts_and_time_and_no_voice_but_the_packages_own() -> None:
    style = style_of(languages=("ru", "kk"))

    notice = audio.record(style, sound_of(music(1)))

    assert notice.languages == ("ru", "kk")
    assert notice.texts == tuple(wording.full for wording in style.wordings)
    assert notice.seconds is not None
    assert 6 < notice.seconds[1] < 10
    assert notice.voices == ()


def test_a_signal_alone_is_named_in_the_record_and_shorter() -> None:
    style = style_of(audible=Audible.TONE)

    notice = audio.record(style, sound_of(music(1)))

    assert notice.voices == (TONE,)
    assert notice.seconds is not None
    assert 1 < notice.seconds[1] < 3


def test_a_text_that_nobody_has_recorded_is_refused_with_a_way_out() -> None:
    profile = load()
    own = {one: Wording(full="Менің мәтінім", short="ЖИ") for one in profile.texts["kk"]}
    style = style_of(profile=replace(profile, texts={**profile.texts, "kk": own}))

    with pytest.raises(PolicyUnsatisfiableError) as caught:
        audio.record(style, sound_of(music(1)))

    assert "Менің мәтінім" in caught.value.message
    assert "--voice-file kk=FILE" in caught.value.hint


def test_a_few_stretches_tell_the_loudness_of_a_long_programme() -> None:
    rng = np.random.default_rng(3)
    chapters = [music(20, rate=8_000, channels=1, level=rng.uniform(-26, -18)) for _ in range(10)]
    content = np.concatenate(chapters)
    sound = sound_of(content, 8_000)

    told = programme.loudness(listening(content, 8_000), sound, [1.0], start=0.0)

    assert told == pytest.approx(loudness(content, 8_000), abs=1.0)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5, 29.9, 30.1, 3600.0])
def test_stretches_lie_in_the_programme_and_are_half_a_minute_at_most(seconds: float) -> None:
    spans = programme.spans(2.0, 2.0 + seconds)

    assert spans == sorted(spans)
    assert sum(end - start for start, end in spans) <= 30 + 1e-6
    assert spans[0][0] == 2.0
    if seconds > 30:
        assert spans[-1][1] == pytest.approx(2.0 + seconds)


def test_the_limiter_leaves_what_is_low_enough_and_turns_down_smoothly_what_is_not() -> None:
    time = np.arange(RATE) / RATE
    wave = (0.5 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    loud = wave.copy()
    loud[10_000:10_200] *= 4

    assert limited(wave, RATE, -1.0) is wave
    turned = limited(loud, RATE, -1.0)
    assert true_peak(turned) <= -1.0 + 1e-3
    far = np.r_[0:9_000, 11_500:RATE]
    assert np.allclose(turned[far], loud[far], rtol=0.02)
    jumps = np.abs(np.diff(turned)) - np.abs(np.diff(loud))
    assert jumps.max() < 0.01


def test_a_sound_of_too_few_samples_for_words_is_refused() -> None:
    with pytest.raises(PolicyUnsatisfiableError, match="4000 samples a second"):
        audio.record(style_of(), sound_of(music(1), 4_000))


def test_what_is_no_number_in_a_file_of_floats_is_silence() -> None:
    content = music(4)
    content[100:200] = np.nan
    content[300:400] = np.inf
    content[500:600] = -1e30

    voice = voiced(content)

    assert np.isfinite(voice).all()
    assert max(true_peak(np.ascontiguousarray(one)) for one in voice.T) <= -1.0 + 1e-3


def test_only_a_tone_is_worth_a_note() -> None:
    assert audio.notes(style_of()) == ()
    assert audio.notes(style_of(audible=Audible.TONE)) == ("notice.tone-only",)


def test_an_aim_lies_between_the_quietest_and_the_loudest() -> None:
    rules = load().audio

    assert programme.aim(-math.inf, rules) == rules.silence_loudness
    assert programme.aim(-50.0, rules) == rules.quietest
    assert programme.aim(-20.0, rules) == -20.0
    assert programme.aim(-3.0, rules) == rules.loudest
