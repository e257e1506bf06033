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
from kzmark.formats._base import Pictures
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
    rows, shown, good = [], [], True
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
        shown.append((name, seen(target, folder)))
    print(table(HEAD, rows))
    (folder / "index.html").write_text(page(shown), encoding="utf-8")
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


def seen(path: Path, folder: Path) -> str:
    """Return what a browser can show of a file: itself, or a PNG of its first picture."""
    if path.suffix not in {".tiff", ".heic", ".jxl"}:
        return f"out/{path.name}"
    from PIL import Image

    from kzmark._limits import DEFAULT_LIMITS
    from kzmark.paths import subject_of

    subject = subject_of(path, limits=DEFAULT_LIMITS)
    assert isinstance(subject.adapter, Pictures)
    picture = next(iter(subject.adapter.pictures(subject.stream, limits=DEFAULT_LIMITS)))
    (folder / "seen").mkdir(exist_ok=True)
    Image.fromarray(picture.pixels).save(folder / "seen" / f"{path.name}.png")
    return f"seen/{path.name}.png"


def page(shown: list[tuple[str, str]]) -> str:
    figures = "".join(
        f'<figure><img src="{html.escape(source)}" alt="{html.escape(name)}">'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
        for name, source in shown
    )
    style = (
        "body{font:16px system-ui;display:flex;flex-wrap:wrap;gap:1rem}img{max-width:320px}"
        "figure{margin:0}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{figures}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")))
