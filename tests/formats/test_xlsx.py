"""Excel: a first, open sheet and a header on every printed page; nothing else moves."""

import io
import warnings

import pytest
from fixtures import office
from tests.formats.office_samples import Change, changed, inscribed, judged, parts, swap

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import UnsupportedMediaError
from kzmark.formats.xlsx.book import Around
from kzmark.report import Status
from kzmark.testing import INSCRIPTION

OURS = "xl/worksheets/kzmarkNotice.xml"
REPORT = "xl/worksheets/sheet2.xml"
BOOK = "xl/workbook.xml"


def test_what_counts_sheets_is_put_right_and_cells_stay() -> None:
    before, after = parts(office.book()), parts(inscribed("xlsx", office.book()))
    book = after[BOOK].decode()

    assert book.index('name="ЖИ · AI"') < book.index('name="Данные"') < book.index('name="Отчёт"')
    assert 'name="here" localSheetId="2"' in book
    assert 'activeTab="0"' in book
    assert b'tabSelected="0"' in after[REPORT]
    for name in ("xl/worksheets/sheet1.xml", REPORT):
        rows = before[name][
            before[name].index(b"<sheetData>") : before[name].index(b"</sheetData>")
        ]
        assert rows in after[name]


def test_headers_of_others_stand_behind_the_notice() -> None:
    said = parts(inscribed("xlsx", office.book()))[REPORT].decode()

    assert "&amp;L&amp;9[ЖИ · AI] Жасанды" in said
    assert "Создано ИИ.\n&amp;12 &amp;C \nОтчёт &amp;P</oddHeader>" in said
    assert "Создано ИИ.\n&amp;10&amp;A</firstHeader>" in said
    assert said.index("</headerFooter>") < said.index("<rowBreaks/>")


def test_a_header_without_room_leaves_it_to_the_footer_or_is_refused() -> None:
    full = "x" * 200
    one = changed(office.book(), {REPORT: swap("Отчёт &amp;P", full)})
    both = changed(
        office.book(),
        {REPORT: swap("</oddHeader>", f"{full}</oddHeader><oddFooter>{full}</oddFooter>")},
    )

    assert judged("xlsx", inscribed("xlsx", one)).status is Status.PRESENT
    with pytest.raises(UnsupportedMediaError, match="room"):
        inscribed("xlsx", both)


HINDRANCES: dict[str, tuple[str, Change]] = {
    "another open sheet": (BOOK, swap('activeTab="0"', 'activeTab="1"')),
    "a hidden sheet": (BOOK, swap('name="ЖИ · AI"', 'name="ЖИ · AI" state="hidden"')),
    "a hidden column": (OURS, swap("<col ", '<col hidden="1" ')),
    "a low row": (OURS, swap('ht="30"', 'ht="1"')),
    "scrolled away": (OURS, swap("showGridLines", 'topLeftCell="A40" showGridLines')),
    "a tiny view": (OURS, swap("showGridLines", 'zoomScale="10" showGridLines')),
    "ink on ink": ("xl/styles.xml", swap("FFFFFFFF", "FF12161C")),
    "a header of paper": (REPORT, swap("&amp;9[", "&amp;KFFFFFF&amp;9[")),
    "small print": (REPORT, swap("&amp;9[", "&amp;2[")),
    "no header": (REPORT, swap("Создано ИИ", "")),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_a_notice_that_a_reader_cannot_see_is_not_taken_for_one(name: str) -> None:
    part, change = HINDRANCES[name]
    marked = inscribed("xlsx", office.book())

    assert judged("xlsx", marked).status is Status.PRESENT
    assert judged("xlsx", changed(marked, {part: change})).status is not Status.PRESENT


def test_a_sheet_that_is_passed_over_is_seen_as_one_that_is_taken_apart() -> None:
    for data in (parts(inscribed("xlsx", office.book()))[name] for name in (OURS, REPORT)):
        fast = Around.of(data, limits=DEFAULT_LIMITS, what="a sheet")
        plain = Around._whole(data, DEFAULT_LIMITS, "a sheet")

        assert [(one.name, one.start + fast.shift, one.end + fast.shift) for one in fast.tail] == [
            (one.name, one.start, one.end) for one in plain.tail
        ]
        assert fast.root.name == plain.root.name


def test_openpyxl_reads_formulas_names_and_the_open_sheet() -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(inscribed("xlsx", office.book())))

    assert book.sheetnames == ["ЖИ · AI", "Данные", "Отчёт"]
    assert book.active["A2"].value == INSCRIPTION.lines[0].text + "."
    assert book["Данные"]["B1"].value == "=A1*2"
    assert list(book["Отчёт"].defined_names) == ["here"]
