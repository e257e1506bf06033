"""A short run of the fuzzer for the fast core; `make fuzz` runs it for long."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_native_png.py"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_mutated_streams_and_sizes_give_no_sanitizer_anything_to_say() -> None:
    command = [sys.executable, str(SCRIPT), "--inputs", "1000", "--seed", "3"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    if "libasan" in done.stderr or "lubsan" in done.stderr:
        pytest.skip("gcc has no sanitizers here")
    assert done.returncode == 0, done.stderr[-2000:]
    assert " 0 refused though whole" in done.stdout
