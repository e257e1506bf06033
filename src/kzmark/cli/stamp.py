"""Stamp files: a machine-readable mark and a notice that a person sees, checked on the output.

Every option can also stand in kzmark.toml (found upward from here, or --config) and in KZMARK_*
variables; the command line wins, then the environment, then the file.
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli import settings
from kzmark.cli.stamp_options import POINTERS, configure
from kzmark.errors import KzmarkError, RequestError
from kzmark.vocabulary import (
    Autonomy,
    Mode,
    Operation,
    Oversight,
    Risk,
    Role,
    Simulates,
    SourceType,
    Training,
)

if TYPE_CHECKING:
    from kzmark.batch import Job, Result
    from kzmark.stamper import Stamped, Stamper
    from kzmark.statement import Statement

__all__ = ["HELP", "configure", "run", "with_settings"]

HELP: Final = "mark files and show the notice on them"


def run(args: Namespace, out: TextIO) -> int:
    """Stamp every file named; return the exit code of the worst result."""
    from kzmark.cli import exit_code, identity
    from kzmark.profile import DEFAULT
    from kzmark.stamper import Stamper

    if args.jobs < 0:
        raise RequestError(f"--jobs is {args.jobs}, at least 0 is meant")
    statement = _statement(args)
    jobs = _jobs(args)
    stamper = Stamper(
        statement,
        identity=identity.chosen(args.identity, statement.responsible.name, quiet=args.quiet),
        profile=args.profile or DEFAULT,
        languages=_words(args.lang),
        corner=args.corner,
        tsa=args.tsa,
        audit=_audit_log(args.audit_log),
    )
    if args.dry_run:
        return _show_plans(stamper, jobs, args, out)
    codes = [0]
    for result in _results(stamper, jobs, args):
        _print(result, args, out, alone=len(jobs) == 1)
        if result.error is not None:
            codes.append(exit_code(result.error))
    return max(codes)


def with_settings(parser: ArgumentParser, words: Sequence[str]) -> list[str]:
    """Return the words of the settings file and the environment, then those given.

    Raises:
        RequestError: If a settings file cannot be read, or names what is no option.
    """
    if {"-h", "--help"} & set(words):
        return list(words)
    early = ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--config", type=Path)
    config = early.parse_known_args(list(words))[0].config
    return [*settings.words(parser, words, config=config), *words]


def _statement(args: Namespace) -> "Statement":
    if bool(args.owner) == bool(args.holder):
        raise RequestError("say who answers for it", hint="give --owner NAME or --holder NAME")
    if not args.system:
        raise RequestError("say which AI system made it", hint="give --system NAME")
    from kzmark.mark import Responsible, System
    from kzmark.statement import Statement

    pointers = {name: getattr(args, name) for name in POINTERS}
    return Statement(
        system=System(
            name=args.system,
            version=args.system_version,
            provider=args.provider,
            risk=args.risk and Risk(args.risk),
            autonomy=args.autonomy and Autonomy(args.autonomy),
            mode=args.mode and Mode(args.mode),
        ),
        responsible=Responsible(
            name=args.owner or args.holder,
            role=Role.OWNER if args.owner else Role.HOLDER,
            bin=args.bin,
            contact=args.contact,
        ),
        operation=Operation(args.operation),
        source_type=args.source_type and SourceType(args.source_type),
        simulates=tuple(_simulates(args.simulates)),
        human_oversight=args.human_oversight and Oversight(args.human_oversight),
        training=args.training and Training(args.training),
        pointers={name: uri for name, uri in pointers.items() if uri},
    )


def _simulates(listed: str) -> Iterator[Simulates]:
    for word in _words(listed):
        if word not in list(Simulates):
            raise RequestError(f"--simulates {word}", hint=f"any of {', '.join(Simulates)}")
        yield Simulates(word)


def _words(listed: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in listed.split(",") if word.strip())


def _jobs(args: Namespace) -> "list[Job]":
    from kzmark.batch import Job
    from kzmark.cli import sources

    found = list(sources.find(args.sources, recursive=args.recursive))
    if args.dry_run and not (args.output or args.out_dir):
        args.in_place = True
    targets = sources.targets(
        found, output=args.output, out_dir=args.out_dir, in_place=args.in_place
    )
    return [
        Job(source=one.path, target=target, overwrite=args.overwrite, replace=args.replace)
        for one, target in zip(found, targets, strict=True)
    ]


def _results(stamper: "Stamper", jobs: "list[Job]", args: Namespace) -> "Iterator[Result]":
    from kzmark.batch import stamp_many
    from kzmark.cli.progress import progress

    for folder in {job.target.parent for job in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
    workers = args.jobs or os.cpu_count() or 1
    results = stamp_many(jobs, stamper, workers=workers)
    yield from progress(results, total=len(jobs), quiet=args.quiet)


def _print(result: "Result", args: Namespace, out: TextIO, *, alone: bool) -> None:
    from kzmark.cli import complain

    if args.json:
        body = result.stamped.to_dict() if result.stamped else _failure(result)
        print(json.dumps(body, ensure_ascii=False), file=out, flush=True)
    elif result.error is not None:
        complain(result.error, sys.stderr)
    elif result.stamped is not None and not args.quiet:
        print(_card(result.stamped) if alone else _line(result.stamped), file=out)


def _failure(result: "Result") -> dict[str, Any]:
    assert result.error is not None
    return {
        "source": str(result.source),
        "output": None,
        "format": "",
        "medium": "",
        "mark_id": None,
        "sha256": None,
        "status": "failed",
        "layers": [],
        "notes": [],
        "seconds": 0.0,
        "error": result.error.to_dict(),
    }


def _line(done: "Stamped") -> str:
    what = "stamped  " if done.changed else "unchanged"
    return f"{what}  {done.output}  ({done.format}: {' '.join(done.layers)})"


def _card(done: "Stamped") -> str:
    lines = [
        f"{done.output}: " + ("stamped" if done.changed else "unchanged, it carries this mark"),
        f"  mark     {done.mark.mark_id}, in {', '.join(done.layers)}",
        f"  notice   {' / '.join(done.mark.notice.texts)}",
        f"  format   {done.format}, sha256 {done.sha256[:16]}…, {done.seconds * 1e3:.0f} ms",
    ]
    if done.notes:
        lines.append(f"  notes    {', '.join(done.notes)}")
    return "\n".join(lines)


def _show_plans(stamper: "Stamper", jobs: "list[Job]", args: Namespace, out: TextIO) -> int:
    from kzmark.cli import complain, exit_code

    codes = [0]
    for job in jobs:
        try:
            plan = stamper.plan(job.source, replace=job.replace)
        except KzmarkError as error:
            complain(error, sys.stderr)
            codes.append(exit_code(error))
            continue
        steps = [] if plan is None else [step.value for step in plan.steps]
        mark = None if plan is None else plan.mark.to_dict()
        if args.json:
            body = {"source": str(job.source), "output": str(job.target), "steps": steps}
            print(json.dumps({**body, "mark": mark}, ensure_ascii=False), file=out)
        else:
            told = " → ".join(steps) or "nothing to do: it carries this mark already"
            print(f"{job.source} → {job.target}: {told}", file=out)
            if plan is not None:
                print(f"  notice   {' / '.join(plan.mark.notice.texts)}", file=out)
    return max(codes)


def _audit_log(named: str) -> Path | None:
    """Return the log to write: the one named, none if told so, else this user's own."""
    if named == "none":
        return None
    if named:
        return Path(named)
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    base = Path(home) if home else Path.home() / ".local" / "state"
    return base / "kzmark" / "audit.jsonl"
