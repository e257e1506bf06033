"""What nobody marked is not taken for a notice; the whole of it: benchmarks/detection_audio.py."""

import shutil

import pytest
from benchmarks import sounds
from tests.notices.sounding import heard

from kzmark.report import Status

pytest.importorskip("av")


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("make", [sounds.music, sounds.noises])
def test_music_and_noise_are_no_notice(make: sounds.Maker, number: int) -> None:
    name, wave = make(number)

    assert heard(wave[:, None], rate=sounds.RATE).status is Status.ABSENT, name


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("make", [sounds.speeches, sounds.near_misses])
def test_speech_and_phrases_like_the_notices_are_none(make: sounds.Maker, number: int) -> None:
    name, wave = make(number)

    assert heard(wave[:, None], rate=sounds.RATE).status is Status.ABSENT, name
