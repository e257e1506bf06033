"""Every layer found in a file, ours and others'; nothing is judged."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from kzmark.errors import RequestError

if TYPE_CHECKING:
    from kzmark.places import Place
    from kzmark.report import Evidence

HELP: Final = "show every layer of a file, ours and others'"


def configure(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a path or a URL")
    parser.add_argument("--json", action="store_true", help="one JSON object a layer, one a line")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="OUT",
        help="write the C2PA manifest, in the file or its sidecar, as a .c2pa file for other tools",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def run(args: Namespace, out: TextIO) -> int:
    """Print the layers of one file.

    Raises:
        RequestError: If the manifest would replace the file or its sidecar.
        MediaError: If the file is damaged, or there is no manifest to write.
        OutputError: If it cannot be written, or stands there already.
    """
    from kzmark import api
    from kzmark.cli import sources
    from kzmark.cli.terminal import harmless

    where = sources.source(args.file)
    if args.manifest:
        _write(where, args.manifest, overwrite=args.overwrite)
    elif args.overwrite:
        raise RequestError("--overwrite is about --manifest", hint="give --manifest OUT too")
    for piece in api.inspect(where):
        _print(where, piece, out, as_json=args.json)
    if args.manifest and not args.json:
        print(harmless(f"manifest written to {args.manifest}"), file=out)
    return 0


def _print(where: "Place", piece: "Evidence", out: TextIO, *, as_json: bool) -> None:
    from kzmark.cli.terminal import harmless

    found: dict[str, Any] = {
        **piece.to_dict(),
        "mark": piece.mark.to_dict() if piece.mark else None,
        "facts": dict(piece.facts),
    }
    if as_json:
        print(json.dumps({"source": str(where), **found}, ensure_ascii=False), file=out)
        return
    note = harmless(f"  {piece.code} {piece.detail}".rstrip())
    print(f"{found['layer']}: {found['status']} ({found['basis']}){note}", file=out)
    for name, value in piece.facts.items():
        print(harmless(f"    {name}: {value}"), file=out)
    if piece.mark:
        text = json.dumps(found["mark"], ensure_ascii=False, indent=2, sort_keys=True)
        print(*map(harmless, f"record: {text}".split("\n")), sep="\n    ", file=out)


def _write(where: "Place", target: Path, *, overwrite: bool) -> None:
    from kzmark import paths
    from kzmark._io import write_atomic
    from kzmark._limits import DEFAULT_LIMITS
    from kzmark.intake import naming
    from kzmark.places import place
    from kzmark.subject import manifest_of

    goal = place(target)
    if any(goal.same_as(one) for one in (where, where.sibling(paths.RECORD_SUFFIX))):
        raise RequestError(
            "the manifest would replace what it is read from",
            source=str(target),
            hint="name a file of its own, such as out.c2pa",
        )
    with naming(where):
        store = manifest_of(paths.subject_of(where, limits=DEFAULT_LIMITS), limits=DEFAULT_LIMITS)
    write_atomic(target, [store], overwrite=overwrite)
