"""`make demo`: stamp and verify a picture of every format, show what others say of the outputs.

    demo.py FOLDER

Leaves FOLDER/in, FOLDER/out and FOLDER/index.html to look at; exits 1 unless every file holds.
"""

import html
import shutil
import sys
from pathlib import Path

import kzmark
from kzmark.cli.table import table
from kzmark.signing.identity import new_identity

HEAD = ("file", "format", "mark in", "verdict", "encypher-c2pa", "bytes added", "ms")


def main(folder: Path) -> int:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from fixtures.pictures import all_pictures

    shutil.rmtree(folder, ignore_errors=True)
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    identity = new_identity(folder / "identity", organisation="ТОО Пример")
    stamper = kzmark.Stamper(
        kzmark.Statement(
            system=kzmark.System(name="ImageGen", version="2.1"),
            responsible=kzmark.Responsible(name="ТОО Пример"),
        ),
        identity=identity,
        audit=folder / "audit.jsonl",
    )
    rows, good = [], True
    for name, data in all_pictures():
        source, target = folder / "in" / name, folder / "out" / name
        source.write_bytes(data)
        done = stamper.stamp(source, target)
        report = kzmark.verify(target)
        outside = others(target, folder / "identity" / "root.pem", embedded="c2pa" in done.layers)
        good &= report.verdict is kzmark.Verdict.COMPLIANT and outside in {"valid", "-"}
        added = target.stat().st_size - len(data)
        layers = " ".join(done.layers)
        ms = f"{done.seconds * 1e3:.0f}"
        rows.append((name, done.format, layers, report.verdict.value, outside, f"{added:+}", ms))
    print(table(HEAD, rows))
    (folder / "index.html").write_text(page([row[0] for row in rows]), encoding="utf-8")
    print(f"\n{'all hold' if good else 'SOME DO NOT HOLD'}; look at {folder / 'index.html'}")
    return 0 if good else 1


def others(path: Path, root: Path, *, embedded: bool) -> str:
    """Ask a verifier that is not ours and not the library we sign with."""
    if not embedded:
        return "-"
    try:
        from encypher_c2pa import verify
    except ImportError:
        return "-"
    said = verify(
        str(path), trust_pem=root.read_text(), no_default_trust=True, telemetry=False, online=False
    )
    return str(said["integrity"])


def page(names: list[str]) -> str:
    figures = "".join(
        f'<figure><img src="out/{html.escape(name)}" alt="{html.escape(name)}">'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
        for name in names
    )
    style = (
        "body{font:16px system-ui;display:flex;flex-wrap:wrap;gap:1rem}img{max-width:320px}"
        "figure{margin:0}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{figures}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")))
