"""Layouts: legible, inside the safe margin, or outside the picture, or refused."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.notices.conftest import MakeStyle

from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._drawn import enlargement
from kzmark.notices.arrangement import Form, wrap
from kzmark.notices.layout import Layout, lay_out
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile, load
from kzmark.vocabulary import Corner, Operation

PROFILE = load()
RULES = PROFILE.image

styles = st.builds(
    NoticeStyle,
    profile=st.just(PROFILE),
    operation=st.sampled_from(Operation),
    languages=st.sampled_from([("kk", "ru"), ("kk",), ("kk", "ru", "en")]),
    corner=st.sampled_from(Corner),
)
sides = st.integers(1, 5000)


def words_box(layout: Layout, style: NoticeStyle) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of badge and letters in the grown picture."""
    drawing = layout.drawing(style)
    boxes = [r.box for r in drawing.rectangles[1:]]
    cap = layout.metrics.cap
    boxes += [(w.x, w.baseline - cap, w.width, cap) for w in drawing.words]
    return (
        drawing.x + min(x for x, _, _, _ in boxes),
        drawing.y + min(y for _, y, _, _ in boxes),
        drawing.x + max(x + w for x, _, w, _ in boxes),
        drawing.y + max(y + h for _, y, _, h in boxes),
    )


@settings(max_examples=120, deadline=None)
@given(width=sides, height=sides, style=styles, vector=st.booleans())
@example(
    64,
    64,
    NoticeStyle(
        profile=PROFILE,
        operation=Operation.CREATED,
        languages=("kk", "ru"),
        corner=Corner.TOP_RIGHT,
    ),
    False,
)
@example(
    241,
    161,
    NoticeStyle(
        profile=PROFILE,
        operation=Operation.CREATED,
        languages=("kk", "ru", "en"),
        corner=Corner.BOTTOM_STRIP,
    ),
    False,
)
def test_a_layout_is_legible_and_inside_or_there_is_none(
    width: int, height: int, style: NoticeStyle, vector: bool
) -> None:
    try:
        layout = lay_out(width, height, style, vector=vector)
    except PolicyUnsatisfiableError:
        assert min(width, height) < 140
        return

    left, top, right, bottom = words_box(layout, style)
    shortest = min(layout.size)
    assert layout.metrics.cap >= RULES.cap_share * shortest - 1e-6
    assert vector or layout.metrics.cap >= RULES.min_cap
    assert left >= 0
    assert top >= 0
    assert right <= layout.size[0] + 1e-6
    assert bottom <= layout.size[1] + 1e-6
    if not layout.grow:
        assert left >= RULES.margin_share * width - 1e-6
        assert top >= RULES.margin_share * height - 1e-6
        assert right <= (1 - RULES.margin_share) * width + 1e-6
        assert bottom <= (1 - RULES.margin_share) * height + 1e-6


@settings(max_examples=50, deadline=None)
@given(width=sides, height=sides, style=styles)
def test_every_edge_of_a_raster_layout_is_a_whole_pixel(
    width: int, height: int, style: NoticeStyle
) -> None:
    try:
        drawing = lay_out(width, height, style).drawing(style)
    except PolicyUnsatisfiableError:
        return

    edges = [edge for shape in drawing.rectangles for edge in shape.box]
    edges += [place for words in drawing.words for place in (words.x, words.baseline)]
    assert all(edge == int(edge) for edge in edges)


@pytest.mark.parametrize(
    ("size", "form", "rows", "grows"),
    [
        ((4000, 300), Form.FULL, 2, False),
        ((1920, 1080), Form.SHORT, 2, False),
        ((1024, 1024), Form.SHORT, 2, False),
        ((300, 4000), Form.SHORT, 2, False),
        ((300, 20), Form.FULL, 2, True),
        ((100, 100), Form.SHORT, 2, True),
        ((48, 48), Form.SHORT, 4, True),
    ],
)
def test_small_or_narrow_pictures_get_less_text_and_then_a_band(
    size: tuple[int, int], form: Form, rows: int, grows: bool, style: MakeStyle
) -> None:
    layout = lay_out(*size, style())

    found = layout.arrangement.form, len(layout.arrangement.lines), layout.grow > 0
    assert found == (form, rows, grows)


def test_a_picture_without_room_is_refused_with_the_width_that_would_do(style: MakeStyle) -> None:
    with pytest.raises(PolicyUnsatisfiableError, match="16x16") as caught:
        lay_out(16, 16, style())

    least = int("".join(filter(str.isdigit, caught.value.hint)))
    assert lay_out(least, least, style()).grow
    with pytest.raises(PolicyUnsatisfiableError):
        lay_out(least - 1, least - 1, style())


def test_a_vector_page_of_any_size_has_room(style: MakeStyle) -> None:
    layout = lay_out(16, 16, style(), vector=True)

    assert layout.metrics.cap == pytest.approx(0.8)
    assert layout.grow == 0


@pytest.mark.parametrize("size", [(1000, 20), (600, 20), (2000, 30), (8000, 120), (20, 300)])
def test_a_low_vector_page_has_letters_as_large_as_a_picture_of_its_drawing(
    style: MakeStyle, size: tuple[int, int]
) -> None:
    chosen = style()
    layout = lay_out(*size, chosen, vector=True)

    drawn = layout.metrics.cap * enlargement(max(size))
    assert drawn >= chosen.profile.image.min_cap - 1e-9
    assert drawn >= chosen.profile.image.cap_share * min(size) * enlargement(max(size)) - 1e-9


def test_a_vector_layout_is_the_same_at_every_scale(style: MakeStyle) -> None:
    small = lay_out(24, 16, style(), vector=True)
    large = lay_out(2400, 1600, style(), vector=True)

    assert [100 * edge for edge in small.box] == pytest.approx(list(large.box))


def test_kazakh_comes_first_and_is_as_large_as_every_other_language(style: MakeStyle) -> None:
    chosen = style(languages=("kk", "ru", "en"))

    words = lay_out(1200, 900, chosen).drawing(chosen).words[2:]

    assert [w.language for w in words] == ["kk", "ru", "en"]
    assert len({w.size for w in words}) == 1
    assert words[0].baseline < words[1].baseline < words[2].baseline


def test_the_badge_lines_up_with_the_first_two_lines_of_words(style: MakeStyle) -> None:
    chosen = style()

    above, below, first, second = lay_out(800, 600, chosen).drawing(chosen).words

    assert (above.baseline, below.baseline) == (first.baseline, second.baseline)


@pytest.mark.parametrize("corner", list(Corner))
def test_the_plate_stands_at_its_corner(corner: Corner, style: MakeStyle) -> None:
    x, y, width, height = lay_out(1000, 800, style(corner=corner)).box

    if corner is Corner.BOTTOM_STRIP:
        assert (x, width, y + height) == (0, 1000, 800)
        return
    assert x == (1000 - 50 - width if corner.value.endswith("right") else 50)
    assert y == (800 - 40 - height if corner.value.startswith("bottom") else 40)


@pytest.mark.parametrize("old", [(50, 600, 400, 160), (50, 560, 500, 200), (0, 760, 1000, 240)])
def test_a_new_plate_hides_the_older_one(old: tuple[int, int, int, int], style: MakeStyle) -> None:
    layout = lay_out(1000, 1000, style(operation=Operation.MODIFIED), cover=old)

    x, y, width, height = layout.box
    assert x <= old[0]
    assert y <= old[1]
    assert x + width >= old[0] + old[2]
    assert y + height >= old[1] + old[3]
    assert layout.metrics.cap >= 50


def test_an_older_plate_in_another_corner_is_refused_or_taken_over(style: MakeStyle) -> None:
    old = lay_out(1000, 1000, style(corner=Corner.TOP_RIGHT)).box

    taken = lay_out(1000, 1000, style(), cover=old)

    assert taken.box == old
    with pytest.raises(PolicyUnsatisfiableError, match="hide"):
        lay_out(1000, 1000, style(), cover=(900, 50, 40, 40))


def test_the_form_asked_for_is_the_form_laid_out(style: MakeStyle) -> None:
    forms = [lay_out(4000, 300, style(), form=form).arrangement.form for form in Form]

    assert forms == list(Form)


def test_a_profile_with_larger_letters_goes_below_the_picture(
    profile: Profile, style: MakeStyle
) -> None:
    large = replace(profile, image=replace(profile.image, cap_share=0.12))

    layout = lay_out(800, 800, style(profile=large))

    assert layout.grow > 0
    assert layout.metrics.cap >= 0.12 * min(layout.size)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Создано ИИ", ("Создано", "ИИ")),
        ("AI-generated", ("AI-generated",)),
        ("aa bb cc dd", ("aa bb", "cc dd")),
    ],
)
def test_texts_break_evenly_between_words(text: str, lines: tuple[str, ...]) -> None:
    assert wrap(text) == lines
