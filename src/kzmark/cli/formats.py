"""The formats kzmark knows: layers, C2PA, what stays exact, whether the backend is here."""

import json
import shutil
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import zip_longest
from typing import Any, Final, TextIO

from kzmark.cli.table import table

HELP: Final = "list the formats and what each can carry"
WIDTH: Final = 120  # columns, in a pipe


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: Namespace, out: TextIO) -> int:
    """Print one line a format."""
    rows = matrix()
    if args.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), file=out)
        return 0
    columns = shutil.get_terminal_size((WIDTH, 0)).columns if out.isatty() else WIDTH
    print(_words(rows, columns), file=out)
    print(f"\n{_core()}", file=out)
    return 0


def _words(rows: Sequence[dict[str, Any]], columns: int) -> str:
    """Return the matrix as a table; the two columns of prose share the room that is left."""
    head = ("format", "layers", "C2PA", "backend", "covers", "outside the notice")
    firm = [
        (
            row["format"],
            " ".join(row["layers"]),
            row["c2pa"],
            "ready" if row["available"] else f"needs kzmark[{row['extra']}]",
        )
        for row in rows
    ]
    taken = sum(max(map(len, column)) + 2 for column in zip(head, *firm, strict=False))
    covers = max(20, (columns - taken) // 3)
    exact = max(30, columns - taken - covers - 2)
    cells = []
    for row, fixed in zip(rows, firm, strict=True):
        prose = textwrap.wrap(row["title"], covers), textwrap.wrap(row["exact"], exact)
        for number, pair in enumerate(zip_longest(*prose, fillvalue="")):
            cells.append((*(fixed if number == 0 else ("",) * len(fixed)), *pair))
    return table(head, cells)


def _core() -> str:
    """Say which path JPEG and PNG take."""
    from kzmark import native

    names = [name for name in native.CORES if native.active(name)]
    if names:
        return f"fast core: active for {' and '.join(names)}"
    if any(map(native.built, native.CORES)):
        return "fast core: switched off by KZMARK_PURE=1; all pictures take the plain path"
    return "fast core: not built; all pictures take the plain path, which is slower"


def matrix() -> list[dict[str, Any]]:
    """Return the capability matrix, from the registry."""
    from kzmark import native
    from kzmark.formats import all_adapters

    infos = [adapter.info for adapter in all_adapters()]
    return [
        {
            "format": info.name,
            "title": info.title,
            "medium": info.medium.value,
            "mime": info.mime,
            "extensions": list(info.extensions),
            "layers": sorted(layer.value for layer in info.layers),
            "c2pa": info.c2pa.value,
            "exact": info.exact,
            "backend": info.backend,
            "extra": info.extra,
            "path": "native" if native.active(info.name) else "plain",
            "available": not info.backend or find_spec(info.backend) is not None,
        }
        for info in infos
    ]
