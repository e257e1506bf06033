"""OpenDocument: texts, slides and sheets, judged as they look."""

import io

import pytest
from fixtures import office
from tests.formats.office_samples import Change, changed, inscribed, judged, parts, swap, written

import kzmark
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._zip.c2pa import NAME
from kzmark.report import Status


@pytest.mark.parametrize(
    ("name", "part", "change"),
    [
        ("letter.odt", "styles.xml", swap('fo:color="#ffffff"', 'fo:color="#12161c"')),
        ("letter.odt", "styles.xml", swap('fo:font-size="9pt"', 'fo:font-size="2pt"')),
        ("letter.odt", "styles.xml", swap('text:display="true"', 'text:display="none"')),
        ("letter.odt", "styles.xml", swap('style:text-scale="100%"', 'style:text-scale="3%"')),
        ("letter.odt", "styles.xml", swap('fo:line-height="100%"', 'fo:line-height="1pt"')),
        ("letter.odt", "styles.xml", swap('fo:margin-left="0cm"', 'fo:margin-left="90cm"')),
        (
            "letter.odt",
            "styles.xml",
            swap("<style:header>", '<style:header style:display="false">'),
        ),
        ("deck.odp", "content.xml", swap('fo:color="#ffffff"', 'fo:color="#12161c"')),
        ("deck.odp", "content.xml", swap('svg:x="0cm"', 'svg:x="-90cm"')),
        ("deck.odp", "content.xml", swap('draw:layer="layout"', 'draw:display="none"')),
        (
            "deck.odp",
            "content.xml",
            swap(
                "</draw:page>",
                '<draw:rect svg:x="0cm" svg:y="0cm" svg:width="28cm" svg:height="5cm"/>'
                "</draw:page>",
            ),
        ),
        ("book.ods", "content.xml", swap('table:display="true"', 'table:display="false"')),
        ("book.ods", "content.xml", swap('fo:color="#ffffff"', 'fo:color="#12161c"')),
        ("book.ods", "styles.xml", swap('fo:font-size="9pt"', 'fo:font-size="2pt"')),
    ],
)
def test_a_notice_that_a_reader_cannot_see_is_not_taken_for_one(
    name: str, part: str, change: Change
) -> None:
    kind = name.rpartition(".")[2]
    marked = inscribed(kind, office.MAKERS[name]())
    changes: dict[str, Change | bytes | None] = {part: change}
    if kind == "odt":  # without the paragraph before the text
        changes["content.xml"] = parts(office.MAKERS[name]())["content.xml"]

    assert judged(kind, marked).status is Status.PRESENT
    assert judged(kind, changed(marked, changes)).status is not Status.PRESENT


@pytest.mark.parametrize("name", ["letter.odt", "deck.odp", "book.ods"])
def test_other_files_and_the_place_of_the_media_type_stay(name: str) -> None:
    kind, data = name.rpartition(".")[2], office.MAKERS[name]()
    marked = written(kind, inscribed(kind, data))

    assert marked[:100].startswith(data[: 38 + len(parts(data)["mimetype"])])
    assert next(iter(parts(marked))) == "mimetype"
    assert b'full-path="meta.xml"' in parts(marked)["META-INF/manifest.xml"]


def test_a_paragraph_that_begins_a_page_of_its_own_kind_takes_the_words_in() -> None:
    styles = (
        '<office:automatic-styles><style:style style:name="P1" style:family="paragraph" '
        'style:master-page-name="Rest"/></office:automatic-styles><office:body>'
    )
    data = changed(
        office.text(),
        {
            "content.xml": lambda held: held.replace(b"<office:body>", styles.encode()).replace(
                b"<text:p>", b'<text:p text:style-name="P1">', 1
            )
        },
    )
    once = inscribed("odt", data)
    said = parts(once)["content.xml"].decode()

    assert '<text:p text:style-name="P1"><text:span text:style-name="kzmarkI">' in said
    assert judged("odt", once).status is Status.PRESENT
    assert inscribed("odt", once) == once


def test_the_open_sheet_of_the_settings_is_the_notice() -> None:
    settings = (
        '<c:s xmlns:c="urn:oasis:names:tc:opendocument:xmlns:config:1.0"><c:config-item '
        'c:name="ActiveTable">Отчёт</c:config-item></c:s>'
    )
    data = changed(office.sheets(), {"settings.xml": settings.encode()})
    marked = inscribed("ods", data)
    elsewhere = changed(marked, {"settings.xml": settings.encode()})

    assert "ЖИ · AI</c:config-item>" in parts(marked)["settings.xml"].decode()
    assert judged("ods", marked).status is Status.PRESENT
    assert judged("ods", elsewhere).status is not Status.PRESENT


@pytest.mark.parametrize("holder", ["table-row", "table-column"])
def test_cells_look_as_their_row_or_column_says_where_they_say_nothing(holder: str) -> None:
    marked = inscribed("ods", office.MAKERS["book.ods"]())
    default = f'<table:{holder} table:default-cell-style-name="kzmarkCell" '
    plain = swap(' text:style-name="kzmarkP"', "")
    bare = swap('table:style-name="kzmarkCell" ', "")
    dressed = swap(f"<table:{holder} ", default)

    lost = changed(marked, {"content.xml": lambda data: plain(bare(data))})
    moved = changed(marked, {"content.xml": lambda data: dressed(plain(bare(data)))})

    assert judged("ods", lost).code == "notice.too-faint"
    assert judged("ods", moved).status is Status.PRESENT


def test_an_encrypted_document_is_refused_with_a_hint() -> None:
    data = changed(
        office.text(),
        {
            "META-INF/manifest.xml": swap(
                "</manifest:manifest>", "<manifest:encryption-data/></manifest:manifest>"
            )
        },
    )

    with pytest.raises(UnsupportedMediaError, match="encrypted") as caught:
        inscribed("odt", data)
    assert "password" in caught.value.hint


def test_the_manifest_stands_beside_the_file_unless_it_is_asked_for_inside() -> None:
    statement = kzmark.Statement(
        system=kzmark.System(name="T", version="1"), responsible=kzmark.Responsible(name="Т")
    )
    beside = kzmark.Stamper(statement).stamp(office.text())
    inside = kzmark.Stamper(statement, embed_c2pa=True).stamp(office.text())
    assert beside.data
    assert inside.data

    assert NAME not in parts(beside.data)
    assert NAME in parts(inside.data)
    assert "odf.manifest-inside" in inside.notes
    assert kzmark.verify(inside.data).reason.value == "ok"
    broken = bytearray(inside.data)
    broken[len(broken) // 2] ^= 1
    assert kzmark.verify(io.BytesIO(broken)).verdict is not kzmark.Verdict.COMPLIANT
