"""The judge of our own: the specification's codes, and certainty for stores of our shape alone."""

import copy
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.signing.authority import CLAIM, EMAIL, issue
from tests.signing.authority import root as make_root

from kzmark._limits import DEFAULT_LIMITS
from kzmark.mark import Mark
from kzmark.report import Basis, Status
from kzmark.signing import c2pa, evidence, manifest
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import IdentitySpec, load
from kzmark.signing.store import binding, cose, draft, jumbf, parts, validate
from kzmark.vocabulary import Operation, SourceType

DATA = b"what is signed"
MARK = make_mark()
MODIFIED = make_mark(operation=Operation.MODIFIED, source_type=SourceType.COMPOSITE_WITH_TRAINED)
BOUND = binding.bound(None, lambda: binding.digest_of(DATA, None))
ALL = binding.data_hash(bytes(32), None)
Change = Callable[[dict[str, Any], dict[str, Any]], None]


def store_of(signer: c2pa.Signer, mark: Mark = MARK, parent: str = "") -> bytes:
    made = draft.Draft(mark, signer=signer, version="1", blank=ALL, parent_mime=parent)
    return made.close(binding.data_hash(binding.digest_of(DATA, None), None))


def judged(store: bytes, **options: Any) -> validate.Validation:
    return validate.validate(store, BOUND, limits=DEFAULT_LIMITS, **options)


def codes(store: bytes, **options: Any) -> set[str]:
    return {code for code, _ in judged(store, **options).reading.failures}


def rebuilt(
    signer: c2pa.Signer, change: Change, *, mark: Mark = MARK, linked: bool = True
) -> bytes:
    """Change claim and assertions, put the hashes right, and sign again: all that a forger can."""
    (found,) = parts.take_apart(
        store_of(signer, mark, "image/png" if mark is MODIFIED else ""), limits=DEFAULT_LIMITS
    )
    claim = copy.deepcopy(dict(found.claim))
    values = {label: cbor2.loads(found.body(label)) for label in found.assertions}
    change(claim, values)
    boxes = {
        label: jumbf.superbox(b"cbor", label, jumbf.box(b"cbor", cbor2.dumps(value)))
        for label, value in values.items()
    }
    if linked:
        claim["created_assertions"] = [
            draft.link(label, draft._hash(box)) for label, box in boxes.items()
        ]
    body = cbor2.dumps(claim)
    signature = signer.sign(cose.to_sign(signer.header, body))
    return jumbf.superbox(
        b"c2pa",
        "c2pa",
        jumbf.superbox(
            b"c2ma",
            found.label,
            jumbf.superbox(b"c2as", "c2pa.assertions", *boxes.values()),
            jumbf.superbox(b"c2cl", "c2pa.claim.v2", jumbf.box(b"cbor", body)),
            jumbf.superbox(
                b"c2cs", "c2pa.signature", jumbf.box(b"cbor", cose.sign1(signer.header, signature))
            ),
        ),
    )


def test_a_whole_store_is_valid_and_certain(signer: c2pa.Signer) -> None:
    said = judged(store_of(signer))
    found = said.certain()

    assert (said.reading.state, codes(store_of(signer))) == (
        "Valid",
        {"signingCredential.untrusted"},
    )
    assert found
    assert found.mark == MARK
    assert evidence.judge(found).basis is Basis.SIGNED


def test_a_store_signed_again_unchanged_is_certain(signer: c2pa.Signer) -> None:
    assert judged(rebuilt(signer, lambda *_: None)).certain()


def test_a_store_is_trusted_where_its_root_is(signer: c2pa.Signer) -> None:
    store, other = store_of(signer), make_root()

    assert judged(store, anchors=signer.identity.root).reading.state == "Trusted"
    assert judged(store, anchors=other.pem).reading.state == "Valid"
    assert judged(store, anchors=other.pem + signer.identity.root).reading.state == "Trusted"


def test_a_chain_leads_to_its_root_only_through_authorities() -> None:
    top = make_root()
    middle, fake = make_root(name="middle", issuer=top), issue(top, name="fake")
    for between, state in ((middle, "Trusted"), (fake, "Valid")):
        leaf = issue(between)
        pem = leaf.pem + between.pem
        signer = c2pa.Signer(load(IdentitySpec.from_text(pem, leaf.key_pem)))

        assert judged(store_of(signer), anchors=top.pem).reading.state == state


@pytest.mark.parametrize("when", [timedelta(days=-3), timedelta(days=3_000)])
def test_an_expired_certificate_is_told(when: timedelta, signer: c2pa.Signer) -> None:
    store, now = store_of(signer), datetime.now(UTC) + when
    seen = evidence.judge(judged(store, now=now).reading)

    assert "signingCredential.expired" in codes(store, now=now)
    assert (seen.status, seen.code) == (Status.PRESENT, "c2pa.expired")
    assert judged(store, now=now).certain() is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c, _: c["created_assertions"][0].update(hash=bytes(32)), "hashedURI.mismatch"),
        (lambda c, _: c["created_assertions"].pop(0), "assertion.undeclared"),
        (lambda _, v: v.pop(manifest.RECORD), "assertion.missing"),
        (lambda c, _: c["created_assertions"][0].update(url="http://a"), "claim.malformed"),
        (lambda c, _: c["created_assertions"][0].update(alg="md5"), "claim.malformed"),
        (lambda c, _: c.update(created_assertions=7), "claim.malformed"),
        (lambda c, _: c.update(signature="self#jumbf=/c2pa/x/c2pa.signature"), "claimSignature."),
    ],
)
def test_a_claim_that_does_not_fit_is_told(change: Change, code: str, signer: c2pa.Signer) -> None:
    store = rebuilt(signer, change, linked=False)

    assert any(code in each for each in codes(store))
    assert evidence.judge(judged(store).reading).status is Status.BROKEN


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _, v: v.pop("c2pa.hash.data"), "claim.hardBindings.missing"),
        (lambda _, v: v.update({"c2pa.hash.boxes": {}}), "assertion.multipleHardBindings"),
        (lambda _, v: v["c2pa.hash.data"].update(hash=bytes(32)), "assertion.dataHash.mismatch"),
        (lambda _, v: v["c2pa.hash.data"].update(hash="x"), "assertion.dataHash.malformed"),
    ],
)
def test_a_binding_that_does_not_fit_is_told(
    change: Change, code: str, signer: c2pa.Signer
) -> None:
    assert code in codes(rebuilt(signer, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda c, _: c.update(extra=1),
        lambda c, _: c.update(alg="sha512"),
        lambda c, _: c.update(instanceID=1),
        lambda c, _: c["claim_generator_info"].update(name="other"),
        lambda c, _: c.update(claim_generator_info=[{"name": "kzmark"}]),
        lambda _, v: v.update({"kzmark.record__1": v[manifest.RECORD]}),
        lambda _, v: v.update({"c2pa.actions.v2__1": v[manifest.ACTIONS]}),
        lambda _, v: v.pop(manifest.DISCLOSURE),
        lambda _, v: v.pop(manifest.RECORD),
        lambda _, v: v[manifest.RECORD].update(schema=True),
        lambda _, v: v[manifest.RECORD].update(schema=9),
        lambda _, v: v[manifest.ACTIONS].update(allActionsIncluded=1),
        lambda _, v: v[manifest.ACTIONS]["actions"].append({"action": "c2pa.edited"}),
        lambda _, v: v[manifest.ACTIONS]["actions"][0].update(digitalSourceType="x"),
        lambda _, v: v.update({manifest.ACTIONS: 5}),
        lambda _, v: v["c2pa.hash.data"].update(pad=b"x"),
        lambda _, v: v["c2pa.hash.data"].update(extra=1),
        lambda _, v: v.update({"stds.exif": {}}),
    ],
    ids=range(18),
)
def test_a_store_of_another_shape_is_for_the_library(change: Change, signer: c2pa.Signer) -> None:
    assert judged(rebuilt(signer, change)).certain() is None


@pytest.mark.parametrize(
    ("change", "certain"),
    [
        (lambda *_: None, True),
        (lambda _, v: v["c2pa.ingredient.v3"].update(relationship="componentOf"), False),
        (lambda _, v: v["c2pa.ingredient.v3"].update(activeManifest={"url": "x"}), False),
        (lambda _, v: v["c2pa.ingredient.v3"].update(instanceID="xmp.iid:other"), False),
        (lambda _, v: v.pop("c2pa.ingredient.v3"), False),
    ],
    ids=range(5),
)
def test_a_parent_that_is_more_than_a_name_is_for_the_library(
    change: Change, certain: bool, signer: c2pa.Signer
) -> None:
    sure = judged(rebuilt(signer, change, mark=MODIFIED)).certain()

    assert (sure is not None) == certain


@pytest.mark.parametrize(
    "odd",
    [
        {"purposes": (EMAIL, "1.3.6.1.5.5.7.3.1")},
        {"purposes": (CLAIM,)},
        {"organisation": "", "name": "leaf"},
        {"identifies_issuer": False},
        {"usages": ()},
        {"purposes": ()},
    ],
    ids=range(6),
)
def test_a_certificate_that_c2pa_does_not_allow_is_never_certain(odd: dict[str, Any]) -> None:
    top = make_root()
    good, bad = issue(top), issue(top, **odd)
    whole = load(IdentitySpec.from_text(good.pem, good.key_pem))
    key = bad.key_pem.encode()
    made = dataclasses.replace(whole, chain=(bad.certificate,), key=key)
    said = judged(store_of(c2pa.Signer(made)))
    allowed = odd.get("purposes") in {(CLAIM,), (EMAIL, "1.3.6.1.5.5.7.3.1")}

    assert (said.reading.state == "Valid") == allowed
    assert (said.certain() is not None) == allowed


def test_the_key_of_another_certificate_is_caught(signer: c2pa.Signer) -> None:
    other = issue(make_root())
    made = dataclasses.replace(signer.identity, key=other.key_pem.encode())

    assert "claimSignature.mismatch" in codes(store_of(c2pa.Signer(made)))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 4_000), bit=st.integers(0, 7))
def test_a_flipped_bit_never_leaves_a_store_certain(at: int, bit: int, signer: c2pa.Signer) -> None:
    store = bytearray(_once(signer))
    store[at % len(store)] ^= 1 << bit

    assert judged(bytes(store)).certain() is None


_STORE: list[bytes] = []


def _once(signer: c2pa.Signer) -> bytes:
    if not _STORE:
        _STORE.append(store_of(signer))
    return _STORE[0]


@settings(max_examples=60, deadline=None)
@given(chain=st.lists(st.binary(max_size=60), min_size=1, max_size=3), body=st.binary(max_size=40))
def test_any_certificate_can_be_asked(chain: list[bytes], body: bytes) -> None:
    header = cose.protected(Algorithm.ES256, chain)
    store = jumbf.superbox(
        b"c2pa",
        "c2pa",
        jumbf.superbox(
            b"c2ma",
            "urn:c2pa:1",
            jumbf.superbox(b"c2as", "c2pa.assertions"),
            jumbf.superbox(b"c2cl", "c2pa.claim.v2", jumbf.box(b"cbor", cbor2.dumps({}))),
            jumbf.superbox(b"c2cs", "c2pa.signature", jumbf.box(b"cbor", cose.sign1(header, body))),
        ),
    )

    assert "signingCredential.invalid" in codes(store)
