"""Words are found where they are, and how well they came through is told right."""

import numpy as np
import pytest
from tests.notices.sounding import listening, music, sound_of

from kzmark.notices import ears, hearing, lexicon
from kzmark.notices.ears import RATE
from kzmark.notices.hearing import Searched, Spoken
from kzmark.notices.recognition import recognised
from kzmark.profile import load

pytest.importorskip("av")


@pytest.fixture(scope="module")
def entry() -> lexicon.Entry:
    return lexicon.entries(load(), None)[0][0]


def among(entry: lexicon.Entry, at: int, *, noise: float = 0.0) -> ears.Wave:
    """Return words in 12 s of noise at a level to them, in dB."""
    rng = np.random.default_rng(at)
    wave = rng.standard_normal(RATE * 12).astype(np.float32)
    wave *= np.float32(entry.wave.std() * 10 ** (noise / 20))
    wave[at : at + entry.wave.size] += entry.wave
    return wave


def found(wave: ears.Wave, entry: lexicon.Entry) -> hearing.Match:
    match = Searched(wave, entry.wave.size).find(entry.coarse)
    assert match is not None
    return hearing.refined(wave, entry.wave, match)


@pytest.mark.parametrize("at", [0, 1, 4_003, 55_555])
@pytest.mark.parametrize("noise", [-40.0, 0.0, 10.0])
def test_words_are_found_to_the_sample_under_noise(
    entry: lexicon.Entry, at: int, noise: float
) -> None:
    match = found(among(entry, at, noise=noise), entry)

    assert match.start == pytest.approx(at, abs=0.5)


def test_the_score_falls_as_the_noise_rises(entry: lexicon.Entry) -> None:
    scores = [found(among(entry, 9_000, noise=level), entry).score for level in (-40, 0, 6, 12)]

    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.9


def test_noise_alone_scores_low(entry: lexicon.Entry) -> None:
    rng = np.random.default_rng(1)
    wave = rng.standard_normal(RATE * 24).astype(np.float32)

    match = Searched(wave, entry.wave.size).find(entry.coarse)

    assert match is not None
    assert match.score < 0.1


def test_nothing_is_found_in_silence(entry: lexicon.Entry) -> None:
    assert Searched(np.zeros(RATE, np.float32), entry.wave.size).find(entry.coarse) is None


def test_the_earlier_of_two_equals_is_taken(entry: lexicon.Entry) -> None:
    wave = among(entry, 4_000, noise=-30)
    wave[60_000 : 60_000 + entry.wave.size] += entry.wave

    assert found(wave, entry).start == pytest.approx(4_000, abs=1)


def test_intelligibility_falls_with_noise_as_the_index_is_defined(entry: lexicon.Entry) -> None:
    """Noise of the words' own spectrum, k dB below them, gives about (k + 15) / 30."""
    rng = np.random.default_rng(5)
    spectrum = np.fft.rfft(entry.wave)
    phases = np.exp(2j * np.pi * rng.uniform(size=spectrum.size))
    like = np.fft.irfft(np.abs(spectrum) * phases, entry.wave.size).astype(np.float32)

    for ratio in (9, 3, -3):
        heard = entry.wave + like * np.float32(10 ** (-ratio / 20))
        index = Spoken(entry.wave, 0).traced(heard).intelligibility
        assert index == pytest.approx((ratio + 15) / 30, abs=0.12)


@pytest.mark.parametrize("gain", [-20.0, 0.0, 6.0])
def test_level_is_told_in_decibels_to_the_recording(entry: lexicon.Entry, gain: float) -> None:
    trace = Spoken(entry.wave, 0).traced(entry.wave * np.float32(10 ** (gain / 20)))

    assert trace.level == pytest.approx(gain, abs=0.1)
    assert trace.intelligibility > 0.99


def test_a_part_of_a_sample_is_heeded(entry: lexicon.Entry) -> None:
    delayed = hearing._delayed(entry.wave, 0.5)

    late, right = (Spoken(entry.wave, start).traced(delayed) for start in (3.0, 0.5))

    assert right.intelligibility > 0.99
    assert right.intelligibility > late.intelligibility


def test_words_beyond_both_ends_are_silence(entry: lexicon.Entry) -> None:
    half = entry.wave.size // 2

    first = Spoken(entry.wave, -half).traced(entry.wave[half:])
    last = Spoken(entry.wave, 100).traced(np.pad(entry.wave[:half], (100, 0)))

    for trace in (first, last):
        assert 0.2 < float(trace.weight[trace.index > 0.5].sum() / trace.weight.sum()) < 0.8


def test_a_tone_control_and_an_all_pass_leave_words_known(entry: lexicon.Entry) -> None:
    size = 1 << 16
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    tilt = (np.maximum(hertz, 50) / 1_000) ** 0.5 * np.exp(1j * np.sin(hertz / 300))
    changed = np.fft.irfft(np.fft.rfft(entry.wave, size) * tilt, size)[: RATE * 4].astype("f4")

    match = found(changed, entry)

    assert match.score > 0.5
    assert Spoken(entry.wave, match.start).traced(changed).intelligibility > 0.8


def test_a_similar_sentence_in_the_same_voice_is_told_apart() -> None:
    created, modified = lexicon.entries(load(), None)[0][:2]
    heard = ears.hear(iter([(0.0, created.wave[:, None])]), sound_of(created.wave[:, None], RATE))

    shares = {one.entry: one.worth for one in recognised(heard, [created, modified], marked=True)}

    assert shares[created] > 0.9
    assert shares.get(modified, 0) < 0.8 * shares[created]


@pytest.mark.parametrize("rate", [6_000, 8_000, 11_127, 44_100, 192_000])
def test_ears_hear_any_rate_at_that_of_a_telephone(rate: int) -> None:
    samples = music(2, rate=rate)

    heard = ears.hear(listening(samples, rate)([(0.0, 9.0)]), sound_of(samples, rate))

    assert heard.left.size == pytest.approx(2 * RATE, abs=2)
    assert heard.left.std() > heard.right.std()


@pytest.mark.parametrize(("rate", "count"), [(44_100, 2), (8_000, 2), (48_000, 6), (22_050, 1)])
def test_ears_hear_the_same_in_blocks_of_any_size(rate: int, count: int) -> None:
    samples, size = music(3, rate=rate, channels=count), 7_001
    sound = sound_of(samples, rate)
    blocks = ((at / rate, samples[at : at + size]) for at in range(0, len(samples), size))

    one, many = ears.hear(iter([(0.0, samples)]), sound), ears.hear(blocks, sound)

    assert one.seconds == many.seconds == pytest.approx(3)
    for ear in ("both", "left", "right"):
        np.testing.assert_allclose(getattr(one, ear), getattr(many, ear), atol=1e-6)


def test_surround_is_mixed_down_to_both_sides_and_the_deepest_is_left_out() -> None:
    for channel, (left, right) in {0: (1, 0), 1: (0, 1), 2: (1, 1), 3: (0, 0), 4: (1, 0)}.items():
        samples = np.zeros((RATE, 6), np.float32)
        samples[:, channel] = 0.1
        heard = ears.hear(iter([(0.0, samples)]), sound_of(samples, RATE))

        assert [int(ear.any()) for ear in (heard.left, heard.right)] == [left, right]


def test_the_recordings_of_both_operations_are_known() -> None:
    entries, unknown = lexicon.entries(load(), None)

    assert [(one.language, str(one.operation)) for one in entries] == [
        ("kk", "created"),
        ("kk", "modified"),
        ("ru", "created"),
        ("ru", "modified"),
    ]
    assert unknown == []
    assert all(2 * one.coarse.size - one.wave.size in {-1, 0, 1} for one in entries)


@pytest.mark.parametrize("rows", [1, 2, 7, 40, 41])
def test_what_is_strong_and_in_the_middle_is_as_numpy_has_it(rows: int) -> None:
    values = np.random.default_rng(rows).random((rows, 12))

    strong = hearing._strong(values)
    level = hearing.Trace(values[:, 0], values[:, 1], np.ones(rows)).level

    np.testing.assert_allclose(strong, np.quantile(values, 0.95, axis=0))
    louder = np.sort(values[:, 0])[::-1][: np.searchsorted(np.arange(1, rows + 1), rows / 2) + 1]
    assert level == pytest.approx(float(np.median(louder)))


def test_a_part_of_a_spectrum_is_made_even_as_the_whole_is() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(8_192)).astype(np.complex64)

    whole = hearing._whitening(spectrum, 0, spectrum.size, rate=RATE)

    power, width = np.abs(spectrum) ** 2, int(60 * 2 * spectrum.size / RATE)
    starts = np.clip(np.arange(power.size) - width // 2, 0, power.size - width)
    smooth = np.array([power[at : at + width].mean() for at in starts])
    np.testing.assert_allclose(whole, 1 / np.sqrt(smooth + smooth.max() * 1e-4), rtol=1e-4)
    part = hearing._whitening(spectrum, 300, 1_900, rate=RATE)
    np.testing.assert_array_equal(part, whole[300:1_900])
