"""PDF: what is worked out once for all pages alike is what each page by itself would give."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

from fixtures import documents
from tests.formats.pdf_samples import PAGE, changed, inscribed, judged

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MediaError
from kzmark.formats.pdf import ADAPTER, document, pages
from kzmark.formats.pdf.pages import parted
from kzmark.report import Status

FIRST = 9  # number of the first page
BOXES = ("", "/MediaBox [0 0 595 842]", "/MediaBox [0 0 842 595]", "/MediaBox [9 9 600 850]")
ENTRIES = (
    "/Rotate 90",
    "/CropBox [20 20 500 700]",
    "/UserUnit 2",
    "/Tabs /S",
    "/StructParents 1",
    "/StructParents 2",
    "/Group <</S /Transparency>>",
    "/PieceInfo <</App <</Private <</StructParents 3 /Kids [1 2]>>>>>>",
    "/Zebra [(/StructParents 4 ) <</StructParents 5>>]",
    "/Zulu (/Contents 9 0 R /Annots [ ] >> )",
    "/Zoo /StructParents",
    "/A#42 (an \\( odd \\\\ one)",
    "/Annots [4 0 R]",
    "/Annots [<</Subtype /Square /Rect [0 0 595 842] /F 0>>]",
    "/Annots [<</Subtype /Link /Rect [0 0 595 842] /Contents (at) >>]",
)
RESOURCES = (
    "",
    "/Resources 4 0 R",
    "/Resources <</Font <</F 3 0 R>>>>",
    "/Resources <</Font <</F 3 0 R>> /XObject <<>> >>",
    f"/Resources <</Font <</F 3 0 R>> /Properties <</Long ({'x' * 600})>> >>",
)
CONTENTS = ("", "/Contents 5 0 R", "/Contents [5 0 R 6 0 R]", "/Contents [6 0 R null 5 0 R]")
PLAN = st.tuples(
    st.sampled_from(BOXES),
    st.sampled_from(RESOURCES),
    st.sampled_from(CONTENTS),
    st.lists(st.sampled_from(ENTRIES), max_size=3, unique_by=lambda one: one.split()[0]),
).map(lambda parts: " ".join([*parts[:3], *parts[3]]))


def book(plans: Sequence[str]) -> bytes:
    """Return a PDF of pages of these entries, in two branches of which one turns its pages."""
    numbers = [f"{FIRST + n} 0 R" for n in range(len(plans))]
    half = len(plans) // 2
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [7 0 R 8 0 R] /Count %d /MediaBox [0 0 612 792]>>" % len(plans),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        b"<</Font <</F 3 0 R>>>>",
        documents.stream(b"q 1 0 0 1 0 0 cm " + documents.lines(documents.STORY), packed=True),
        documents.stream(b"0.5 g 72 70 300 1 re f"),
        f"<</Type /Pages /Parent 2 0 R /Kids [{' '.join(numbers[:half])}] /Rotate 180>>".encode(),
        f"<</Type /Pages /Parent 2 0 R /Kids [{' '.join(numbers[half:])}]>>".encode(),
    ]
    objects += [f"<</Type /Page /Parent 2 0 R {plan}>>".encode() for plan in plans]
    return documents.pdf(objects, version="1.7")


def done_one_by_one(data: bytes) -> tuple[bytes, Any]:
    """Return the file with its notice and what is seen of it, no page standing for others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "parted", lambda _: None)
        return done(data)


def done(data: bytes) -> tuple[bytes, Any]:
    marked = inscribed(data)
    return marked, list(ADAPTER.leaves(io.BytesIO(marked), limits=DEFAULT_LIMITS))


@settings(max_examples=40, deadline=None)
@given(st.lists(PLAN, min_size=2, max_size=6), st.booleans())
def test_pages_alike_get_the_very_bytes_that_each_would_get(plans: list[str], twice: bool) -> None:
    data = book([*plans, *plans])
    start = inscribed(data) if twice else data

    found = done(start)

    assert found == done_one_by_one(start)


@pytest.mark.parametrize("name", sorted(documents.MAKERS))
def test_samples_get_the_very_bytes_that_each_page_would_get(name: str) -> None:
    data = documents.MAKERS[name]()

    found = done(data)

    assert found == done_one_by_one(data)


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAN, min_size=2, max_size=2))
def test_pages_of_one_pattern_differ_in_what_was_taken_out_only(plans: list[str]) -> None:
    import pikepdf

    with pikepdf.open(io.BytesIO(book(plans))) as pdf:
        both = [pdf.get_object(FIRST + n, 0) for n in range(2)]
        taken = [parted(page.unparse(resolved=True)) for page in both]
        for page in both:
            for name in ("/Contents", "/Annots", "/StructParents"):
                if name in page:
                    del page[name]
        rest = [page.unparse(resolved=True) for page in both]

    one, other = taken
    assert one is None or other is None or one.pattern != other.pattern or rest[0] == rest[1]


def test_most_pages_are_taken_apart() -> None:
    spelt = b"<< /Annots [ 7 0 R ] /Contents 5 0 R /StructParents 12 /Type /Page >>"

    assert parted(spelt) == (
        b"/StructParents \0 /Type /Page >>",
        b"/Annots [ 7 0 R ] ",
        b"/StructParents 12 ",
    )


@pytest.mark.parametrize(
    "spelt",
    [
        b"<< /ArtBox [ 0 0 9 9 ] /Contents 5 0 R /Type /Page >>",
        b"<< /Annots [ << /Subtype /Link >> ] /Type /Page >>",
        b"<< /Contents [ 5 0 R null ] /Type /Page >>",
        b"null",
    ],
)
def test_a_page_spelt_in_another_way_is_looked_at_by_itself(spelt: bytes) -> None:
    assert parted(spelt) is None


@pytest.mark.parametrize(
    "spelt",
    [
        b"<< /Contents 5 0 R /Zebra (/StructParents 4 ) >>",
        b"<< /Contents 5 0 R /PieceInfo << /StructParents 4 >> >>",
        b"<< /Contents 5 0 R /Names [ /StructParents 4 ] >>",
        b"<< /Contents 5 0 R /StructParents 4 /X << /StructParents 4 >> >>",
    ],
)
def test_a_number_that_may_not_be_the_page_s_own_stays_in_the_pattern(spelt: bytes) -> None:
    found = parted(spelt)

    assert found is not None
    assert found.parents == b""
    assert found.pattern in spelt


def test_an_annotation_over_the_notice_of_one_page_among_many_is_seen() -> None:
    marked = inscribed(documents.book([("/MediaBox [0 0 595 842]", b"")] * 8))

    def cover(pdf: Any) -> None:
        import pikepdf

        white = pdf.make_stream(b"1 g 0 0 2000 2000 re f")
        white.stream_dict.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Form})
        white["/BBox"] = [0, 0, 2000, 2000]
        note = {"Type": pikepdf.Name.Annot, "Subtype": pikepdf.Name.Square, "F": 4}
        drawn = pikepdf.Dictionary(**note, Rect=[0, 0, 2000, 2000])
        drawn["/AP"] = pikepdf.Dictionary(N=white)
        pdf.pages[5].obj["/Annots"] = [pdf.make_indirect(drawn)]

    assert judged(marked).status is Status.PRESENT
    assert judged(changed(marked, cover)).status is Status.BROKEN


def test_content_that_hides_the_notice_of_one_page_among_many_is_seen() -> None:
    marked = inscribed(documents.book([("/MediaBox [0 0 595 842]", b"")] * 8))

    def behind(pdf: Any) -> None:
        page = pdf.pages[6].obj
        page["/Contents"] = [*page["/Contents"], pdf.make_stream(b"1 g 0 0 2000 2000 re f")]

    assert judged(changed(marked, behind)).status is not Status.PRESENT


def test_a_system_without_files_in_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> int:
        raise OSError(f"{name}: not here")

    expected = done(PAGE)
    monkeypatch.setattr(os, "memfd_create", refused, raising=False)

    assert done(PAGE) == expected


def test_a_file_too_large_for_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = done(PAGE)
    monkeypatch.setattr(document, "_SMALL_FILE", 0)

    assert done(PAGE) == expected


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be counted")
def test_no_file_stays_open() -> None:
    def used() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    done(PAGE)
    before = used()
    for data in (PAGE, PAGE[:-40], documents.circle(), b"%PDF-1.4\n"):
        try:
            done(data)
        except MediaError:
            continue

    assert used() == before


def test_what_is_wrong_is_told_without_the_names_of_programs_for_files() -> None:
    with pytest.raises(MediaError) as caught:
        inscribed(PAGE[:300])

    assert "damaged" in caught.value.message
    assert "<" not in caught.value.message
