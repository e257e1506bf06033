"""Showing a notice: one text for all pages, one place a size, one layout for both outputs."""

import pytest
from tests.notices.conftest import MakeStyle, Stamp, Texture

from kzmark.errors import PolicyUnsatisfiableError, ProfileError
from kzmark.notices import image
from kzmark.notices.image import Form


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
    style: MakeStyle, stamp: Stamp, texture: Texture
) -> None:
    _, mark = stamp(texture(600, 400), style())
    x, y, width, height = mark.notice.places[0].box

    left, top, across, down = image.expected_box(mark, 300, 200) or (0, 0, 0, 0)

    assert left <= x / 2
    assert top <= y / 2
    assert left + across >= (x + width) / 2
    assert top + down >= (y + height) / 2
    assert across * down < 300 * 200 / 3
