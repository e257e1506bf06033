"""Manifests that others wrote: told, kept as parents, never taken for a mark."""

import io
import json
from typing import Any

import pytest
from tests.conftest import make_mark
from tests.signing.conftest import Signing
from tests.signing.outside import assert_valid_outside, trusting
from tests.signing.samples import sample

from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity
from kzmark.vocabulary import IPTC_SOURCE_TYPE, Operation, SourceType

MARK = make_mark()
MODIFIED = make_mark(operation=Operation.MODIFIED, source_type=SourceType.COMPOSITE_WITH_TRAINED)


def saying(
    source_type: str, *, generator: dict[str, str], record: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The manifest of another tool: created, of this source type, perhaps with a record."""
    created = {"action": "c2pa.created", "digitalSourceType": IPTC_SOURCE_TYPE + source_type}
    actions = {"label": "c2pa.actions.v2", "created": True, "data": {"actions": [created]}}
    records = [] if record is None else [{"label": "kzmark.record", "data": record}]
    return {"claim_generator_info": [generator], "assertions": [actions, *records]}


@pytest.fixture
def foreign(identity: Identity) -> bytes:
    """A JPEG that another tool signed: a camera, with another claim generator and no record."""
    said = saying("digitalCapture", generator={"name": "camera", "version": "7"})
    return _signed_by_another(sample("jpeg"), said, identity)


def _signed_by_another(
    data: bytes, said: dict[str, Any], identity: Identity, *, remote: str = ""
) -> bytes:
    library = c2pa._library()
    info = library.C2paSignerInfo(b"es256", identity.chain_pem, identity.key, None)
    context = library.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    target = io.BytesIO()
    with library.Signer.from_info(info) as signer, library.Builder(json.dumps(said), context) as b:
        if remote:
            b.set_no_embed()
            b.set_remote_url(remote)
        b.sign(signer, "image/jpeg", io.BytesIO(data), target)
    return target.getvalue()


def test_a_foreign_manifest_is_told_but_is_no_mark(foreign: bytes, identity: Identity) -> None:
    seen = trusting(foreign, "image/jpeg", identity)

    assert (seen.status, seen.mark) == (Status.PRESENT, None)
    assert seen.facts["generator"] == "camera 7"
    assert seen.facts["actions"] == "c2pa.created"
    assert seen.facts["DigitalSourceType"].endswith("/digitalCapture")


@pytest.mark.parametrize("mark", [MARK, MODIFIED], ids=["created", "modified"])
def test_a_foreign_manifest_becomes_the_parent(
    mark: Mark, foreign: bytes, signed: Signing, identity: Identity
) -> None:
    data = signed(foreign, mark=mark)
    seen = trusting(data, "image/jpeg", identity)

    assert seen.mark == mark
    assert seen.facts["parents"] == "1"
    assert "parent_mark" not in seen.facts
    assert b"camera" in data
    assert_valid_outside(data, "image/jpeg", identity)


def test_the_original_is_the_parent_where_it_is_at_hand(
    foreign: bytes, signed: Signing, identity: Identity
) -> None:
    """The notice was laid on the picture, so only the original fits its own manifest."""
    changed = sample("jpeg", seed=2)
    data = signed(changed, mark=MODIFIED, parent=foreign)
    library = c2pa._library()
    with library.Reader("image/jpeg", io.BytesIO(data)) as reader:
        (parent,) = reader.get_active_manifest()["ingredients"]

    said = parent["validation_results"]["activeManifest"]
    assert [one["code"] for one in said["failure"]] in ([], ["signingCredential.untrusted"])
    assert any(one["code"] == "assertion.dataHash.match" for one in said["success"])
    assert_valid_outside(data, "image/jpeg", identity)


def test_our_record_under_a_later_foreign_manifest_is_only_the_parents(
    signed: Signing, identity: Identity
) -> None:
    stamped = signed(sample("jpeg"))
    library = c2pa._library()
    info = library.C2paSignerInfo(b"es256", identity.chain_pem, identity.key, None)
    said = {"claim_generator_info": [{"name": "editor"}]}
    target = io.BytesIO()
    with library.Signer.from_info(info) as signer, library.Builder(json.dumps(said)) as builder:
        builder.set_intent(library.C2paBuilderIntent.EDIT)
        builder.sign(signer, "image/jpeg", io.BytesIO(stamped), target)
    seen = trusting(target.getvalue(), "image/jpeg", identity)

    assert (seen.status, seen.mark) == (Status.PRESENT, None)
    assert Mark.from_json(seen.facts["parent_mark"]) == MARK
    assert seen.facts["generator"] == "editor"


def test_a_source_type_that_contradicts_the_record_is_told(identity: Identity) -> None:
    said = saying("digitalCapture", generator={"name": "forger"}, record=MARK.to_dict())
    seen = trusting(_signed_by_another(sample("jpeg"), said, identity), "image/jpeg", identity)

    assert seen.code == "c2pa.contradiction"
    assert "digitalCapture" in seen.detail


@pytest.mark.parametrize(
    "record", [{"schema": 2}, {"schema": 1}, MARK.to_dict() | {"mark_id": "no"}]
)
def test_a_record_that_breaks_its_schema_is_broken(
    record: dict[str, Any], identity: Identity
) -> None:
    said = saying("digitalCapture", generator={"name": "forger"}, record=record)
    seen = trusting(_signed_by_another(sample("jpeg"), said, identity), "image/jpeg", identity)

    assert (seen.status, seen.code) == (Status.BROKEN, "c2pa.record")


def test_a_manifest_that_stands_elsewhere_is_named_and_not_fetched(identity: Identity) -> None:
    said = saying("digitalCapture", generator={"name": "cloud"})
    where = "http://127.0.0.1:9/a.c2pa"
    data = _signed_by_another(sample("jpeg"), said, identity, remote=where)
    seen = c2pa.read(io.BytesIO(data), "image/jpeg")

    assert (seen.status, seen.code) == (Status.ABSENT, "c2pa.remote")
    assert seen.facts["remote"] == where
    assert not c2pa.has_manifest(io.BytesIO(data), "image/jpeg")
