"""Letters: nothing is drawn that the font lacks, and size changes nothing but size."""

import numpy as np
import pytest

from kzmark.errors import ProfileError
from kzmark.notices import letters
from kzmark.profile import load
from kzmark.vocabulary import Operation

KAZAKH = "ӘҒҚҢӨҰҮҺІәғқңөұүһі"


@pytest.mark.parametrize("bold", [False, True])
def test_the_shipped_faces_have_every_kazakh_letter_in_both_cases(bold: bool) -> None:
    assert letters.missing(KAZAKH, letters.face(bold=bold)) == []


def test_every_text_of_the_default_profile_can_be_shown() -> None:
    profile = load()
    texts = [
        text
        for language in profile.texts
        for operation in Operation
        for wording in [profile.wording(language, operation)]
        for text in (wording.full, wording.short)
    ]

    letters.check(texts)

    assert len(texts) == len(profile.texts) * len(Operation) * 2


def test_a_letter_that_the_font_lacks_is_an_error_before_drawing() -> None:
    with pytest.raises(ProfileError, match="漢"):
        letters.check(["AI 漢"])


def test_missing_letters_are_named_once_and_spaces_never() -> None:
    assert letters.missing("漢 漢字 ЖИ\u00a0жасаған", letters.face()) == ["字", "漢"]


@pytest.mark.parametrize("cap", [7, 11, 23, 60, 300])
def test_the_width_drawn_is_the_width_measured_at_every_size(cap: int) -> None:
    text = "Жасанды интеллект жүйесі жасаған"

    cover, stand = letters.coverage(text, cap)

    columns = np.nonzero(cover.max(axis=0) > 60)[0]
    assert columns[-1] + 1 == pytest.approx(letters.width(text) * cap, abs=0.12 * cap + 1)
    assert cover[stand - cap : stand].max() > 150


def test_capitals_fill_whole_pixels_from_top_to_baseline() -> None:
    cover, stand = letters.coverage("ЖИ", 21, bold=True)

    rows = np.nonzero(cover.max(axis=1) > 128)[0]
    assert (rows[0], rows[-1]) == (stand - 21, stand - 1)
