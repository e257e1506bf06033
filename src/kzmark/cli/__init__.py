"""The command line: one file a command, each parses, calls the library, prints, returns a code.

Exit codes: 0 all compliant (or stamped) · 1 at least one not compliant · 2 wrong usage, or no file
found · 3 undetermined at worst · 4 a file or output could not be read or written · 5 key,
certificate or time stamp service · 130 interrupted.
"""

import contextlib
import errno
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import Final, TextIO

from kzmark import __version__, _system
from kzmark.cli.terminal import harmless
from kzmark.errors import (
    IdentityError,
    KzmarkError,
    OutputError,
    ProfileError,
    RecordError,
    RequestError,
)

COMMANDS: Final = ("stamp", "verify", "inspect", "identity", "formats", "audit")
USAGE, UNREADABLE, IDENTITY, INTERRUPTED = 2, 4, 5, 130

_DESCRIPTION: Final = """\
Marks AI-generated content as Article 21 of Kazakhstan's law on AI asks: a
machine-readable mark and a notice that a person sees; and verifies both."""
_EPILOG: Final = """\
examples:
  kzmark stamp photo.jpg -o out.jpg --owner "ТОО Пример" --system ImageGen --system-version 2.1
  kzmark verify out.jpg
  kzmark stamp pictures/ --out-dir marked/ --recursive --config kzmark.toml"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; for the `kzmark` script and for tests."""
    for stream in (sys.stdout, sys.stderr):  # Kazakh letters on a console of another code page
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # Their threads cost more than they give back here: files are what is worked on side by side
    for threads in ("OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(threads, "1")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return run(parse(words), sys.stdout)
    except SystemExit as end:  # argparse has printed its message
        return end.code if isinstance(end.code, int) else USAGE
    except KzmarkError as error:
        complain(error, sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        print("kzmark: interrupted; nothing is left half-written", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # the output itself: a full disk behind `>`, a terminal that is gone
        _mute(sys.stdout)  # what is left in it would be written once more, at the very end
        if not _reader_left(error):
            complain(_unprinted(error), sys.stderr)
        return UNREADABLE


def run(args: Namespace, out: TextIO) -> int:
    """Call the command that was named."""
    code: int = args.run(args, out)
    out.flush()
    return code


def parse(words: Sequence[str]) -> Namespace:
    """Return the parsed command line; `stamp` takes its settings file and environment in too.

    Raises:
        SystemExit: If argparse has said all that there is to say; no words at all give the help.
    """
    if not words:
        build_parser()[0].print_help(sys.stderr)
        raise SystemExit(USAGE)
    name, rest = words[0], list(words[1:])
    parser, commands = build_parser(only=name)
    if name == "stamp":
        rest = import_module("kzmark.cli.stamp").with_settings(commands[name], rest)
    return parser.parse_args([name, *rest])


def build_parser(*, only: str = "") -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """Return the parser and those of its commands.

    With `only`, the other commands are named but not configured.
    """
    parser = ArgumentParser(
        prog="kzmark",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kzmark {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    parsers = {}
    for name in COMMANDS:
        wanted = not only or name == only or only not in COMMANDS
        module = import_module(f"kzmark.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parsers[name] = command
        if wanted:
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser, parsers


def complain(error: KzmarkError, err: TextIO) -> None:
    """Print an error and what to do about it."""
    print(harmless(f"kzmark: error: {error}"), file=err)
    if error.hint:
        print(harmless(f"  hint: {error.hint}"), file=err)


def exit_code(error: KzmarkError) -> int:
    """Return the exit code that an error stands for.

    What is in the way of one file (another mark, an output that exists, a picture too small) is
    no wrong usage of the command.
    """
    if isinstance(error, IdentityError):
        return IDENTITY
    if isinstance(error, ProfileError | RecordError) or type(error) is RequestError:
        return USAGE
    return UNREADABLE


def _reader_left(error: OSError) -> bool:
    """Return whether the reader of our output went away, as `head` does."""
    return isinstance(error, BrokenPipeError) or (_system.WINDOWS and error.errno == errno.EINVAL)


def _unprinted(error: OSError) -> OutputError:
    """Return what to say when the words of a command cannot be written where they are to go."""
    why = error.strerror or error
    if error.filename:
        return OutputError(f"the system refused: {why}", source=str(error.filename))
    return OutputError(
        f"the standard output cannot be written: {why}",
        hint="look at where it leads: a full disk, a terminal that is gone",
    )


def _mute(stream: TextIO) -> None:
    """Send what is left in a stream nowhere, so that its last flush does not complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
