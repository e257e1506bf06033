"""Policies: every combination of evidence has its verdict and its reason."""

from pathlib import Path

import pytest
from tests.conftest import make_mark

from kzmark import policy
from kzmark.errors import NotCompliantError, RequestError
from kzmark.mark import NoticeRecord
from kzmark.policy import ARTICLE_21, Policy, Signed, article_21
from kzmark.policy_file import from_file
from kzmark.report import Basis, Evidence, Outcome, Reason, Report, Status, Verdict
from kzmark.vocabulary import Layer

MARK = make_mark()
XMP = Evidence(layer=Layer.XMP, status=Status.PRESENT, mark=MARK)
C2PA = Evidence(layer=Layer.C2PA, status=Status.PRESENT, basis=Basis.SIGNED, mark=MARK)
NO_XMP = Evidence(layer=Layer.XMP, status=Status.ABSENT)
OTHER_XMP = Evidence(layer=Layer.XMP, status=Status.PRESENT, mark=make_mark("Другой"))
FOREIGN = Evidence(
    layer=Layer.XMP, status=Status.PRESENT, mark=MARK, code="xmp.contradiction", detail="a camera"
)
BAD_C2PA = Evidence(
    layer=Layer.C2PA, status=Status.BROKEN, basis=Basis.SIGNED, code="c2pa.hash", detail="x"
)
NO_BACKEND = Evidence(layer=Layer.C2PA, status=Status.UNCHECKED, code="c2pa.unchecked")


def notice(status: Status, basis: Basis = Basis.OBSERVED) -> Evidence:
    return Evidence(layer=Layer.NOTICE, status=status, basis=basis, code="notice.x", detail="x")


SEEN, GONE, HIDDEN, UNSEEN = (
    notice(s) for s in (Status.PRESENT, Status.ABSENT, Status.BROKEN, Status.UNCHECKED)
)
SEEN_PLAIN = Evidence.observed(Status.PRESENT, "", "seen")
CLAIMED = notice(Status.PRESENT, Basis.DECLARED)


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"),
    [
        ([XMP, C2PA, SEEN], Verdict.COMPLIANT, Reason.OK),
        ([XMP, SEEN], Verdict.COMPLIANT, Reason.OK),
        ([XMP, C2PA, GONE], Verdict.NOT_COMPLIANT, Reason.MARK_ONLY),
        ([XMP, HIDDEN], Verdict.NOT_COMPLIANT, Reason.MARK_ONLY),
        ([XMP, CLAIMED], Verdict.UNDETERMINED, Reason.UNCHECKED),
        ([NO_XMP, SEEN], Verdict.NOT_COMPLIANT, Reason.NOTICE_ONLY),
        ([NO_XMP, GONE], Verdict.NOT_COMPLIANT, Reason.UNMARKED),
        ([OTHER_XMP, C2PA, SEEN], Verdict.NOT_COMPLIANT, Reason.CONFLICT),
        ([FOREIGN, SEEN], Verdict.NOT_COMPLIANT, Reason.CONFLICT),
        ([XMP, BAD_C2PA, SEEN], Verdict.NOT_COMPLIANT, Reason.DAMAGED),
        ([XMP, UNSEEN], Verdict.UNDETERMINED, Reason.UNCHECKED),
        ([XMP, NO_BACKEND, SEEN], Verdict.UNDETERMINED, Reason.UNCHECKED),
        ([NO_XMP, NO_BACKEND, SEEN], Verdict.UNDETERMINED, Reason.UNCHECKED),
        ([], Verdict.NOT_COMPLIANT, Reason.UNCHECKED),
    ],
)
def test_evidence_leads_to_its_verdict_and_reason(
    evidence: list[Evidence], verdict: Verdict, reason: Reason
) -> None:
    findings = ARTICLE_21.judge(evidence)

    assert policy.verdict(findings) is verdict
    assert policy.reason(evidence) is reason


def test_every_finding_names_its_clause_and_code() -> None:
    for finding in article_21(Signed.TRUSTED).judge([OTHER_XMP, BAD_C2PA, GONE]):
        assert finding.clause
        assert finding.code
        assert finding.message


def test_a_conflict_names_the_fields() -> None:
    (found,) = [f for f in ARTICLE_21.judge([OTHER_XMP, C2PA, SEEN]) if f.code == "mark.conflict"]

    assert "responsible.name" in found.message


def test_asking_for_a_signature_is_met_by_a_signed_layer_only() -> None:
    asked = article_21(Signed.SIGNED)

    assert policy.verdict(asked.judge([XMP, C2PA, SEEN])) is Verdict.COMPLIANT
    assert policy.verdict(asked.judge([XMP, SEEN])) is Verdict.NOT_COMPLIANT


def test_asking_for_trust_is_met_by_a_trusted_signer_only() -> None:
    asked = article_21(Signed.TRUSTED)
    trusted = Evidence(
        layer=Layer.C2PA,
        status=Status.PRESENT,
        basis=Basis.SIGNED,
        mark=MARK,
        facts={"trust": "trusted"},
    )

    assert policy.verdict(asked.judge([trusted, SEEN])) is Verdict.COMPLIANT
    assert policy.verdict(asked.judge([C2PA, SEEN])) is Verdict.NOT_COMPLIANT


def spoken(*languages: str) -> Evidence:
    return Evidence.observed(Status.PRESENT, "", "seen", {"languages": ",".join(languages)})


@pytest.mark.parametrize(
    ("languages", "code"),
    [
        (("kk", "ru"), "notice.perceivable"),
        (("kk-Cyrl",), "notice.perceivable"),
        (("ru", "kk"), "notice.kk-not-first"),
        (("ru", "en"), "notice.without-kk"),
    ],
)
def test_a_notice_that_kazakh_does_not_lead_is_met_and_weak(
    languages: tuple[str, ...], code: str
) -> None:
    findings = ARTICLE_21.judge([XMP, spoken(*languages)])

    assert policy.verdict(findings) is Verdict.COMPLIANT
    assert findings[1].code == code
    assert findings[1].is_weak == (code != "notice.perceivable")


def test_the_order_of_languages_is_that_of_the_record_where_none_was_seen() -> None:
    notice = NoticeRecord(languages=("ru", "kk"), texts=("Создано ИИ", "ЖИ жасаған"))
    recorded = Evidence(layer=Layer.XMP, status=Status.PRESENT, mark=make_mark(notice=notice))

    assert ARTICLE_21.judge([recorded, SEEN_PLAIN])[1].code == "notice.kk-not-first"
    assert ARTICLE_21.judge([recorded, spoken("kk", "ru")])[1].code == "notice.perceivable"


def test_a_policy_may_ask_for_kazakh_first(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('name = "house"\nedition = "2026"\nrequirements = ["kazakh-first"]\n')
    asked = from_file(path)
    outcomes = {
        one: asked.judge([XMP, piece])[0].outcome
        for one, piece in {"kk": spoken("kk"), "ru": spoken("ru"), "-": GONE}.items()
    }

    assert outcomes == {"kk": Outcome.MET, "ru": Outcome.NOT_MET, "-": Outcome.UNKNOWN}


def test_a_policy_without_requirements_is_refused() -> None:
    with pytest.raises(ValueError, match="pass every file"):
        Policy(name="x", edition="y", requirements=())


def test_a_report_is_neither_true_nor_false() -> None:
    report = Report(
        source="x",
        sha256="",
        format="png",
        medium="image",
        policy="p",
        verdict=Verdict.NOT_COMPLIANT,
        reason=Reason.UNMARKED,
        mark=None,
        findings=ARTICLE_21.judge([NO_XMP, GONE]),
        evidence=(),
    )

    with pytest.raises(TypeError, match="verdict"):
        bool(report)
    with pytest.raises(NotCompliantError, match="unmarked"):
        report.raise_for_verdict()


def test_a_policy_file_names_its_requirements(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('name = "house"\nedition = "2026"\nrequirements = ["signed", "perceivable"]\n')

    loaded = from_file(path)

    assert loaded.name == "house"
    assert [f.outcome for f in loaded.judge([C2PA, SEEN])] == [Outcome.MET, Outcome.MET]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "requirements = []",
        'name="x"\nedition="1"\nrequirements=["strip"]',
        'name="x"\nedition="1"\nrequirements=["signed"]\nmore=1',
        "not toml",
    ],
)
def test_a_bad_policy_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)

    with pytest.raises(RequestError):
        from_file(path)


def test_what_others_say_of_ai_is_told_and_is_no_record_of_ours() -> None:
    said = {
        "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "AISystemUsed": "OtherGen",
    }
    foreign = Evidence(layer=Layer.C2PA, status=Status.PRESENT, basis=Basis.SIGNED, facts=said)

    found = ARTICLE_21.judge([foreign, GONE])[0]

    assert (found.outcome, found.code) == (Outcome.NOT_MET, "mark.foreign")
    assert "OtherGen" in found.message
    assert policy.reason([foreign, GONE]) is Reason.UNMARKED


def test_a_camera_beside_our_record_is_a_contradiction() -> None:
    camera = {"DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}
    foreign = Evidence(layer=Layer.C2PA, status=Status.PRESENT, basis=Basis.SIGNED, facts=camera)

    assert policy.reason([XMP, foreign, SEEN]) is Reason.CONFLICT


@pytest.mark.parametrize("asked", [Signed.SIGNED, Signed.TRUSTED])
def test_what_only_the_caller_misses_has_a_reason_of_its_own(asked: Signed) -> None:
    findings = article_21(asked).judge([XMP, SEEN])

    assert policy.verdict(findings) is Verdict.NOT_COMPLIANT
    assert policy.reason([XMP, SEEN], findings) is Reason.UNTRUSTED
