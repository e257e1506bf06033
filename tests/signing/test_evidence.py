from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_mark

from kzmark.mark import Mark
from kzmark.report import Basis, Status
from kzmark.signing.evidence import Reading, judge, unread
from kzmark.vocabulary import Layer

MARK = make_mark()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=12,
)


def manifest(label: str = "a", parent: str = "", **assertions: Any) -> dict[str, Any]:
    said = {name.replace("_", "."): data for name, data in assertions.items()}
    if parent:
        link = {"url": f"self#jumbf=/c2pa/{parent}"}
        said["c2pa.ingredient.v3"] = {"relationship": "parentOf", "activeManifest": link}
    return {"label": label, "assertions": said}


def reading(*manifests: Any, state: str = "Valid", failed: tuple[str, ...] = ()) -> Reading:
    return Reading(state, [(code, "why") for code in failed], [], manifests)


OURS = manifest(kzmark_record=MARK.to_dict())


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (("assertion.dataHash.mismatch",), "c2pa.hash-mismatch"),
        (("assertion.bmffHash.mismatch", "signingCredential.untrusted"), "c2pa.hash-mismatch"),
        (("claimSignature.mismatch",), "c2pa.signature"),
        (("claimSignature.mismatch", "assertion.dataHash.mismatch"), "c2pa.signature"),
        (("signingCredential.invalid", "signingCredential.untrusted"), "c2pa.signature"),
        (("signingCredential.ocsp.revoked",), "c2pa.signature"),
        (("assertion.hashedURI.mismatch",), "c2pa.signature"),
        (("assertion.action.malformed",), "c2pa.malformed"),
        ((), "c2pa.malformed"),
    ],
)
def test_what_failed_has_a_stable_code(failed: tuple[str, ...], code: str) -> None:
    seen = judge(reading(OURS, state="Invalid", failed=failed))

    assert (seen.layer, seen.status, seen.code) == (Layer.C2PA, Status.BROKEN, code)
    assert seen.basis is Basis.DECLARED  # what it claims can contradict, and never count
    assert all(one in seen.facts["codes"] for one in failed)


@pytest.mark.parametrize("also", [(), ("signingCredential.untrusted",)])
def test_expiry_alone_breaks_nothing(also: tuple[str, ...]) -> None:
    seen = judge(reading(OURS, state="Invalid", failed=("signingCredential.expired", *also)))

    assert (seen.status, seen.basis, seen.code) == (Status.PRESENT, Basis.SIGNED, "c2pa.expired")
    assert seen.mark == MARK


def test_two_records_in_one_manifest_are_no_record() -> None:
    twice = manifest(kzmark_record=MARK.to_dict())
    twice["assertions"]["kzmark.record__1"] = make_mark("Другой").to_dict()
    seen = judge(reading(twice))

    assert (seen.status, seen.code, seen.mark) == (Status.BROKEN, "c2pa.record", None)


def test_the_nearest_record_above_is_that_of_the_parent() -> None:
    later = make_mark("Жаңа")
    chain = (
        manifest("a", parent="b"),
        manifest("b", parent="c"),
        manifest("c", parent="d", kzmark_record=later.to_dict()),
        manifest("d", kzmark_record=MARK.to_dict()),
    )
    seen = judge(reading(*chain))

    assert seen.mark is None
    assert seen.facts["parents"] == "3"
    assert Mark.from_json(seen.facts["parent_mark"]) == later


def test_parents_in_a_ring_come_to_an_end() -> None:
    seen = judge(reading(manifest("a", parent="b"), manifest("b", parent="a")))

    assert seen.facts["parents"] == "2"


def test_an_old_claim_names_its_generator_too() -> None:
    old = manifest() | {"claim": {"claim_generator": "old tool/1.0"}}

    assert judge(reading(old)).facts["generator"] == "old tool/1.0"


@given(content=json_values, place=st.sampled_from(["whole", "assertions", "signature", "claim.v2"]))
def test_whatever_is_signed_is_judged(content: Any, place: str) -> None:
    said = content if place == "whole" else {**OURS, place: content}
    seen = judge(reading(said, said))

    assert seen.status in {Status.PRESENT, Status.BROKEN}
    assert all(isinstance(fact, str) for fact in seen.facts.values())


@given(
    content=json_values,
    label=st.sampled_from(
        ["c2pa.actions.v2", "c2pa.ingredient", "cawg.training-mining", "kzmark.record__7"]
    ),
)
def test_whatever_an_assertion_holds_is_judged(content: Any, label: str) -> None:
    said = {"label": "a", "assertions": {label: content}}

    assert judge(reading(said)).layer is Layer.C2PA


@pytest.mark.parametrize(
    ("text", "mentioned", "status"),
    [
        ("NotSupported: type is unsupported", False, Status.ABSENT),
        ("NotSupported: type is unsupported", True, Status.BROKEN),
        ("Other: asset could not be parsed: Not a valid JPEG XL container", False, Status.ABSENT),
        ("Other: asset could not be parsed: Could not parse input JPEG", True, Status.BROKEN),
        ("Verify: invalid JUMB box", False, Status.BROKEN),
        ("Remote: must fetch remote manifests from url https://a.example/m", True, Status.ABSENT),
    ],
)
def test_what_the_library_refuses_is_told_apart(text: str, mentioned: bool, status: Status) -> None:
    assert unread(text, mentioned=mentioned).status is status
