"""The formats kzmark knows: layers, C2PA, what stays exact, whether the backend is here."""

import json
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from typing import Any, Final, TextIO

from kzmark.cli.table import table

HELP: Final = "list the formats and what each can carry"


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
    head = ("format", "covers", "layers", "C2PA", "outside the notice", "backend")
    cells = [
        (
            row["format"],
            row["title"],
            " ".join(row["layers"]),
            row["c2pa"],
            row["exact"],
            "ready" if row["available"] else f"pip install 'kzmark[{row['extra']}]'",
        )
        for row in rows
    ]
    print(table(head, cells), file=out)
    return 0


def matrix() -> list[dict[str, Any]]:
    """Return the capability matrix, from the registry."""
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
            "available": not info.backend or find_spec(info.backend) is not None,
        }
        for info in infos
    ]
