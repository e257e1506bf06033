"""PDF: the file is the beginning of the new one, the notice is real text on every page."""

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

import pikepdf
import pypdfium2
from fixtures import documents
from tests.formats.pdf_samples import PAGE, STATEMENT, changed, inscribed, judged, written

import kzmark
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats.pdf import ADAPTER
from kzmark.report import Status, Verdict
from kzmark.testing import INSCRIPTION, example_mark

EVERY = sorted(documents.MAKERS)


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    from kzmark.signing.identity import new_identity

    return kzmark.Stamper(STATEMENT, identity=new_identity(tmp_path_factory.mktemp("id") / "id"))


def stamped_by(stamper: kzmark.Stamper, data: bytes, **options: bool) -> bytes:
    found = stamper.stamp(data, **options).data  # type: ignore[arg-type]  # booleans by name
    assert found is not None
    return found


def texts(data: bytes) -> list[str]:
    with pypdfium2.PdfDocument(data) as book:
        return [page.get_textpage().get_text_range() for page in book]


def hybrid() -> bytes:
    """Return a file with a table for old readers and a stream that has one object more."""
    inner = b"8 0 <</Title (Wind)>>"
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        documents.stream(documents.lines(documents.STORY)),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        documents.stream(inner, b"/Type /ObjStm /N 1 /First 4"),
        documents.stream(
            b"\2\0\0\0\6\0", b"/Type /XRef /Size 9 /W [1 4 1] /Index [8 1] /Root 1 0 R"
        ),
    ]
    draft = documents.pdf(objects, more=b"/Info 8 0 R /XRefStm 0000000000")
    place = draft.index(b"7 0 obj")
    return draft.replace(b"/XRefStm 0000000000", b"/XRefStm %010d" % place).replace(
        b"/Size 8 /Root", b"/Size 9 /Root"
    )


def test_a_file_with_both_kinds_of_tables_keeps_both() -> None:
    data = hybrid()
    marked = written(inscribed(data))

    assert marked.startswith(data)
    assert b"\nxref\n" in marked[len(data) :]
    with pikepdf.open(io.BytesIO(marked), attempt_recovery=False) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Wind"
    assert judged(marked).status is Status.PRESENT


@pytest.mark.parametrize("name", EVERY)
def test_the_file_is_the_beginning_of_the_stamped_one(name: str, stamper: kzmark.Stamper) -> None:
    clean = documents.MAKERS[name]()
    stamped = stamped_by(stamper, clean)

    assert stamped.startswith(clean)
    assert kzmark.verify(stamped).verdict is Verdict.COMPLIANT


@pytest.mark.parametrize("name", EVERY)
def test_every_page_says_it_in_letters_that_can_be_copied(name: str) -> None:
    for text in texts(inscribed(documents.MAKERS[name]())):
        plain = " ".join(text.split())
        assert all(line.text in plain for line in INSCRIPTION.lines)


def test_all_kazakh_letters_copy_out_as_they_went_in() -> None:
    from dataclasses import replace

    letters = "ӘәҒғҚқҢңӨөҰұҮүҺһІі Ёё Йй"
    line = replace(INSCRIPTION.lines[0], text=letters)
    marked = inscribed(PAGE, inscription=replace(INSCRIPTION, lines=(line,)))

    assert letters in texts(marked)[0]


def test_the_first_page_only_is_marked_if_that_is_wanted() -> None:
    from dataclasses import replace

    marked = inscribed(PAGE, inscription=replace(INSCRIPTION, pages="first"))
    first, second = texts(marked)

    assert INSCRIPTION.lines[0].text in first
    assert INSCRIPTION.lines[0].text not in second


@pytest.mark.parametrize("name", EVERY)
def test_qpdf_finds_nothing_to_complain_of(
    name: str, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    if shutil.which("qpdf") is None:
        pytest.skip("qpdf is not installed")
    target = tmp_path / "a.pdf"
    target.write_bytes(stamped_by(stamper, documents.MAKERS[name]()))
    told = subprocess.run(["qpdf", "--check", target], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr


def test_stamping_again_with_another_mark_does_not_pile_up(stamper: kzmark.Stamper) -> None:
    once = stamped_by(stamper, PAGE)
    other = kzmark.Statement(
        system=kzmark.System(name="Other", version="2"), responsible=STATEMENT.responsible
    )
    second = kzmark.Stamper(other, identity=stamper.identity)
    twice = stamped_by(second, once, replace=True)

    assert twice.startswith(PAGE)
    assert kzmark.verify(twice).verdict is Verdict.COMPLIANT
    assert texts(twice)[0].count(INSCRIPTION.lines[0].text) == 1
    assert len(twice) - len(once) < 6_000  # the manifest of the first stamping, kept


def test_what_others_appended_behind_our_stamp_stays() -> None:
    marked = written(inscribed(PAGE))
    later = marked + b"% somebody's comment\n"
    again = inscribed(later)

    assert again.startswith(later)
    assert texts(again)[0].count(INSCRIPTION.lines[0].text) == 1


def test_a_notice_is_known_again_after_another_program_saved_the_file() -> None:
    saved = changed(inscribed(PAGE), lambda _: None)
    again = inscribed(saved)

    assert texts(again)[0].count(INSCRIPTION.lines[0].text) == 1
    assert judged(again).status is Status.PRESENT


def test_graphics_states_left_open_by_others_do_not_carry_over() -> None:
    size = "/MediaBox [0 0 595 842]"
    rough = [b"q q 0.1 0 0 0.1 0 0 cm ", b"Q Q ", b"/Span BMC q 5 0 0 5 0 0 cm ", b"BT 3 Tr "]
    data = documents.book([(size, one + documents.lines(documents.STORY)) for one in rough])

    assert judged(inscribed(data)).status is Status.PRESENT


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_plate_is_upright_at_the_top_of_a_turned_page(turn: int) -> None:
    page = f"/MediaBox [-30 40 565 882] /CropBox [0 60 500 800] /Rotate {turn}"
    marked = inscribed(documents.book([(page, b"")]))
    with pypdfium2.PdfDocument(marked) as book:
        shot = book[0].render(scale=1, grayscale=True).to_numpy().squeeze()
    dark = (shot < 128).nonzero()

    assert dark[0].max() < 50
    assert dark[1].max() - dark[1].min() > 3 * (dark[0].max() - dark[0].min())
    assert judged(marked).status is Status.PRESENT


def test_a_page_without_room_grows_and_what_it_hid_stays_hidden() -> None:
    full = documents.lines(documents.STORY * 30, x=-300, y=860, size=9)
    wide = documents.lines(["x" * 300] * 90, x=-20, y=860, size=9)
    page = "/MediaBox [0 0 595 900] /CropBox [0 0 595 842]"
    data = documents.book([(page, full + b" " + wide)])
    marked = inscribed(data)
    with pypdfium2.PdfDocument(data) as old, pypdfium2.PdfDocument(marked) as new:
        before = old[0].render(scale=1).to_numpy()
        after = new[0].render(scale=1).to_numpy()

    assert after.shape[0] > before.shape[0]
    assert (after[-before.shape[0] :] == before).all()
    assert judged(marked).status is Status.PRESENT


def test_what_stands_on_a_page_is_not_covered() -> None:
    for name in EVERY:
        data = documents.MAKERS[name]()
        for old, new in zip(texts(data), texts(inscribed(data)), strict=True):
            assert re.sub(r"\s", "", old) in re.sub(r"\s", "", new)


def test_a_tagged_file_says_it_once_to_a_screen_reader() -> None:
    with pikepdf.open(io.BytesIO(inscribed(documents.tagged()))) as pdf:
        root = pdf.Root["/StructTreeRoot"]
        first = root["/K"]["/K"][0] if "/K" in root["/K"] else root["/K"][0]
        parents = root["/ParentTree"]["/Nums"][1]
        content = pdf.pages[0].obj["/Contents"][-1].read_bytes()

        assert first["/S"] == "/P"
        assert parents[int(first["/K"])].objgen == first.objgen
        assert b"/MCID %d>> BDC /KzmarkNotice Do EMC" % int(first["/K"]) in content


def test_pdf_a_keeps_its_claim_and_describes_what_is_new() -> None:
    with pikepdf.open(io.BytesIO(written(inscribed(documents.tagged())))) as pdf:
        packet = pdf.Root["/Metadata"].read_bytes()
        fonts = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary)]

    assert b"<pdfaid:part>3</pdfaid:part>" in packet
    assert b"pdfaSchema:namespaceURI" in packet
    assert packet.count(b"iptc.org/std/Iptc4xmpExt/2008-02-29/") >= 2
    assert any("/FontFile2" in one for one in fonts if len(one) > 4)


def test_pdf_a_4_has_no_information_dictionary() -> None:
    data = documents.tagged().replace(b"<pdfaid:part>3<", b"<pdfaid:part>4<")
    data = data.replace(b"/Info 11 0 R", b"            ")
    marked = written(data)
    with pikepdf.open(io.BytesIO(marked)) as pdf:
        assert "/Info" not in pdf.trailer
    found = ADAPTER.read(io.BytesIO(marked), limits=DEFAULT_LIMITS)

    assert {one.mark for one in found} == {example_mark(ADAPTER)}


def test_an_encrypted_file_is_refused() -> None:
    for user in ("", "geheim"):
        lock = pikepdf.Encryption(owner="o", user=user)
        with pytest.raises(UnsupportedMediaError, match="encrypted"):
            inscribed(changed(PAGE, lambda _: None, encryption=lock))


def test_a_certified_file_is_refused_and_a_signed_one_is_told() -> None:
    def certified(pdf: Any) -> None:
        pdf.Root["/Perms"] = pikepdf.Dictionary(DocMDP=pikepdf.Dictionary(Type=pikepdf.Name.Sig))

    def signed(pdf: Any) -> None:
        field = pikepdf.Dictionary(
            FT=pikepdf.Name.Sig, T="s", V=pikepdf.Dictionary(Type=pikepdf.Name.Sig)
        )
        pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)], SigFlags=3)

    with pytest.raises(UnsupportedMediaError, match="certifying"):
        inscribed(changed(PAGE, certified))
    notes = ADAPTER.inscribe(
        io.BytesIO(changed(PAGE, signed)), io.BytesIO(), INSCRIPTION, limits=DEFAULT_LIMITS
    )

    assert "pdf.signature-outdated" in notes


def test_files_whose_pages_are_not_what_is_read_are_refused() -> None:
    def portfolio(pdf: Any) -> None:
        pdf.Root["/Collection"] = pikepdf.Dictionary()

    def dynamic(pdf: Any) -> None:
        pdf.Root["/NeedsRendering"] = True

    for change in (portfolio, dynamic):
        with pytest.raises(UnsupportedMediaError):
            inscribed(changed(PAGE, change))


def test_a_broken_table_of_objects_is_refused_with_a_way_out() -> None:
    with pytest.raises(MalformedMediaError) as caught:
        inscribed(PAGE.replace(b"startxref\n", b"startxref\n1"))

    assert caught.value.hint


def test_what_stood_in_the_packet_and_the_information_stays() -> None:
    with pikepdf.open(io.BytesIO(written(documents.tagged()))) as pdf:
        assert b"Wind" in pdf.Root["/Metadata"].read_bytes()
        assert str(pdf.docinfo["/Title"]) == "Wind"
        assert str(pdf.docinfo["/DigitalSourceType"]).endswith("trainedAlgorithmicMedia")


def test_a_page_tree_in_a_circle_and_a_bomb_are_refused() -> None:
    with pytest.raises(MalformedMediaError):
        inscribed(documents.circle())
    bomb = documents.bomb()
    with pytest.raises(LimitExceededError):
        ADAPTER.read(io.BytesIO(bomb), limits=Limits(max_metadata=1 << 20))
    with pytest.raises(LimitExceededError):
        list(ADAPTER.leaves(io.BytesIO(bomb), limits=DEFAULT_LIMITS))


def test_more_pages_than_the_limit_are_refused() -> None:
    with pytest.raises(LimitExceededError, match="pages"):
        inscribed(PAGE, limits=Limits(max_pages=1))


def test_pages_alike_share_one_form() -> None:
    page = ("/MediaBox [0 0 595 842]", documents.lines(documents.STORY))
    many, few = documents.book([page] * 200), documents.book([page] * 100)
    more = len(inscribed(many)) - len(many) - (len(inscribed(few)) - len(few))

    assert more < 100 * 250  # bytes a page: its dictionary and a row of the table


@pytest.mark.parametrize("where", range(0, 100, 3))
def test_a_byte_changed_anywhere_is_noticed(where: int, stamper: kzmark.Stamper) -> None:
    data = bytearray(stamped_by(stamper, PAGE))
    data[len(data) * where // 100] ^= 0x15

    assert kzmark.verify(bytes(data)).verdict is not Verdict.COMPLIANT
