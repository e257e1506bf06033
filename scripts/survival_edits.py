"""What people and platforms do to a marked file, each with the tool they do it with."""

import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PIXELS = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heic", "bmp")
FILMS = ("mp4", "mov", "matroska", "webm", "avi")
SOUNDS = ("mp3", "m4a", "aac", "ogg", "flac", "wav", "aiff")
TEXTS = ("html", "markdown", "text", "srt", "vtt", "json", "csv")
LETTERS = ("docx", "odt")
OFFICE = (*LETTERS, "pptx", "odp", "xlsx", "ods")
EVERY = (*PIXELS, "jxl", "svg", *FILMS, *SOUNDS, "pdf", *OFFICE, "epub", *TEXTS)
_PACKED = ("bmp", "matroska", "webm", "aac", "ogg", "aiff", "odt", "odp", "ods")
ASIDE = (*_PACKED, "text", "srt", "vtt", "json", "csv")

Act = Callable[[Path, Path], None]


class RefusedError(Exception):
    """The tool does not take the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit.

    Attributes:
        title: What is done, in words, with the tool.
        formats: Names of the formats that people do it to.
        act: Does it, from one path to another.
        needs: Command or module that it takes.
        suffix: Extension of what comes out, if it is another.
        alone: Whether the sidecar is left behind; it always is where the name changes.
        quick: Whether a test may do it.
    """

    title: str
    formats: Sequence[str]
    act: Act
    needs: str = ""
    suffix: str = ""
    alone: bool = False
    quick: bool = True

    @property
    def possible(self) -> bool:
        """Whether the tool is here."""
        return not self.needs or bool(shutil.which(self.needs)) or _has(self.needs)


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def command(*words: str) -> Act:
    """Return an edit by a command; `IN` and `OUT` stand for the paths."""

    def act(source: Path, target: Path) -> None:
        spelt = {"IN": str(source), "OUT": str(target)}
        line = [spelt.get(word, word) for word in words]
        done = subprocess.run(line, capture_output=True, timeout=180, check=False)
        if done.returncode or not target.exists():
            raise RefusedError(f"{line}: {done.stderr.decode(errors='replace')[-400:]}")

    return act


def in_place(*words: str) -> Act:
    """Return an edit by a command that changes the file it is given."""

    def act(source: Path, target: Path) -> None:
        shutil.copyfile(source, target)
        line = [str(target) if word == "IN" else word for word in words]
        done = subprocess.run(line, capture_output=True, timeout=180, check=False)
        if done.returncode:
            raise RefusedError(f"{line}: {done.stderr.decode(errors='replace')[-400:]}")

    return act


def copied(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def picture(source: Path) -> Any:
    """Return a picture as Pillow opens it."""
    from benchmarks.pictures import register_heif
    from PIL import Image

    if source.suffix == ".heic":
        register_heif()
    return Image.open(source)


def saved_again(source: Path, target: Path) -> None:
    picture(source).save(target, **({"quality": 85} if target.suffix == ".jpg" else {}))


def messenger(source: Path, target: Path) -> None:
    """Half the size, JPEG of quality 60, no metadata: what a messenger sends on."""
    with picture(source) as image:
        small = image.convert("RGB").resize((image.width // 2, image.height // 2))
    small.save(target, quality=60)


def screenshot(source: Path, target: Path) -> None:
    with picture(source) as image:
        image.convert("RGB").save(target)


def svg_drawn(source: Path, target: Path) -> None:
    import resvg_py

    drawn: Any = resvg_py.svg_to_bytes(svg_path=str(source), width=960)
    target.write_bytes(bytes(drawn))


def tagged(source: Path, target: Path) -> None:
    """Give a sound a title, as a player's library does."""
    mutagen: Any = import_module("mutagen")  # half of it has types
    id3: Any = import_module("mutagen.id3")
    shutil.copyfile(source, target)
    frame = id3.TIT2(text=["Dusk"])
    if target.suffix in {".mp3", ".aac"}:
        tags = id3.ID3(target)
        tags.add(frame)
        tags.save(target)
        return
    file = mutagen.File(target)
    if file.tags is None:
        file.add_tags()
    by_frame = target.suffix in {".wav", ".aiff"}
    key, value = ("TIT2", frame) if by_frame else ("title", ["Dusk"])
    file["\xa9nam" if target.suffix == ".m4a" else key] = value
    file.save()


def xml_again(source: Path, target: Path) -> None:
    from lxml import etree

    etree.parse(source).write(str(target), encoding="utf-8", xml_declaration=True)


def html_again(source: Path, target: Path) -> None:
    from lxml import html

    target.write_bytes(
        html.tostring(html.parse(source), encoding="utf-8", doctype="<!doctype html>")
    )


def words_of_page(source: Path, target: Path) -> None:
    from lxml import html

    body = html.parse(source).getroot().body
    for hidden in body.xpath(".//script|.//style"):
        hidden.drop_tree()
    target.write_text(body.text_content().strip(), encoding="utf-8")


def other_lines(source: Path, target: Path) -> None:
    """End lines as Windows does, or as Unix does where that is so already."""
    data = source.read_bytes()
    plain = data.replace(b"\r\n", b"\n")
    target.write_bytes(plain.replace(b"\n", b"\r\n") if plain == data else plain)


def markdown_page(source: Path, target: Path) -> None:
    from markdown_it import MarkdownIt

    body = MarkdownIt().render(source.read_text(encoding="utf-8"))
    target.write_text(f"<!doctype html><title>a</title>{body}", encoding="utf-8")


def csv_again(source: Path, target: Path) -> None:
    import csv

    with source.open(encoding="utf-8-sig", newline="") as rows, target.open("w", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(csv.reader(rows))


def json_again(source: Path, target: Path) -> None:
    import json

    value = json.loads(source.read_text(encoding="utf-8"))
    target.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def pypdf_again(source: Path, target: Path) -> None:
    from pypdf import PdfWriter

    PdfWriter(clone_from=source).write(target)


def docx_again(source: Path, target: Path) -> None:
    import docx

    docx.Document(str(source)).save(str(target))


def pptx_again(source: Path, target: Path) -> None:
    import pptx

    pptx.Presentation(str(source)).save(str(target))


def xlsx_again(source: Path, target: Path) -> None:
    import openpyxl  # type: ignore[import-untyped]  # it brings no types

    openpyxl.load_workbook(source).save(target)


def packed_again(source: Path, target: Path) -> None:
    """Unpack and pack a package, as it is done to edit one member by hand."""
    data = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(data, "w") as new:
        for one in old.infolist():
            kind = zipfile.ZIP_STORED if one.filename == "mimetype" else zipfile.ZIP_DEFLATED
            new.writestr(one.filename, old.read(one), kind)
    target.write_bytes(data.getvalue())


def office(source: Path, target: Path) -> None:
    """Let LibreOffice open a file and save it."""
    with tempfile.TemporaryDirectory() as folder:
        line = ["soffice", f"-env:UserInstallation=file://{folder}/home", "--headless"]
        line += ["--convert-to", target.suffix[1:], "--outdir", folder, str(source)]
        subprocess.run(line, capture_output=True, timeout=180, check=True)
        shutil.move(Path(folder) / source.with_suffix(target.suffix).name, target)


def browser(source: Path, target: Path) -> None:
    line = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"]
    wanted = "print-to-pdf" if target.suffix == ".pdf" else "screenshot"
    line += [f"--{wanted}={target}", source.absolute().as_uri()]
    subprocess.run(line, capture_output=True, timeout=180, check=True)
