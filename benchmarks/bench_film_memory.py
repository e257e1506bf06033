"""Greatest memory of stamping a long film, in a fresh process.

    python -m benchmarks.bench_film_memory                       2 hours, the notice twice
    python -m benchmarks.bench_film_memory --notices 1 --folder D  kept there, made once

The film is a short clip looped with its packets as they are (1080p H.264, 8 Mbit/s: 7 GB in 2
hours), so ffmpeg and room for three times as much on the disk are needed. What counts is the
greatest resident set (VmHWM of Linux), pages of program files and all.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from benchmarks.bench_video import SHORT, clip, looped

from kzmark.signing.identity import new_identity

ROOT: Final = Path(__file__).parents[1]
_WORK: Final = """
import sys
import kzmark
statement = kzmark.Statement(
    system=kzmark.System(name="VideoGen"), responsible=kzmark.Responsible(name="X")
)
source, target, identity, profile = sys.argv[1:]
stamper = kzmark.Stamper(statement, identity=identity, profile=profile, placement="intro+repeat")
done = stamper.stamp(source, target, overwrite=True)
assert done.changed and "film-reencoded" not in done.notes, done
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")))
"""


def peak(film: Path, seconds: float, notices: int, scratch: Path) -> float:
    """Return the greatest memory of stamping a film with so many notices, in megabytes."""
    words = (files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    own = words.replace('name = "kz-2026.1"', 'name = "apart"')
    profile = scratch / "apart.toml"
    profile.write_text(
        own.replace("repeat_seconds = 60.0", f"repeat_seconds = {seconds / notices:.1f}")
    )
    new_identity(scratch / "id", organisation="X")
    given = [film, scratch / "out.mp4", scratch / "id", profile]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", _WORK, *map(str, given)],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return int(done.stdout) * 1024 / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--notices", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the film is kept")
    chosen = parser.parse_args()
    seconds = chosen.hours * 3600
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = chosen.folder or Path(name)
        film = looped(clip(folder, "H.264, GOP 250", SHORT), round(seconds / SHORT))
        found = peak(film, seconds, chosen.notices, Path(name))
    size = film.stat().st_size / 1e9 if film.exists() else 0
    print(f"{chosen.hours:g} h, {size:.1f} GB, {chosen.notices} notices: {found:.0f} MB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
