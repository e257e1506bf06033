"""Profiles: words and numbers come from files, and a bad file says what is bad."""

from importlib import resources
from pathlib import Path

import pytest

from kzmark import profile
from kzmark.errors import ProfileError
from kzmark.vocabulary import Operation

TEXT = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")


def test_every_text_names_ai_and_the_operation_in_every_language() -> None:
    loaded = profile.load()
    words = {
        "kk": (("жи", "жасанды интеллект"), ("жасаған",), ("өзгерткен",)),
        "ru": (("ии", "искусственного интеллекта"), ("создано",), ("изменено",)),
        "en": (("ai", "artificial intelligence"), ("created", "generated"), ("modified",)),
    }

    for language, (ai, created, modified) in words.items():
        for operation, verbs in ((Operation.CREATED, created), (Operation.MODIFIED, modified)):
            wording = loaded.wording(language, operation)
            for text in (wording.full.lower(), wording.short.lower()):
                assert any(word in text for word in ai), text
                assert any(verb in text for verb in verbs), text


def test_kazakh_comes_first_and_the_plate_is_well_above_the_contrast_asked_for() -> None:
    loaded = profile.load()

    assert loaded.languages[0] == "kk"
    assert profile.contrast(loaded.ink, loaded.plate) > 7


def test_the_contrast_formula_gives_the_known_values() -> None:
    assert profile.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert profile.contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_a_file_of_ones_own_is_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "өзім.toml"
    path.write_text(TEXT.replace('"kz-2026.1"', '"mine-1"'), encoding="utf-8")

    assert profile.load(str(path)).name == "mine-1"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "kz-2026.1"', "name = 7", "name"),
        ("cap_share = 0.05 ", "cap_share = 0.9 ", "cap_share is 0.9"),
        ("cap_share = 0.05 ", 'cap_share = "big" ', "not a number"),
        ("cap_share = 0.05 ", "cap_shar = 0.05 ", "cap_share is missing"),
        ('plate = "#12161C"', 'plate = "#F0F0F0"', "contrast"),
        ('plate = "#12161C"', 'plate = "black"', "not a colour"),
        ('languages = ["kk", "ru"]', 'languages = ["kk", "de"]', "'de'"),
        ('languages = ["kk", "ru"]', 'languages = ["kk", "kk"]', "none twice"),
        ('corner = "top-left"', 'corner = "middle"', "corner"),
        ('short = "ЖИ жасаған"', 'shorter = "ЖИ жасаған"', "full"),
        ('short = "ЖИ жасаған"', 'short = ""', "one line"),
        ("[audio]", "[odio]", "odio"),
        ("[image]", "[image", "TOML"),
        ("min_seconds = 2.0", "min_seconds = 2.0\nsurprise = 1", "surprise"),
    ],
)
def test_a_bad_value_is_named(old: str, new: str, told: str) -> None:
    assert old in TEXT

    with pytest.raises(ProfileError, match=told.replace("[", r"\[")):
        profile.Profile.from_toml(TEXT.replace(old, new, 1), source="x.toml")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError) as caught:
        profile.load("kz-1999")

    assert "kz-2026.1" in caught.value.hint


def test_a_missing_file_is_a_profile_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        profile.load(str(tmp_path / "none.toml"))
