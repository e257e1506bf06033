"""Judge files by what their layers hold and what a person sees of them."""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.batch import Result
    from kzmark.policy import Policy
    from kzmark.report import Report

HELP: Final = "say whether files are marked and the notice can be perceived"
EXIT: Final = {
    "compliant": 0,
    "undetermined": 3,
    "not-compliant": 1,
}  # mildest first; 2 is argparse's
_SIGN: Final = {"met": "+", "not-met": "x", "unknown": "?"}


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("sources", nargs="+", type=Path, metavar="SRC", help="files or folders")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates to trust")
    parser.add_argument("--require", choices=("signed", "trusted"), help="ask for more")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a policy of your own (TOML)")
    parser.add_argument("--profile", metavar="NAME|FILE", help="words and numbers to measure by")
    parser.add_argument("--recursive", action="store_true", help="go down into folders")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="threads; 0 = one a core")
    parser.add_argument("--json", action="store_true", help="one JSON report a line")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report page too")
    parser.add_argument("--quiet", action="store_true", help="no words but errors")


def run(args: Namespace, out: TextIO) -> int:
    """Print a report a file; return the exit code of the worst verdict."""
    from kzmark.batch import verify_many
    from kzmark.cli import UNREADABLE, complain, sources
    from kzmark.cli.progress import progress
    from kzmark.profile import DEFAULT
    from kzmark.signing.trust import read_anchors

    if args.jobs < 0:
        raise RequestError(f"--jobs is {args.jobs}, at least 0 is meant")
    policy = _policy(args)
    trust = read_anchors(args.trust) if args.trust else None
    files = [found.path for found in sources.find(args.sources, recursive=args.recursive)]
    results = verify_many(
        files,
        workers=args.jobs or os.cpu_count() or 1,
        policy=policy,
        trust=trust,
        profile=args.profile or DEFAULT,
    )
    reports: list[Report] = []
    unreadable = False
    for result in progress(results, total=len(files), quiet=args.quiet or args.json):
        if result.error is not None:
            unreadable = True
            complain(result.error, sys.stderr)
        if result.report is not None:
            reports.append(result.report)
        _print_json(result, args, out)
    if not args.json and not args.quiet:
        _print_words(reports, out)
    if args.html:
        from kzmark._io import write_atomic
        from kzmark.cli.page import page

        write_atomic(args.html, [page(reports).encode()], overwrite=True)
    if unreadable:
        return UNREADABLE
    verdicts = {report.verdict.value for report in reports}
    return max((EXIT[name] for name in verdicts), key=list(EXIT.values()).index, default=0)


def _print_json(result: "Result", args: Namespace, out: TextIO) -> None:
    if args.json and result.report is not None:
        print(json.dumps(result.report.to_dict(), ensure_ascii=False), file=out, flush=True)
    elif args.json and result.error is not None:
        body = {"source": str(result.source), "verdict": None, "error": result.error.to_dict()}
        print(json.dumps(body, ensure_ascii=False), file=out, flush=True)


def _print_words(reports: "list[Report]", out: TextIO) -> None:
    if len(reports) == 1:
        print(_card(reports[0]), file=out)
        return
    from kzmark.cli.table import table

    head = ("file", "format", "verdict", "reason", "what is missing")
    rows = [(r.source, r.format, r.verdict.value, r.reason.value, _missing(r)) for r in reports]
    print(table(head, rows), file=out)
    good = sum(report.verdict.value == "compliant" for report in reports)
    print(f"{good} of {len(reports)} compliant", file=out)


def _card(report: "Report") -> str:
    lines = [f"{report.source}: {report.verdict.value} ({report.reason.value})"]
    lines += [f"  {_SIGN[f.outcome.value]} {f.message}" for f in report.findings]
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
    return "\n".join(lines)


def _missing(report: "Report") -> str:
    return "; ".join(f.code for f in report.findings if f.outcome.value != "met")


def _policy(args: Namespace) -> "Policy":
    from kzmark import policy

    if args.policy and args.require:
        raise RequestError("--policy and --require", hint="name the requirement in the policy file")
    if args.policy:
        return policy.from_file(args.policy)
    return policy.article_21(policy.Signed(args.require or "any"))
