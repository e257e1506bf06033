"""PDF: what a reader does not see does not count, however it is hidden."""

import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

from fixtures import documents
from tests.formats.pdf_samples import (
    PAGE,
    before,
    behind,
    changed,
    form_of,
    inscribed,
    judged,
    redrawn,
)

from kzmark.report import Status

WHITE = b"1 1 1 rg 0 0 2000 2000 re f"
MARKED = inscribed(PAGE)
Change = Callable[[Any], None]


def recoloured(colour: bytes) -> Change:
    """Give letters and ground one colour."""
    return lambda pdf: redrawn(pdf, lambda data: re.sub(rb"[\d.]+ [\d.]+ [\d.]+ rg", colour, data))


def with_state(state: bytes, **entries: Any) -> Change:
    """Draw the notice under an extended graphics state."""

    def change(pdf: Any) -> None:
        import pikepdf

        resources = pdf.pages[0].obj["/Resources"]
        resources["/ExtGState"] = pikepdf.Dictionary(
            K=pikepdf.Dictionary({f"/{name}": value for name, value in entries.items()})
        )
        last = pdf.pages[0].obj["/Contents"][-1]
        last.write(last.read_bytes().replace(b"/KzmarkNotice Do", state + b" /KzmarkNotice Do"))

    return change


def in_layer(pdf: Any) -> None:
    """Put the form into a layer that is off."""
    import pikepdf

    group = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="notice"))
    form_of(pdf)["/OC"] = group
    pdf.Root["/OCProperties"] = pikepdf.Dictionary(
        OCGs=[group], D=pikepdf.Dictionary(OFF=[group], Order=[group])
    )


def annotated(pdf: Any) -> None:
    """Lay an annotation with a white face over the page."""
    import pikepdf

    face = pdf.make_stream(WHITE)
    face["/Type"], face["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Form
    face["/BBox"] = [0, 0, 595, 842]
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Stamp,
        Rect=[0, 0, 595, 842],
        AP=pikepdf.Dictionary(N=face),
        F=4,
    )
    pdf.pages[0].obj["/Annots"] = [pdf.make_indirect(note)]


def pictured(pdf: Any) -> None:
    """Lay a picture over the page."""
    import pikepdf

    picture = pdf.make_stream(b"\xff\xff\xff")
    picture["/Type"], picture["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Image
    picture["/Width"] = picture["/Height"] = 1
    picture["/BitsPerComponent"], picture["/ColorSpace"] = 8, pikepdf.Name.DeviceRGB
    pdf.pages[0].obj["/Resources"]["/XObject"]["/Cover"] = picture
    behind(pdf, b"q 595 0 0 842 0 0 cm /Cover Do Q")


def cropped(pdf: Any) -> None:
    pdf.pages[0].obj["/CropBox"] = [0, 0, 595, 700]


def sheared(pdf: Any) -> None:
    """Cut the form so that the lower row is lost."""
    form = form_of(pdf)
    left, bottom, right, top = (float(one) for one in form["/BBox"])
    form["/BBox"] = [left, (bottom + top) / 2, right, top]


def covered_by_letters(pdf: Any) -> None:
    """Print large letters over the notice again and again."""
    dots = b" ".join(
        b"BT /F 60 Tf 0 0 0 rg %d 800 Td (MMMMMMMMMM) Tj ET" % x for x in range(0, 60, 7)
    )
    behind(pdf, dots)


HIDDEN: dict[str, Change] = {
    "white on white": recoloured(b"1 1 1 rg"),
    "the ground's own colour": recoloured(b"0.07 0.08 0.11 rg"),
    "invisible letters": lambda pdf: redrawn(pdf, lambda d: d.replace(b"BT ", b"BT 3 Tr ")),
    "a white rectangle over it": lambda pdf: behind(pdf, b"q " + WHITE + b" Q"),
    "a picture over it": pictured,
    "an annotation over it": annotated,
    "letters over it": covered_by_letters,
    "a layer that is off": in_layer,
    "outside the crop box": cropped,
    "off the page": lambda pdf: form_of(pdf).__setitem__("/Matrix", [1, 0, 0, 1, 5000, 0]),
    "clipped away": lambda pdf: before(pdf, b"q 0 0 1 1 re W n"),
    "moved away by what stands before": lambda pdf: before(pdf, b"q 1 0 0 1 5000 5000 cm"),
    "half of it cut off": sheared,
    "drawn as nothing": lambda pdf: redrawn(pdf, lambda d: d.replace(b" Tf", b" Tf 0 Tz")),
    "see-through": with_state(b"/K gs", ca=0.0, CA=0.0),
    "almost see-through": with_state(b"/K gs", ca=0.04, CA=0.04),
}
FAULTY: dict[str, tuple[Change, str]] = {
    "one point": (
        lambda pdf: form_of(pdf).__setitem__("/Matrix", [0.11, 0, 0, 0.11, 100, 700]),
        "notice.too-small",
    ),
    "half its size": (
        lambda pdf: form_of(pdf).__setitem__("/Matrix", [0.5, 0, 0, 0.5, 100, 300]),
        "notice.too-small",
    ),
    "grey on grey": (
        lambda pdf: redrawn(
            pdf, lambda d: d.replace(b"0 0 0 rg", b"").replace(b"1 1 1 rg", b"0.3 0.3 0.3 rg")
        ),
        "notice.too-faint",
    ),
    "half see-through": (with_state(b"/K gs", ca=0.5, CA=0.5), "notice.too-faint"),
}


def test_an_untouched_notice_is_seen() -> None:
    found = judged(MARKED)

    assert (found.status, found.code) == (Status.PRESENT, "")
    assert float(found.facts["points"]) >= 9
    assert float(found.facts["contrast"]) > 7


@pytest.mark.parametrize("how", HIDDEN)
def test_a_hidden_notice_is_not_seen(how: str) -> None:
    found = judged(changed(MARKED, HIDDEN[how]))

    assert found.status is not Status.PRESENT, found
    assert found.code in {"notice.hidden", "notice.too-faint", "notice.not-found"}


@pytest.mark.parametrize("how", FAULTY)
def test_a_notice_below_the_measures_is_told_so(how: str) -> None:
    change, code = FAULTY[how]
    found = judged(changed(MARKED, change))

    assert (found.status, found.code) == (Status.BROKEN, code)


def test_a_page_without_it_is_missed() -> None:
    def lose(pdf: Any) -> None:
        page = pdf.pages[1].obj
        page["/Contents"] = [list(page["/Contents"])[1]]

    found = judged(changed(MARKED, lose))

    assert (found.status, found.code) == (Status.BROKEN, "notice.missing-page")


@pytest.mark.parametrize("options", [{}, {"linearize": True}, {"compress_streams": False}])
def test_a_file_that_was_saved_anew_still_shows_it(options: dict[str, bool]) -> None:
    assert judged(changed(MARKED, lambda _: None, **options)).status is Status.PRESENT


def test_a_notice_in_the_document_s_own_words_counts_as_well() -> None:
    from kzmark.testing import INSCRIPTION

    def flatten(pdf: Any) -> None:  # as another program that knows no forms would write it
        form = form_of(pdf)
        page = pdf.pages[0].obj
        page["/Resources"]["/Font"] = form["/Resources"]["/Font"]
        left, _, _, top = (float(one) for one in form["/BBox"])
        inner = form.read_bytes()
        page["/Contents"] = [pdf.make_stream(b"q " + inner + b" Q")]
        del page["/Resources"]["/XObject"], pdf.pages[1]
        assert left
        assert top

    found = judged(changed(MARKED, flatten))

    assert found.status is Status.PRESENT, (found, INSCRIPTION)


@pytest.mark.parametrize("name", ["page.pdf", "turned.pdf", "dense.pdf", "small.pdf", "tagged.pdf"])
def test_an_unmarked_file_has_no_notice(name: str) -> None:
    assert judged(documents.MAKERS[name]()).status is Status.ABSENT
