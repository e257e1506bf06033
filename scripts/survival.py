"""What is left of a mark and a notice after common edits, measured on every format.

survival.py                     print the tables
survival.py --write             put them into docs/explanation/survival.md
survival.py --write png webp    the same, measuring these formats anew and no other
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import kzmark

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from scripts.survival_edits import EVERY, Edit, RefusedError  # noqa: E402 - found by the path above
from scripts.survival_table import EDITS, TITLES  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "survival.md"
CLEAN = ROOT / "fixtures" / "clean"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
SIDE = ".kzmark.json"
PICTURES = {"jpeg": "jpeg", "png": "png", "webp": "webp", "gif": "gif", "tiff": "tiff"}
PICTURES |= {"avif": "avif", "heic": "heic", "jxl": "jxl"}
SAMPLES = {
    "bmp": "photo.bmp",
    "svg": "drawing.svg",
    "mp4": "speech.mp4",
    "mov": "every-key.mov",
    "matroska": "speech.mkv",
    "webm": "speech.webm",
    "avi": "every-key.avi",
    "mp3": "speech.mp3",
    "m4a": "speech.m4a",
    "aac": "speech.aac",
    "ogg": "speech.ogg",
    "flac": "speech.flac",
    "wav": "speech.wav",
    "aiff": "speech.aiff",
    "pdf": "page.pdf",
    "docx": "letter.docx",
    "odt": "letter.odt",
    "pptx": "deck.pptx",
    "odp": "deck.odp",
    "xlsx": "book.xlsx",
    "ods": "book.ods",
    "epub": "book.epub",
    "html": "page.html",
    "markdown": "notes.md",
    "text": "story.txt",
    "srt": "speech.srt",
    "vtt": "speech.vtt",
    "json": "data.json",
    "csv": "table.csv",
}

ASKED = {
    "ExifTool": ["exiftool", "-ver"],
    "FFmpeg": ["ffmpeg", "-version"],
    "qpdf": ["qpdf", "--version"],
    "ImageMagick": ["identify", "-version"],
    "LibreOffice": ["soffice", "--version"],
    "Ghostscript": ["gs", "--version"],
}
SAME = {"identify": "convert"}  # commands of one program


class Row(NamedTuple):
    """One line of the table: what was done, and what is left."""

    edit: str
    layers: str
    c2pa: str
    notice: str
    verdict: str


def sample(name: str, folder: Path) -> Path:
    """Return a marked file of a format, made and stamped once for each folder."""
    found = sorted(folder.glob(f"{name}-marked.*"))
    if found:
        return found[0]
    if name in PICTURES:
        from benchmarks.pictures import KINDS, made
        from fixtures.pictures import photo

        suffix = KINDS[PICTURES[name]].suffix
        clean = made(PICTURES[name], photo(960, 720))
    else:
        suffix = Path(SAMPLES[name]).suffix
        clean = (CLEAN / SAMPLES[name]).read_bytes()
    if name == "vtt":  # FFmpeg 5 gives up where a file has styles
        clean = re.sub(rb"\nSTYLE\n(?:.+\n)+", b"", clean)
    source, target = folder / f"{name}-clean{suffix}", folder / f"{name}-marked{suffix}"
    source.write_bytes(clean)
    statement = kzmark.Statement(
        system=kzmark.System(name="ImageGen", version="2.1"),
        responsible=kzmark.Responsible(name="ТОО Пример"),
    )
    kzmark.Stamper(statement, identity=folder / "identity").stamp(source, target)
    return target


def measure(name: str, edit: Edit, folder: Path) -> Row:
    """Do an edit to a marked file and look at what came out."""
    marked = sample(name, folder)
    with tempfile.TemporaryDirectory(dir=folder) as desk:
        target = Path(desk) / f"a{edit.suffix or marked.suffix}"
        try:
            edit.act(marked, target)
        except RefusedError:
            return Row(edit.title, "", "", "", "the tool refuses the file")
        beside = marked.with_name(marked.name + SIDE)
        if beside.exists() and not edit.alone and not edit.suffix:
            shutil.copyfile(beside, target.with_name(target.name + SIDE))
        return row(edit.title, kzmark.verify(target))


def row(title: str, report: kzmark.Report) -> Row:
    """Return what a report says, in the words of the table."""
    held = [e for e in report.evidence if e.layer not in {"c2pa", "notice"}]
    layers = [e.layer.value for e in held if e.mark and e.status == "present"]
    seal = [e for e in report.evidence if e.layer == "c2pa" and e.status != "absent"]
    shown = [e for e in report.evidence if e.layer == "notice" and e.basis == "observed"]
    words = {"present": "valid", "broken": "does not fit", "unchecked": "not checked"}
    seen = {"present": "found", "broken": "hindered", "unchecked": "not checked"}
    return Row(
        title,
        ", ".join(sorted(layers)) or "none",
        words.get(seal[0].status.value, seal[0].status.value) if seal else "gone",
        seen.get(shown[0].status.value, "not found") if shown else "not found",
        f"{report.verdict.value}, `{report.reason.value}`",
    )


def edits_of(name: str) -> Iterator[Edit]:
    yield from (edit for edit in EDITS if name in edit.formats)


def written() -> dict[tuple[str, str], Row]:
    """Return the rows of the page, by format and edit."""
    found: dict[tuple[str, str], Row] = {}
    for part in _between(PAGE.read_text(encoding="utf-8")).split("\n### ")[1:]:
        name = re.findall(r"\(`(\w+)`\)", part.splitlines()[0])[0]
        for line in part.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("| ") and cells[0] != "edit":
                found[name, cells[0]] = Row(*cells)
    return found


def tables(wanted: Collection[str]) -> str:
    """Measure these formats; others, and edits whose tool is not here, keep the rows they have."""
    known = written() if PAGE.exists() else {}
    parts = [f"With {versions()}.\n"]
    with tempfile.TemporaryDirectory() as folder:
        for name in EVERY:
            parts.append(f"### {TITLES[name]} (`{name}`)\n")
            parts.append("| edit | layers that hold the mark | C2PA | notice | `verify` |")
            parts.append("|---" * 5 + "|")
            for edit in edits_of(name):
                if edit.possible and name in wanted:
                    found = measure(name, edit, Path(folder))
                elif (name, edit.title) in known:
                    found = known[name, edit.title]
                else:
                    continue
                parts.append(f"| {' | '.join(found)} |")
                print(name, *found, sep=" · ", file=sys.stderr)
            parts.append("")
    return "\n".join(parts)


def versions() -> str:
    """Return which tools were used."""
    return ", ".join(f"{name} {found}" for name in ASKED if (found := version(name)))


@cache
def version(name: str) -> str:
    """Return the version of a tool that is here, or nothing."""
    line = ASKED[name]
    if not shutil.which(line[0]):
        return ""
    said = subprocess.run(line, capture_output=True, text=True, check=False).stdout
    return str(re.findall(r"[0-9]+(?:[.][0-9-]+)+", said)[0])


def is_as_measured(edit: Edit) -> bool:
    """Say whether the tool of an edit is the one that the page was made with, as far as it says."""
    names = [name for name, line in ASKED.items() if edit.needs in {line[0], SAME.get(line[0])}]
    page = PAGE.read_text(encoding="utf-8")
    return all(re.search(rf"\b{name} {re.escape(version(name))}[,.]", page) for name in names)


def _between(page: str) -> str:
    return page.partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    words = sys.argv[1:]
    text = tables([word for word in words if word in EVERY] or EVERY)
    if "--write" not in words:
        print(text)
        return 0
    page = PAGE.read_text(encoding="utf-8")
    head, tail = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
