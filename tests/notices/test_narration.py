"""The notice over the sound of a film: understood, not too loud, and judged when it is hindered."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.notices.sounding import RATE, listening, mark_of, music, pink, sound_of, style_of

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Samples
from kzmark.mark import Mark
from kzmark.notices import narration
from kzmark.notices.style import NoticeStyle
from kzmark.profile import load
from kzmark.report import Basis, Evidence, Status
from kzmark.vocabulary import Audible, Layer

PROFILE = load()
STYLE = style_of(languages=("ru",))
SEEN = Evidence(
    layer=Layer.NOTICE, status=Status.PRESENT, basis=Basis.OBSERVED, code="", detail="seen"
)


def narrated(programme: Samples, style: NoticeStyle = STYLE) -> tuple[Samples, Narration]:
    made = narration.narration(style, sound_of(programme), listening(programme))
    count = len(made.words)
    return np.concatenate([made.over(programme[:count]), programme[count:]]), made


def mark() -> Mark:
    """Return the mark of a film: read in the short form, spoken in the full one."""
    plain = mark_of(STYLE)
    spoken = narration.record(STYLE, replace(plain.notice, seconds=None), [sound_of(music(6))])
    return replace(plain, notice=replace(spoken, texts=(STYLE.wordings[0].short,)))


def judged(samples: Samples) -> Evidence:
    return narration.find(
        listening(samples), sound_of(samples), profile=PROFILE, mark=mark(), limits=DEFAULT_LIMITS
    )


@pytest.mark.parametrize("level", [-45.0, -20.0, -13.0])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_words_over_music_are_found_and_heard(level: float, channels: int) -> None:
    mixed, _ = narrated(music(10, level=level, channels=channels))

    seen = judged(mixed)

    assert (seen.status, seen.code) == (Status.PRESENT, "")


def test_words_over_silence_are_found_and_heard() -> None:
    silence: Samples = np.zeros((10 * RATE, 2), np.float32)

    mixed, _ = narrated(silence)

    assert judged(mixed).status is Status.PRESENT


def test_nothing_changes_behind_the_words_and_the_programme_goes_and_comes_smoothly() -> None:
    _, made = narrated(music(10))

    assert made.gain[0] == made.gain[-1] == 1
    assert 20 * math.log10(made.gain[RATE]) == pytest.approx(-20, abs=0.1)
    assert np.abs(np.diff(made.gain)).max() < 0.002
    assert len(made.gain) == len(made.words)


def test_the_mix_stays_under_the_peak_of_the_profile() -> None:
    loud: Samples = np.clip(music(10, level=-6) * 2, -1, 1).astype(np.float32)

    mixed, made = narrated(loud)

    top = 10 ** (PROFILE.audio.true_peak / 20)
    ducked = made.gain < 0.3
    assert np.abs(mixed[: len(ducked)][ducked]).max() <= top + 0.01


def test_a_programme_in_the_way_of_words_steps_back_further() -> None:
    rng = np.random.default_rng(3)
    hiss = np.cumsum(rng.standard_normal((10 * RATE, 1)), axis=0)  # strongest where words are
    hiss = np.diff(hiss - np.roll(hiss, 12, axis=0), axis=0, prepend=0).astype(np.float32)
    loud: Samples = (hiss * (0.2 / np.sqrt(np.mean(hiss**2)))).astype(np.float32)

    mixed, made = narrated(loud)

    assert made.gain.min() < 10 ** (-20.5 / 20)
    assert judged(mixed).status is Status.PRESENT


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("muted", {"notice.not-found"}),
        ("quiet", {"notice.too-quiet"}),
        ("half", {"notice.incomplete-language"}),
        ("drowned", {"notice.drowned", "notice.not-found"}),
        ("one ear", {"notice.one-sided"}),
    ],
)
def test_hindered_words_are_not_perceivable(fault: str, codes: set[str]) -> None:
    programme = music(10)
    mixed, made = narrated(programme)
    words = slice(0, len(made.words))
    if fault == "muted":
        mixed[words] = programme[words]
    elif fault == "quiet":
        mixed[words] *= np.float32(0.1)
    elif fault == "half":
        mixed[len(made.words) // 2 :] = programme[len(made.words) // 2 :]
    elif fault == "drowned":
        mixed[words] += np.random.default_rng(1).normal(0, 0.2, (len(made.words), 2))
    elif fault == "one ear":
        mixed[words, 1] -= made.words[:, 1]

    seen = judged(mixed)

    assert seen.status is not Status.PRESENT
    assert seen.code in codes


def test_a_signal_stands_in_for_the_words() -> None:
    mixed, made = narrated(music(10), style_of(languages=("ru",), audible=Audible.TONE))

    assert len(made.words) < 3 * RATE
    assert np.abs(mixed[: len(made.words)] - music(10)[: len(made.words)]).max() > 0.01


@pytest.mark.parametrize("seed", range(3))
def test_a_signal_over_noise_is_heard_as_well_as_words_would_be(seed: int) -> None:
    lenient = replace(PROFILE, audio=replace(PROFILE.audio, step_back=6.0))
    style = style_of(languages=("ru",), audible=Audible.TONE, profile=lenient)
    noise = pink(10, seed=seed)

    mixed, _ = narrated(noise, style)
    notice = replace(mark_of(style).notice, seconds=None)
    said = replace(mark_of(style), notice=narration.record(style, notice, [sound_of(noise)]))
    seen = narration.find(
        listening(mixed), sound_of(mixed), profile=PROFILE, mark=said, limits=DEFAULT_LIMITS
    )

    assert (seen.status, seen.code) == (Status.PRESENT, "notice.tone-only")


def test_a_sound_shorter_than_the_words_is_refused() -> None:
    short = sound_of(music(4))

    with pytest.raises(PolicyUnsatisfiableError, match=r"lasts 4\.0 s"):
        narration.record(STYLE, mark_of(STYLE).notice, [sound_of(music(12)), short])


def test_without_tracks_the_record_promises_nothing() -> None:
    notice = replace(mark_of(STYLE).notice, seconds=None)

    assert narration.record(STYLE, notice, []) == notice


def test_a_film_that_lost_its_sound_no_longer_speaks() -> None:
    seen = narration.with_sound(SEEN, [])

    assert (seen.status, seen.code) == (Status.ABSENT, "notice.not-found")


def test_one_track_without_the_words_is_enough_of_a_fault() -> None:
    fault = replace(SEEN, status=Status.BROKEN, code="notice.drowned", detail="lost")

    seen = narration.with_sound(SEEN, [SEEN, fault])

    assert (seen.status, seen.code) == (Status.BROKEN, "notice.drowned")
    assert seen.detail == "in its sound: lost (track of sound 2)"
