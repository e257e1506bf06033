"""PDF: a notice that another program printed anew is found by its words alone."""

import io
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

from fixtures import documents
from tests.formats.pdf_samples import changed, inscribed, judged

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._text import Line
from kzmark.formats.pdf import ADAPTER, space
from kzmark.formats.pdf.blocks import ordered
from kzmark.formats.pdf.runs import Run
from kzmark.formats.pdf.space import SPOTS, Spot
from kzmark.notices import words
from kzmark.profile import load
from kzmark.report import Evidence, Status
from kzmark.testing import INSCRIPTION
from kzmark.vocabulary import Operation

LINES = tuple(Line(load().wording(n, Operation.CREATED).full, n) for n in load().languages)
NOTICE = replace(INSCRIPTION, lines=LINES)
A4 = "/MediaBox [0 0 595 842]"
COLUMNS = {0.0: (10, 240, 420), 0.5: (200, 10, 420), 1.0: (400, 10, 190)}  # the notice's own first
SIZES = (7.0, 9.0, 12.0, 20.0)


def page(spot: Spot, size: float) -> bytes:
    """Return a page full of words from edge to edge but for the place of the notice."""
    own, *beside = COLUMNS[spot.across]
    long = ["The wind " if size > 15 else "The wind moved the gr"] * 300
    high, low = (780, 6) if spot.high else (834, 62)
    content = [
        documents.lines(long[: int((high - low) / size / 1.4)], x=own, y=high, size=size),
        *(
            documents.lines(long[: int(826 / size / 1.4)], x=x, y=836 - size, size=size)
            for x in beside
        ),
    ]
    return documents.book([(A4, b"\n".join(content))])


def print_anew(pdf: Any) -> None:
    """Write the notice among the words of the page, as programs do that know no forms."""
    for one in pdf.pages:
        resources = one.obj["/Resources"]
        form = resources["/XObject"]["/KzmarkNotice"]
        for name, font in form["/Resources"]["/Font"].items():
            resources["/Font"][name] = font
        del resources["/XObject"]
        turn = " ".join(str(number) for number in form["/Matrix"])
        drawn = b"q %s cm\n%s\nQ" % (turn.encode(), form.read_bytes())
        body = [part for part in one.obj["/Contents"] if "/Kzmark" not in part]
        one.obj["/Contents"] = [*body, pdf.make_stream(drawn)]


def found(data: bytes) -> Evidence:
    return words.find(
        ADAPTER.leaves(io.BytesIO(data), limits=DEFAULT_LIMITS), profile=load(), mark=None
    )


@pytest.fixture
def put_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say where the next notice goes."""

    def put(spot: Spot) -> None:
        monkeypatch.setattr(space, "chosen", lambda *_: {0: spot})

    return put


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spot", SPOTS)
def test_a_notice_printed_anew_is_found_beside_words_on_its_level(
    spot: Spot, size: float, put_at: Any
) -> None:
    put_at(spot)
    seen = found(changed(inscribed(page(spot, size), inscription=NOTICE), print_anew))

    assert (seen.status, seen.code) == (Status.PRESENT, ""), seen


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("spot", [SPOTS[0], SPOTS[4]])
def test_a_notice_printed_anew_is_found_on_a_page_that_was_turned(
    spot: Spot, turn: int, put_at: Any
) -> None:
    def turned(pdf: Any) -> None:
        print_anew(pdf)
        pdf.pages[0].obj["/Rotate"] = turn

    put_at(spot)
    seen = found(changed(inscribed(page(spot, 9), inscription=NOTICE), turned))

    assert (seen.status, seen.code) == (Status.PRESENT, ""), seen


def test_our_own_notice_is_found_on_a_page_that_was_turned() -> None:
    marked = inscribed(documents.plain())

    def turned(pdf: Any) -> None:
        for one in pdf.pages:
            one.obj["/Rotate"] = 90

    assert judged(changed(marked, turned)).status is Status.PRESENT


def test_words_of_a_notice_in_the_wrong_order_are_none(put_at: Any) -> None:
    put_at(SPOTS[0])

    def apart(pdf: Any) -> None:
        print_anew(pdf)
        one = pdf.pages[0].obj
        last = one["/Contents"][-1]
        data = last.read_bytes()
        first, second = [row for row in data.split(b"\n") if b"/R " in row]
        data = data.replace(first, b"@").replace(second, first.replace(b" 9 Tf", b" 9 Tf 0 -40 Td"))
        last.write(data.replace(b"@", second))

    assert (
        found(changed(inscribed(page(SPOTS[0], 9), inscription=NOTICE), apart)).status
        is not Status.PRESENT
    )


def run(text: str, left: float, foot: float, *, size: float = 9, wide: float = 100) -> Run:
    box = (left, foot, left + wide, foot + 0.7 * size)
    return Run(None, text, box, size, 0, (box[1] + box[3]) / 2)


def read(*given: Run) -> str:
    return " ".join(one.text for one in ordered(given, (595, 842)))


def test_a_block_at_the_foot_is_read_from_its_top() -> None:
    assert read(run("b", 10, 10), run("a", 10, 22), run("head", 10, 700)) == "a b head"


def test_words_beside_a_block_do_not_come_between_its_lines() -> None:
    assert read(run("x", 200, 21), run("b", 10, 10), run("y", 200, 9), run("a", 10, 22)) in {
        "x y a b",
        "a b x y",
    }


def test_a_wider_pitch_parts_two_blocks() -> None:
    column = [run(str(n), 10, 40 + 16 * n) for n in range(20, -1, -1)]

    assert read(*column, run("a", 10, 22), run("b", 10, 10)).startswith("a b ")


def test_a_long_block_is_met_at_both_ends() -> None:
    column = [run(str(n), 10, 822 - 12 * n) for n in range(68)]
    met = read(*column).split()

    assert met[:8] == ["0", "1", "2", "3", "64", "65", "66", "67"]
    assert sorted(map(int, met)) == list(range(68))
