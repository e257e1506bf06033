"""A short run of the fuzzer for the fast core of JPEG; `make fuzz` runs it for long."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_native.py"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_mutated_scans_and_tables_give_no_sanitizer_anything_to_say() -> None:
    command = [sys.executable, str(SCRIPT), "--inputs", "150", "--seed", "5"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    if "libasan" in done.stderr or "lubsan" in done.stderr:
        pytest.skip("gcc has no sanitizers here")
    assert done.returncode == 0, done.stderr[-2000:]
    assert " 0 judged" not in done.stdout
    assert " 0 compared" not in done.stdout
