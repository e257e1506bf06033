"""Print headers of sheets: nothing of others is printed over the notice."""

import re

import pytest
from fixtures import office
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.office_samples import changed, inscribed, judged, parts

from kzmark.formats.xlsx import headers, printed
from kzmark.formats.xlsx.headers import _begun, _without
from kzmark.report import Status
from kzmark.testing import INSCRIPTION

SHEET = "xl/worksheets/sheet2.xml"
OLD = "&amp;L&amp;9[ЖИ · AI] Жасанды интеллект жүйесі жасаған. Создано ИИ."
HEAD = "<style:header>{}</style:header>"
REGION = "<style:region-{0}><text:p>{1}</text:p></style:region-{0}>"


def headed(said: str, kinds: str = "") -> bytes:
    fresh = f"<headerFooter{kinds}>{said}</headerFooter>".encode()
    return changed(
        office.book(),
        {SHEET: lambda data: re.sub(rb"<headerFooter.*</headerFooter>", lambda _: fresh, data)},
    )


@pytest.mark.parametrize("other", ["C&amp;A", "CПлан &amp;P", "C&amp;G", "CИтоги 2026&amp;R1"])
@pytest.mark.parametrize("kind", ["odd", "even", "first"])
def test_a_notice_that_others_words_are_printed_over_is_hidden(kind: str, other: str) -> None:
    kinds = ' differentOddEven="1" differentFirst="1"'
    plain = "".join(
        f"<{one}Header>{OLD}{'&amp;' + other if one == kind else ''}</{one}Header>"
        for one in ("odd", "even", "first")
    )
    marked = inscribed("xlsx", office.book())
    over = changed(marked, {SHEET: parts(headed(plain, kinds))[SHEET]})

    assert judged("xlsx", over).code == "notice.hidden"


def test_a_short_word_at_the_far_side_is_not_printed_over_the_notice() -> None:
    header = printed.lines("&L&9[ЖИ · AI] Жасанды интеллект&R&P")

    assert [one.hidden for one in printed.passages(header, 494.0)] == [""]


@pytest.mark.parametrize(
    "said",
    [
        "<oddHeader>&amp;C&amp;A</oddHeader>",
        "<oddHeader>&amp;L2026&amp;CПлан&amp;RСтр. &amp;P</oddHeader>",
        "<oddHeader>&amp;Ca\nb\nc</oddHeader>",
        "<oddHeader>&amp;C&amp;24Итоги</oddHeader><oddFooter>&amp;CСтр.\n&amp;P</oddFooter>",
    ],
)
def test_words_of_others_stand_on_other_lines_and_a_second_stamp_changes_nothing(said: str) -> None:
    once = inscribed("xlsx", headed(said))

    assert judged("xlsx", once).status is Status.PRESENT
    assert parts(inscribed("xlsx", once)) == parts(once)


def test_line_ends_that_are_spelt_in_letters_are_line_ends() -> None:
    once = inscribed("xlsx", headed("<oddHeader>&amp;CПлан</oddHeader>"))
    spelt = changed(once, {SHEET: lambda data: re.sub(b"\n(?!<)", b"_x000a_", data)})

    assert judged("xlsx", spelt).status is Status.PRESENT
    assert parts(inscribed("xlsx", spelt))[SHEET] == parts(once)[SHEET]


def test_a_high_header_leaves_the_notice_to_a_free_footer() -> None:
    said = parts(inscribed("xlsx", headed("<oddHeader>&amp;C&amp;24Итоги</oddHeader>")))[SHEET]

    assert "<oddHeader>&amp;C&amp;24Итоги</oddHeader><oddFooter>&amp;L&amp;9[ЖИ".encode() in said


PIECE = st.sampled_from(["a", "7", "\n", "&&", "&P", "&8", "&24", '&"Arial,Bold"', "план", " "])
PART = st.lists(PIECE, max_size=5).map("".join).filter(lambda said: said[:1] != " ")


@settings(max_examples=150, deadline=None)
@given(PART, PART, PART)
def test_taking_the_notice_out_of_a_header_gives_the_header_of_before(
    left: str, middle: str, right: str
) -> None:
    parted = (("L", left), ("C", middle), ("R", right))
    said = "".join(f"&{name}{one}" for name, one in parted if one)
    fresh = _begun(said, INSCRIPTION)
    seen = [*printed.passages(printed.lines(fresh), 494.0)]
    seen += printed.passages(printed.lines(fresh, is_footer=True), 494.0)

    assert _without(fresh, INSCRIPTION) == said
    assert not [one.text for one in seen if "Жасанды" in one.text and one.hidden]


def test_headers_of_a_sheet_without_any_are_the_notice_alone() -> None:
    assert headers.with_notice(None, INSCRIPTION) == {"oddHeader": f"&L&9{INSCRIPTION.text}"}


def spread(*regions: tuple[str, str]) -> bytes:
    said = HEAD.format("".join(REGION.format(*one) for one in regions))
    marked = inscribed("ods", office.sheets())
    styles = parts(marked)["styles.xml"].decode()
    bare = re.sub(r"<style:header>.*?</style:header>", lambda _: said, styles, flags=re.DOTALL)
    return changed(office.sheets(), {"styles.xml": bare.encode()})


@pytest.mark.parametrize(
    "regions",
    [
        (("left", "a"), ("center", "Итоги года"), ("right", "1")),
        (("center", "Итоги года"), ("right", "1")),
        (("left", ""), ("center", "a</text:p><text:p>b"), ("right", "")),
    ],
)
def test_regions_of_a_spreadsheet_are_moved_a_line_down(
    regions: tuple[tuple[str, str], ...],
) -> None:
    once = inscribed("ods", spread(*regions))

    assert judged("ods", once).status is Status.PRESENT
    assert inscribed("ods", once) == once


def test_a_region_on_the_line_of_the_notice_hides_it() -> None:
    once = inscribed("ods", spread(("left", "a"), ("center", "Итоги года"), ("right", "1")))
    moved = re.compile(rb"<style:region-center><text:p [^>]*>(?:</text:p>)?")
    over = changed(once, {"styles.xml": lambda data: moved.sub(b"<style:region-center>", data)})

    assert judged("ods", over).code == "notice.hidden"
