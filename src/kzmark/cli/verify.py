"""Judge files by what their layers hold and what a person sees of them."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli.verdicts import Verdicts
from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.policy import Policy

HELP: Final = "say whether files are marked and the notice can be perceived"


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("sources", nargs="+", type=Path, metavar="SRC", help="files or folders")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates to trust")
    parser.add_argument("--require", choices=("signed", "trusted"), help="ask for more")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a policy of your own (TOML)")
    parser.add_argument("--profile", metavar="NAME|FILE", help="words and numbers to measure by")
    parser.add_argument("--recursive", action="store_true", help="judge all files of folders")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="threads; 0 = one a core")
    parser.add_argument("--json", action="store_true", help="one JSON report a line")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a report page; replaces only such a page"
    )
    parser.add_argument("--quiet", action="store_true", help="no words but errors")


def run(args: Namespace, out: TextIO) -> int:
    """Print a report a file; return the exit code of the worst verdict."""
    from kzmark.cli import page, sources
    from kzmark.profile import DEFAULT, load
    from kzmark.signing.trust import read_anchors

    if args.jobs < 0:
        raise RequestError(f"--jobs is {args.jobs}, at least 0 is meant")
    choices = {
        "policy": _policy(args),
        "trust": read_anchors(args.trust) if args.trust else None,
        "profile": load(args.profile or DEFAULT),
    }
    if args.html:
        page.check(args.html, args.sources)
    apart = [args.html] if args.html else []
    search = sources.find(args.sources, recursive=args.recursive, apart=apart)
    files = [found.path for found in search.files]
    verdicts = Verdicts(args, out, total=len(files) + len(search.failures))
    for error in search.failures:
        verdicts.fail(Path(error.source), error)
    whole = _judge(files, verdicts, args, choices)
    verdicts.close([str(path) for path in files], whole=whole)
    if not whole:
        raise KeyboardInterrupt
    if args.html:
        page.write(args.html, verdicts.reports, verdicts.failures, total=verdicts.total)
    return verdicts.code


def _judge(
    files: "list[Path]", verdicts: Verdicts, args: Namespace, choices: dict[str, Any]
) -> bool:
    from kzmark.batch import Result, verify_many
    from kzmark.cli.progress import progress
    from kzmark.cli.workers import Workers, each

    crew: Workers[Result] = Workers(args.jobs or os.cpu_count() or 1)
    with crew as workers:
        results = verify_many(files, executor=workers, **choices)
        shown = progress(workers.arriving(results), total=len(files), quiet=args.quiet)
        return each(shown, workers, verdicts.tell)


def _policy(args: Namespace) -> "Policy":
    from kzmark import policy

    if args.policy and args.require:
        raise RequestError("--policy and --require", hint="name the requirement in the policy file")
    if args.policy:
        return policy.from_file(args.policy)
    return policy.article_21(policy.Signed(args.require or "any"))
