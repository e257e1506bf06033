"""Stamp files: a machine-readable mark and a notice that a person sees, checked on the output.

Every option can also stand in kzmark.toml (found upward from here, or --config, or KZMARK_CONFIG)
and in KZMARK_* variables; the command line wins, then the environment, then the file. Paths in
the file are taken from its folder.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli import settings
from kzmark.cli.stamp_options import configure
from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.batch import Job, Result
    from kzmark.cli.outcome import Outcome
    from kzmark.cli.sources import Search
    from kzmark.stamper import Stamper

__all__ = ["HELP", "configure", "run", "with_settings"]

HELP: Final = "mark files and show the notice on them"


def run(args: Namespace, out: TextIO) -> int:
    """Stamp every file named; return the exit code of the worst result."""
    from kzmark.batch import Result
    from kzmark.cli import dry_run, identity
    from kzmark.cli.outcome import Outcome
    from kzmark.cli.statement import statement
    from kzmark.stamper import Stamper

    if args.jobs < 0:
        raise RequestError(f"--jobs is {args.jobs}, at least 0 is meant")
    said = statement(args)
    stamper = partial(Stamper, said, tsa=args.tsa, **_look(args))
    search = _search(args)
    jobs = _jobs(args, search)
    stuck = [Result(source=Path(error.source), error=error) for error in search.failures]
    alone = len(jobs) + len(stuck) == 1 and not search.skipped
    outcome = Outcome(args, out, alone=alone, skipped=len(search.skipped))
    if args.dry_run:
        for result in stuck:
            outcome.fail(result)
        dry_run.show(stamper(), jobs, outcome, out, json=args.json)
        return outcome.code
    ready, hindered = _cleared(jobs)
    whole = True
    if ready:  # who signs is known, or the run ends, before anything is told
        who = identity.chosen(args.identity, said.responsible.name, quiet=args.quiet)
        stamp = stamper(identity=who, audit=_audit_log(args.audit_log))
    for result in (*stuck, *hindered):
        outcome.fail(result)
    if ready:
        whole = _stamp(stamp, ready, args, outcome)
    outcome.close()
    if not whole:
        raise KeyboardInterrupt
    return outcome.code


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


def _look(args: Namespace) -> dict[str, Any]:
    from kzmark.cli.statement import languages
    from kzmark.profile import DEFAULT, load

    profile = load(args.profile or DEFAULT)
    return {
        "profile": profile,
        "languages": languages(args.lang, profile),
        "corner": args.corner,
    }


def _search(args: Namespace) -> "Search":
    from kzmark.cli import sources, targets

    folder = targets.folder_of(args.output, args.out_dir)
    return sources.find(
        args.sources,
        recursive=args.recursive,
        apart=[folder] if folder else [],
        known_only=True,
    )


def _jobs(args: Namespace, search: "Search") -> "list[Job]":
    from kzmark.batch import Job
    from kzmark.cli import targets

    somewhere = args.output or args.out_dir or args.in_place
    found = targets.pairs(
        search.files,
        output=args.output,
        out_dir=args.out_dir,
        in_place=args.in_place or (args.dry_run and not somewhere),
        named=len(search.files) + len(search.failures),
        overwrite=args.overwrite,
    )
    return [
        Job(source=source, target=target, overwrite=args.overwrite, replace=args.replace)
        for source, target in found
    ]


def _cleared(jobs: "Sequence[Job]") -> "tuple[list[Job], list[Result]]":
    """Make the folders of the targets; return the jobs with nothing in their way, and the rest."""
    from kzmark.batch import Result
    from kzmark.cli import targets

    ready, hindered = [], []
    make_folder = targets.folder_maker()
    for job in jobs:
        error = make_folder(job.target) or targets.obstacle(
            job.source, job.target, overwrite=job.overwrite
        )
        if error is None:
            ready.append(job)
        else:
            hindered.append(Result(source=job.source, error=error))
    return ready, hindered


def _stamp(stamper: "Stamper", jobs: "Sequence[Job]", args: Namespace, outcome: "Outcome") -> bool:
    from kzmark.batch import Result, stamp_many
    from kzmark.cli.progress import progress
    from kzmark.cli.workers import Workers, each

    crew: Workers[Result] = Workers(args.jobs or os.cpu_count() or 1)
    with crew as workers:
        results = stamp_many(jobs, stamper, executor=workers)
        shown = progress(workers.arriving(results), total=len(jobs), quiet=args.quiet)
        return each(shown, workers, outcome.tell)


def _audit_log(named: str) -> Path | None:
    """Return the log to write: the one named, none if told so, else this user's own."""
    if named == "none":
        return None
    if named:
        return Path(named)
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    base = Path(home) if home else Path.home() / ".local" / "state"
    return base / "kzmark" / "audit.jsonl"
