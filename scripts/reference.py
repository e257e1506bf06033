"""`make docs`: write the reference pages that follow from the code, or check them with --check."""

import inspect
import io
import re
import sys
import textwrap
from contextlib import redirect_stdout
from enum import Enum, EnumType, StrEnum
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
        kind = "class " if inspect.isclass(thing) else ""
        parts.append(f"## {kind}{name}\n")
        parts.append(_described(thing, name))
        if inspect.isclass(thing) and not _is_value(thing):
            for method, function in vars(thing).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    parts.append(f"### {name}.{method}\n")
                    parts.append(_described(function, method))
    parts.append("## Closed lists\n\n| list | words |\n|---|---|")
    for name, words in vars(vocabulary).items():
        if isinstance(words, EnumType) and words.__base__ is StrEnum:
            listed: list[StrEnum] = list(words)
            spelt = ", ".join(f"`{word}`" for word in listed)
            parts.append(f"| `{name}` | {spelt} |")
    return "\n".join(parts) + "\n"


def _described(thing: object, name: str) -> str:
    text = inspect.getdoc(thing) or ""
    if not callable(thing) or _is_value(thing):
        return f"```text\n{text}\n```\n"
    call = re.sub(r"<function (\w+) at 0x\w+>", r"\1", f"{name}{inspect.signature(thing)}")
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
