"""`make bench`: measure, print, and write benchmarks/README.md, measured.json and the plot.

    python benchmarks/run.py [SECTION...] [--rounds 7] [--write]

Whole stamps come first; then every `bench_*.py` of this folder with a function `section(rounds)`
gives a part of the page in Markdown. With sections named (stamps, memory and so on), only these are
measured and printed; `--write` puts them into the page in place of what stood there under the same
headings, with the day. Of the page only the part between the two marker lines is written; the rest
is kept by hand.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from benchmarks import (  # noqa: E402 - the path is set first
    bench_stamp,
    measured,
    notice_tables,
    plot,
    tables,
)
from benchmarks.bench_stamp import Row  # noqa: E402

Section = Callable[[int], str]  # calls of each peer → Markdown

PAGE = HERE / "README.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_ORDER = ("notice", "png_notice", "verify", "memory", "command", "added")
_TABLES: dict[str, Section] = {"notice": notice_tables.jpeg, "png_notice": notice_tables.png}
_PACKAGES = [
    "pillow",
    "numpy",
    "opencv-python-headless",
    "isal",
    "c2pa-python",
    "imagecodecs",
    "pillow-heif",
]
_TOOLS = {"exiftool": ["-ver"], "ffmpeg": ["-version"]}


def sections() -> dict[str, Section]:
    """Return what can be measured beside whole stamps, by name, in the order of the page."""
    names = [path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")]
    modules = {name: import_module(f"benchmarks.bench_{name}") for name in names}
    found = {name: one.section for name, one in modules.items() if hasattr(one, "section")}
    found |= {name: table for name, table in _TABLES.items() if name in modules}
    last = len(_ORDER)
    place = {name: _ORDER.index(name) if name in _ORDER else last for name in found}
    return {name: found[name] for name in sorted(found, key=lambda name: (place[name], name))}


def main(words: Sequence[str] | None = None) -> None:
    others = sections()
    options = _parsed(words, ["stamps", *others])
    begun = time.perf_counter()
    parts = [machine()]
    rows: list[Row] = []
    print(parts[0], flush=True)
    for name in options.sections or ["stamps", *others]:
        start = time.perf_counter()
        if name == "stamps":
            rows = list(watched(bench_stamp.measure(rounds=options.rounds)))
            found = stamps(rows)
        else:
            found = [others[name](options.rounds)]
        print("", *found, sep="\n\n", flush=True)
        print(f"\n({name}: {time.perf_counter() - start:.0f} s)", file=sys.stderr)
        parts += found
    if options.sections and options.write:
        renew(parts[1:])
    if not options.sections:
        write("\n\n".join(parts), rows)
        print(f"\nwritten: {PAGE.name}, {measured.FILE.name}, {plot.PICTURE.name}")
    print(f"{(time.perf_counter() - begun) / 60:.1f} minutes", file=sys.stderr)


def _parsed(words: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py")
    known = ", ".join(names)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of {known}")
    parser.add_argument("--write", action="store_true", help="put named sections into the page")
    parser.add_argument("--rounds", type=int, default=7, help="calls of each peer, at most")
    options = parser.parse_args(words)
    if strange := set(options.sections) - set(names):
        parser.error(f"no section {', '.join(sorted(strange))}; there are {known}")
    return options


def stamps(rows: list[Row]) -> list[str]:
    """Return the tables of whole stamps and their peers."""
    return [tables.bars(rows), tables.all_peers(rows), tables.ratios(rows), tables.made_of(rows)]


def watched(rows: Iterator[Row]) -> Iterator[Row]:
    """Say on a terminal what is being measured."""
    for row in rows:
        if sys.stderr.isatty():
            print(f"\r{row.title:40}", end="", file=sys.stderr, flush=True)
        yield row
    if sys.stderr.isatty():
        print(f"\r{'':40}\r", end="", file=sys.stderr, flush=True)


def write(
    text: str, rows: list[Row], *, figures: Path = measured.FILE, picture: Path = plot.PICTURE
) -> None:
    """Write the page, the figures and the plot."""
    head, _, tail = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = tail.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
    where = f"{processor()}; {system()}, Python {platform.python_version()}"
    run = measured.Measured(where, today(), rows)
    measured.save(run, figures)
    if find_spec("matplotlib"):
        plot.draw(run, picture)
    else:
        print("\nno plot: pip install matplotlib; python -m benchmarks.plot", file=sys.stderr)


def renew(parts: list[str]) -> None:
    """Put parts into the page in place of those with the same headings, or behind all others."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    body, _, tail = rest.partition(END)
    pieces = _headed(body.strip())
    day = f"Measured on {today()}, load {os.getloadavg()[0]:.1f} at the end."
    for title, piece in _headed("\n\n".join(parts)).items():
        pieces[title] = f"{piece}\n\n{day}"
    text = "\n\n".join(pieces.values())
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def _headed(text: str) -> dict[str, str]:
    """Return the pieces of a text by their headings; what stands before the first has none."""
    pieces: dict[str, list[str]] = {"": []}
    title = ""
    for line in text.splitlines():
        title = line if line.startswith("### ") else title
        pieces.setdefault(title, []).append(line)
    return {title: "\n".join(lines).strip() for title, lines in pieces.items() if lines}


def machine() -> str:
    """Return where, when and with what is measured, in words."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    tools = "".join(f", {name} {_release(name, words)}" for name, words in _TOOLS.items())
    return (
        f"{processor()}, load {os.getloadavg()[0]:.1f} at the start; {today()}. {system()}, "
        f"Python {platform.python_version()}, {packages}{tools}."
    )


def processor() -> str:
    """Return the processor and its cores, in words."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = (one.partition(":")[2].strip() for one in lines if one.startswith("model name"))
    name = next(named, platform.processor()).replace("(R)", "").replace("(TM)", "")
    return f"{' '.join(name.split())}, {os.cpu_count()} cores"


def system() -> str:
    return f"{platform.system()} {platform.release().partition('-')[0]}"


def today() -> str:
    return f"{datetime.now(UTC):%-d %B %Y}"


def _release(tool: str, words: list[str]) -> str:
    if shutil.which(tool) is None:
        return "not installed"
    told = subprocess.run([tool, *words], check=True, capture_output=True, text=True).stdout
    line = told.splitlines()[0]
    return line.removeprefix("ffmpeg version ").split()[0]


if __name__ == "__main__":
    main()
