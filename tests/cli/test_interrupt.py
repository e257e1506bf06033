"""Ctrl-C: what is finished is told, nothing is half-written, and the code is 130."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import WHO

from kzmark import audit
from kzmark.batch import Stop
from kzmark.cli.interrupt import interruptible

Picture = Callable[[str], Path]
FILES = 80


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
@pytest.mark.parametrize("command", ["stamp", "verify"])
def test_finished_results_have_their_line_after_an_interruption(
    picture: Picture, tmp_path: Path, command: str
) -> None:
    data = picture("photo.gif").read_bytes()
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"{number}.gif").write_bytes(data)
    words = ["--out-dir", "out", *WHO] if command == "stamp" else []
    call = [sys.executable, "-m", "kzmark", command, "in", "--recursive", "--jobs", "2", "--json"]

    with subprocess.Popen(
        [*call, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        watchdog = threading.Timer(60, process.kill)  # a run that hangs fails, and ends
        watchdog.start()
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        err = process.stderr.read()
        watchdog.cancel()

    rows = [json.loads(line) for line in lines]
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert len(rows) < FILES
    assert len({row["source"] for row in rows}) == len(rows)
    if command == "stamp":
        written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("out/*")}
        assert {row["output"] for row in rows} == written


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_asked_to_end_can_be_resumed_and_does_nothing_twice(
    picture: Picture, tmp_path: Path, number: signal.Signals
) -> None:
    data = picture("photo.gif").read_bytes()
    (tmp_path / "in").mkdir()
    for name in range(30):
        (tmp_path / "in" / f"{name}.gif").write_bytes(data)
    call = [sys.executable, "-m", "kzmark", "stamp", "in", "--out-dir", "out", "--recursive"]
    call += ["--jobs", "2", "--json", "--resume", "--audit-log", "log.jsonl", *WHO]

    with subprocess.Popen(
        call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        first = [process.stdout.readline()]
        process.send_signal(number)
        first += process.stdout.readlines()
        err = process.stderr.read()
    again = subprocess.run(
        call, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    rows = [json.loads(line) for line in (*first, *again.stdout.splitlines())]
    assert (process.returncode, again.returncode) == (130, 0)
    assert "finishing what is in flight" in err
    assert f"{len(first)} done before" in again.stderr
    assert len({row["output"] for row in rows}) == len(rows) == 30
    found = audit.check(tmp_path / "log.jsonl")
    assert (found.done, found.unfinished, found.broken) == (30, (), ())


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
def test_a_second_signal_ends_it_at_once() -> None:
    code = """
import sys, time
from kzmark.batch import Stop
from kzmark.cli.interrupt import interruptible
with interruptible(Stop()):
    print("on", flush=True)
    while True:
        time.sleep(0.05)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert "once more" in told
    assert process.returncode == 130


def test_handlers_are_as_before_when_the_run_is_over() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible(Stop()):
        during = signal.getsignal(signal.SIGINT)

    assert during not in before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
