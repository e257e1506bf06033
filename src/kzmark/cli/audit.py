"""Check the hash chain of an audit log; list the stampings that began and never ended.

Exit codes: 0 the chain is whole, also where a stamping never ended or failed · 1 the chain is
broken · 4 the log cannot be read.
"""

import json
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final, TextIO

_SHOWN: Final = 5  # broken places, and stampings without an end, told in words
HELP: Final = "check an audit log"


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="check the hash chain; list intents without done",
        description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    check.add_argument("log", type=Path, metavar="LOG")
    check.add_argument("--json", action="store_true", help="one JSON object")


def run(args: Namespace, out: TextIO) -> int:
    """Print what the log shows; 1 if its chain is broken."""
    from kzmark import audit
    from kzmark.cli.terminal import harmless

    found = audit.check(args.log)
    if args.json:
        body = {
            "log": str(args.log),
            "lines": found.lines,
            "done": found.done,
            "failed": found.failed,
            "interrupted": found.interrupted,
            "head": found.head,
            "broken": [{"line": place.line, "cause": place.cause} for place in found.broken],
            "unfinished": [dict(event) for event in found.unfinished],
        }
        print(json.dumps(body, ensure_ascii=False), file=out)
        return 1 if found.broken else 0
    told = f"{args.log}: {found.lines} lines, {found.done} done, {found.failed} failed"
    if found.interrupted:
        told += f", {found.interrupted} interrupted"
    print(harmless(told), file=out)
    for place in found.broken[:_SHOWN]:
        print(f"  line {place.line}: {place.cause}", file=out)
    if len(found.broken) > _SHOWN:
        print(f"  and {len(found.broken) - _SHOWN} more (--json lists all)", file=out)
    if len(found.broken) == found.lines > 0:
        print("  is this an audit log?", file=out)
    for event in found.unfinished[:_SHOWN]:
        what = event.get("source") or event.get("output") or "an answer or a stream"
        told = f"  never ended: {what}, mark {event.get('mark_id')}, at {event.get('time')}"
        print(harmless(told), file=out)
    if len(found.unfinished) > _SHOWN:
        left = len(found.unfinished) - _SHOWN
        print(f"  and {left} more that never ended (--json lists all)", file=out)
    print(f"  chain: {'broken' if found.broken else 'whole'}, head {found.head}", file=out)
    return 1 if found.broken else 0
