"""Judge files by what their layers hold and what a person sees of them."""

from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.cli.verdicts import Verdicts
from kzmark.errors import KzmarkError, RequestError

if TYPE_CHECKING:
    from kzmark.cli.sources import Search
    from kzmark.places import Place
    from kzmark.policy import Policy

HELP: Final = "say whether files are marked and the notice can be perceived"

_COUNTED: Final = 10_000  # files that are found before the first is judged, to know how many


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("sources", nargs="+", metavar="SRC", help="files, folders or URLs")
    parser.add_argument("--trust", type=Path, metavar="PEM", help="certificates to trust")
    parser.add_argument("--require", choices=("signed", "trusted"), help="ask for more")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="a policy of your own (TOML)")
    parser.add_argument("--profile", metavar="NAME|FILE", help="words and numbers to measure by")
    parser.add_argument(
        "--voice-file",
        default="",
        metavar="kk=FILE,ru=FILE",
        help="the recordings that notices were spoken with, if not kzmark's own clips",
    )
    parser.add_argument("--recursive", action="store_true", help="judge all files of folders")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="workers; 0 = one a core")
    parser.add_argument(
        "--executor",
        default="",
        metavar="SPEC",
        help="a cluster: dask://HOST:PORT, ray://HOST:PORT",
    )
    parser.add_argument("--json", action="store_true", help="one JSON report a line")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a report page; replaces only such a page"
    )
    parser.add_argument(
        "--no-thumbnails",
        dest="thumbnails",
        action="store_false",
        help="a page without pictures: smaller, and no picture is decoded for it",
    )
    parser.add_argument("--quiet", action="store_true", help="no words but errors")


def run(args: Namespace, out: TextIO) -> int:
    """Print a report a file; return the exit code of the worst verdict."""
    from kzmark.cli import page, sources
    from kzmark.cli.voices import voiced
    from kzmark.profile import DEFAULT, load
    from kzmark.signing.trust import read_anchors

    if args.jobs < 0:
        raise RequestError(
            f"--jobs is {args.jobs}, at least 0 is meant", hint="0 is one worker for each core"
        )
    choices: dict[str, Any] = {
        "policy": _policy(args),
        "trust": read_anchors(args.trust) if args.trust else None,
        "profile": voiced(load(args.profile or DEFAULT), args.voice_file),
    }
    named = sources.named(args.sources)
    apart = [sources.target(str(args.html))] if args.html else []
    if args.html:
        page.check(args.html, named)
        choices["preview"] = page.THUMBNAIL if args.thumbnails else 0
    search, again = (sources.search(named, recursive=args.recursive, apart=apart) for _ in range(2))
    ahead = len(search.ahead(_COUNTED))
    total = ahead if ahead < _COUNTED else None
    with page.Sheet(args.html) if args.html else nullcontext() as sheet:
        verdicts = Verdicts(args, out, total=total, sheet=sheet)
        whole = _judge(search, again, verdicts, args, choices)
        verdicts.close(whole=whole)
    if not whole:
        raise KeyboardInterrupt
    return verdicts.code


def _judge(
    search: "Search",
    again: "Search",
    verdicts: Verdicts,
    args: Namespace,
    choices: dict[str, Any],
) -> bool:
    """Tell of every file; return whether nobody interrupted.

    Args:
        search: The files.
        again: A second look at them, to count them beside the work if they are very many.
        verdicts: Who tells.
        args: The options of `verify`.
        choices: As `verify_many` takes them.
    """
    from kzmark.batch import Stop, cores, verify_many
    from kzmark.cli.interrupt import interruptible
    from kzmark.cli.progress import progress

    numbers: dict[str, int] = {}  # of files under way
    unfound: deque[KzmarkError] = deque()  # what the search met on its way

    def found() -> "Iterator[Place]":
        for number, item in enumerate(search):
            if isinstance(item, KzmarkError):
                unfound.append(item)
            else:
                numbers[str(item.place)] = number
                yield item.place

    stop = Stop()
    total = verdicts.total if verdicts.total is not None else again
    with _executor(args) as executor, interruptible(stop):
        results = verify_many(
            found(), executor=executor, workers=args.jobs or cores(), stop=stop, **choices
        )
        for result in progress(results, total=total, quiet=args.quiet):
            verdicts.tell(result, numbers.pop(str(result.source), 0))
            while unfound:
                verdicts.fail(unfound.popleft())
        while unfound:
            verdicts.fail(unfound.popleft())
    return not stop


def _executor(args: Namespace) -> Any:
    if not args.executor:
        return nullcontext()
    from kzmark.executors import connect

    return connect(args.executor)


def _policy(args: Namespace) -> "Policy":
    from kzmark import policy, policy_file

    if args.policy and args.require:
        raise RequestError("--policy and --require", hint="name the requirement in the policy file")
    if args.policy:
        asked = policy_file.from_file(args.policy)
    else:
        asked = policy.article_21(policy.Signed(args.require or "any"))
    if policy.trusted in asked.requirements and not args.trust:
        raise RequestError(
            "a trusted signer is asked for, and nobody is named whom to trust",
            hint="give --trust PEM: the root.pem of who signs, or the root of an authority",
        )
    return asked
