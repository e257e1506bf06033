"""`make docs`: write the reference pages that follow from the code, or check them with --check."""

import inspect
import io
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from enum import Enum, EnumType, StrEnum
from functools import cached_property
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS = (
    ("stamp",),
    ("verify",),
    ("inspect",),
    ("identity",),
    ("identity", "new"),
    ("identity", "show"),
    ("identity", "renew"),
    ("identity", "csr"),
    ("formats",),
    ("audit", "check"),
)
SPELLINGS = (  # what Python shows of an argument, as a caller would write it
    (r"\(self(, |\))", lambda found: "(" if found[1] == ", " else "()"),
    (r"<function (\w+) at 0x\w+>", r"\1"),
    (r"<\w+\.\w+: ('[^']*')>", r"\1"),
    (r"\b(?:kzmark\.(?:\w+\.)+|collections\.abc\.|uuid\.|pathlib\.|datetime\.)(?=\w)", ""),
    (r"= Limits\([^)]*\)", "= Limits()"),
    (r"= Policy\(.*?\)\)", "= article_21()"),
    (r"= <factory>", "= ..."),
)


def command_line() -> str:
    """Return the page of the command line: the help of every command."""
    from kzmark import cli

    parts = [
        "# Command line\n",
        "Made from the program by `make docs`.\n",
        cli.__doc__.split("\n\n", 1)[1] if cli.__doc__ else "",
    ]
    for words in ((), *COMMANDS):
        out = io.StringIO()
        with (
            redirect_stdout(out),
            mock.patch.dict("os.environ", COLUMNS="96"),
        ):
            cli.main([*words, "--help"])
        parts.append(f"## kzmark {' '.join(words)}\n".replace(" \n", "\n"))
        parts.append(f"```text\n{out.getvalue().strip()}\n```\n")
    return "\n".join(parts)


def formats() -> str:
    """Return the page of formats: the matrix of the registry."""
    from kzmark.cli.formats import matrix

    head = "| format | covers | extensions | layers | C2PA | outside the notice | extra |"
    lines = ["# Formats\n", "Made from the registry by `make docs`.\n", head, "|---" * 7 + "|"]
    for row in matrix():
        cells = (
            row["format"],
            row["title"],
            " ".join(row["extensions"]),
            ", ".join(row["layers"]),
            row["c2pa"],
            row["exact"],
            f"`{row['extra']}`" if row["extra"] else "",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def library() -> str:
    """Return the page of the library: what `kzmark.__all__` names, by its docstrings."""
    import kzmark
    from kzmark import vocabulary

    parts = [
        "# Library\n",
        "Made from the docstrings by `make docs`. Words of closed lists may be given as text.\n",
    ]
    for name in kzmark.__all__:
        thing = getattr(kzmark, name)
        if name.startswith("__"):
            continue
        parts.append(f"## {_kind(thing)}{name}\n")
        parts.append(_described(thing, name))
        if inspect.isclass(thing) and not _is_value(thing):
            for member, kind, found in members(thing):
                parts.append(f"### {kind}{name}.{member}\n")
                parts.append(_described(found, member))
    parts.append("## Closed lists\n\n| list | words |\n|---|---|")
    for name, words in vars(vocabulary).items():
        if isinstance(words, EnumType) and words.__base__ is StrEnum:
            listed: list[StrEnum] = list(words)
            spelt = ", ".join(f"`{word}`" for word in listed)
            parts.append(f"| `{name}` | {spelt} |")
    return "\n".join(parts) + "\n"


def members(thing: type) -> Iterator[tuple[str, str, object]]:
    """Yield name, kind and object of what a class offers, inherited or its own, as it is written.

    What a dataclass holds is no member: its docstring tells of it.
    """
    order = {name: at for at, name in enumerate(n for c in thing.__mro__ for n in vars(c))}
    for found in sorted(inspect.classify_class_attrs(thing), key=lambda one: order[one.name]):
        if found.name.startswith("_") or not found.defining_class.__module__.startswith("kzmark"):
            continue
        if isinstance(found.object, property | cached_property):
            yield found.name, "property ", found.object
        elif found.kind in {"class method", "static method"}:
            yield found.name, f"{found.kind} ", getattr(thing, found.name)
        elif inspect.isfunction(found.object):
            yield found.name, "", found.object


def _kind(thing: object) -> str:
    if inspect.ismodule(thing):
        return "module "
    return "class " if inspect.isclass(thing) else ""


def _described(thing: object, name: str) -> str:
    text = inspect.getdoc(thing) or ""
    if not callable(thing) or _is_value(thing):
        return f"```text\n{text}\n```\n"
    call = f"{name}{inspect.signature(thing)}".replace(repr(os.environ), "os.environ")
    for found, spelt in SPELLINGS:
        call = re.sub(found, spelt, call)
    return f"```text\n{textwrap.fill(call, 96, subsequent_indent='    ')}\n\n{text}\n```\n"


def _is_value(thing: object) -> bool:
    """Say whether a class is an error or a closed list: how to make one is nobody's business."""
    return isinstance(thing, type) and issubclass(thing, Exception | Enum)


PAGES = {"api.md": library, "cli.md": command_line, "formats.md": formats}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        path = REFERENCE / name
        text = make()
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"stale, run `make docs`: {', '.join(stale)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
