"""What is kept of pixels seen before: only the very same ones bring it back."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.notices.conftest import MakeStyle, Stamp, Texture

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Picture
from kzmark.notices import image, measure
from kzmark.notices.memory import Memory
from kzmark.profile import Profile


def pixels(value: int, side: int = 4) -> NDArray[np.uint8]:
    return np.full((side, side, 3), value, np.uint8)


def test_the_same_pixels_bring_back_what_was_seen() -> None:
    memory = Memory[str]()

    memory.put("key", pixels(7), "seven")

    assert memory.get("key", pixels(7)) == "seven"
    assert memory.get("other", pixels(7)) is None


def test_one_other_sample_brings_back_nothing() -> None:
    memory = Memory[str]()
    memory.put("key", pixels(7), "seven")
    changed = pixels(7)
    changed[3, 3, 2] = 8

    assert memory.get("key", changed) is None
    assert memory.get("key", pixels(7, side=5)) is None


def test_what_becomes_of_an_array_later_does_not_matter() -> None:
    memory = Memory[str]()
    array = pixels(7)
    memory.put("key", array, "seven")

    array[:] = 8

    assert memory.get("key", array) is None


def test_the_oldest_goes_when_there_are_too_many_pixels() -> None:
    memory = Memory[int]()

    for key in range(20):
        memory.put(key, pixels(key, side=600), key)  # 1 MB each

    assert memory.get(0, pixels(0, side=600)) is None
    assert memory.get(19, pixels(19, side=600)) == 19


@pytest.mark.parametrize("noise", [0, 3])
def test_a_second_look_at_a_plate_says_the_same_as_the_first(
    texture: Texture,
    style: MakeStyle,
    stamp: Stamp,
    profile: Profile,
    noise: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    laid, mark = stamp(texture(900, 600), style())
    rng = np.random.default_rng(4)
    shown = np.clip(laid + rng.integers(-noise, noise + 1, laid.shape), 0, 255).astype(np.uint8)
    picture = Picture(index=0, width=900, height=600, pixels=shown, x=0, y=0)

    monkeypatch.setattr(measure, "_KEPT", Memory())
    first = image.find([picture], profile=profile, mark=mark, limits=DEFAULT_LIMITS)
    second = image.find([picture], profile=profile, mark=mark, limits=DEFAULT_LIMITS)

    assert first == second


def test_a_plate_that_was_damaged_since_is_not_taken_for_the_one_before(
    texture: Texture, style: MakeStyle, stamp: Stamp, profile: Profile
) -> None:
    laid, mark = stamp(texture(900, 600), style())
    x, y, width, height = mark.notice.places[0].box
    hurt = laid.copy()
    hurt[y : y + height, x + width // 2 : x + width] = 18

    seen = [
        image.find(
            [Picture(index=0, width=900, height=600, pixels=each, x=0, y=0)],
            profile=profile,
            mark=mark,
            limits=DEFAULT_LIMITS,
        ).code
        for each in (laid, hurt, laid)
    ]

    assert seen[0] == seen[2] == ""
    assert seen[1]
