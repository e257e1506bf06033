"""Peak memory of whole jobs, each in a fresh process, held to a baseline.

    python -m benchmarks.bench_memory            print what is used
    python -m benchmarks.bench_memory --check    and fail if anything grew by more than 10 %
    python -m benchmarks.bench_memory --write    and make it the baseline of this platform

What counts is the greatest resident set (VmHWM of Linux) less the pages of program files (RssFile):
the system shares those between workers, and maps more or fewer of them as it sees fit, which was
8 MB between two installations of the same releases. What is left is steady, unlike times, so it is
a test too. A baseline holds for one system, machine and Python, and for the releases of the
libraries it names: others need memory of their own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from benchmarks import bench_audio, tables
from benchmarks.bench_stamp import STATEMENT
from benchmarks.pictures import made, photo
from PIL import Image

import kzmark
from kzmark import native
from kzmark.signing.identity import new_identity

ROOT: Final = Path(__file__).parents[1]
BASELINE: Final = ROOT / "benchmarks" / "memory.toml"
GROWTH: Final = 0.10
FILES: Final = 200  # of the batch
_LIBRARIES: Final = ("pillow", "numpy", "opencv-python-headless", "c2pa-python", "isal", "lxml")
_MINUTES: Final = 10  # of sound; the memory of an hour is the same
_TRIES: Final = 2  # the least of so many counts: noise only ever adds

_STAMPER: Final = """
import kzmark
statement = kzmark.Statement(
    system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name="X")
)
stamper = kzmark.Stamper(statement, identity="id", audit="audit.jsonl")
"""
_BATCH: Final = """
from pathlib import Path
jobs = [
    kzmark.Job(source=one, target=Path("out", one.name), overwrite=True)
    for one in sorted(Path("many").iterdir())
]
results = list(kzmark.stamp_many(jobs, stamper))
assert len(results) == 200 and all(one.stamped for one in results), results
"""
WORKS: Final = {  # each runs in a folder with its files, and checks its work
    "import kzmark": "import kzmark",
    "stamp, 12 MP JPEG": _STAMPER + "stamper.stamp('in.jpg', 'out.jpg', overwrite=True)",
    "stamp, 12 MP PNG": _STAMPER + "stamper.stamp('in.png', 'out.png', overwrite=True)",
    "verify, 12 MP JPEG": "import kzmark; kzmark.verify('done.jpg').raise_for_verdict()",
    "verify, 12 MP PNG": "import kzmark; kzmark.verify('done.png').raise_for_verdict()",
    f"batch of {FILES} files": _STAMPER + _BATCH,
    "stamp, 10 min MP3": _STAMPER + "stamper.stamp('in.mp3', 'out.mp3', overwrite=True)",
    "verify, 10 min MP3": "import kzmark; kzmark.verify('done.mp3').raise_for_verdict()",
}
_HEAD: Final = """# Peak memory of benchmarks/bench_memory.py, in megabytes, by platform; renew with
# `python -m benchmarks.bench_memory --write`, and say in the change why it grew."""
_PEAK: Final = """
with open("/proc/self/status") as status:
    sizes = {w[0]: int(w[1]) for w in map(str.split, status) if w[0] in ("VmHWM:", "RssFile:")}
    print(sizes["VmHWM:"] - sizes["RssFile:"])
"""


class Change(NamedTuple):
    """One work: megabytes then and now."""

    what: str
    before: float
    now: float

    @property
    def growth(self) -> float:
        return self.now / self.before - 1

    @property
    def too_much(self) -> bool:
        return self.growth > GROWTH


def key() -> str:
    """Return the platform that a baseline holds for."""
    python = f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{platform.system().lower()}-{platform.machine()}-{python}"


def libraries() -> dict[str, str]:
    """Return the releases that a baseline holds for, and what there is of the native core."""
    built = Path(native.__file__).parent.glob("*.so") if native.allowed() else ()
    core = " ".join(sorted(one.name.partition(".")[0] for one in built))
    return {name: version(name) for name in _LIBRARIES} | {"native core": core or "none"}


def unfit(path: Path = BASELINE) -> str:
    """Return why memory cannot be compared here, in words; empty if it can."""
    if not Path("/proc/self/status").exists():
        return "peak memory is read from /proc, which only Linux has"
    found = _baselines(path).get(key())
    if found is None:
        return f"no baseline for {key()} in {path.name}"
    then = found["made with"]
    others = [name for name, release in libraries().items() if then.get(name) != release]
    return f"the baseline was made with another {', '.join(others)}" if others else ""


def baseline(path: Path = BASELINE) -> dict[str, float]:
    """Return the megabytes of each work on this platform; `unfit` must be empty."""
    return {what: float(number) for what, number in _baselines(path)[key()]["MB"].items()}


def measured(
    works: Mapping[str, str] = WORKS,
    *,
    tries: int = _TRIES,
    enough: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the peak of each work in megabytes, the least of some tries.

    Args:
        works: Programs, by name.
        tries: How often each is run, at most.
        enough: Megabytes of a work at or below which it is not tried again.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        wanted = enough or {}
        return {
            what: _peak(work, folder, tries, wanted.get(what, 0.0)) for what, work in works.items()
        }


def allowed() -> dict[str, float]:
    """Return the megabytes up to which nothing has grown too much; `unfit` must be empty."""
    return {what: peak * (1 + GROWTH) for what, peak in baseline().items()}


def compared(before: Mapping[str, float], now: Mapping[str, float]) -> list[Change]:
    """Return what changed, for every work that the baseline knows."""
    return [Change(what, before[what], peak) for what, peak in now.items() if what in before]


def prepare(folder: Path) -> None:
    """Put into a folder all that the works need."""
    small, picture = photo(640, 480), _large()
    (folder / "in.jpg").write_bytes(made("jpeg", picture))
    picture.save(folder / "in.png", compress_level=1)
    for name in ("many", "out"):
        (folder / name).mkdir()
    kinds = [(suffix, made(kind, small)) for suffix, kind in ((".jpg", "jpeg"), (".png", "png"))]
    for number in range(FILES):
        suffix, data = kinds[number % len(kinds)]
        (folder / "many" / f"{number:03}{suffix}").write_bytes(data)
    new_identity(folder / "id", organisation="X")
    stamper = kzmark.Stamper(STATEMENT, identity=folder / "id")
    bench_audio.made("mp3", folder / "in.mp3", _MINUTES)
    for suffix in (".jpg", ".png", ".mp3"):
        stamper.stamp(folder / f"in{suffix}", folder / f"done{suffix}")


def _large() -> Image.Image:
    """Return a picture of 12 MP, quickly: one of 0.75 MP beside and below itself.

    Each column is shifted, or PNG would find the grain again within its window of 32 KB.
    """
    part = np.asarray(photo(1000, 750))
    columns = [np.roll(part, 187 * turn, axis=0) for turn in range(4)]
    return Image.fromarray(np.tile(np.hstack(columns), (4, 1, 1)))


def section(rounds: int) -> str:
    """Return the part of the page; memory is steady, so that few rounds are enough."""
    return _section(measured(tries=min(rounds, _TRIES)))


def _section(now: Mapping[str, float]) -> str:
    known = {} if unfit() else baseline()
    changes = {one.what: one for one in compared(known, now)}
    cells = [
        [
            what,
            f"{peak:.1f}",
            f"{known[what]:.1f}" if what in known else "–",
            f"{changes[what].growth:+.1%}" if what in changes else "–",
            ("**grown**" if changes[what].too_much else "yes") if what in changes else "–",
        ]
        for what, peak in now.items()
    ]
    head = ["in a fresh process", "peak, MB", "baseline, MB", "change", f"within {GROWTH:.0%}"]
    words = "Greatest resident set less the pages of program files; the least of some runs."
    return tables.section("Memory", words, tables.table(head, cells))


def _peak(work: str, folder: Path, tries: int, enough: float) -> float:
    """Return the least peak of one work in fresh processes, in megabytes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling takes memory that users never see
    least = float("inf")
    for _ in range(tries):
        words = [sys.executable, "-c", work + _PEAK]
        done = subprocess.run(
            words, cwd=folder, env=environment, check=True, capture_output=True, text=True
        )
        least = min(least, int(done.stdout) * 1024 / 1e6)
        if least <= enough:
            break
    return least


def _baselines(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(now: Mapping[str, float], path: Path = BASELINE) -> None:
    """Put what was measured into the baselines, in place of what stood there for this platform."""
    found = _baselines(path)
    found[key()] = {
        "made with": libraries(),
        "MB": {what: round(mb, 1) for what, mb in now.items()},
    }
    lines = [_HEAD]
    for name in sorted(found):
        for part, values in found[name].items():
            lines += ["", f'["{name}"."{part}"]']
            lines += [f"{json.dumps(what)} = {json.dumps(one)}" for what, one in values.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_memory")
    parser.add_argument("--check", action="store_true", help="fail on growth over the baseline")
    parser.add_argument("--write", action="store_true", help="make this the baseline")
    options = parser.parse_args()
    reason = unfit()
    now = measured(enough={} if options.write or reason else allowed())
    if options.write:
        write(now)
        reason = unfit()
    print(_section(now))
    if options.check and reason:
        print(f"error: {reason}\nhint: python -m benchmarks.bench_memory --write", file=sys.stderr)
        return 2
    grown = [] if reason else [one for one in compared(baseline(), now) if one.too_much]
    return 1 if options.check and grown else 0


if __name__ == "__main__":
    sys.exit(main())
