"""What the law asks, as requirements over evidence. No requirement touches a file or raises."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kzmark._notice_record import without_kazakh_first
from kzmark.comparison import differences
from kzmark.errors import RequestError
from kzmark.foreign import claim, label, not_synthetic
from kzmark.mark import Mark
from kzmark.report import Basis, Evidence, Finding, Outcome, Reason, Status, Verdict
from kzmark.vocabulary import Layer

_MARK_CLAUSE: Final = "230-VIII art. 21(2), machine-readable form"
_AGREE_CLAUSE: Final = "230-VIII art. 22(2), unambiguous recognition"
_INTACT_CLAUSE: Final = "230-VIII art. 22(1), automated recognition"
_NOTICE_CLAUSE: Final = "230-VIII art. 21(2), perceptible warning"
_KAZAKH_CLAUSE: Final = "151-I art. 21, Kazakh first"
_SIGNED_CLAUSE: Final = "requested by the caller, signature"
_EXPIRED: Final = "certificate has expired, and no trusted time stamp tells when it signed"
_BROKEN: Final = {  # evidence has the words of whoever checked, which are not for readers
    "c2pa.hash-mismatch": "the file was changed after it was signed",
    "c2pa.signature": "the signature or the certificate does not hold",
    "c2pa.malformed": "the manifest cannot be read",
}
_LONE: Final = "; this format keeps it beside the file, in <name>.kzmark.json, and there is none"


class Signed(StrEnum):
    """How much a caller asks of signatures."""

    ANY = "any"
    SIGNED = "signed"
    TRUSTED = "trusted"


Requirement = Callable[[Sequence[Evidence]], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named, dated list of requirements.

    Attributes:
        name: What reports call it.
        edition: Date of the text it was written from.
        requirements: Each judges all evidence and gives one finding.
    """

    name: str
    edition: str
    requirements: tuple[Requirement, ...]

    def __post_init__(self) -> None:
        if not self.requirements:
            raise ValueError("a policy without requirements would pass every file")

    def judge(self, evidence: Sequence[Evidence]) -> tuple[Finding, ...]:
        """Return one finding for each requirement, in their order."""
        return tuple(requirement(evidence) for requirement in self.requirements)


def machine_readable(evidence: Sequence[Evidence]) -> Finding:
    """Article 21(2): a machine-readable mark is there and can be read."""
    holding = [e for e in evidence if e.mark is not None and e.status is Status.PRESENT]
    if holding:
        found = {e.layer for e in holding}
        names = ", ".join(layer.value for layer in Layer if layer in found)
        return Finding(
            clause=_MARK_CLAUSE,
            outcome=Outcome.MET,
            code="mark.present",
            message=f"mark in {names}",
        )
    layers = [e for e in evidence if e.layer is not Layer.NOTICE]
    if any(e.status is Status.UNCHECKED for e in layers):
        return Finding(
            clause=_MARK_CLAUSE,
            outcome=Outcome.UNKNOWN,
            code="mark.unchecked",
            message="a layer that may hold the mark could not be checked",
        )
    for piece in layers:
        if said := claim(piece):
            message = f"no kzmark record{_unfit(layers)}, though {piece.layer.value} {said}"
            return _finding(_MARK_CLAUSE, Outcome.NOT_MET, "mark.foreign", message)
    message = f"no layer holds a readable mark{_LONE if lacks_sidecar(evidence) else ''}"
    return _finding(_MARK_CLAUSE, Outcome.NOT_MET, "mark.absent", message)


def lacks_sidecar(evidence: Sequence[Evidence]) -> bool:
    """Say whether the file is of a format whose mark stands beside it, and nothing does."""
    layers = [(e.layer, e.status) for e in evidence if e.layer is not Layer.NOTICE]
    return layers == [(Layer.SIDECAR, Status.ABSENT)]


def _unfit(layers: Sequence[Evidence]) -> str:
    """Say what is wrong with the records, if there are any that do not count."""
    broken = any(e.status is Status.BROKEN and e.layer is not Layer.C2PA for e in layers)
    return " that fits the file" if broken else ""


def agreeing(evidence: Sequence[Evidence]) -> Finding:
    """Article 22(2): all layers say the same, and nothing else in the file contradicts them."""
    marks = [(e.layer, e.mark) for e in evidence if e.mark is not None]
    fields = sorted({name for _, mark in marks[1:] for name in differences(marks[0][1], mark)})
    if fields:
        layers = ", ".join(layer.value for layer, _ in marks)
        message = f"the layers {layers} differ in {', '.join(fields)}"
        return _finding(_AGREE_CLAUSE, Outcome.NOT_MET, "mark.conflict", message)
    for piece in evidence:
        if piece.code.endswith(".contradiction"):
            return _finding(_AGREE_CLAUSE, Outcome.NOT_MET, piece.code, piece.detail)
        if marks and (said := not_synthetic(piece)):
            message = f"the layer {piece.layer.value} says {said}, which is not synthetic"
            return _finding(_AGREE_CLAUSE, Outcome.NOT_MET, "mark.contradiction", message)
    if not marks:
        return _finding(_AGREE_CLAUSE, Outcome.UNKNOWN, "mark.absent", "no mark to compare")
    message = "one layer, nothing contradicts it" if len(marks) == 1 else "all layers agree"
    labelled = [piece.layer.value for piece in evidence if label(piece)]
    if labelled:
        message += f"; an AIGC label (GB 45438-2025) in {', '.join(labelled)} fits"
    return _finding(_AGREE_CLAUSE, Outcome.MET, "mark.agree", message)


def intact(evidence: Sequence[Evidence]) -> Finding:
    """Article 22(1): no layer is broken, and what is signed still fits the file."""
    for piece in evidence:
        if piece.layer is not Layer.NOTICE and piece.status is Status.BROKEN:
            message = _BROKEN.get(piece.code, piece.detail)
            return _finding(_INTACT_CLAUSE, Outcome.NOT_MET, piece.code, message)
    if any(e.layer is Layer.C2PA and e.status is Status.UNCHECKED for e in evidence):
        message = "the signature could not be checked"
        return _finding(_INTACT_CLAUSE, Outcome.UNKNOWN, "c2pa.unchecked", message)
    return _finding(_INTACT_CLAUSE, Outcome.MET, "layers.intact", "no layer is damaged")


def perceivable(evidence: Sequence[Evidence]) -> Finding:
    """Article 21(2): the warning was seen, not only claimed, and nothing hinders seeing it."""
    seen = [e for e in evidence if e.layer is Layer.NOTICE and e.basis is Basis.OBSERVED]
    if not seen or seen[0].status is Status.UNCHECKED:
        code = seen[0].code if seen else "notice.unchecked"
        detail = seen[0].detail if seen else "the notice was not looked for"
        return _finding(_NOTICE_CLAUSE, Outcome.UNKNOWN, code, detail)
    piece = seen[0]
    if piece.status is not Status.PRESENT or piece.code:
        outcome = Outcome.MET if piece.status is Status.PRESENT else Outcome.NOT_MET
        return _finding(_NOTICE_CLAUSE, outcome, piece.code or "notice.perceivable", piece.detail)
    code, told = _language(evidence)
    detail = f"{piece.detail}; {told}" if told else piece.detail
    return _finding(_NOTICE_CLAUSE, Outcome.MET, code or "notice.perceivable", detail)


def named_profile(seen: Evidence, mark: Mark | None, profile: str) -> Evidence:
    """Return what was observed of a notice, with a word about the profile if that may be why.

    Args:
        seen: What was observed.
        mark: The mark that the layers agree on, if they do.
        profile: Name of the profile that the notice was measured by.
    """
    amiss = seen.status in {Status.BROKEN, Status.ABSENT}
    if not amiss or mark is None or mark.profile == profile or "--profile" in seen.detail:
        return seen
    told = f"made by the profile {mark.profile}, measured by {profile}: name that with --profile"
    return replace(seen, detail=f"{seen.detail}; {told}")


def kazakh_first(evidence: Sequence[Evidence]) -> Finding:
    """Law 151-I, Article 21: the notice speaks Kazakh, before any other language."""
    if perceivable(evidence).outcome is not Outcome.MET:
        message = "no notice whose languages could be told"
        return _finding(_KAZAKH_CLAUSE, Outcome.UNKNOWN, "notice.unchecked", message)
    code, told = _language(evidence)
    if code:
        return _finding(_KAZAKH_CLAUSE, Outcome.NOT_MET, code, told)
    return _finding(_KAZAKH_CLAUSE, Outcome.MET, "notice.kk-first", "Kazakh comes first")


def _language(evidence: Sequence[Evidence]) -> tuple[str, str]:
    """Return what is amiss with the order of languages, as it was seen, else as it is recorded."""
    seen = (e.facts.get("languages", "") for e in evidence if e.layer is Layer.NOTICE)
    mark = agreed_mark(evidence)
    recorded = mark.notice.languages if mark else ()
    said = [name for one in seen for name in one.split(",") if name] or list(recorded)
    return without_kazakh_first(said)


def signed(evidence: Sequence[Evidence]) -> Finding:
    """The mark stands in a layer whose signature is valid."""
    if any(e.basis is Basis.SIGNED and e.mark and e.status is Status.PRESENT for e in evidence):
        return _finding(_SIGNED_CLAUSE, Outcome.MET, "signature.valid", "the mark is signed")
    message = "no valid signature covers the mark"
    return _finding(_SIGNED_CLAUSE, Outcome.NOT_MET, "signature.absent", message)


def trusted(evidence: Sequence[Evidence]) -> Finding:
    """The signature's chain ends at an anchor that the caller trusts."""
    code, message = "signature.untrusted", "the signer is not on the trust list given"
    for piece in (e for e in evidence if e.basis is Basis.SIGNED and e.mark):
        trust = piece.facts.get("trust", "")
        if trust == "trusted":
            told = "the signer is trusted"
            return _finding(_SIGNED_CLAUSE, Outcome.MET, "signature.trusted", told)
        if piece.code == "c2pa.expired":
            listed = trust.startswith("on the trust list")
            begin = "the signer is on the trust list given, but its" if listed else "the signer's"
            code, message = "signature.expired", f"{begin} {_EXPIRED}"
    return _finding(_SIGNED_CLAUSE, Outcome.NOT_MET, code, message)


_SIGNATURE: Final = frozenset({"signature.absent", "signature.untrusted", "signature.expired"})
_CORE: Final = (machine_readable, perceivable, agreeing, intact)

ARTICLE_21: Final = Policy(name="kz-article-21", edition="2026-01-18", requirements=_CORE)


def article_21(require: Signed | str = Signed.ANY) -> Policy:
    """Return the policy of Article 21, with what a caller asks of signatures on top.

    Args:
        require: `any`, `signed`, or `trusted`: signed by somebody whom the caller trusts.

    Raises:
        RequestError: If it is none of these.
    """
    if require not in list(Signed):
        raise RequestError(f"signatures that are {require!r}", hint=f"one of {', '.join(Signed)}")
    require = Signed(require)
    extra = {Signed.ANY: (), Signed.SIGNED: (signed,), Signed.TRUSTED: (signed, trusted)}[require]
    if not extra:
        return ARTICLE_21
    return Policy(
        name=f"{ARTICLE_21.name}+{require.value}",
        edition=ARTICLE_21.edition,
        requirements=_CORE + extra,
    )


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Any requirement not met: not compliant; else any unknown: undetermined; else compliant."""
    outcomes = {finding.outcome for finding in findings}
    if Outcome.NOT_MET in outcomes:
        return Verdict.NOT_COMPLIANT
    return Verdict.UNDETERMINED if Outcome.UNKNOWN in outcomes else Verdict.COMPLIANT


def reason(evidence: Sequence[Evidence], findings: Sequence[Finding] = ()) -> Reason:
    """Return the one word that says most: a contradiction, then damage, then what is missing.

    `OK` goes with a compliant verdict only.

    Args:
        evidence: What the layers and the notice showed.
        findings: What a policy made of it; it may ask for more than the law does.
    """
    marked, noticed = machine_readable(evidence).outcome, perceivable(evidence).outcome
    if agreeing(evidence).outcome is Outcome.NOT_MET:
        return Reason.CONFLICT
    if intact(evidence).outcome is Outcome.NOT_MET:
        return Reason.DAMAGED
    if Outcome.UNKNOWN in {marked, noticed} or intact(evidence).outcome is Outcome.UNKNOWN:
        return Reason.UNCHECKED
    met = (marked is Outcome.MET, noticed is Outcome.MET)
    missed = {finding.code for finding in findings if finding.outcome is Outcome.NOT_MET}
    return {
        (True, True): _beyond(missed, verdict(findings)),
        (True, False): Reason.MARK_ONLY,
        (False, True): Reason.NOTICE_ONLY,
        (False, False): Reason.UNMARKED,
    }[met]


def _beyond(missed: AbstractSet[str], found: Verdict) -> Reason:
    """Return what a policy misses of a file that the law has nothing against."""
    if missed & _SIGNATURE:
        return Reason.UNTRUSTED
    unmet = {Verdict.NOT_COMPLIANT: Reason.POLICY, Verdict.UNDETERMINED: Reason.UNCHECKED}
    return unmet.get(found, Reason.OK)


def agreed_mark(evidence: Sequence[Evidence]) -> Mark | None:
    """Return the mark of the layers, if there is one and they all agree."""
    marks = [e.mark for e in evidence if e.mark is not None and e.status is Status.PRESENT]
    if not marks or any(differences(marks[0], mark) for mark in marks[1:]):
        return None
    return marks[0]


def _finding(clause: str, outcome: Outcome, code: str, message: str) -> Finding:
    return Finding(clause=clause, outcome=outcome, code=code, message=message)
