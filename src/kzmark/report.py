"""What was found and how it was judged: evidence, findings, verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn

from kzmark.errors import NotCompliantError
from kzmark.mark import Mark
from kzmark.vocabulary import Layer


class Status(StrEnum):
    """Absent, broken and unchecked are three things."""

    PRESENT = "present"
    ABSENT = "absent"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


class Basis(StrEnum):
    """On what a piece of evidence rests."""

    DECLARED = "declared"
    OBSERVED = "observed"
    SIGNED = "signed"


class Outcome(StrEnum):
    """How one requirement came out."""

    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"


_WEAK: Final = frozenset({"notice.tone-only", "notice.kk-not-first", "notice.without-kk"})


class Verdict(StrEnum):
    """The sum of all findings."""

    COMPLIANT = "compliant"
    NOT_COMPLIANT = "not-compliant"
    UNDETERMINED = "undetermined"


class Reason(StrEnum):
    """Why the verdict is what it is."""

    OK = "ok"
    MARK_ONLY = "mark-only"
    NOTICE_ONLY = "notice-only"
    UNMARKED = "unmarked"
    CONFLICT = "conflict"
    DAMAGED = "damaged"
    UNSUPPORTED = "unsupported"
    UNCHECKED = "unchecked"
    UNTRUSTED = "untrusted"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one layer, or the notice, showed.

    Attributes:
        layer: Where it was found.
        status: Present, absent, broken or unchecked.
        basis: Declared by the file, observed in what a person perceives, or signed.
        mark: The mark it holds, if it holds one that can be read.
        code: Stable and listed in docs/reference/codes.md, such as `xmp.unparsable`.
        detail: The same in words, with figures.
        facts: What it says beside the record, by name: others' statements, measures of a notice.
    """

    layer: Layer
    status: Status
    basis: Basis = Basis.DECLARED
    mark: Mark | None = None
    code: str = ""
    detail: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def observed(
        cls, status: Status, code: str, detail: str, facts: Mapping[str, str] | None = None
    ) -> "Evidence":
        """Return what was observed of a notice."""
        return cls(
            layer=Layer.NOTICE,
            status=status,
            basis=Basis.OBSERVED,
            code=code,
            detail=detail,
            facts=dict(facts or {}),
        )

    def to_dict(self) -> dict[str, str]:
        """Return the evidence as `verify --json` prints it."""
        return {
            "layer": self.layer.value,
            "status": self.status.value,
            "basis": self.basis.value,
            "code": self.code,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One requirement judged.

    Attributes:
        clause: Where the requirement comes from.
        outcome: Met, not met or unknown.
        code: Stable and listed in docs/reference/codes.md.
        message: The same in words.
    """

    clause: str
    outcome: Outcome
    code: str
    message: str

    @property
    def is_weak(self) -> bool:
        """Whether it is met, and yet a publisher should look at it."""
        return self.outcome is Outcome.MET and self.code in _WEAK

    def to_dict(self) -> dict[str, str]:
        """Return the finding as `verify --json` prints it."""
        return {
            "clause": self.clause,
            "outcome": self.outcome.value,
            "code": self.code,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `verify` says of one file. Ask for `.verdict`; a report is never true or false.

    Attributes:
        source: Name of the file.
        sha256: Its SHA-256, 64 hexadecimal digits.
        format: Exact name of its format, or an empty string.
        medium: Its medium, or an empty string.
        policy: Name and edition of the policy it was judged by.
        verdict: The sum.
        reason: Why.
        mark: The mark that the layers agree on, if they do.
        findings: One for each requirement.
        evidence: What every layer and the notice showed.
        preview: A small JPEG of what a person sees, if `verify` was asked for one.
    """

    source: str
    sha256: str
    format: str
    medium: str
    policy: str
    verdict: Verdict
    reason: Reason
    mark: Mark | None
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    preview: bytes = field(default=b"", repr=False, compare=False)

    def __bool__(self) -> NoReturn:
        raise TypeError("a report is neither true nor false; ask for .verdict")

    def raise_for_verdict(self) -> None:
        """Return if the verdict is `compliant`; what is missing is in the error's message.

        Raises:
            NotCompliantError: If it is not.
        """
        if self.verdict is not Verdict.COMPLIANT:
            missed = [f.message for f in self.findings if f.outcome is not Outcome.MET]
            raise NotCompliantError(
                f"{self.verdict.value} ({self.reason.value}): {'; '.join(missed)}",
                source=self.source,
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as `verify --json` prints it."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "format": self.format,
            "medium": self.medium,
            "policy": self.policy,
            "verdict": self.verdict.value,
            "reason": self.reason.value,
            "mark": self.mark.to_dict() if self.mark else None,
            "findings": [finding.to_dict() for finding in self.findings],
            "evidence": [evidence.to_dict() for evidence in self.evidence],
        }
