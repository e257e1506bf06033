"""Worker processes: a lost one costs its call only, none outlives its coordinator."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.batch import crews
from tests.batch.crews import Doubling, Piece

from kzmark.batch import Processes, Stop
from kzmark.batch import processes as module
from kzmark.batch.engine import Engine
from kzmark.batch.units import Units
from kzmark.batch.worker import perform
from kzmark.errors import InstallationError, RequestError, WorkerLostError

posix = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")


@pytest.fixture(scope="module")
def pool() -> Iterator[Processes]:
    with Processes(2) as workers:
        yield workers


def test_what_libraries_print_stands_between_no_answers(pool: Processes) -> None:
    told = [pool.submit(crews.chatter, str(number)) for number in range(4)]

    assert [future.result(60) for future in told] == ["0", "1", "2", "3"]


def test_an_exception_of_a_call_comes_back_and_the_worker_goes_on(pool: Processes) -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"):
        pool.submit(crews.explode, "by zero").result(60)
    assert pool.submit(crews.chatter, "on").result(60) == "on"


def test_a_call_or_an_answer_that_cannot_travel_is_said_so(pool: Processes) -> None:
    with pytest.raises(RequestError, match="worker process"):
        pool.submit(lambda: 1)
    with pytest.raises(RuntimeError, match="cannot travel"):
        pool.submit(crews.lambda_of, 1).result(60)


@posix
def test_a_worker_that_is_killed_costs_its_own_call_and_is_replaced(pool: Processes) -> None:
    warm = [pool.submit(crews.nap, 0.2) for _ in range(2)]
    victim = warm[0].result(60), warm[1].result(60)
    calls = [pool.submit(crews.nap, 1.5), pool.submit(crews.nap, 1.5)]
    time.sleep(0.2)
    os.kill(victim[0], signal.SIGKILL)
    ends = [call.exception(60) for call in calls]

    assert sorted(map(type, ends), key=str) == [type(None), WorkerLostError]
    assert "signal 9" in str([end for end in ends if end])
    assert {pool.submit(crews.nap, 0.2).result(60) for _ in range(2)}.isdisjoint({victim[0]})


@posix
def test_units_whose_workers_are_killed_are_done_again_and_poison_is_found(tmp_path: Path) -> None:
    tasks = [Piece(number, where=str(tmp_path), poison=number == 7) for number in range(12)]
    units: Units[Piece] = Units(iter(tasks), largest=4)
    work = Doubling(crews.note)
    with Processes(2) as workers:
        engine = Engine(work, workers, stop=Stop())
        told = sorted(one.done for ended in engine.run(units) for one in ended)

    assert told == sorted([-7, *(2 * number for number in range(12) if number != 7)])
    assert sorted(work.ended) == list(range(12))


_ORPHANS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kzmark.batch import Processes
from tests.batch import crews
with Processes(2) as pool:
    calls = [pool.submit(crews.nap, 0.01) for _ in range(4)]
    [call.result() for call in calls]
    [pool.submit(crews.nap, 60) for _ in range(4)]
    print(*pool.pids, flush=True)
    time.sleep(60)
"""


@posix
def test_workers_die_with_a_coordinator_that_is_killed_in_the_midst_of_their_work() -> None:
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", _ORPHANS, root], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()

    assert pids
    assert all(_is_gone(pid) for pid in pids)


def test_workers_that_cannot_begin_are_said_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_BEGIN", "raise SystemExit(3)")

    with Processes(1) as pool, pytest.raises(InstallationError, match="exit code 3"):
        pool.submit(crews.chatter, "x").result(60)
    assert "Traceback" not in capfd.readouterr().err


@posix
def test_killing_the_crew_ends_it_at_once() -> None:
    with Processes(1) as pool:
        call = pool.submit(crews.nap, 60)
        while not pool.pids:
            time.sleep(0.01)
        pool.kill()
        with pytest.raises((WorkerLostError, InstallationError)):
            call.result(30)


def test_a_call_that_is_no_call_is_an_error_of_the_caller() -> None:
    well, error = pickle.loads(perform(b"no pickle"))

    assert not well
    assert isinstance(error, pickle.UnpicklingError)


def _is_gone(pid: int) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.02)
    return False
