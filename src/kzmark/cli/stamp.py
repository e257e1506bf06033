"""Stamp files: a machine-readable mark and a notice that a person sees, checked on the output.

Every option can also stand in kzmark.toml (found upward from here, or --config, or KZMARK_CONFIG)
and in KZMARK_* variables; the command line wins, then the environment, then the file. Paths in
the file are taken from its folder.
"""

import hashlib
import os
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark import _system
from kzmark.cli import settings
from kzmark.cli.stamp_options import configure
from kzmark.errors import KzmarkError, RequestError

if TYPE_CHECKING:
    from kzmark.batch import Job, Result
    from kzmark.cli.outcome import Outcome
    from kzmark.cli.sources import Found, Search
    from kzmark.cli.targets import Targets
    from kzmark.stamper import Stamper

__all__ = ["HELP", "configure", "run", "with_settings"]

_SLASHES: Final = tuple({"/", os.sep})
HELP: Final = "mark files and show the notice on them"


def run(args: Namespace, out: TextIO) -> int:
    """Stamp every file named; return the exit code of the worst result."""
    from kzmark.cli import dry_run, identity
    from kzmark.cli.outcome import Outcome
    from kzmark.cli.statement import require, statement
    from kzmark.stamper import Stamper

    require(args)
    _check(args)
    said = statement(args)
    given = {"tsa": args.tsa, **_look(args)}
    targets = _targets(args)
    outcome = Outcome(args, out, alone=_is_one(targets.search))
    agenda = Agenda(targets, args)
    if args.dry_run:
        planner = Stamper(said, **given)
        dry_run.show(planner, agenda, outcome, out, json=args.json, identity=args.identity)
        return outcome.code
    who = identity.chosen(args.identity, said.responsible.name, quiet=args.quiet)
    stamper = Stamper(said, identity=who, audit=_audit_log(args.audit_log), **given)
    outcome.warnings = identity.warnings(who, said.responsible.name)
    whole = _stamp(stamper, agenda, args, outcome)
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
    from kzmark.cli.voices import voiced
    from kzmark.profile import DEFAULT, load

    profile = voiced(load(args.profile or DEFAULT), args.voice_file)
    return {
        "profile": profile,
        "languages": languages(args.lang, profile),
        "corner": args.corner,
        "placement": args.placement,
        "pages": args.pages,
        "audible": args.audible,
        "embed_c2pa": args.embed_c2pa,
    }


class Agenda:
    """The jobs as the search finds them, and what stands in the way of others.

    Args:
        targets: Where outputs go, and the search.
        args: The options of `stamp`.
    """

    def __init__(self, targets: "Targets", args: Namespace) -> None:
        self.targets = targets
        self._overwrite, self._replace = args.overwrite, args.replace
        self._stuck: deque[Result] = deque()

    def jobs(self) -> "Iterator[Job]":
        """Yield the jobs; what cannot be one is for `stuck`."""
        from kzmark.batch import Result

        for item in self.targets.search:
            if isinstance(item, KzmarkError):
                self._stuck.append(Result(source=item.source, error=item))
                continue
            try:
                yield self._job(item)
            except KzmarkError as error:
                self._stuck.append(Result(source=item.place, error=error))

    def stuck(self) -> "Iterator[Result]":
        """Yield, once, what could not be a job."""
        while self._stuck:
            yield self._stuck.popleft()

    def _job(self, found: "Found") -> "Job":
        from kzmark.batch import Job

        return Job(
            source=found.place,
            target=self.targets.of_file(found),
            overwrite=self._overwrite,
            replace=self._replace,
            make_folder=True,
            facts=found.facts,
            listed=found.listed,
        )


def _check(args: Namespace) -> None:
    if args.jobs < 0:
        raise RequestError(
            f"--jobs is {args.jobs}, at least 0 is meant", hint="0 is one worker for each core"
        )
    if args.journal and not args.resume:
        raise RequestError("--journal without --resume", hint="give both, from the first run on")


def _targets(args: Namespace) -> "Targets":
    from kzmark.cli import sources, targets

    output = sources.target(args.output) if args.output else None
    out_dir = sources.target(args.out_dir) if args.out_dir else None
    if output and output.is_local and args.output.endswith(_SLASHES):  # a folder, there or not
        output, out_dir = None, output
    somewhere = output or out_dir or args.in_place
    in_place = args.in_place or (args.dry_run and not somewhere)
    folder = targets.folder_of(output, out_dir)
    search = sources.search(
        sources.named(args.sources),
        recursive=args.recursive,
        apart=[folder] if folder else [],
        each_once=in_place,
    )
    return targets.Targets.of(
        search, output=output, out_dir=out_dir, in_place=in_place, overwrite=args.overwrite
    )


def _is_one(search: "Search") -> bool:
    return len(search.ahead(2)) == 1


def _stamp(stamper: "Stamper", agenda: Agenda, args: Namespace, outcome: "Outcome") -> bool:
    """Tell of every file; return whether nobody interrupted."""
    from kzmark.batch import Stop, cores, stamp_many
    from kzmark.cli.frames import Frames
    from kzmark.cli.interrupt import interruptible
    from kzmark.cli.progress import progress

    stop = Stop()
    stamper.progress = Frames(stop, drawn=outcome.alone and not args.quiet)
    crowd = _executor(args)
    with crowd as executor, interruptible(stop):
        results = stamp_many(
            agenda.jobs(),
            stamper,
            executor=executor,
            workers=args.jobs or cores(),
            journal=_journal(args) if args.resume else None,
            stop=stop,
        )
        total = None if outcome.alone else _total(args)
        for result in progress(results, total=total, quiet=args.quiet):
            outcome.tell(result)
            for stuck in agenda.stuck():
                outcome.tell(stuck)
        for stuck in agenda.stuck():
            outcome.tell(stuck)
    return not stop


def _executor(args: Namespace) -> Any:
    if not args.executor:
        return nullcontext()
    from kzmark.executors import connect

    return connect(args.executor, send_key=args.send_key)


def _total(args: Namespace) -> "Iterator[object]":
    """Return a second look at the sources, which counts them while the first is worked on."""
    return iter(_targets(args).search)


def _audit_log(named: str) -> Path | None:
    """Return the log to write: the one named, none if told so, else this user's own."""
    if named == "none":
        return None
    if named:
        return Path(named)
    return _state() / "audit.jsonl"


def _journal(args: Namespace) -> Path:
    """Return the journal to resume by: the one named, else beside the outputs.

    Where there is no local folder of outputs, it is kept for this user, by the name of the target.
    """
    from kzmark.journal import NAME
    from kzmark.places import place

    if args.journal:
        return Path(args.journal)
    if args.out_dir and place(args.out_dir).is_local:
        return place(args.out_dir).local / NAME
    named = [args.output or args.out_dir] if args.output or args.out_dir else args.sources
    spelt = "\n".join(place(name).absolute for name in named)
    digest = hashlib.sha256(spelt.encode("utf-8", "surrogateescape")).hexdigest()
    return _state() / "journals" / digest[:32]


def _state() -> Path:
    """Return the folder for what this user's runs leave behind."""
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    base = Path(home) if home else _system.home() / ".local" / "state"
    return base / "kzmark"
