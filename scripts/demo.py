"""`make demo`: stamp and verify a file of every format, show what others say of the outputs.

    demo.py FOLDER

Leaves FOLDER/in, FOLDER/out and FOLDER/index.html to look at and to listen to; exits 1 unless every
file holds.
"""

import html
import shutil
import sys
from pathlib import Path

import kzmark
from kzmark.cli.table import table
from kzmark.formats._base import Pictures
from kzmark.signing.identity import new_identity

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
PAGES = frozenset({".html", ".htm", ".pdf", ".txt", ".md", ".srt", ".vtt", ".csv", ".json"})
STYLE = (
    "<!doctype html><meta charset=utf-8>"
    "<style>body{font:16px system-ui;display:flex;flex-wrap:wrap;gap:1rem}"
    "img,video,audio,iframe{width:320px}figure{margin:0}</style>"
)
HEAD = ("file", "format", "mark in", "verdict", "encypher-c2pa", "bytes added", "ms")


def main(folder: Path) -> int:
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
    for clean in sorted(CLEAN.iterdir(), key=lambda path: (path.suffix, path.name)):
        source, target = folder / "in" / clean.name, folder / "out" / clean.name
        shutil.copyfile(clean, source)
        done = stamper.stamp(source, target)
        report = kzmark.verify(target)
        outside = others(target, folder / "identity" / "root.pem", embedded="c2pa" in done.layers)
        good &= report.verdict is kzmark.Verdict.COMPLIANT and outside in {"valid", "-"}
        added = target.stat().st_size - source.stat().st_size
        layers = " ".join(done.layers)
        ms = f"{done.seconds * 1e3:.0f}"
        verdict = report.verdict.value
        rows.append((clean.name, done.format, layers, verdict, outside, f"{added:+}", ms))
        shown.append((target, done.medium))
    print(table(HEAD, rows))
    index = "".join(figure(target, medium, folder) for target, medium in shown)
    (folder / "index.html").write_text(f"{STYLE}{index}", encoding="utf-8")
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
    options = {"no_default_trust": True, "telemetry": False, "online": False}
    try:
        said = verify(str(path), trust_pem=root.read_text(), **options)
    except ValueError:  # a format, or an encoding, that it does not read
        return "-"
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


def figure(path: Path, medium: str, folder: Path) -> str:
    """Return a file as a page shows it, or a link to it where browsers show nothing."""
    source, name = html.escape(f"out/{path.name}"), html.escape(path.name)
    if medium == "image":
        body = f'<img src="{html.escape(seen(path, folder))}" alt="{name}">'
    elif medium in {"video", "audio"}:
        body = f'<{medium} src="{source}" controls preload="metadata"></{medium}>'
    elif path.suffix in PAGES:
        body = f'<iframe src="{source}" loading="lazy" title="{name}"></iframe>'
    else:
        body = f'<a href="{source}">open it</a>'
    return f"<figure>{body}<figcaption>{name}</figcaption></figure>"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")))
