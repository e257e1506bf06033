"""Showing a notice: one text for all pages, one place a size, one layout for both outputs."""

from dataclasses import replace

import pytest
from tests.notices.conftest import MakeStyle, Stamp, Texture

from kzmark.errors import PolicyUnsatisfiableError, ProfileError
from kzmark.notices import image
from kzmark.notices.image import Form
from kzmark.profile import Profile


def test_all_pages_say_the_same_even_if_only_some_have_room_for_the_sentence(
    style: MakeStyle,
) -> None:
    wide, square = (4000, 300), (800, 800)

    assert image.form_for([wide], style()) is Form.FULL
    assert image.form_for([wide, square], style()) is Form.SHORT
    assert len(image.places([wide, square, wide], style(), Form.SHORT)) == 2


def test_texts_come_in_the_order_of_the_languages(style: MakeStyle) -> None:
    texts = image.texts(style(languages=("ru", "kk")), Form.SHORT)

    assert texts == ("Создано ИИ", "ЖИ жасаған")


@pytest.mark.parametrize("size", [(800, 600), (100, 100), (64, 300), (4000, 300)])
def test_the_place_of_the_record_is_where_the_patch_goes(
    size: tuple[int, int], style: MakeStyle
) -> None:
    form = image.form_for([size], style())
    (place,) = image.places([size], style(), form)

    patch = image.patch_for(style(), form)(*size)

    assert patch.box == place.box
    assert place.size == (size[0], size[1] + patch.grow)


def test_a_caption_band_covers_exactly_what_the_picture_gained(style: MakeStyle) -> None:
    patch = image.patch_for(style(), Form.SHORT)(100, 100)

    assert patch.box == (0, 100, 100, patch.grow)


def test_a_drawing_and_a_plate_agree(style: MakeStyle) -> None:
    drawing = image.drawing_for(style(), Form.SHORT)(1000, 800)
    patch = image.patch_for(style(), Form.SHORT)(1000, 800)

    exact = drawing.x, drawing.y, drawing.width, drawing.height
    assert exact == pytest.approx(patch.box, abs=2)
    assert [words.text for words in drawing.words] == ["ЖИ", "AI", "ЖИ жасаған", "Создано ИИ"]


def test_a_picture_too_small_for_words_is_refused(style: MakeStyle) -> None:
    with pytest.raises(PolicyUnsatisfiableError, match="no room for a legible notice"):
        image.form_for([(800, 600), (16, 16)], style())


def test_a_language_without_text_is_refused(style: MakeStyle) -> None:
    with pytest.raises(ProfileError, match="de"):
        image.form_for([(800, 600)], style(languages=("kk", "de")))


def test_replacing_hides_every_pixel_of_the_older_plate(
    style: MakeStyle, stamp: Stamp, texture: Texture
) -> None:
    _, first = stamp(texture(600, 600), style(languages=("kk", "ru", "en")))
    old = first.notice.places[0].box

    _, second = stamp(texture(600, 600), style(), cover={(600, 600): old})

    assert second.notice.places[0].box == old


def test_the_expected_box_follows_the_size_of_the_picture(
    style: MakeStyle, stamp: Stamp, texture: Texture, profile: Profile
) -> None:
    _, mark = stamp(texture(600, 400), style())
    x, y, width, height = mark.notice.places[0].box

    parts = [image.expected(mark, *size, profile=profile) for size in ((600, 400), (300, 200))]

    assert parts[0] is not None
    assert parts[1] is not None
    whole, half = parts[0].box, parts[1].box

    assert abs(whole[0] - x) + abs(whole[1] - y) < 20
    assert abs(whole[2] - width) + abs(whole[3] - height) < 40
    assert max(abs(2 * b - a) for a, b in zip(whole, half, strict=True)) <= 20


def test_where_the_profile_lays_no_such_plate_the_box_of_the_record_is_looked_at(
    style: MakeStyle, stamp: Stamp, texture: Texture, profile: Profile
) -> None:
    _, mark = stamp(texture(600, 400), style())
    strange = replace(mark, notice=replace(mark.notice, texts=("a", "b")))

    part = image.expected(strange, 600, 400, profile=profile)

    assert part == image.Part(box=mark.notice.places[0].box)
