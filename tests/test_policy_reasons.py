"""One's own policies: what they miss has a reason of its own, and a slip in their file a hint."""

import itertools
from pathlib import Path

import pytest
from tests.conftest import make_mark

from kzmark import policy, policy_file
from kzmark.errors import RequestError
from kzmark.report import Basis, Evidence, Reason, Status, Verdict
from kzmark.vocabulary import Layer

MARK = make_mark()
LAYERS = (
    (Evidence(layer=Layer.XMP, status=Status.PRESENT, mark=MARK),),
    (
        Evidence(
            layer=Layer.C2PA,
            status=Status.PRESENT,
            basis=Basis.SIGNED,
            mark=MARK,
            facts={"trust": "trusted"},
        ),
    ),
    (Evidence(layer=Layer.XMP, status=Status.ABSENT),),
    (Evidence(layer=Layer.SIDECAR, status=Status.BROKEN, code="sidecar.x", detail="x"),),
    (Evidence(layer=Layer.C2PA, status=Status.UNCHECKED, code="c2pa.unchecked"),),
)
NOTICES = (
    *(Evidence.observed(status, "notice.x", "x") for status in Status),
    Evidence.observed(Status.PRESENT, "", "seen", {"languages": "ru,kk"}),
    Evidence.observed(Status.PRESENT, "", "seen", {"languages": "kk,ru"}),
)
NAMES = (
    "machine-readable",
    "perceivable",
    "agreeing",
    "intact",
    "signed",
    "trusted",
    "kazakh-first",
)
LEAST = 'name = "house"\nedition = "2026"\nrequirements = '


def asked(tmp_path: Path, *names: str) -> policy.Policy:
    path = tmp_path / "p.toml"
    path.write_text(f"{LEAST}{list(names)}", encoding="utf-8")
    return policy_file.from_file(path)


@pytest.mark.parametrize("name", NAMES)
def test_ok_goes_with_a_compliant_verdict_only(tmp_path: Path, name: str) -> None:
    judges = (policy.ARTICLE_21, asked(tmp_path, name), asked(tmp_path, *NAMES))
    for judge, layers, seen in itertools.product(judges, LAYERS, NOTICES):
        evidence = [*layers, seen]
        findings = judge.judge(evidence)
        if policy.reason(evidence, findings) is Reason.OK:
            assert policy.verdict(findings) is Verdict.COMPLIANT, (judge.name, evidence)


def test_what_only_a_policy_asks_for_is_missed_with_a_reason_of_its_own(tmp_path: Path) -> None:
    evidence = [*LAYERS[0], NOTICES[-2]]
    findings = asked(tmp_path, "machine-readable", "kazakh-first").judge(evidence)

    assert policy.verdict(findings) is Verdict.NOT_COMPLIANT
    assert policy.reason(evidence, findings) is Reason.POLICY


def test_a_signature_that_is_missed_keeps_its_own_reason(tmp_path: Path) -> None:
    evidence = [*LAYERS[0], NOTICES[-2]]
    findings = asked(tmp_path, "signed", "kazakh-first").judge(evidence)

    assert policy.reason(evidence, findings) is Reason.UNTRUSTED


@pytest.mark.parametrize(
    ("listed", "told", "hint"),
    [
        ('["perceivable", "kazak-first"]', "'kazak-first'", "did you mean kazakh-first?"),
        ('["strip"]', "'strip'", "any of machine-readable"),
        ('"signed"', "it lists no requirements", "any of machine-readable"),
        ("[7]", "'7'", "any of machine-readable"),
    ],
)
def test_a_requirement_nobody_knows_is_named(
    tmp_path: Path, listed: str, told: str, hint: str
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f"{LEAST}{listed}", encoding="utf-8")

    with pytest.raises(RequestError) as caught:
        policy_file.from_file(path)
    assert told in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("status", [Status.BROKEN, Status.ABSENT])
def test_a_notice_of_another_profile_is_told_with_the_way_out(status: Status) -> None:
    seen = Evidence.observed(status, "notice.x", "no whole text")

    told = policy.named_profile(seen, MARK, "house-1").detail

    assert MARK.profile in told
    assert "house-1" in told
    assert told.endswith("--profile")


def test_no_profile_is_named_where_it_is_not_the_cause() -> None:
    broken = Evidence.observed(Status.BROKEN, "notice.x", "x")
    there = Evidence.observed(Status.PRESENT, "", "seen")

    assert policy.named_profile(broken, MARK, MARK.profile) is broken
    assert policy.named_profile(broken, None, "house-1") is broken
    assert policy.named_profile(there, MARK, "house-1") is there
