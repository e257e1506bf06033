"""What the law asks, as requirements over evidence. No requirement touches a file or raises."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from kzmark.comparison import differences
from kzmark.errors import RequestError
from kzmark.mark import Mark
from kzmark.report import Basis, Evidence, Finding, Outcome, Reason, Status, Verdict
from kzmark.vocabulary import Layer, SourceType

_MARK_CLAUSE: Final = "230-VIII art. 21(2), machine-readable form"
_AGREE_CLAUSE: Final = "230-VIII art. 22(2), unambiguous recognition"
_INTACT_CLAUSE: Final = "230-VIII art. 22(1), automated recognition"
_NOTICE_CLAUSE: Final = "230-VIII art. 21(2), perceptible warning"
_SIGNED_CLAUSE: Final = "requested by the caller, signature"


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
        names = ", ".join(e.layer.value for e in holding)
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
        if (said := _source_type(piece)) and not not_synthetic(piece):
            message = f"no kzmark record, though {piece.layer.value} says {said}{_by(piece)}"
            return _finding(_MARK_CLAUSE, Outcome.NOT_MET, "mark.foreign", message)
    return _finding(_MARK_CLAUSE, Outcome.NOT_MET, "mark.absent", "no layer holds a readable mark")


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
    return _finding(_AGREE_CLAUSE, Outcome.MET, "mark.agree", message)


def intact(evidence: Sequence[Evidence]) -> Finding:
    """Article 22(1): no layer is broken, and what is signed still fits the file."""
    for piece in evidence:
        if piece.layer is not Layer.NOTICE and piece.status is Status.BROKEN:
            return _finding(_INTACT_CLAUSE, Outcome.NOT_MET, piece.code, piece.detail)
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
    outcome = Outcome.MET if piece.status is Status.PRESENT else Outcome.NOT_MET
    return _finding(_NOTICE_CLAUSE, outcome, piece.code or "notice.perceivable", piece.detail)


def signed(evidence: Sequence[Evidence]) -> Finding:
    """The mark stands in a layer whose signature is valid."""
    if any(e.basis is Basis.SIGNED and e.mark and e.status is Status.PRESENT for e in evidence):
        return _finding(_SIGNED_CLAUSE, Outcome.MET, "signature.valid", "the mark is signed")
    message = "no valid signature covers the mark"
    return _finding(_SIGNED_CLAUSE, Outcome.NOT_MET, "signature.absent", message)


def trusted(evidence: Sequence[Evidence]) -> Finding:
    """The signature's chain ends at an anchor that the caller trusts."""
    for piece in evidence:
        if piece.basis is Basis.SIGNED and piece.mark and piece.facts.get("trust") == "trusted":
            return _finding(
                _SIGNED_CLAUSE, Outcome.MET, "signature.trusted", "the signer is trusted"
            )
    message = "the signer is not on the trust list given"
    return _finding(_SIGNED_CLAUSE, Outcome.NOT_MET, "signature.untrusted", message)


_NAMED: Final = {
    "machine-readable": machine_readable,
    "perceivable": perceivable,
    "agreeing": agreeing,
    "intact": intact,
    "signed": signed,
    "trusted": trusted,
}
_SIGNATURE: Final = frozenset({"signature.absent", "signature.untrusted"})
_SYNTHETIC: Final = frozenset(SourceType) | {"trainedAlgorithmicData"}
_CORE: Final = (machine_readable, perceivable, agreeing, intact)

ARTICLE_21: Final = Policy(name="kz-article-21", edition="2026-01-18", requirements=_CORE)


def article_21(require: Signed = Signed.ANY) -> Policy:
    """Return the policy of Article 21, with what a caller asks of signatures on top."""
    extra = {Signed.ANY: (), Signed.SIGNED: (signed,), Signed.TRUSTED: (signed, trusted)}[require]
    if not extra:
        return ARTICLE_21
    return Policy(
        name=f"{ARTICLE_21.name}+{require.value}",
        edition=ARTICLE_21.edition,
        requirements=_CORE + extra,
    )


def from_file(path: Path) -> Policy:
    """Read a policy: `name`, `edition`, and `requirements`, a list of the names known here.

    Raises:
        RequestError: If it cannot be read, lacks a value, or names no known requirement.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RequestError(f"cannot be read: {error}", source=str(path)) from error
    listed = table.get("requirements")
    known = ", ".join(_NAMED)
    if not isinstance(listed, list) or not listed or not set(map(str, listed)) <= _NAMED.keys():
        raise RequestError(
            "no list of known requirements", source=str(path), hint=f"any of {known}"
        )
    if table.keys() != {"name", "edition", "requirements"}:
        raise RequestError("a policy has name, edition and requirements", source=str(path))
    return Policy(
        name=str(table["name"]),
        edition=str(table["edition"]),
        requirements=tuple(_NAMED[str(name)] for name in listed),
    )


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Any requirement not met: not compliant; else any unknown: undetermined; else compliant."""
    outcomes = {finding.outcome for finding in findings}
    if Outcome.NOT_MET in outcomes:
        return Verdict.NOT_COMPLIANT
    return Verdict.UNDETERMINED if Outcome.UNKNOWN in outcomes else Verdict.COMPLIANT


def reason(evidence: Sequence[Evidence], findings: Sequence[Finding] = ()) -> Reason:
    """Return the one word that says most: a contradiction, then damage, then what is missing.

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
    both = Reason.UNTRUSTED if missed & _SIGNATURE else Reason.OK
    return {
        (True, True): both,
        (True, False): Reason.MARK_ONLY,
        (False, True): Reason.NOTICE_ONLY,
        (False, False): Reason.UNMARKED,
    }[met]


def agreed_mark(evidence: Sequence[Evidence]) -> Mark | None:
    """Return the mark of the layers, if there is one and they all agree."""
    marks = [e.mark for e in evidence if e.mark is not None and e.status is Status.PRESENT]
    if not marks or any(differences(marks[0], mark) for mark in marks[1:]):
        return None
    return marks[0]


def not_synthetic(piece: Evidence) -> str:
    """Return the digital source type that a layer states, if it is not one of a synthetic file."""
    said = _source_type(piece)
    return said if said and said not in _SYNTHETIC else ""


def _source_type(piece: Evidence) -> str:
    """Return the last part of the digital source type that a layer states, or nothing."""
    return piece.facts.get("DigitalSourceType", "").rpartition("/")[2]


def _by(piece: Evidence) -> str:
    named = piece.facts.get("AISystemUsed") or piece.facts.get("issuer")
    return f" ({named})" if named else ""


def _finding(clause: str, outcome: Outcome, code: str, message: str) -> Finding:
    return Finding(clause=clause, outcome=outcome, code=code, message=message)
