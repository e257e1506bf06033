"""Slides: the plate stands where nothing else does."""

import dataclasses
import io
import re

import pytest
from fixtures import office
from tests.formats.office_samples import changed, inscribed, judged, parts

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats import adapter
from kzmark.formats._ooxml.spots import Plate, spots
from kzmark.formats._text import Inscribes
from kzmark.report import Status
from kzmark.testing import INSCRIPTION
from kzmark.vocabulary import Corner

SIZE = (1000.0, 700.0)
PLATE = Plate(400, 40, 14, 1)
TITLE = (100.0, 10.0, 900.0, 150.0)
FOOT = (0.0, 650.0, 900.0, 700.0)


def stamped(kind: str, data: bytes, corner: Corner) -> tuple[bytes, tuple[str, ...]]:
    target, one = io.BytesIO(), adapter(kind)
    assert isinstance(one, Inscribes)
    words = dataclasses.replace(INSCRIPTION, corner=corner)
    notes = one.inscribe(io.BytesIO(data), target, words, limits=DEFAULT_LIMITS)
    return target.getvalue(), tuple(notes)


def place(kind: str, data: bytes, part: str) -> tuple[bool, bool]:
    """Say whether the plate of a slide stands at the right, and below."""
    said = parts(data)[part].decode()
    said = said[said.index("kzmark notice") :]
    found = re.search(
        r'<a:off x="(\d+)" y="(\d+)"' if kind == "pptx" else r'svg:x="([\d.]+)\w+" svg:y="([\d.]+)',
        said,
    )
    assert found is not None
    return float(found[1]) > 0, float(found[2]) > 0


PARTS = {"pptx": "ppt/slides/slide1.xml", "odp": "content.xml"}
MADE = {"pptx": office.deck, "odp": office.MAKERS["deck.odp"]}


@pytest.mark.parametrize("kind", ["pptx", "odp"])
@pytest.mark.parametrize("corner", Corner)
def test_the_corner_that_is_asked_for_is_taken_where_it_is_free(kind: str, corner: Corner) -> None:
    marked, notes = stamped(kind, MADE[kind](), corner)

    right = corner in {Corner.TOP_RIGHT, Corner.BOTTOM_RIGHT}
    bottom = corner in {Corner.BOTTOM_LEFT, Corner.BOTTOM_RIGHT, Corner.BOTTOM_STRIP}
    assert place(kind, marked, PARTS[kind]) == (right, bottom)
    assert not notes
    assert judged(kind, marked).status is Status.PRESENT
    assert parts(stamped(kind, marked, corner)[0]) == parts(marked)


def test_all_slides_have_the_plate_in_one_corner_where_one_is_free_on_all() -> None:
    found, covered = spots([[], [TITLE]], [PLATE], corner=Corner.TOP_LEFT, size=SIZE)

    assert not covered
    assert [(one.x, one.y) for one in found] == [(0, 660), (0, 660)]


def test_slides_differ_where_no_corner_is_free_on_all() -> None:
    found, covered = spots([[FOOT], [TITLE]], [PLATE], corner=Corner.TOP_LEFT, size=SIZE)

    assert not covered
    assert [(one.x, one.y) for one in found] == [(0, 0), (0, 660)]


def test_a_slide_without_a_free_corner_has_the_least_covered_and_a_note() -> None:
    full = (FOOT[0], FOOT[1], 1000.0, FOOT[3])
    found, covered = spots([[TITLE, full]], [PLATE], corner=Corner.TOP_LEFT, size=SIZE)

    assert covered
    assert (found[0].x, found[0].y) == (0, 0)


def test_a_backdrop_is_left_out_of_account() -> None:
    found, covered = spots([[(0, 0, *SIZE)]], [PLATE], corner=Corner.TOP_RIGHT, size=SIZE)

    assert not covered
    assert (found[0].x, found[0].y) == (600, 0)


def high(data: bytes) -> bytes:
    """Return the deck with titles at the upper edge."""
    return data.replace(b'y="365125"', b'y="0"')


def test_a_title_at_the_upper_edge_is_not_covered() -> None:
    slides = {f"ppt/slides/slide{n}.xml": high for n in range(2)}
    deck = changed(office.deck(), slides)
    marked, notes = stamped("pptx", deck, Corner.TOP_LEFT)

    assert place("pptx", marked, PARTS["pptx"]) == (False, True)
    assert not notes
    assert judged("pptx", marked).status is Status.PRESENT


def test_a_deck_stamped_earlier_over_its_title_still_has_its_notice() -> None:
    marked = inscribed("pptx", office.deck())
    slides = {f"ppt/slides/slide{n}.xml": high for n in range(2)}

    assert judged("pptx", changed(marked, slides)).status is Status.PRESENT


def test_a_notice_at_the_foot_of_a_slide_of_many_words_is_seen_at_once() -> None:
    long = changed(
        office.deck(1),
        {"ppt/slides/slide0.xml": lambda data: data.replace(b"<a:t>", b"<a:t>" + b"word " * 300)},
    )
    marked, _ = stamped("pptx", long, Corner.BOTTOM_RIGHT)

    assert judged("pptx", marked).status is Status.PRESENT


def test_a_title_that_stands_where_its_layout_says_is_not_covered() -> None:
    pptx = pytest.importorskip("pptx", reason="python-pptx is not installed")
    shown, target = pptx.Presentation(), io.BytesIO()
    slide = shown.slides.add_slide(shown.slide_layouts[1])
    slide.shapes.title.text = "Тоқсандық есеп: медиа нарығы 2026"
    slide.placeholders[1].text = "Бірінші"
    shown.save(target)
    marked, notes = stamped("pptx", target.getvalue(), Corner.TOP_LEFT)

    assert place("pptx", marked, "ppt/slides/slide1.xml") == (False, True)
    assert not notes
