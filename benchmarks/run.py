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
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_stamp import around, desk, stamps, timed  # noqa: E402 - the path comes first

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
        'Pillow decode, draw, save (`quality="keep"`; PNG at its default level) + exiftool kept open +',
        f"c2pa-python as it comes. Interleaved, medians of {rounds}; CPU of the process and of exiftool.",
        "",
        "| picture | by hand, ms | kzmark, ms | CPU ratio | wall ratio | size change |",
        "|---|---|---|---|---|---|",
    ]
    for kind, size, naive, ours, naive_wall, our_wall, grown in stamps(rounds):
        lines.append(
            f"| {kind} {size} | {naive * 1e3:.0f} | {ours * 1e3:.1f} | x{naive / ours:.1f} | "
            f"x{naive_wall / our_wall:.1f} | {grown:+,} B |"
        )
    return "\n".join(lines)


def rest(rounds: int) -> str:
    lines = [
        "### What stands around the pixel work, 4 MP",
        "",
        "Everything but the painting: XMP, EXIF, C2PA, the check, the atomic write, the audit log. CPU ms.",
        "",
        "| picture | Pillow decode + encode | our painting | whole stamp | the rest | to Pillow |",
        "|---|---|---|---|---|---|",
    ]
    for kind, pillow, paint, stamp in around(rounds):
        left = stamp - paint
        lines.append(
            f"| {kind} | {pillow * 1e3:.1f} | {paint * 1e3:.1f} | {stamp * 1e3:.1f} | "
            f"{left * 1e3:.1f} | {left / pillow:.0%} |"
        )
    return "\n".join(lines)


def command_line(rounds: int) -> str:
    kzmark = str(Path(sys.executable).with_name("kzmark"))
    source = ROOT / "fixtures" / "clean" / "photo.jpg"
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "XDG_CONFIG_HOME": name, "XDG_STATE_HOME": name}
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
    import io

    from kzmark import pipeline
    from kzmark.plan import Step
    from kzmark.subject import Subject, read_layers

    lines = ["### Bytes that the mark adds (no thumbnail)", "", "| format | bytes |", "|---|---|"]
    with desk() as (_, stamper):
        for source in sorted((ROOT / "fixtures" / "clean").iterdir()):
            if not source.stem.startswith(("photo", "lossy", "drawing")):
                continue
            data = source.read_bytes()
            from kzmark.sniff import sniff

            subject = Subject(data=data, adapter=sniff(io.BytesIO(data)))
            found = read_layers(subject, limits=stamper.limits)
            given = (subject, found, stamper.statement, stamper.style)
            plan = pipeline.prepare(*given, limits=stamper.limits)
            sizes = {}
            for step in (Step.NOTICE, None):
                steps = [s for s in plan.steps if s is step or step is None]
                from dataclasses import replace

                signer = stamper._signer
                part = replace(plan, steps=tuple(steps))
                done = pipeline.carry_out(subject, part, signer, limits=stamper.limits)
                sizes[step] = len(done.data) + len(done.record or b"")
            name = subject.adapter.info.name
            lines.append(f"| {name} | {sizes[None] - sizes[Step.NOTICE]:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
