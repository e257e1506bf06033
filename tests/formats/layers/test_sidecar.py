import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_mark

from kzmark._io import sha256
from kzmark.errors import RecordError
from kzmark.formats.layers import sidecar
from kzmark.formats.layers.sidecar import MAX_SIDECAR, Sidecar
from kzmark.report import Basis, Status
from kzmark.vocabulary import Layer

MARK = make_mark()
DATA = b"BM and the rest of a picture"
WHOLE = sidecar.spell(MARK, DATA, name="сурет.bmp", manifest=b"\0store\xff")


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(WHOLE), **fields}).encode()


def test_what_is_spelt_is_read_back() -> None:
    found = Sidecar.from_json(WHOLE)

    assert found == Sidecar(
        mark=MARK,
        name="сурет.bmp",
        sha256=sha256(DATA),
        size=len(DATA),
        manifest=b"\0store\xff",
    )
    assert found.to_json() == WHOLE


def test_the_json_is_canonical_and_plain_to_read() -> None:
    text = WHOLE.decode()
    fields = json.loads(text)

    assert text == json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert fields["asset"] == {"name": "сурет.bmp", "sha256": sha256(DATA), "bytes": len(DATA)}
    assert fields["mark"] == MARK.to_dict()
    assert base64.b64decode(fields["c2pa"]) == b"\0store\xff"


def test_a_name_that_is_no_text_is_spelt_in_escapes() -> None:
    whole = sidecar.spell(MARK, DATA, name="b\udcff.bmp")
    hostile = changed(asset={"name": "b\ud800", "sha256": sha256(DATA), "bytes": 1})

    assert Sidecar.from_json(whole).name == r"b\udcff.bmp"
    assert Sidecar.from_json(hostile).name == r"b\ud800"
    assert Sidecar.from_json(whole).to_json() == whole


def test_a_sidecar_may_stand_without_a_signature() -> None:
    bare = sidecar.spell(MARK, DATA)

    assert "c2pa" not in json.loads(bare)
    assert sidecar.manifest_of(bare) == b""
    assert sidecar.judge(bare, sha256(DATA)).facts["signed"] == "no"


def test_the_sidecar_of_a_file_declares_its_mark() -> None:
    seen = sidecar.judge(WHOLE, sha256(DATA))

    assert (seen.layer, seen.status, seen.basis) == (
        Layer.SIDECAR,
        Status.PRESENT,
        Basis.DECLARED,
    )
    assert seen.mark == MARK
    assert sidecar.manifest_of(WHOLE) == b"\0store\xff"


def test_the_sidecar_of_another_file_is_broken() -> None:
    seen = sidecar.judge(WHOLE, sha256(DATA + b"!"))

    assert (seen.status, seen.code, seen.mark) == (Status.BROKEN, "sidecar.hash-mismatch", None)
    assert seen.facts["name"] == "сурет.bmp"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        WHOLE[:-1],
        b"[" * 100_000,
        changed(schema=2),
        changed(schema=True),
        changed(extra=1),
        changed(asset={"name": "a", "sha256": "0" * 63, "bytes": 1}),
        changed(asset={"name": "a", "sha256": "0" * 64, "bytes": -1}),
        changed(asset={"name": "a", "sha256": "0" * 64, "bytes": 1, "more": 1}),
        changed(asset=[]),
        changed(mark={}),
        changed(mark=MARK.to_dict() | {"mark_id": "x"}),
        changed(c2pa="не base64"),
        changed(c2pa=7),
        WHOLE.replace(b'"schema":1}', b'"schema":1,"schema":1}'),
        b" " * (MAX_SIDECAR + 1),
    ],
)
def test_what_is_no_sidecar_is_broken_and_raises_nothing(bad: bytes) -> None:
    seen = sidecar.judge(bad, sha256(DATA))

    assert (seen.status, seen.code, seen.mark) == (Status.BROKEN, "sidecar.unparsable", None)
    assert sidecar.manifest_of(bad) == b""


@given(data=st.binary(max_size=300))
def test_any_bytes_can_be_judged(data: bytes) -> None:
    assert sidecar.judge(data, sha256(DATA)).status is Status.BROKEN


def test_a_newer_schema_is_told_apart() -> None:
    with pytest.raises(RecordError, match="schema 2") as caught:
        Sidecar.from_json(changed(schema=2))

    assert "newer" in caught.value.hint
