"""Word: a notice in every header in use and before the text, judged as it looks."""

import io
import re

import pytest
from fixtures import office
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.office_samples import Change, changed, inscribed, judged, parts, swap, written

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.docx.story import STYLE, Story
from kzmark.report import Status

MAIN = "word/document.xml"
OURS = "word/kzmarkHeader.xml"


def lone() -> bytes:
    """Return a Word file of one section that has no header but ours."""
    return office.word("".join(map(office.paragraph, office.STORY)))


def test_every_header_in_use_and_the_text_begin_with_the_notice() -> None:
    marked = parts(inscribed("docx", office.letter()))

    for name in ("word/header1.xml", "word/header2.xml", OURS, MAIN):
        assert marked[name].count(STYLE.encode()) == 1, name
    sections = re.findall(rb"<w:sectPr.*?</w:sectPr>", marked[MAIN], re.DOTALL)
    assert [re.findall(rb'w:type="(\w+)"', one) for one in sections] == [
        [b"first", b"even", b"default"],
        [b"even"],
    ]


def test_parts_that_are_not_touched_stay_packed_as_they_were() -> None:
    data = office.macro()
    marked = written("docx", inscribed("docx", data))
    start = data.index(b"word/vbaProject.bin") - 30
    raw = data[start : data.index(b"PK", start + 4)]

    assert raw in marked


def test_the_text_keeps_every_byte_around_the_notice() -> None:
    before, after = parts(office.letter())[MAIN], parts(inscribed("docx", office.letter()))[MAIN]
    notice = re.search(rb"<w:p><w:pPr><w:pStyle w:val=\"kzmarkNotice\".*?</w:p>", after)
    assert notice is not None
    bare = after.replace(notice[0], b"")

    assert re.sub(rb"<w:headerReference [^>]*rIdKz[^>]*/>", b"", bare) == before


def test_a_text_in_utf_16_with_another_prefix_is_stamped_too() -> None:
    text = (
        parts(lone())[MAIN]
        .decode()
        .replace("w:", "q:")
        .replace("xmlns:w=", "xmlns:q=")
        .replace('encoding="UTF-8"', "")
    )
    data = changed(lone(), {MAIN: text.replace(' standalone="yes"', "").encode("utf-16")})

    assert judged("docx", inscribed("docx", data)).status is Status.PRESENT


bits = st.lists(
    st.sampled_from(
        [
            office.paragraph("жел"),
            "<w:p><w:pPr><w:sectPr/></w:pPr></w:p>",
            '<w:p><w:pPr><w:sectPr w:rsidR="1"><w:titlePg/></w:sectPr></w:pPr></w:p>',
            "<w:sectPr><w:pgSz w:w='1'/><w:sectPrChange><w:sectPr/></w:sectPrChange></w:sectPr>",
            '<w:sectPr\n><w:headerReference w:type="even" r:id="a"/></w:sectPr>',
            "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>",
            "<!-- <w:sectPr/> -->",
            "<w:p><w:r><w:t><![CDATA[<w:sectPr/>]]></w:t></w:r></w:p>",
            f'<w:p><w:pPr><w:pStyle w:val="{STYLE}"/></w:pPr></w:p>',
            '<w:p xmlns:z="urn:z" z:a="&gt;"/>',
        ]
    ),
    max_size=7,
)


@settings(max_examples=120, deadline=None)
@given(pieces=bits)
def test_a_text_that_is_skimmed_is_seen_as_one_that_is_taken_apart(pieces: list[str]) -> None:
    space = f'xmlns:w="{office.WORD}" xmlns:r="{office.REL}"'
    data = f"<w:document {space}><w:body>{''.join(pieces)}</w:body></w:document>".encode()
    fast = Story.of(data, limits=DEFAULT_LIMITS)
    plain = Story.taken_apart(data, limits=DEFAULT_LIMITS)

    def told(story: Story) -> object:
        return (
            [(s.headers, s.has_title, s.with_headers("x")) for s in story.sections],
            [one.removed() for one in story.ours],
            story.body.begun("y"),
            story.end,
        )

    assert told(fast) == told(plain)


HINDRANCES: dict[str, tuple[str, Change]] = {
    "hidden text": ("hidden", swap('<w:vanish w:val="0"/>', "<w:vanish/>")),
    "ink on ink": ("faint", swap('<w:color w:val="FFFFFF"/>', '<w:color w:val="12161C"/>')),
    "a theme's colour": (
        "faint",
        swap('<w:color w:val="FFFFFF"/>', '<w:color w:val="FFFFFF" w:themeColor="text1"/>'),
    ),
    "no ground": ("faint", swap('w:fill="12161C"', 'w:fill="F8F8F8"')),
    "highlighted away": (
        "faint",
        swap('<w:highlight w:val="none"/>', '<w:highlight w:val="white"/>'),
    ),
    "small print": ("too-small", swap('<w:sz w:val="18"/>', '<w:sz w:val="4"/>')),
    "squeezed letters": ("hidden", swap('<w:w w:val="100"/>', '<w:w w:val="5"/>')),
    "a low line": (
        "hidden",
        swap('w:line="240" w:lineRule="auto"', 'w:line="20" w:lineRule="exact"'),
    ),
    "off the page": ("hidden", swap('<w:ind w:left="0"', '<w:ind w:left="31000"')),
    "raised out of sight": (
        "hidden",
        swap('<w:position w:val="0"/>', '<w:position w:val="900"/>'),
    ),
    "a font of pictures": ("hidden", swap('w:hAnsi="Arial"', 'w:hAnsi="Wingdings"')),
    "a frame of no width": (
        "hidden",
        swap("<w:numPr>", '<w:framePr w:w="40" w:h="40" w:hRule="exact"/><w:numPr>'),
    ),
    "deleted by a reviewer": ("not-found", lambda data: _wrapped(data, "w:del")),
}


def _wrapped(data: bytes, tag: str) -> bytes:
    return re.sub(
        rb"<w:r>.*?</w:r>", lambda m: f"<{tag}>".encode() + m[0] + f"</{tag}>".encode(), data
    )


@pytest.mark.parametrize("name", HINDRANCES)
def test_a_notice_that_a_reader_cannot_see_is_not_taken_for_one(name: str) -> None:
    code, change = HINDRANCES[name]
    marked = inscribed("docx", lone())
    hidden = changed(marked, {OURS: change, MAIN: _without_notice})
    found = judged("docx", hidden)

    assert judged("docx", marked).status is Status.PRESENT
    assert found.status is not Status.PRESENT
    assert code in found.code


def _without_notice(data: bytes) -> bytes:
    return re.sub(rb"<w:p><w:pPr><w:pStyle w:val=\"kzmarkNotice\".*?</w:p>", b"", data)


def _anchor(fill: str = "a:solidFill", behind: str = "0") -> str:
    space = (
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        f'xmlns:a="{office.DRAWING}"'
    )
    return (
        f'<w:p><w:r><w:drawing><wp:anchor {space} behindDoc="{behind}"><wp:positionH '
        'relativeFrom="page"><wp:posOffset>0</wp:posOffset></wp:positionH><wp:positionV '
        'relativeFrom="page"><wp:posOffset>0</wp:posOffset></wp:positionV>'
        f'<wp:extent cx="9000000" cy="1500000"/><{fill}/></wp:anchor></w:drawing></w:r></w:p>'
    )


def test_a_shape_over_the_header_hides_it_and_one_behind_does_not() -> None:
    marked = inscribed("docx", lone())
    over = changed(marked, {OURS: swap("</w:hdr>", _anchor() + "</w:hdr>"), MAIN: _without_notice})
    behind = changed(marked, {OURS: swap("</w:hdr>", _anchor(behind="1") + "</w:hdr>")})

    assert judged("docx", over).code == "notice.hidden"
    assert judged("docx", behind).status is Status.PRESENT


def test_a_header_off_the_page_is_hidden() -> None:
    margins = (
        '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="40000"/>'
    )
    marked = inscribed("docx", lone())
    away = changed(
        marked,
        {
            MAIN: lambda data: _without_notice(data).replace(
                b"</w:sectPr>", margins.encode() + b"</w:sectPr>"
            )
        },
    )

    assert judged("docx", away).code == "notice.hidden"


def test_a_section_whose_header_lost_the_notice_is_named() -> None:
    marked = inscribed("docx", office.letter())
    lost = changed(marked, {"word/header1.xml": _without_notice})
    found = judged("docx", lost)

    assert found.status is Status.BROKEN
    assert found.code == "notice.missing-page"


def test_styles_are_followed_through_what_they_are_based_on() -> None:
    styles = (
        f'{office.HEAD}<w:styles xmlns:w="{office.WORD}"><w:style w:type="paragraph" '
        f'w:styleId="{STYLE}"><w:basedOn w:val="Low"/></w:style><w:style w:type="paragraph" '
        'w:styleId="Low"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    )
    data = office.word(office.paragraph("Жел"), {"word/styles.xml": styles}, styles1="styles.xml")
    marked = inscribed("docx", data)
    plain = swap('<w:vanish w:val="0"/>', "")
    hidden = changed(marked, {OURS: plain, MAIN: _without_notice})

    assert judged("docx", marked).status is Status.PRESENT
    assert judged("docx", hidden).code == "notice.hidden"


def test_a_notice_whose_style_another_program_dropped_is_replaced_not_doubled() -> None:
    unstyled = swap(f'<w:pStyle w:val="{STYLE}"/>', "")
    marked = changed(inscribed("docx", lone()), {OURS: unstyled, MAIN: unstyled})
    again = parts(inscribed("docx", marked))

    assert again[MAIN].count("Создано ИИ".encode()) == 1
    assert again[OURS].count("Создано ИИ".encode()) == 1


def test_python_docx_reads_the_notice_and_the_text() -> None:
    docx = pytest.importorskip("docx", reason="python-docx is not installed")
    book = docx.Document(io.BytesIO(written("docx", inscribed("docx", office.letter()))))
    texts = [one.text for one in book.paragraphs]

    assert "Создано ИИ" in texts[0]
    assert texts[1:4] == list(office.STORY)
    assert all("Создано ИИ" in one.header.paragraphs[0].text for one in book.sections)
