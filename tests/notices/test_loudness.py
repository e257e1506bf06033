"""Loudness and true peak are those of ITU-R BS.1770."""

import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.notices.sounding import LAYOUTS, music, sound_of

from kzmark.formats._sound import Samples
from kzmark.notices import channels, loudness, rates
from kzmark.notices.loudness import Meter, true_peak, true_peaks
from kzmark.notices.rates import fast_size, resampled


def sine(frequency: float, seconds: float, rate: int, level: float = 0.0) -> Samples:
    time = np.arange(int(seconds * rate)) / rate
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)
    return wave.astype(np.float32)[:, None]


def measured(samples: Samples, rate: int, weights: tuple[float, ...] = (1.0,)) -> float:
    meter = Meter(rate, weights)
    meter.hear(samples)
    return meter.loudness


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_a_sine_of_997_hz_at_full_scale_reads_as_the_standard_says(rate: int) -> None:
    assert measured(sine(997, 3, rate), rate) == pytest.approx(-3.01, abs=0.03)


def test_channels_add_up_by_their_weights() -> None:
    both = np.repeat(sine(997, 3, 48_000, -20), 2, axis=1)

    assert measured(both, 48_000, (1.0, 1.0)) == pytest.approx(-20.0, abs=0.03)
    assert measured(both, 48_000, (1.0, 0.0)) == pytest.approx(-23.0, abs=0.03)
    assert measured(both, 48_000, (0.0, 1.41)) == pytest.approx(-21.5, abs=0.03)


def test_the_gates_leave_out_silence_and_what_is_far_below_the_rest() -> None:
    loud, quiet = sine(997, 5, 48_000, -20), sine(997, 20, 48_000, -60)
    alone = measured(loud, 48_000)

    assert measured(np.concatenate([loud, quiet]), 48_000) == pytest.approx(alone, abs=0.3)
    assert measured(np.zeros((48_000, 1), np.float32), 48_000) == -math.inf
    assert measured(np.zeros((0, 1), np.float32), 48_000) == -math.inf


def test_stretches_add_up_to_what_they_are_together() -> None:
    whole = music(12, rate=8_000, channels=1)
    meter = Meter(8_000, [1.0])
    for piece in np.array_split(whole, 4):
        meter.hear(piece)

    assert meter.loudness == pytest.approx(measured(whole, 8_000), abs=0.15)


@pytest.mark.parametrize("count", [1, 9_999, 65_536, 200_001])
def test_peaks_are_the_same_stretch_by_stretch(count: int) -> None:
    wave = np.ascontiguousarray(music(26, rate=8_000, channels=1)[:count, 0])
    quiet = np.pad(wave, 4_096)

    peaks = true_peaks(wave, 48)

    fine = np.abs(rates._at_once(quiet, 1, 4))[4 * 4_096 :][: 4 * wave.size]
    whole = np.pad(fine, (0, -fine.size % 192)).reshape(-1, 192).max(1)
    np.testing.assert_allclose(peaks, whole, atol=5e-4)
    assert true_peak(wave) == pytest.approx(20 * math.log10(whole.max()), abs=0.01)


def weighted(wave: loudness.Wave) -> loudness.Wave:
    """Return one channel behind both filters, its blocks in a row."""
    blocks = list(loudness._weighted(wave, 44_100))
    assert [start for start, _ in blocks] == [*range(0, len(wave), 39_690)]
    return np.concatenate([block for _, block in blocks])


@pytest.mark.parametrize("count", [1, 4_000, 44_100 * 5 + 1])
def test_loudness_is_the_same_wherever_filtered_stretches_end(count: int) -> None:
    wave = music(6, rate=44_100, channels=1)[:count]

    pieces = weighted(wave[:, 0])

    late = weighted(np.pad(wave[:, 0], (39_690 - 9, 0)))
    np.testing.assert_allclose(pieces, late[39_690 - 9 :], atol=1e-5)


@pytest.mark.parametrize(
    ("rate", "wanted"), [(48_000, 44_100), (48_000, 8_000), (8_000, 48_000), (48_000, 11_127)]
)
def test_a_long_sound_is_resampled_stretch_by_stretch_to_the_same(rate: int, wanted: int) -> None:
    wave = np.pad(music(5, rate=48_000, channels=1)[:, 0], 4_000)

    found = resampled(wave, rate, wanted)

    np.testing.assert_allclose(found, rates._at_once(wave, rate, wanted), atol=5e-4)


def test_a_moment_of_sound_has_a_loudness() -> None:
    assert -35 < measured(sine(997, 0.1, 48_000, -20), 48_000) < -20


def test_a_peak_between_samples_is_seen() -> None:
    time = np.arange(4_800)
    between = np.sin(2 * np.pi * time / 4 + np.pi / 4).astype(np.float32)  # samples at 0.707

    assert np.abs(between).max() < 0.71
    assert true_peak(between) == pytest.approx(0, abs=0.15)
    assert true_peak(np.zeros(100, np.float32)) == -math.inf
    assert true_peak(np.zeros(0, np.float32)) == -math.inf


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_ffmpeg_measures_the_same(rate: int, count: int) -> None:
    samples = music(6, rate=rate, channels=count, level=-18)
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(count), "-channel_layout", LAYOUTS[count]]
    told = subprocess.run(
        ["ffmpeg", "-nostats", *raw, "-i", "-", "-af", "ebur128=peak=true", "-f", "null", "-"],
        input=np.ascontiguousarray(samples, "<f4").tobytes(),
        capture_output=True,
        check=True,
    ).stderr.decode()
    loudness, peak = (
        float(re.findall(rf"{word}:\s+(-?[\d.]+)", told)[-1]) for word in ("I", "Peak")
    )

    own = measured(samples, rate, tuple(channels.weights(sound_of(samples, rate))))

    assert own == pytest.approx(loudness, abs=0.1)
    peaks = [true_peak(np.ascontiguousarray(one)) for one in samples.T]
    assert max(peaks) == pytest.approx(peak, abs=0.15)


@given(least=st.integers(1, 5_000_000))
@settings(max_examples=200)
def test_sizes_that_are_fast_have_no_factors_but_2_3_and_5(least: int) -> None:
    size = fast_size(least)
    rest = size
    for factor in (2, 3, 5):
        while rest % factor == 0:
            rest //= factor

    assert rest == 1
    assert least <= size < 2 * least


@pytest.mark.parametrize(
    ("rate", "wanted"), [(48_000, 44_100), (48_000, 8_000), (22_050, 48_000), (48_000, 11_127)]
)
def test_another_rate_keeps_a_tone_and_its_length(rate: int, wanted: int) -> None:
    tone = sine(1_000, 1, rate, -6)[:, 0] * np.hanning(rate).astype(np.float32)

    there = resampled(tone, rate, wanted)

    expected = sine(1_000, 1, wanted, -6)[:, 0] * np.hanning(wanted)
    assert there.size == wanted
    assert np.abs(there - expected).max() < 0.002


def test_what_the_new_rate_cannot_hold_is_left_out() -> None:
    assert np.abs(resampled(sine(6_000, 1, 48_000)[:, 0], 48_000, 8_000)[500:-500]).max() < 1e-3
