"""PDF: a stamped file that another program wrote anew can be stamped again."""

import io
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("pikepdf", reason="pikepdf is not installed")
pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")

import pikepdf
from tests.formats.pdf_samples import PAGE, STATEMENT, changed
from tests.signing.outside import outside

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.pdf import ADAPTER
from kzmark.report import Verdict
from kzmark.signing.identity import Identity, new_identity

SAVED: dict[str, dict[str, Any]] = {
    "plainly": {},
    "for the web": {"linearize": True},
    "with streams of objects": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "uncompressed": {"stream_decode_level": pikepdf.StreamDecodeLevel.generalized}
    | {"compress_streams": False},
}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("id") / "id")


@pytest.fixture(scope="module")
def stamped(identity: Identity) -> bytes:
    return again(identity, PAGE)[0]


def again(identity: Identity, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    done = kzmark.Stamper(STATEMENT, identity=identity).stamp(data, replace=True)
    assert done.data is not None
    return done.data, done.notes


def store_of(pdf: Any) -> Any:
    return pdf.Root["/AF"][0]["/EF"]["/F"]


def turned(pdf: Any) -> None:
    for page in pdf.pages:
        page.obj["/Rotate"] = 90


def assert_sound(data: bytes, identity: Identity) -> None:
    told = outside(data, "application/pdf", identity)
    assert kzmark.verify(data).verdict is Verdict.COMPLIANT
    assert (told["integrity"], told["hard_binding"]) == ("valid", "match")
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert pdf.check_pdf_syntax() == []


@pytest.mark.parametrize("how", SAVED)
def test_its_earlier_manifest_is_kept_as_a_parent_that_does_not_fit(
    how: str, stamped: bytes, identity: Identity
) -> None:
    done, notes = again(identity, changed(stamped, lambda _: None, **SAVED[how]))

    assert "c2pa-parent-broken" in notes
    assert_sound(done, identity)
    kept = ADAPTER.survey(done, limits=DEFAULT_LIMITS).store
    assert kept.count(b"c2pa.signature") > 1
    assert again(identity, done)[0] == done


def test_a_page_that_was_turned_has_one_notice_again(stamped: bytes, identity: Identity) -> None:
    done, _ = again(identity, changed(stamped, turned))

    assert_sound(done, identity)


def spoil(pdf: Any) -> None:
    store_of(pdf).write(b"no store at all")


def double(pdf: Any) -> None:
    entries = dict(pdf.Root["/AF"][0].items())
    pdf.Root["/AF"].append(pdf.make_indirect(pikepdf.Dictionary(entries)))


def empty(pdf: Any) -> None:
    del pdf.Root["/AF"][0]["/EF"]


def other_box(pdf: Any) -> None:
    store_of(pdf).write((24).to_bytes(4, "big") + b"jumb" + bytes(16))


@pytest.mark.parametrize("change", [spoil, double, empty, other_box])
def test_a_manifest_that_cannot_be_read_is_set_aside(
    change: Callable[[Any], None], stamped: bytes, identity: Identity
) -> None:
    done, _ = again(identity, changed(stamped, change))

    assert_sound(done, identity)


@pytest.mark.parametrize("turn", [0, 90])
def test_the_new_notice_stands_where_the_old_one_did(
    turn: int, stamped: bytes, identity: Identity
) -> None:
    def place(data: bytes) -> list[Any]:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            forms = [page.obj["/Resources"]["/XObject"]["/KzmarkNotice"] for page in pdf.pages]
            return [[float(one) for one in form["/BBox"]] for form in forms]

    rewritten = changed(stamped, turned if turn else lambda _: None)
    if not turn:
        assert place(again(identity, rewritten)[0]) == place(stamped)
    else:  # where it would have stood on a page that never had another
        fresh = again(identity, changed(PAGE, turned))[0]
        assert place(again(identity, rewritten)[0]) == place(fresh)
