"""Verifying: one picture against decoding all of it, and a folder with its report page.

    python benchmarks/run.py verify

The record is there, so that only the part with the notice is decoded. As a plain test each body
runs once on small pictures and its work is checked.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import tables
from benchmarks.clock import Spent, Work, compared, timed
from benchmarks.pictures import KINDS, SIZES, encoded, made, photo
from PIL import Image

import kzmark
from kzmark.cli.page import THUMBNAIL
from kzmark.signing.identity import new_identity

DECODE, VERIFY, SHOWN = "decode", "verify", "with thumbnail"
_BAR: Final = 3.0  # times faster than decoding a 12 MP JPEG
_FILES: Final = (500, 2_000)
_ONE: Final = """CPU of one core, ms: Pillow decodes the whole stamped picture; kzmark verifies it:
every layer, signature and hash, and the notice on its pixels. The last column is what a report page
with thumbnails costs, where the whole has to be decoded after all, if small."""
_MANY: Final = """`kzmark verify FOLDER --recursive --html FILE` over copies of stamped JPEG of
0.3 MP, one worker: the whole process, its start included."""


class One(NamedTuple):
    """Medians of one picture."""

    kind: str
    size: str
    spent: dict[str, Spent]

    @property
    def ratio(self) -> float:
        return self.spent[DECODE].cpu / self.spent[VERIFY].cpu


class Many(NamedTuple):
    """One run over a folder; sizes in bytes, times in seconds."""

    files: int
    thumbnails: bool
    spent: Spent
    page: int
    memory: int


def section(rounds: int) -> str:
    ones = list(pictures(rounds))
    cells = [
        [
            f"{KINDS[one.kind].title}, {one.size}",
            *[f"{one.spent[name].cpu * 1e3:.1f}" for name in (DECODE, VERIFY)],
            f"x{one.ratio:.1f}",
            f"{one.spent[SHOWN].cpu * 1e3:.1f}",
        ]
        for one in ones
    ]
    head = ["picture", "Pillow decode", "kzmark verify", "ratio", "verify with thumbnail"]
    reached = next(one.ratio for one in ones if (one.kind, one.size) == ("jpeg", "12 MP"))
    met = "met" if reached >= _BAR else "**not met**"
    bar = f"Bar: a 12 MP JPEG at least x{_BAR:g}; reached x{reached:.1f}, {met}."
    folders = [run(files, thumbnails=True) for files in _FILES]
    folders.append(run(_FILES[-1], thumbnails=False))
    rows = [
        [
            f"{many.files:,}{'' if many.thumbnails else ', no thumbnails'}",
            f"{many.spent.cpu / many.files * 1e3:.1f}",
            f"{many.files / many.spent.wall:.0f}",
            f"{many.page / 1e6:.1f} MB",
            f"{many.memory / 1e6:.0f} MB",
        ]
        for many in folders
    ]
    runs = tables.table(["files", "CPU a file, ms", "files a second", "page", "memory"], rows)
    return tables.section("Verifying", _ONE, tables.table(head, cells), bar, _MANY, runs)


def pictures(rounds: int) -> Iterator[One]:
    """Yield one stamped picture after another, verified and decoded by turns."""
    with stamper() as (folder, stamps):
        for kind in ("jpeg", "jpeg444", "png"):
            for size in SIZES:
                path = folder / f"{kind}{KINDS[kind].suffix}"
                stamps.stamp(encoded(kind, size), path, overwrite=True)
                yield One(kind, size, compared(_works(path), rounds=rounds))


def run(files: int, *, thumbnails: bool) -> Many:
    """Verify a folder in a process of its own."""
    with stamper() as (folder, stamps):
        stamps.stamp(made("jpeg", photo(640, 480)), folder / "one.jpg")
        data = (folder / "one.jpg").read_bytes()
        (folder / "in").mkdir()
        for number in range(files):
            (folder / "in" / f"{number}.jpg").write_bytes(data)
        words = [sys.executable, "-c", _PROCESS, "verify", str(folder / "in"), "--recursive"]
        words += ["--quiet", "--html", str(folder / "page.html")]
        words += [] if thumbnails else ["--no-thumbnails"]
        told: list[str] = []

        def call() -> None:
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            told.append(done.stderr)

        spent = timed(call)
        memory = int(told[0].split()[-1]) * 1024
        return Many(files, thumbnails, spent, (folder / "page.html").stat().st_size, memory)


@contextmanager
def stamper() -> Iterator[tuple[Path, kzmark.Stamper]]:
    """Give a folder, and a stamper whose identity and audit log are in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        statement = kzmark.Statement(
            system=kzmark.System(name="ImageGen", version="2.1"),
            responsible=kzmark.Responsible(name="ТОО Пример"),
        )
        identity = new_identity(folder / "id", organisation="ТОО Пример")
        yield folder, kzmark.Stamper(statement, identity=identity, audit=folder / "audit.jsonl")


def test_a_picture_is_verified_and_shown() -> None:
    with stamper() as (folder, stamps):
        stamps.stamp(made("jpeg", photo(640, 480)), folder / "x.jpg")

        spent = compared(_works(folder / "x.jpg"), rounds=1)

        assert set(spent) == {DECODE, VERIFY, SHOWN}
        assert kzmark.verify(folder / "x.jpg").verdict is kzmark.Verdict.COMPLIANT
        assert kzmark.verify(folder / "x.jpg", preview=THUMBNAIL).preview


def test_a_folder_is_verified_into_a_page() -> None:
    found = run(3, thumbnails=True)

    assert found.page > 3_000
    assert found.memory > 1_000_000


_PROCESS: Final = """
import re, sys
from kzmark import cli
code = cli.main(sys.argv[1:])
status = open("/proc/self/status").read()  # what `resource` tells begins with the parent's peak
print(re.search("VmHWM:\\s+(\\d+) kB", status)[1], file=sys.stderr)
sys.exit(code)
"""


def _works(path: Path) -> dict[str, Work]:
    data = path.read_bytes()

    def decode() -> None:
        with Image.open(io.BytesIO(data)) as image:
            image.load()

    name = os.fspath(path)
    return {
        DECODE: Work(decode),
        VERIFY: Work(lambda: kzmark.verify(name)),
        SHOWN: Work(lambda: kzmark.verify(name, preview=THUMBNAIL)),
    }
