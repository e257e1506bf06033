"""EPUB: the notice is the first page, in the spine and in the navigation."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("selectolax", reason="selectolax is not installed")

from fixtures import office
from tests.formats.office_samples import Change, changed, inscribed, judged, parts, swap, written

from kzmark.errors import UnsupportedMediaError
from kzmark.report import Status
from kzmark.vocabulary import Training

PAGE = "OEBPS/kzmark-notice.xhtml"
CHECKER = Path(shutil.which("epubcheck") or "epubcheck")


@pytest.mark.parametrize("version", ["3.0", "2.0"])
def test_the_page_is_first_in_spine_and_navigation(version: str) -> None:
    marked = parts(inscribed("epub", office.epub(version=version)))
    package = marked["OEBPS/book.opf"].decode()
    told = marked["OEBPS/nav.xhtml" if version == "3.0" else "OEBPS/toc.ncx"].decode()

    assert package.index('idref="kzmark-notice"') < package.index('idref="c"')
    assert told.index("kzmark-notice.xhtml") < told.index("text/c.xhtml")
    assert told.count("Создано ИИ") == 1


def test_the_order_of_an_old_navigation_is_counted_anew() -> None:
    told = parts(inscribed("epub", office.epub(version="2.0")))["OEBPS/toc.ncx"].decode()

    assert 'id="kzmark-notice" playOrder="1"' in told
    assert 'id="c" playOrder="2"' in told


HINDRANCES: dict[str, tuple[str, Change]] = {
    "hidden by style": (PAGE, swap("margin:1em 0;", "display:none;")),
    "ink on ink": (PAGE, swap("color:#ffffff", "color:#12161c")),
    "small print": (PAGE, swap("font-size:14pt", "font-size:1pt")),
    "hidden by a sheet": (PAGE, swap("</head>", "<style>section{opacity:0}</style></head>")),
    "not in the order of reading": (
        "OEBPS/book.opf",
        swap('<itemref idref="kzmark-notice"/>', '<itemref idref="kzmark-notice" linear="no"/>'),
    ),
    "not first": (
        "OEBPS/book.opf",
        swap('<itemref idref="kzmark-notice"/><itemref idref="c"/>', '<itemref idref="c"/>'),
    ),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_a_notice_that_a_reader_cannot_see_is_not_taken_for_one(name: str) -> None:
    part, change = HINDRANCES[name]
    marked = inscribed("epub", office.epub())

    assert judged("epub", marked).status is Status.PRESENT
    assert judged("epub", changed(marked, {part: change})).status is not Status.PRESENT


def test_a_sheet_of_the_book_that_hides_the_page_is_followed() -> None:
    marked = inscribed("epub", office.epub())
    linked = '<link rel="stylesheet" href="x.css"/></head>'
    hidden = changed(
        marked, {PAGE: swap("</head>", linked), "OEBPS/x.css": b"section { display: none }"}
    )

    assert judged("epub", hidden).status is not Status.PRESENT


def test_a_book_with_encrypted_text_is_refused_and_one_with_hidden_fonts_is_not() -> None:
    way = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        '<e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'
    )
    locked = way.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc").encode()
    fonts = way.format("http://www.idpf.org/2008/embedding").encode()

    with pytest.raises(UnsupportedMediaError, match="DRM"):
        inscribed("epub", changed(office.epub(), {"META-INF/encryption.xml": locked}))
    assert inscribed("epub", changed(office.epub(), {"META-INF/encryption.xml": fonts}))


@pytest.mark.skipif(not CHECKER.exists() or not shutil.which("java"), reason="no epubcheck")
@pytest.mark.parametrize("version", ["3.0", "2.0"])
def test_epubcheck_finds_nothing(version: str, tmp_path: Path) -> None:
    book = tmp_path / "a.epub"
    data = inscribed("epub", office.epub(version=version))
    book.write_bytes(written("epub", data, training=Training.CONSTRAINED))
    command = ["java", "-jar", str(CHECKER), str(book)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    told = re.findall(r"^(?:ERROR|WARNING)\((.*?)\)", said.stderr, re.MULTILINE)
    assert said.returncode == 0, said.stderr
    assert set(told) <= {"OPF-085"}, said.stderr  # the identifier of the sample itself
