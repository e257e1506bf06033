"""What a mark says of training AI models: in every layer that has words for it, and only ours."""

import io
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures import documents, office
from tests.formats.office_samples import changed, parts, swap

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats import all_adapters
from kzmark.formats._base import Adapter
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark, Responsible
from kzmark.report import Evidence
from kzmark.testing import example_mark
from kzmark.vocabulary import Layer, Training

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
WORDED = frozenset(  # layers with words of the field beside the record
    {Layer.XMP, Layer.ID3, Layer.VORBIS, Layer.MATROSKA, Layer.OOXML, Layer.ODF, Layer.EPUB}
    | {Layer.PDF}
)
TERM = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
OWNER = Responsible(name="ТОО «Пример»", contact="ai@example.kz")


def file_of(adapter: Adapter) -> bytes:
    """Return a small clean file of a format."""
    names = [path for path in sorted(CLEAN.iterdir()) if path.suffix in adapter.info.extensions]
    small = sorted(names, key=lambda path: path.stat().st_size)
    if not small:
        pytest.skip(f"no clean {adapter.info.name}")
    return small[0].read_bytes()


def mark_of(adapter: Adapter, permission: Training | None) -> Mark:
    return replace(example_mark(adapter), training=permission, responsible=OWNER)


def written(adapter: Adapter, data: bytes, permission: Training | None) -> bytes:
    target = io.BytesIO()
    mark = mark_of(adapter, permission)
    adapter.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def read(adapter: Adapter, data: bytes) -> Sequence[Evidence]:
    return adapter.read(io.BytesIO(data), limits=DEFAULT_LIMITS)


def named(name: str) -> Adapter:
    return next(one for one in all_adapters() if one.info.name == name)


with_words = pytest.mark.parametrize(
    "adapter",
    [one for one in all_adapters() if one.info.layers & WORDED],
    ids=lambda one: one.info.name,
)


@with_words
def test_every_layer_with_words_of_the_field_says_it(adapter: Adapter) -> None:
    done = written(adapter, file_of(adapter), Training.PROHIBITED)
    said = {one.layer: one.facts.get("DataMining") for one in read(adapter, done)}

    wanted = adapter.info.layers & WORDED
    assert {layer: said[layer] for layer in wanted} == dict.fromkeys(wanted, TERM)


@with_words
def test_a_constraint_says_whom_to_ask(adapter: Adapter) -> None:
    done = written(adapter, file_of(adapter), Training.CONSTRAINED)
    (said,) = {one.facts["OtherConstraints"] for one in read(adapter, done) if one.layer in WORDED}

    assert OWNER.name in said
    assert OWNER.contact in said


@with_words
def test_a_mark_that_is_silent_takes_back_what_an_earlier_one_said(adapter: Adapter) -> None:
    data = file_of(adapter)
    again = written(adapter, written(adapter, data, Training.CONSTRAINED), None)

    assert again == written(adapter, written(adapter, data, None), None)
    assert not {"DataMining", "OtherConstraints"} & {
        name for one in read(adapter, again) for name in one.facts
    }


@with_words
def test_the_same_words_again_change_nothing(adapter: Adapter) -> None:
    once = written(adapter, file_of(adapter), Training.CONSTRAINED)

    assert written(adapter, once, Training.CONSTRAINED) == once


def test_terms_that_the_caller_named_stand_in_the_constraint() -> None:
    mark = mark_of(named("png"), Training.CONSTRAINED)
    terms = replace(mark, pointers={"user_agreement": "https://example.kz/terms"})

    assert training.constraint(terms).endswith("; terms: https://example.kz/terms")
    assert not training.constraint(replace(terms, training=Training.PROHIBITED))


PAGE = b"<!doctype html><html><head><title>T</title>%s</head><body><p>Text.</p>"


def in_page(head: bytes, permission: Training | None) -> str:
    return written(named("html"), PAGE % head, permission).decode()


@pytest.mark.parametrize("permission", [Training.PROHIBITED, Training.CONSTRAINED])
def test_a_page_reserves_mining_and_links_the_term(permission: Training) -> None:
    done = in_page(b"", permission)
    scripts = re.findall(r'type="application/ld\+json">(.*?)</script', done)
    (linked,) = map(json.loads, scripts)

    assert '<meta data-kzmark="" name="tdm-reservation" content="1">' in done
    assert linked["http://ns.useplus.org/ldf/xmp/1.0/DataMining"] == {"@id": permission.plus_uri}


@pytest.mark.parametrize("permission", [Training.ALLOWED, None])
def test_a_page_on_which_training_is_allowed_reserves_nothing(permission: Training | None) -> None:
    assert "tdm-reservation" not in in_page(b"", permission)


@pytest.mark.parametrize(
    ("permission", "kept"),
    [(None, True), (Training.ALLOWED, True), (Training.PROHIBITED, False)],
)
def test_what_others_said_of_mining_stays_unless_the_mark_reserves_it(
    permission: Training | None, kept: bool
) -> None:
    theirs = b'<meta name="TDM-Reservation" content="0">'
    done = in_page(theirs, permission)
    (piece,) = read(named("html"), PAGE % theirs)

    assert (theirs.decode() in done) is kept
    assert piece.facts["tdm-reservation"] == "0"


@pytest.mark.parametrize("fence", ["---", "+++"])
def test_front_matter_says_it_so_that_others_can_read_it(fence: str) -> None:
    sign = "=" if fence == "+++" else ":"
    data = f'{fence}\ntitle{sign} "T"\n{fence}\n\nText.\n'.encode()
    owner = replace(OWNER, name="Қар \U0001f600 «A\\B»")
    mark = replace(mark_of(named("markdown"), Training.CONSTRAINED), responsible=owner)
    target = io.BytesIO()
    named("markdown").write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    inner = target.getvalue().decode().split(f"{fence}\n")[1]
    told = tomllib.loads(inner if fence == "+++" else inner.replace(": ", " = "))

    assert told["data-mining"] == Training.CONSTRAINED.plus_uri
    assert told["other-constraints"] == training.constraint(mark)
    assert told["tdm-reservation"] == 1
    assert told["title"] == "T"


def test_front_matter_of_others_keeps_what_they_said_of_mining() -> None:
    markdown, theirs = (
        named("markdown"),
        b'---\ntdm-reservation: 1\nAIGC: \'{"Label":"1"}\'\n---\nA',
    )
    silent = written(markdown, theirs, None)
    spoken = written(markdown, written(markdown, theirs, Training.PROHIBITED), None)

    assert silent.count(b"tdm-reservation: 1") == 1
    assert b"tdm-reservation" not in spoken
    assert {one.facts["AIGC"] for one in read(markdown, spoken)} == {'\'{"Label":"1"}\''}


def test_a_document_reserves_mining_in_its_packet_and_a_picture_does_not() -> None:
    pytest.importorskip("pikepdf", reason="pikepdf is not installed")
    paper = written(named("pdf"), next(iter(documents.MAKERS.values()))(), Training.PROHIBITED)
    picture = written(named("png"), file_of(named("png")), Training.PROHIBITED)

    assert b'xmlns:tdm="http://www.w3.org/ns/tdmrep/"' in paper
    assert b"<tdm:reservation>1</tdm:reservation>" in paper
    assert b"/DataMining (%s)" % TERM.encode() in paper
    assert b"tdmrep" not in picture


IPTC, PLUS, TDM = (
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "http://ns.useplus.org/ldf/xmp/1.0/",
    "http://www.w3.org/ns/tdmrep#",
)


def properties(package: str) -> set[str]:
    """Return every property of a package file in full: what its prefix stands for, and its name."""
    declared = re.search(r'<package[^>]* prefix="([^"]*)"', package)
    words = declared[1].split() if declared else []
    homes = dict(zip((one.rstrip(":") for one in words[::2]), words[1::2], strict=True))
    found = re.findall(r'<meta property="([\w-]+):(\w+)"', package)
    return {homes.get(prefix, prefix) + name for prefix, name in found if prefix != "dcterms"}


def package_of(data: bytes) -> str:
    return parts(data)["OEBPS/book.opf"].decode()


def test_every_property_of_a_book_is_a_word_of_its_namespace() -> None:
    done = written(named("epub"), office.epub(version="3.0"), Training.CONSTRAINED)

    assert properties(package_of(done)) == {
        f"{IPTC}DigitalSourceType",
        f"{IPTC}AISystemUsed",
        f"{IPTC}AISystemVersionUsed",
        f"{PLUS}DataMining",
        f"{PLUS}OtherConstraints",
        f"{TDM}reservation",
    }


def test_a_book_declares_no_prefix_that_it_does_not_use() -> None:
    said = package_of(written(named("epub"), office.epub(version="3.0"), None))

    assert f"iptc: {IPTC}" in said
    assert "useplus" not in said
    assert "tdmrep" not in said


def test_an_older_book_says_it_by_name() -> None:
    said = package_of(written(named("epub"), office.epub(version="2.0"), Training.PROHIBITED))

    assert '<meta name="tdm:reservation" content="1"/>' in said
    assert f'<meta name="DataMining" content="{TERM}"/>' in said


def test_prefixes_that_mean_something_else_are_left_to_others() -> None:
    taken = 'version="3.0" prefix="plus: https://acme.example/ns#  tdmrep:\n http://www.w3.org/ns/tdmrep#"'
    data = changed(office.epub(version="3.0"), {"OEBPS/book.opf": swap('version="3.0"', taken)})
    done = written(named("epub"), data, Training.PROHIBITED)
    said = package_of(done)

    assert f"kzmark-plus: {PLUS}" in said
    assert '<meta property="kzmark-plus:DataMining">' in said
    assert '<meta property="tdmrep:reservation">1</meta>' in said
    assert {f"{PLUS}DataMining", f"{TDM}reservation"} <= properties(said)
    assert written(named("epub"), done, Training.PROHIBITED) == done


def test_the_wrong_word_of_an_earlier_stamping_is_read_and_then_replaced() -> None:
    done = written(named("epub"), office.epub(version="3.0"), Training.PROHIBITED)
    row = f'<meta property="plus:DataMining">{TERM}</meta>'
    old = changed(done, {"OEBPS/book.opf": swap(row, row.replace("plus:", "iptc:"))})
    (piece,) = read(named("epub"), old)

    assert piece.mark is not None
    assert piece.facts["DataMining"] == TERM
    assert "iptc:DataMining" not in package_of(written(named("epub"), old, Training.PROHIBITED))
