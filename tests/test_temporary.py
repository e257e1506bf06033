"""Temporary files carry the name of their run, and only those of the dead are swept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kzmark._io import atomic_output, is_temporary, run_named, sweep, write_atomic


def make(folder: Path, run: str) -> Path:
    path = folder / f".kzmark-{run}-abc.tmp"
    path.write_bytes(b"half")
    return path


def test_a_temporary_file_carries_the_name_of_its_run(tmp_path: Path) -> None:
    with run_named("run7"), atomic_output(tmp_path / "a", overwrite=False):
        (name,) = (path.name for path in tmp_path.iterdir())
    with atomic_output(tmp_path / "b", overwrite=False):
        plain = next(path.name for path in tmp_path.iterdir() if path.name not in {"a", "b"})

    assert name.startswith(".kzmark-run7-")
    assert is_temporary(name)
    assert is_temporary(plain)
    assert "run7" not in plain


def test_only_the_files_of_the_run_named_are_swept(tmp_path: Path) -> None:
    dead = [make(tmp_path, "dead"), tmp_path / ".kzmark-dead-def.tmp"]
    dead[1].write_bytes(b"")
    kept = [make(tmp_path, "dead2"), make(tmp_path, "other"), tmp_path / ".kzmark-xyz.tmp"]
    kept[2].write_bytes(b"")
    write_atomic(tmp_path / "dead", [b"x"], overwrite=False)

    assert sweep(tmp_path, "dead") == 2
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "dead"])
    assert sweep(tmp_path, "dead") == 0
    assert sweep(tmp_path / "none", "dead") == 0


def test_what_a_living_process_writes_stays_until_it_is_dead(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from kzmark._io import atomic_output, run_named\n"
        "with run_named('gone'), atomic_output(pathlib.Path(sys.argv[1]), overwrite=False):\n"
        "    print(flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        assert sweep(tmp_path, "gone") == 0
        assert len(list(tmp_path.iterdir())) == 1
        writer.kill()

    assert sweep(tmp_path, "gone") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_this_process_writes_stays(tmp_path: Path) -> None:
    with run_named("mine"), atomic_output(tmp_path / "a", overwrite=False) as stream:
        stream.write(b"whole")
        assert sweep(tmp_path, "mine") == 0

    assert (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a POSIX thing")
def test_nothing_but_files_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".kzmark-dead-x.tmp").mkdir()
    (tmp_path / ".kzmark-dead-y.tmp").symlink_to("precious")
    (tmp_path / "precious").write_bytes(b"")
    os.mkfifo(tmp_path / ".kzmark-dead-z.tmp")

    assert sweep(tmp_path, "dead") == 0
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("run", ["", "a-b", "a/b", "*", "ж", "x" * 33])
def test_a_run_of_another_name_is_refused(tmp_path: Path, run: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"), run_named(run):
        pass
    with pytest.raises(ValueError, match="letters and digits"):
        sweep(tmp_path, run)
