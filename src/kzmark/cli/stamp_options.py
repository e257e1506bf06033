"""The options of `stamp`, group by group."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from kzmark.vocabulary import (
    Audible,
    Autonomy,
    Corner,
    Mode,
    Operation,
    Oversight,
    Pages,
    Placement,
    Risk,
    Simulates,
    SourceType,
    Training,
)

POINTERS: Final = ("user_agreement", "explanation", "data_information")
_USAGE: Final = """\
%(prog)s SRC [SRC ...] (-o OUT | --out-dir DIR | --in-place)
                    (--owner NAME | --holder NAME) --system NAME [options]"""


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = _USAGE
    parser.add_argument("sources", nargs="+", metavar="SRC", help="files, folders or URLs")
    _where(parser)
    _who(parser)
    _what(parser)
    _look(parser)
    _how(parser)


def _where(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("where to")
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="one file, which may be the input itself, or a folder; with / at its end it is made",
    )
    one.add_argument("--out-dir", metavar="DIR", help="the tree is mirrored below it")
    one.add_argument("--in-place", action="store_true", help="replace the inputs")
    group.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    group.add_argument(
        "--recursive",
        action="store_true",
        help="go down into folders; files there of no known format are skipped and counted",
    )


def _who(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("who answers for it")
    one = group.add_mutually_exclusive_group()
    one.add_argument("--owner", metavar="NAME", help="owner of the AI system")
    one.add_argument("--holder", metavar="NAME", help="holder of the AI system, in its place")
    group.add_argument(
        "--bin", type=_bin, default="", metavar="12DIGITS", help="business id number"
    )
    group.add_argument("--contact", default="", metavar="TEXT", help="address, site or mail")


def _bin(number: str) -> str:
    """Return a BIN that can be; judged as it is read, so that a settings file is named."""
    from kzmark._record import check_bin

    if number:
        check_bin(number)
    return number


def _what(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what is stated")
    group.add_argument("--system", metavar="NAME", help="name of the AI system")
    group.add_argument("--system-version", default="", metavar="V", help="its version")
    group.add_argument("--provider", default="", metavar="NAME", help="who offers the system")
    for option, words, clause in (
        ("--risk", Risk, "17(1)"),
        ("--autonomy", Autonomy, "17(2)"),
        ("--mode", Mode, "17(4)"),
    ):
        group.add_argument(option, choices=[*map(str, words)], help=f"Article {clause}")
    group.add_argument(
        "--operation",
        choices=[*map(str, Operation)],
        default="created",
        help="what the system did with the content (created)",
    )
    group.add_argument(
        "--source-type",
        choices=[*map(str, SourceType)],
        metavar="TERM",
        help=f"IPTC term, by --operation if left out: {', '.join(SourceType)}",
    )
    group.add_argument(
        "--simulates", default="", metavar="A,B", help=f"any of {', '.join(Simulates)}"
    )
    group.add_argument("--human-oversight", choices=[*map(str, Oversight)], help="C2PA 2.4, 18.28")
    group.add_argument("--training", choices=[*map(str, Training)], help="Article 23(5)")
    for name in POINTERS:
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, default="", metavar="URI", help="never fetched")


def _look(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how the notice looks")
    group.add_argument("--profile", metavar="NAME|FILE", help="words and numbers (kz-2026.1)")
    group.add_argument("--lang", default="", metavar="kk,ru", help="languages, in order")
    group.add_argument("--corner", choices=[*map(str, Corner)], help="place of the plate")
    group.add_argument(
        "--placement", choices=[*map(str, Placement)], help="when it stands in a film (full)"
    )
    group.add_argument(
        "--pages", choices=[*map(str, Pages)], default="all", help="of a document (all)"
    )


def _how(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how it runs")
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file, in place of kzmark.toml"
    )
    group.add_argument("--identity", type=Path, metavar="DIR", help="who signs")
    group.add_argument(
        "--audible",
        choices=[*map(str, Audible)],
        help="how sound speaks it (words), and that films speak it, too: words, or a tone",
    )
    group.add_argument(
        "--voice-file",
        default="",
        metavar="kk=FILE,ru=FILE",
        help="recordings of your own, by language, in place of the clips that come with kzmark",
    )
    group.add_argument(
        "--embed-c2pa",
        action="store_true",
        help="plain text and WebVTT carry their manifest, as what nobody sees; else in a sidecar",
    )
    group.add_argument("--tsa", default="", metavar="URL", help="time stamp authority (network)")
    group.add_argument("--replace", action="store_true", help="replace a different mark")
    group.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")
    group.add_argument("--jobs", type=int, default=1, metavar="N", help="workers; 0 = one a core")
    group.add_argument(
        "--executor",
        default="",
        metavar="SPEC",
        help="a cluster: dask://HOST:PORT, ray://HOST:PORT",
    )
    group.add_argument(
        "--send-key", action="store_true", help="let the private key travel to its workers"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="keep a journal; go on where a run with one stopped, and do nothing twice",
    )
    group.add_argument(
        "--journal", default="", metavar="FILE", help="the journal (below --out-dir if left out)"
    )
    group.add_argument("--audit-log", default="", metavar="FILE", help="file of the log, or 'none'")
    group.add_argument("--json", action="store_true", help="one JSON object a line")
    group.add_argument("--quiet", action="store_true", help="no words but errors")
