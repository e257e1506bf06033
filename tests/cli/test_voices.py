"""`--voice-file` and `--audible`: who speaks the notice of a sound."""

from argparse import ArgumentParser
from pathlib import Path

import pytest

from kzmark.cli import settings, voices
from kzmark.cli.stamp_options import configure
from kzmark.errors import ProfileError, RequestError
from kzmark.profile import load
from kzmark.vocabulary import Operation


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "kk.wav"
    path.write_bytes(b"not looked into before it is played")
    return path


def test_a_recording_is_taken_for_both_operations(recording: Path) -> None:
    profile = voices.voiced(load(), f"kk={recording}")

    for operation in Operation:
        voice = profile.wording("kk", operation).voice
        assert voice is not None
        assert voice.data == recording.read_bytes()
        assert profile.wording("ru", operation).voice is None


def test_without_the_option_the_profile_stays() -> None:
    assert voices.voiced(load(), "") is load()


@pytest.mark.parametrize("listed", ["kk", "=file.wav", "kk=", "kk=a.wav,kk=b.wav", "kk.wav,ru=b"])
def test_what_is_no_list_of_recordings_is_refused(listed: str) -> None:
    with pytest.raises(RequestError, match="--voice-file"):
        voices.voiced(load(), listed)


@pytest.mark.parametrize("listed", ["de={}", "kk={}.missing"])
def test_a_strange_language_and_a_missing_file_are_refused(listed: str, recording: Path) -> None:
    with pytest.raises(ProfileError):
        voices.voiced(load(), listed.format(recording))


@pytest.mark.parametrize("spelt", ['"kk=a.flac,ru=v/b.flac"', '["kk=a.flac", "ru=v/b.flac"]'])
def test_a_settings_file_names_recordings_beside_it(spelt: str, tmp_path: Path) -> None:
    config = tmp_path / "kzmark.toml"
    config.write_text(f"voice-file = {spelt}\naudible = 'words'\n", encoding="utf-8")
    parser = ArgumentParser()
    configure(parser)

    found = settings.words(parser, [], config=config)

    expected = f"kk={tmp_path / 'a.flac'},ru={tmp_path / 'v' / 'b.flac'}"
    assert f"--voice-file={expected}" in found
    assert "--audible=words" in found
