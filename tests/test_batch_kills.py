"""A run that is killed and resumed ends as one that nobody disturbed.

A few kills here; `KZMARK_KILLS=50` makes it fifty of each kind, on 500 files.
"""

import contextlib
import functools
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import kzmark
from kzmark import audit
from kzmark.signing.identity import new_identity

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
LONG = "KZMARK_KILLS" in os.environ
KILLS = int(os.environ.get("KZMARK_KILLS", "1"))
FILES = 500 if LONG else 30
NAMES = ("photo.jpg", "photo.bmp", "turned-6.jpg", "photo.gif", "grey.png")
PER_RUN = {"mark_id", "created", "history"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")

_RUN = """
import sys
from pathlib import Path
import kzmark
from kzmark.batch import Processes
folder = Path(sys.argv[1])
stamper = kzmark.Stamper(
    kzmark.Statement(
        system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name="ТОО Пример")
    ),
    identity=folder.parent / "id",
    audit=folder / "log.jsonl",
)
jobs = (
    kzmark.Job(source=path, target=folder / "out" / path.parent.name / path.name, make_folder=True)
    for path in sorted((folder.parent / "in").rglob("*.*"))
)
with Processes(2) as workers:
    told = kzmark.stamp_many(jobs, stamper, executor=workers, journal=folder / "journal")
    for number, result in enumerate(told):
        assert result.error is None, result.error
        print(*workers.pids, flush=True)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an identity, sources, and what a run that nobody disturbs makes."""
    root = tmp_path_factory.mktemp("kills")
    new_identity(root / "id", organisation="ТОО Пример")
    for number in range(FILES):
        name = NAMES[number % len(NAMES)]
        folder = root / "in" / str(number // 100)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:04d}{Path(name).suffix}").write_bytes((CLEAN / name).read_bytes())
    (root / "calm").mkdir()
    assert finish(start(root / "calm")) == 0
    return root


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(folder)], stdout=subprocess.PIPE, text=True
    )


def finish(process: "subprocess.Popen[str]") -> int:
    watchdog = threading.Timer(300, process.kill)  # a run that hangs fails, and ends
    watchdog.start()
    process.communicate()
    watchdog.cancel()
    return process.returncode


def kill_a_worker(process: "subprocess.Popen[str]", chance: random.Random) -> None:
    """Kill one of the workers of a run, after some file, and then some more time."""
    assert process.stdout
    pids: list[str] = []
    for _ in range(1 + chance.randrange(FILES // 4)):  # three kills fit into one run
        pids = process.stdout.readline().split() or pids
    time.sleep(chance.uniform(0, 0.5 if LONG else 0.1))
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(int(chance.choice(pids)), signal.SIGKILL)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_coordinator_that_is_killed_leaves_nothing_that_resuming_does_not_put_right(
    archive: Path, seed: int
) -> None:
    chance = random.Random(seed)
    folder = archive / f"coordinator-{seed}"
    folder.mkdir()
    for _ in range(chance.choice((1, 1, 2))):  # a run that resumes may be killed as well
        process = start(folder)
        kill_after_a_moment(process, chance)
        finish(process)

    assert finish(start(folder)) == 0
    assert_undisturbed(folder, archive / "calm")
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_worker_that_is_killed_loses_nothing(archive: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)
    folder = archive / f"worker-{seed}"
    folder.mkdir()
    process = start(folder)
    for _ in range(chance.choice((1, 1, 3))):
        kill_a_worker(process, chance)

    assert finish(process) == 0
    assert_undisturbed(folder, archive / "calm")
    shutil.rmtree(folder)


def kill_after_a_moment(process: "subprocess.Popen[str]", chance: random.Random) -> None:
    """Kill a run after some file, and then some more time: not only between two lines."""
    assert process.stdout
    for _ in range(chance.randrange(FILES * 3 // 4)):
        process.stdout.readline()
    time.sleep(chance.uniform(0, 0.3))
    process.kill()


def assert_undisturbed(folder: Path, calm: Path) -> None:
    """Compare a run with one that nobody disturbed: names, pixels, marks, log, leftovers."""
    made, wanted = tree(folder / "out"), tree(calm / "out")
    assert made.keys() == wanted.keys()
    for name, path in made.items():
        if not name.endswith(".json"):
            mine = hashlib.sha256(pixels(path)).hexdigest() + str(said(path))
            assert mine == looks(wanted[name]), name
    assert_consistent(folder)


def assert_consistent(folder: Path) -> None:
    """Every id has one intent and one end; every output one id, and one line that says done."""
    log = folder / "log.jsonl"
    found = audit.check(log)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    events: dict[str, list[str]] = defaultdict(list)
    outputs: dict[str, str] = {}
    for line in lines:
        if "mark_id" in line:
            events[line["mark_id"]].append(line["event"])
        if line["event"] == "intent":
            outputs[line["mark_id"]] = line["output"]
    done = Counter(outputs[i] for i, told in events.items() if "done" in told)

    assert found.broken == ()
    assert found.unfinished == ()
    assert all(told in (["intent", "done"], ["intent", "failed"]) for told in events.values())
    assert set(done.values()) == {1}
    assert len(done) == FILES
    for mark_id, told in events.items():
        if "done" in told:
            assert said(Path(outputs[mark_id]), whole=True)["mark_id"] == mark_id


def tree(root: Path) -> dict[str, Path]:
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    assert not [name for name in found if ".kzmark-" in name], "temporary files are left"
    return found


@functools.lru_cache(maxsize=FILES)
def looks(path: Path) -> str:
    return hashlib.sha256(pixels(path)).hexdigest() + str(said(path))


def pixels(path: Path) -> bytes:
    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()


def said(path: Path, *, whole: bool = False) -> dict[str, Any]:
    evidence = kzmark.inspect(path)
    marks = [piece.mark for piece in evidence if piece.mark is not None]
    assert marks, f"{path} carries no mark"
    assert len({mark.mark_id for mark in marks}) == 1
    fields = marks[0].to_dict()
    return fields if whole else {k: v for k, v in fields.items() if k not in PER_RUN}
