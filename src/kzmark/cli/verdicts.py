"""What `verify` tells of its reports: a card, a table or JSON, and the exit code."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli.table import table
from kzmark.cli.terminal import coloured, harmless, painted
from kzmark.errors import KzmarkError

if TYPE_CHECKING:
    from kzmark.batch import Result
    from kzmark.report import Report

EXIT: Final = {"compliant": 0, "undetermined": 3, "not-compliant": 1}  # mildest first; 2 is usage
_SIGN: Final = {"met": "+", "not-met": "x", "unknown": "?"}


class Verdicts:
    """Tells of reports, and keeps the worst verdict.

    Args:
        args: The options of `verify`.
        out: Where reports go.
        total: Number of files; one alone gets a card.

    Attributes:
        reports: One for each file that was judged.
        failures: One for each file that could not be read.
        total: Number of files.
    """

    def __init__(self, args: Namespace, out: TextIO, *, total: int) -> None:
        self.reports: list[Report] = []
        self.failures: list[KzmarkError] = []
        self.total = total
        self._args, self._out = args, out

    @property
    def code(self) -> int:
        """The exit code: that of the worst verdict, or 4 if a file could not be read."""
        from kzmark.cli import UNREADABLE

        if self.failures:
            return UNREADABLE
        codes = {EXIT[report.verdict.value] for report in self.reports}
        return max(codes, key=list(EXIT.values()).index, default=0)

    def tell(self, result: "Result") -> None:
        """Tell of one result; words for people about many wait for the table."""
        if result.error is not None:
            self.fail(result.source, result.error)
        if result.report is not None:
            self.reports.append(result.report)
            self._row(result.report.to_dict())

    def fail(self, source: Path, error: KzmarkError) -> None:
        """Tell of a file that could not be read."""
        from kzmark.cli import complain

        error.source = error.source or str(source)
        self.failures.append(error)
        complain(error, sys.stderr)
        self._row({"source": str(source), "verdict": None, "error": error.to_dict()})

    def close(self, order: Sequence[str], *, whole: bool) -> None:
        """Print the words for people: a card for one file, a table for many.

        Args:
            order: Names of the files as they were found, which is the order of the table.
            whole: Whether all files were judged.
        """
        places = {name: place for place, name in enumerate(order)}
        self.reports.sort(key=lambda report: places.get(report.source, 0))
        if self._args.json or self._args.quiet:
            return
        colour = coloured(self._out)
        if self.total == 1:
            for report in self.reports:
                print(_card(report, colour=colour), file=self._out)
            return
        print(_table(self.reports, colour=colour), file=self._out)
        print(self._sum(whole=whole), file=self._out)

    def _sum(self, *, whole: bool) -> str:
        good = sum(report.verdict.value == "compliant" for report in self.reports)
        parts = [f"{good} of {self.total} compliant"]
        if self.failures:
            parts.append(f"{len(self.failures)} not read")
        if not whole:
            parts.append(f"{self.total - len(self.reports) - len(self.failures)} not judged")
        return ", ".join(parts)

    def _row(self, body: dict[str, Any]) -> None:
        if self._args.json:
            print(json.dumps(body, ensure_ascii=False), file=self._out, flush=True)


def _table(reports: "Sequence[Report]", *, colour: bool) -> str:
    head = ("file", "format", "verdict", "reason", "what is missing")
    rows = [
        (harmless(r.source), r.format, r.verdict.value, r.reason.value, _missing(r))
        for r in reports
    ]
    return table(head, rows, {2: painted} if colour else None)


def _card(report: "Report", *, colour: bool) -> str:
    verdict = report.verdict.value
    shown = painted(verdict) if colour else verdict
    first = f"{harmless(report.source)}: {shown} ({report.reason.value})"
    return "\n".join((first, *map(harmless, _details(report))))


def _details(report: "Report") -> list[str]:
    lines = [f"  {_SIGN[f.outcome.value]} {f.message}" for f in report.findings]
    if report.mark is not None:
        mark = report.mark
        system = f"{mark.system.name} {mark.system.version}".strip()
        lines.append(
            f"  mark     {mark.operation.value} by {system}, {mark.created:%Y-%m-%d %H:%M} UTC"
        )
        lines.append(f"  answers  {mark.responsible.name} ({mark.responsible.role.value})")
    for piece in report.evidence:
        if piece.layer.value == "c2pa" and piece.facts:
            said = ", ".join(piece.facts.get(key, "") for key in ("state", "trust", "issuer"))
            lines.append(f"  C2PA     {said}")
    if report.reason.value == "unmarked":
        lines.append("  An unmarked file is of unknown origin: nothing says that a person made it.")
    return lines


def _missing(report: "Report") -> str:
    codes = (f.code for f in report.findings if f.outcome.value != "met")
    return "; ".join(dict.fromkeys(codes))  # two requirements may miss the same thing
