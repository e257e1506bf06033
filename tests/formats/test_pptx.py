"""PowerPoint: a plate on every slide, judged as it looks."""

import io

import pytest
from fixtures import office
from tests.formats.office_samples import Change, changed, inscribed, judged, parts, swap

from kzmark.report import Status

SLIDE = "ppt/slides/slide1.xml"
RECT = (
    '<p:sp><p:nvSpPr><p:cNvPr id="9" name="r"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="9144000" cy="3000000"/></a:xfrm>{}</p:spPr></p:sp></p:spTree>'
)

HINDRANCES: dict[str, Change] = {
    "ink on ink": swap('<a:srgbClr val="FFFFFF"/>', '<a:srgbClr val="12161C"/>'),
    "letters without colour": swap(
        '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>', "<a:noFill/>"
    ),
    "transparent letters": swap(
        '<a:srgbClr val="FFFFFF"/>', '<a:srgbClr val="FFFFFF"><a:alpha val="2000"/></a:srgbClr>'
    ),
    "small print": swap('sz="1400"', 'sz="300"'),
    "hidden shape": swap('name="kzmark notice"', 'name="x" hidden="1"'),
    "off the slide": swap('<a:off x="0" y="0"/>', '<a:off x="0" y="-9000000"/>'),
    "no size": swap('cy="306070"', 'cy="0"'),
    "covered": swap(
        "</p:spTree>", RECT.format('<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>')
    ),
    "covered by a picture": swap(
        "</p:spTree>",
        '<p:pic><p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="9144000" cy="900000"/></a:xfrm>'
        "</p:spPr></p:pic></p:spTree>",
    ),
    "animated": swap("</p:sld>", '<p:timing><p:spTgt spid="3"/></p:timing></p:sld>'),
    "scaled down": swap("<a:noAutofit/>", '<a:normAutofit fontScale="5000"/>'),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_a_plate_that_a_viewer_cannot_see_is_not_taken_for_one(name: str) -> None:
    marked = inscribed("pptx", office.deck())
    if name == "no size":
        import re

        found = re.search(
            rb'<a:off x="0" y="0"/><a:ext cx="\d+" (cy="\d+")/>', parts(marked)[SLIDE]
        )
        assert found is not None
        hidden = changed(marked, {SLIDE: swap(found[1].decode(), 'cy="0"')})
    elif name == "small print":
        hidden = changed(marked, {SLIDE: lambda data: data.replace(b' sz="', b' sz="1" x="')})
    else:
        hidden = changed(marked, {SLIDE: HINDRANCES[name]})

    assert judged("pptx", marked).status is Status.PRESENT
    assert judged("pptx", hidden).status is not Status.PRESENT


def test_an_empty_frame_over_the_plate_hides_nothing() -> None:
    marked = inscribed("pptx", office.deck())
    framed = changed(marked, {SLIDE: swap("</p:spTree>", RECT.format("<a:noFill/>"))})

    assert judged("pptx", framed).status is Status.PRESENT


def test_a_slide_that_lost_its_plate_is_named() -> None:
    found = judged("pptx", changed(inscribed("pptx", office.deck(3)), {
        SLIDE: lambda _: parts(office.deck(3))[SLIDE]
    }))  # fmt: skip

    assert found.code == "notice.missing-page"


def test_python_pptx_reads_every_slide() -> None:
    pptx = pytest.importorskip("pptx", reason="python-pptx is not installed")
    shown = pptx.Presentation(io.BytesIO(inscribed("pptx", office.deck())))

    for slide in shown.slides:
        ids = [shape.shape_id for shape in slide.shapes]
        assert "Создано ИИ" in slide.shapes[-1].text_frame.text
        assert len(set(ids)) == len(ids)


ROOT = f'<p:presentation xmlns:p="{office.SLIDES}"'
SIZES = '<p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/>'
NOTES = '<p:notesSz cx="1" cy="1"/>'


@pytest.mark.parametrize(
    ("bare", "behind"),
    [
        (f"{ROOT}/>", f"{SIZES}</p:presentation>"),
        (f"{ROOT}><p:sldIdLst/></p:presentation>", f"{SIZES}</p:presentation>"),
        (f"{ROOT}>{NOTES}</p:presentation>", f"{SIZES.partition('<p:notes')[0]}{NOTES}</p:pr"),
        (f"{ROOT}><p:sldMasterIdLst/>{SIZES}</p:presentation>", f"{SIZES}</p:presentation>"),
    ],
)
def test_a_slide_that_is_added_has_a_size_that_every_program_knows(bare: str, behind: str) -> None:
    data = changed(office.deck(0), {"ppt/presentation.xml": bare.encode()})
    marked = inscribed("pptx", data)
    said = parts(marked)["ppt/presentation.xml"].decode()

    _, listed, rest = said.partition("</p:sldIdLst>")
    assert listed
    assert rest.startswith(behind)
    assert said.count("<p:sldId ") == 1
    assert judged("pptx", marked).status is Status.PRESENT
