"""Ctrl-C: what is finished is told, nothing is half-written, and the code is 130."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import WHO

from kzmark.cli.workers import Workers, each
from kzmark.errors import RequestError

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
    call = [sys.executable, "-m", "kzmark", command, "in", "--recursive", "--jobs", "3", "--json"]

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


def test_workers_tell_what_they_finished_while_nobody_listened() -> None:
    told: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        if number:
            gate.wait(5)
            time.sleep(0.01)
        return number

    crew: Workers[int] = Workers(2)
    with crew as workers:
        futures = [workers.submit(work, number) for number in range(4)]

        def results() -> Iterator[int]:
            yield futures[0].result()
            gate.set()
            yield futures[1].result()

        def tell(number: int) -> None:
            told.append(number)
            if len(told) == 1:
                raise KeyboardInterrupt

        whole = each(workers.arriving(results()), workers, tell)

    assert not whole
    assert told[0] == 0
    assert len(told) >= 2
    assert sorted(told) == [f.result() for f in futures if not f.exception()]


def test_what_goes_wrong_while_results_are_gathered_is_not_lost() -> None:
    def results() -> Iterator[int]:
        yield 1
        raise RequestError("no executor")

    crew: Workers[int] = Workers(1)
    told: list[int] = []
    with crew as workers, pytest.raises(RequestError, match="no executor"):
        each(workers.arriving(results()), workers, told.append)

    assert told == [1]
