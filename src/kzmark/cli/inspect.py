"""Every layer found in a file, ours and others'; nothing is judged."""

import json
from argparse import ArgumentParser, Namespace
from typing import Any, Final, TextIO

HELP: Final = "show every layer of a file, ours and others'"


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a path or a URL")
    parser.add_argument("--json", action="store_true", help="one JSON object a layer, one a line")


def run(args: Namespace, out: TextIO) -> int:
    """Print the layers of one file."""
    from kzmark import api
    from kzmark.cli import sources
    from kzmark.cli.terminal import harmless

    where = sources.source(args.file)

    for piece in api.inspect(where):
        found: dict[str, Any] = {
            **piece.to_dict(),
            "mark": piece.mark.to_dict() if piece.mark else None,
            "facts": dict(piece.facts),
        }
        if args.json:
            print(json.dumps({"source": str(where), **found}, ensure_ascii=False), file=out)
            continue
        note = harmless(f"  {piece.code} {piece.detail}".rstrip())
        print(f"{found['layer']}: {found['status']} ({found['basis']}){note}", file=out)
        for name, value in piece.facts.items():
            print(harmless(f"    {name}: {value}"), file=out)
        if piece.mark:
            text = json.dumps(found["mark"], ensure_ascii=False, indent=2, sort_keys=True)
            print(*map(harmless, f"record: {text}".split("\n")), sep="\n    ", file=out)
    return 0
