"""`make bench`: measure, print, and write the tables into benchmarks/README.md.

    python benchmarks/run.py [ROUNDS]

Only the part of the page between the two marker lines is written; the rest is kept by hand.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_stamp import around, desk, stamps, timed  # noqa: E402 - the path is set first

from kzmark import pipeline  # noqa: E402
from kzmark.paths import subject_of  # noqa: E402
from kzmark.plan import Step  # noqa: E402
from kzmark.signing.signer import Signer  # noqa: E402

PAGE = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    parts = [machine(), whole(rounds), rest(rounds), command_line(rounds), added()]
    text = "\n\n".join(parts)
    print(text)
    head, _, tail = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    tail = tail.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def machine() -> str:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    packages = ("pillow", "numpy", "isal", "c2pa-python")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, {versions}."
    )


def whole(rounds: int) -> str:
    lines = [
        "### Whole stamps against the pipeline people build by hand",
        "",
        'Pillow decode, draw, save (`quality="keep"`; PNG at its default), exiftool kept open,',
        "c2pa-python as it comes. CPU of the process and of exiftool; interleaved, medians.",
        "",
        "| picture | by hand, ms | kzmark, ms | CPU ratio | wall ratio | size change |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.kind} {one.size} | {one.naive * 1e3:.0f} | {one.ours * 1e3:.1f} "
        f"| x{one.naive / one.ours:.1f} | x{one.naive_wall / one.our_wall:.1f} "
        f"| {one.added:+,} B |"
        for one in stamps(rounds)
    ]
    return "\n".join(lines)


def rest(rounds: int) -> str:
    lines = [
        "### What stands around the pixel work, 4 MP",
        "",
        "Everything but the painting: XMP, EXIF, C2PA, check, atomic write, audit log. CPU, ms.",
        "",
        "| picture | Pillow decode + encode | our painting | whole stamp | the rest | to Pillow |",
        "|---|---|---|---|---|---|",
    ]
    for one in around(rounds):
        left = one.stamp - one.paint
        lines.append(
            f"| {one.kind} | {one.pillow * 1e3:.1f} | {one.paint * 1e3:.1f} "
            f"| {one.stamp * 1e3:.1f} | {left * 1e3:.1f} | {left / one.pillow:.0%} |"
        )
    return "\n".join(lines)


def command_line(rounds: int) -> str:
    kzmark = str(Path(sys.executable).with_name("kzmark"))
    source = ROOT / "fixtures" / "clean" / "photo.jpg"
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "XDG_CONFIG_HOME": name, "XDG_STATE_HOME": name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        stamp = [kzmark, "stamp", str(source), "-o", f"{name}/out.jpg", "--overwrite", "--quiet"]
        stamp += ["--owner", "X", "--system", "Y"]
        commands = {
            "`kzmark --help`": [kzmark, "--help"],
            "`kzmark stamp` of a 5 KB JPEG": stamp,
            "`kzmark verify` of it": [kzmark, "verify", f"{name}/out.jpg"],
        }
        lines = ["### The command line", "", "| command | wall, ms |", "|---|---|"]
        for title, words in commands.items():

            def call(words: list[str] = words) -> None:
                subprocess.run(words, check=True, capture_output=True, env=environment)

            call()
            wall = statistics.median(timed(call)[1] for _ in range(rounds))
            lines.append(f"| {title} | {wall * 1e3:.0f} |")
    return "\n".join(lines)


def added() -> str:
    """Return what the mark itself adds, the plate aside: layers and manifest on a painted file."""
    lines = ["### Bytes that the mark adds (no thumbnail)", "", "| format | bytes |", "|---|---|"]
    names = ("photo", "lossy", "drawing")
    with desk() as (_, stamper):
        signer = Signer(stamper.identity)
        for source in sorted((ROOT / "fixtures" / "clean").iterdir()):
            if not source.stem.startswith(names):
                continue
            plan = stamper.plan(source)
            assert plan is not None
            subject = subject_of(source, limits=stamper.limits)
            shown = replace(plan, steps=(Step.NOTICE,))
            sizes = []
            for one in (shown, plan):
                done = pipeline.carry_out(subject, one, signer, limits=stamper.limits)
                sizes.append(len(done.data) + len(done.record or b""))
            lines.append(f"| {source.name} | {sizes[1] - sizes[0]:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
