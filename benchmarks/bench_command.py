"""What a person waits for at the command line: wall time of a whole process."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import tables
from benchmarks.clock import timed

_CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"


def section(rounds: int) -> str:
    cells = [[title, f"{wall * 1e3:.0f}"] for title, wall in commands(rounds).items()]
    return tables.section("The command line", tables.table(["command", "wall, ms"], cells))


def commands(rounds: int) -> dict[str, float]:
    """Return the median wall time of each command, in seconds."""
    kzmark = str(Path(sys.executable).with_name("kzmark"))
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "XDG_CONFIG_HOME": name, "XDG_STATE_HOME": name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        output = f"{name}/out.jpg"
        stamp = [kzmark, "stamp", str(_CLEAN / "photo.jpg"), "-o", output, "--overwrite"]
        stamp += ["--quiet", "--owner", "X", "--system", "Y"]
        words = {
            "`kzmark --help`": [kzmark, "--help"],
            "`kzmark stamp` of a 5 KB JPEG": stamp,
            "`kzmark verify` of it": [kzmark, "verify", output],
        }
        return {title: _median(one, rounds, environment) for title, one in words.items()}


def _median(words: list[str], rounds: int, environment: dict[str, str]) -> float:
    def call() -> None:
        subprocess.run(words, check=True, capture_output=True, env=environment)

    call()  # the first one makes an identity and writes bytecode
    return statistics.median(timed(call).wall for _ in range(rounds))
