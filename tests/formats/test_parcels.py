"""Packages with a manifest store: bound member by member, and stamped again."""

import io
import random

import pytest
from fixtures import office
from tests.formats.office_samples import changed, inscribed, parts

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark._rope import Rope
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._zip.c2pa import NAME, Parcel
from kzmark.formats._zip.edits import Edits


def added(data: bytes, **files: bytes) -> bytes:
    edits, target = Edits(io.BytesIO(data), limits=DEFAULT_LIMITS), io.BytesIO()
    for name, held in files.items():
        edits.put(name, held)
    edits.write(target)
    return target.getvalue()


def test_a_store_takes_the_place_of_an_earlier_one_wherever_that_stands() -> None:
    bare = office.package({"one": b"1" * 50, "two": b"2"})
    once = Parcel(bare, limits=DEFAULT_LIMITS).closed(b"first store")
    assert isinstance(once, Rope)
    once.seek(0)
    middle = added(once.read(), late=b"3")
    parcel = Parcel(middle, limits=DEFAULT_LIMITS)
    second = parcel.closed(b"the second store")
    assert isinstance(second, Rope)
    second.seek(0)
    whole = second.read()
    again = Parcel(whole, limits=DEFAULT_LIMITS)

    assert parcel.store == b"first store"
    assert parts(whole) == {"one": b"1" * 50, "two": b"2", "late": b"3", NAME: b"the second store"}
    assert again.store == b"the second store"
    assert again.directory == parcel.directory_with(len(b"the second store"))
    assert again.members == parcel.members


@pytest.mark.parametrize("name", ["letter.docx", "deck.pptx", "book.xlsx", "book.epub"])
def test_one_changed_byte_anywhere_is_found(name: str, stamped: dict[str, bytes]) -> None:
    data = stamped[name]
    chance = random.Random(name)
    for at in [*chance.sample(range(len(data)), 60), 0, len(data) - 1, len(data) // 2]:
        broken = bytearray(data)
        broken[at] ^= 0x20
        report = kzmark.verify(bytes(broken))

        assert report.verdict is not kzmark.Verdict.COMPLIANT, at


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    from kzmark.signing.identity import new_identity

    statement = kzmark.Statement(
        system=kzmark.System(name="TextGen", version="1"),
        responsible=kzmark.Responsible(name="ТОО Пример"),
    )
    identity = new_identity(tmp_path_factory.mktemp("id") / "id")
    stamper = kzmark.Stamper(statement, identity=identity)
    found = {}
    for name in ("letter.docx", "deck.pptx", "book.xlsx", "book.epub"):
        data = stamper.stamp(office.MAKERS[name]()).data
        assert data is not None
        found[name] = data
    return found


def test_stamping_again_with_another_mark_keeps_the_earlier_manifest(
    stamped: dict[str, bytes], tmp_path: object
) -> None:
    statement = kzmark.Statement(
        system=kzmark.System(name="Other", version="2"),
        responsible=kzmark.Responsible(name="ТОО Пример"),
    )
    for name, data in stamped.items():
        again = kzmark.Stamper(statement).stamp(data, replace=True)
        assert again.data is not None
        report = kzmark.verify(again.data)
        notices = inscribed(name.rpartition(".")[2], again.data)

        assert report.reason.value == "ok", report.evidence
        assert again.mark.history
        assert again.data.count(NAME.encode()) == 2  # header and directory
        assert parts(notices).keys() == parts(again.data).keys()


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("letter.docx", {"_xmlsignatures/sig1.xml": b"<x/>"}),
        ("book.xlsx", {"_xmlsignatures/sig1.xml": b"<x/>"}),
        ("letter.odt", {"META-INF/documentsignatures.xml": b"<x/>"}),
        ("book.epub", {"META-INF/signatures.xml": b"<x/>"}),
    ],
)
def test_a_signed_document_is_refused_before_anything_is_written(
    name: str, extra: dict[str, bytes]
) -> None:
    data = changed(office.MAKERS[name](), extra)

    with pytest.raises(UnsupportedMediaError, match="signed") as caught:
        inscribed(name.rpartition(".")[2], data)
    assert caught.value.hint


def test_files_of_old_or_encrypted_office_programs_are_told_what_to_do() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)

    with pytest.raises(UnsupportedMediaError, match="encrypted") as caught:
        kzmark.Stamper(
            kzmark.Statement(
                system=kzmark.System(name="T", version="1"),
                responsible=kzmark.Responsible(name="Т"),
            )
        ).stamp(data)
    assert "password" in caught.value.hint
