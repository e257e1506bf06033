"""The report of a file that cannot be read: damaged, too costly, or of a kind nobody here knows."""

from typing import Final

from kzmark.errors import (
    KzmarkError,
    MalformedMediaError,
    UnknownFormatError,
    UnsupportedMediaError,
)
from kzmark.formats._base import FormatInfo
from kzmark.policy import Policy
from kzmark.report import Finding, Outcome, Reason, Report, Verdict

_REASONS: Final[dict[type[KzmarkError], Reason]] = {
    MalformedMediaError: Reason.DAMAGED,
    UnknownFormatError: Reason.UNSUPPORTED,
    UnsupportedMediaError: Reason.UNSUPPORTED,
}


def unread(
    digest: str, error: KzmarkError, *, name: str, policy: Policy, info: FormatInfo | None = None
) -> Report:
    """Return the report of a file that could not be read to its end.

    Args:
        digest: SHA-256 of the file, 64 hexadecimal digits.
        error: What came of reading it.
        name: What to call it.
        policy: What it was to be judged by.
        info: Its format, if that is known.
    """
    reason = _REASONS.get(type(error), Reason.UNCHECKED)
    damaged = reason is Reason.DAMAGED
    finding = Finding(
        clause="230-VIII art. 22(1), automated recognition",
        outcome=Outcome.NOT_MET if damaged else Outcome.UNKNOWN,
        code=f"file.{error.code}",
        message=f"{error.message}; {error.hint}" if error.hint else error.message,
    )
    return Report(
        source=name,
        sha256=digest,
        format=info.name if info else "",
        medium=info.medium.value if info else "",
        policy=f"{policy.name} {policy.edition}",
        verdict=Verdict.NOT_COMPLIANT if damaged else Verdict.UNDETERMINED,
        reason=reason,
        mark=None,
        findings=(finding,),
        evidence=(),
    )
