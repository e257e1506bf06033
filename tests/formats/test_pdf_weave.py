"""PDF: words out of two fonts, as programs write them whose font lacks letters of Kazakh."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

from tests.formats.pdf_samples import PAGE, changed, form_of, inscribed, judged, redrawn

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.pdf.document import opened
from kzmark.formats.pdf.pages import pages
from kzmark.formats.pdf.rendering import rendered
from kzmark.formats.pdf.runs import runs
from kzmark.formats.pdf.view import View
from kzmark.formats.pdf.weave import lined
from kzmark.report import Status

MARKED = inscribed(PAGE)
LINE = re.compile(rb"(\S+ \S+ \S+ rg /R 9 Tf [\d.]+ [\d.]+ Td )<([0-9a-f]+)> Tj")
INK, PLATE = b"1 1 1", b"0.0706 0.0863 0.1098"
Painter = Callable[[bytes, list[bytes], list[int], Sequence[bool]], bytes]


def shown(glyphs: list[bytes], widths: list[int], wanted: Sequence[bool]) -> bytes:
    """Show some letters of a line and leave gaps as wide as the others."""
    pairs = zip(glyphs, widths, wanted, strict=True)
    return b"[%s] TJ" % b" ".join(b"<%s>" % g if w else b"%d" % -wide for g, wide, w in pairs)


def in_two(ink: bytes) -> Painter:
    """Paint most letters in one go, those that a font lacks in another, in an ink of their own."""

    def paint(start: bytes, glyphs: list[bytes], widths: list[int], here: Sequence[bool]) -> bytes:
        there = [not one for one in here]
        second = start.replace(INK, ink)
        return b"%s ET BT %s" % (
            start + shown(glyphs, widths, here),
            second + shown(glyphs, widths, there),
        )

    return paint


def doubled(start: bytes, glyphs: list[bytes], widths: list[int], _: Sequence[bool]) -> bytes:
    """Paint letters twice over each other, the second time all but the last."""
    last = len(glyphs) - 1
    every, most = ([n < many for n in range(last + 1)] for many in (last + 1, last))
    twice = shown(glyphs, widths, every), shown(glyphs, widths, most)
    return b"%s ET BT 1 1 Td %s" % (start + twice[0], start + twice[1])


def woven(paint: Painter, lacks: int) -> Callable[[Any], None]:
    """Return the change that paints every line of the notice so; of so many letters one lacks."""

    def change(pdf: Any) -> None:
        font = form_of(pdf)["/Resources"]["/Font"]["/R"]
        first, wide = font["/DescendantFonts"][0]["/W"]
        every = {int(first) + n: int(one) for n, one in enumerate(wide)}

        def line(found: re.Match[bytes]) -> bytes:
            glyphs = [found[2][at : at + 4] for at in range(0, len(found[2]), 4)]
            widths = [every[int(glyph, 16)] for glyph in glyphs]
            here = [bool(n % lacks) for n in range(1, len(glyphs) + 1)]
            return paint(found[1], glyphs, widths, here)

        redrawn(pdf, lambda data: LINE.sub(line, data))

    return change


def read(data: bytes, *, apart: bool = True) -> list[str]:
    """Return the words of the first page, run by run."""
    source = io.BytesIO(data)
    with opened(source, limits=DEFAULT_LIMITS) as document, rendered(io.BytesIO(data)) as book:
        view = View.of(next(iter(pages(document))))
        sheet = book.page(0, view)
        assert sheet is not None
        found = runs(sheet.raw, view)
        return [run.text for run in (lined(found, sheet.raw, view) if apart else found)]


@pytest.mark.parametrize("lacks", [2, 5, 9])
def test_letters_that_fill_the_gaps_of_others_are_read_in_their_places(lacks: int) -> None:
    assert judged(changed(MARKED, woven(in_two(INK), lacks))).status is Status.PRESENT


def test_letters_in_gaps_that_nobody_sees_do_not_count() -> None:
    found = judged(changed(MARKED, woven(in_two(PLATE), 5)))

    assert (found.status, found.code) == (Status.BROKEN, "notice.hidden")


def test_letters_painted_twice_over_each_other_are_not_taken_apart() -> None:
    whole = read(changed(MARKED, woven(doubled, 1)))

    assert len(whole) > len(read(MARKED))
    assert whole == read(changed(MARKED, woven(doubled, 1)), apart=False)


def test_a_page_of_one_font_is_left_as_it_is() -> None:
    assert read(PAGE) == read(PAGE, apart=False)
