"""What `verify` tells of its reports as they come: JSON, a card or a table, and the exit code."""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli.table import Listing, table
from kzmark.cli.terminal import coloured, harmless, painted
from kzmark.errors import KzmarkError

if TYPE_CHECKING:
    from kzmark.batch import Result
    from kzmark.cli.page import Sheet
    from kzmark.mark import Mark
    from kzmark.report import Evidence, Report

NOT_READ: Final = "not-read"  # stands where a file that was judged has its verdict
EXIT: Final = {"compliant": 0, "undetermined": 3, "not-compliant": 1}  # mildest first; 2 is usage
_HEAD: Final = ("file", "format", "verdict", "reason", "what is missing")
_SIGN: Final = {"met": "+", "not-met": "x", "unknown": "?"}
_WEAK: Final = "!"
_ADVICE: Final = {  # what follows from a reason, or what to do
    "unmarked": "An unmarked file is of unknown origin: nothing says that a person made it.",
    "notice-only": "Its mark is gone or never was: take the stamped file itself, or stamp this.",
    "mark-only": "A mark nobody perceives is half of what is asked: stamp its source again.",
    "damaged": "It was changed since it was stamped. Edit first, stamp last: stamp it again.",
    "conflict": "Its layers do not say the same: if you answer for it, stamp it with --replace.",
}
_HINDERED: Final = (
    "A notice was seen, and does not count as it is: it may be a copy of a marked file."
)
_ELSEWHERE: Final = "Judge it by the profile that made it, before anything is done about it."
_BESIDE: Final = "If it was stamped, put {} back beside it: its mark is in there."


class Verdicts:
    """Tells of reports one by one and keeps their numbers, not them.

    Args:
        args: The options of `verify`.
        out: Where reports go.
        total: Number of files, if it is known; one alone gets a card.
        sheet: The page that they are written to as well, if any.

    Attributes:
        total: Number of files, if it is known.
    """

    def __init__(
        self, args: Namespace, out: TextIO, *, total: int | None, sheet: "Sheet | None" = None
    ) -> None:
        self.total = total
        self._args, self._out, self._sheet = args, out, sheet
        self._counts: Counter[tuple[str, str]] = Counter()  # verdict, reason
        self._words = not (args.json or args.quiet)
        self._alone: Report | None = None
        self._listing = Listing(_HEAD, out, {2: painted} if coloured(out) else None)

    @property
    def code(self) -> int:
        """The exit code: that of the worst verdict, or 4 if a file could not be read."""
        from kzmark.cli import UNREADABLE

        verdicts = {verdict for verdict, _ in self._counts}
        if NOT_READ in verdicts:
            return UNREADABLE
        return max((EXIT[one] for one in verdicts), key=list(EXIT.values()).index, default=0)

    def tell(self, result: "Result", number: int) -> None:
        """Tell of one result.

        Args:
            result: A report or an error.
            number: Its place in the order in which the files were found.
        """
        if result.error is not None:
            result.error.source = result.error.source or str(result.source)
            self.fail(result.error)
        if result.report is not None:
            self._tell(result.report, number)

    def fail(self, error: KzmarkError) -> None:
        """Tell of a file that could not be read."""
        from kzmark.cli import complain

        self._counts[NOT_READ, error.code] += 1
        complain(error, sys.stderr)
        self._row(_unread(error))
        if self._sheet:
            self._sheet.fail(error)

    def close(self, *, whole: bool) -> None:
        """Print the rest of the words for people, and give the page its name.

        Args:
            whole: Whether all files were judged.
        """
        if self._words and self.total == 1 and self._alone is not None:
            print(_card(self._alone, colour=coloured(self._out)), file=self._out)
        if self.total != 1:
            if self._words:
                self._listing.close()
            if not self._args.quiet:
                print(self._sum(whole=whole), file=sys.stderr if self._args.json else self._out)
        if self._sheet:
            self._sheet.finish(total=self.total, whole=whole)

    def _tell(self, report: "Report", number: int) -> None:
        self._counts[report.verdict.value, report.reason.value] += 1
        if self._args.json:
            self._row(report.to_dict())
        if self._words and self.total == 1:
            self._alone = report
        elif self._words:
            self._listing.add(number, _cells(report))
        if self._sheet:
            self._sheet.add(report)

    def _sum(self, *, whole: bool) -> str:
        sums: Counter[str] = Counter()
        for (verdict, _), count in self._counts.items():
            sums[verdict] += count
        told = sums.total()
        parts = [f"{sums['compliant']} of {told if whole else self.total or told} compliant"]
        if sums[NOT_READ]:
            parts.append(f"{sums[NOT_READ]} not read")
        if not whole:
            parts.append(f"{self.total - told if self.total else 'others'} not judged")
        first = ", ".join(parts)
        if len(self._counts) < 2:
            return first
        order = [*reversed(EXIT), NOT_READ]
        kinds = sorted(self._counts.items(), key=lambda one: (order.index(one[0][0]), -one[1]))
        rows = [(str(count), verdict, reason) for (verdict, reason), count in kinds]
        return f"{table(('files', 'verdict', 'reason'), rows)}\n{first}"

    def _row(self, body: dict[str, Any]) -> None:
        if self._args.json:
            print(json.dumps(body, ensure_ascii=False), file=self._out, flush=True)


def _unread(error: KzmarkError) -> dict[str, Any]:
    """Return the JSON line of a file that could not be read: as of one that was, and the error."""
    nothing = ("sha256", "format", "medium", "policy", "verdict", "reason", "mark")
    return {
        "source": error.source,
        **dict.fromkeys(nothing),
        "findings": [],
        "evidence": [],
        "error": error.to_dict(),
    }


def _cells(report: "Report") -> tuple[str, ...]:
    verdict, reason = report.verdict.value, report.reason.value
    return harmless(report.source), report.format, verdict, reason, _missing(report)


def _card(report: "Report", *, colour: bool) -> str:
    verdict = report.verdict.value
    shown = painted(verdict) if colour else verdict
    first = f"{harmless(report.source)}: {shown} ({report.reason.value})"
    return "\n".join((first, *map(harmless, _details(report))))


def _details(report: "Report") -> list[str]:
    clauses = [_short(finding.clause) for finding in report.findings]
    size = max(map(len, clauses), default=0)
    lines = [
        f"  {_WEAK if f.is_weak else _SIGN[f.outcome.value]} {clause:{size}}  {f.message}"
        for f, clause in zip(report.findings, clauses, strict=True)
    ]
    if (mark := report.mark) is not None:
        system = f"{mark.system.name} {mark.system.version}".strip()
        lines.append(
            f"  mark     {mark.operation.value} by {system}, {mark.created:%Y-%m-%d %H:%M} UTC"
        )
        lines.append(f"  answers  {mark.responsible.name} ({mark.responsible.role.value})")
    told = [line for e in report.evidence if e.layer == "c2pa" for line in _signature(e, mark)]
    lines.extend(told or ["  C2PA     none: nothing is signed"] * (mark is not None))
    return [*lines, *(f"  {advice}" for advice in _advice(report))]


def _advice(report: "Report") -> Iterator[str]:
    """Yield what follows from a reason, and what to do."""
    from kzmark.policy import lacks_sidecar

    reason = report.reason.value
    hindered = any(e.layer == "notice" and e.status == "broken" for e in report.evidence)
    if reason == "unmarked" and hindered:
        yield _HINDERED
    elif reason == "mark-only" and any("--profile" in f.message for f in report.findings):
        yield _ELSEWHERE
    elif reason in _ADVICE:
        yield _ADVICE[reason]
    if report.mark is None and lacks_sidecar(report.evidence):
        yield _BESIDE.format(_beside(report.source))


def _beside(source: str) -> str:
    """Return the name of the sidecar of a file."""
    from kzmark.paths import RECORD_SUFFIX
    from kzmark.places import place

    return f"{place(source).name}{RECORD_SUFFIX}" if source else f"sidecar (…{RECORD_SUFFIX})"


def _short(clause: str) -> str:
    """Return where a requirement stands: `art. 21(2)` of the law on AI, or in another law."""
    place = clause.partition(",")[0].removeprefix("230-VIII ")
    return "asked for" if place == "requested by the caller" else place


def _signature(piece: "Evidence", mark: "Mark | None") -> Iterator[str]:
    """Yield what is said of who signed, and when."""
    from kzmark.signing import evidence

    if piece.status.value == "broken":
        yield f"  C2PA     does not hold: {piece.facts.get('codes') or piece.detail}"
        return
    if piece.status.value != "present":
        if piece.detail:
            yield f"  C2PA     {piece.detail}"
        return
    issuer, trust = piece.facts.get("issuer", ""), piece.facts.get("trust", "")
    worth = {
        evidence.OUTDATED: "valid but for the certificate, which has expired since",
        evidence.OUTDATED_ON_LIST: "valid and on the trust list, but the certificate has expired",
    }.get(trust, f"valid, {trust}")
    other = mark is not None and not _names(issuer, mark.responsible.name)
    yield f"  C2PA     {worth}"
    yield f"  signed   by {issuer}{', who is not the one who answers' * other}"
    if (time := piece.facts.get("signed", evidence.NO_TIME)) != evidence.NO_TIME:
        yield f"  time     {time}"


def _names(issuer: str, party: str) -> bool:
    """Return whether a certificate names a party, cut as one that kzmark made may have it."""
    from kzmark.signing.identity import shortened

    return any(
        issuer == name or issuer.startswith(f"{name} / ") for name in (party, shortened(party))
    )


def _missing(report: "Report") -> str:
    codes = (f.code for f in report.findings if f.outcome.value != "met" or f.is_weak)
    return "; ".join(dict.fromkeys(codes))  # two requirements may miss the same thing
