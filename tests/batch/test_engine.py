"""The engine: a bounded window, and every task either told or said to be dropped."""

import itertools
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.batch.crews import Doubling, Piece, Sudden

from kzmark.batch import Stop, run
from kzmark.batch.engine import Engine
from kzmark.batch.units import Units
from kzmark.errors import KzmarkError, RequestError


def results(
    work: Doubling, executor: Any, count: int, *, stop: Stop | None = None, window: int = 0
) -> Iterator[int]:
    units: Units[Piece] = Units(map(Piece, range(count)), largest=4)
    for ended in Engine(work, executor, stop=Stop() if stop is None else stop, window=window).run(
        units
    ):
        yield from (one.done for one in ended)


@given(count=st.integers(0, 60), deaths=st.sets(st.integers(0, 60)), workers=st.integers(1, 4))
def test_every_task_is_told_once_whichever_workers_die_on_it_once(
    count: int, deaths: set[int], workers: int
) -> None:
    def dies(tasks: Sequence[Piece], again: bool) -> bool:
        return not again and any(piece.number in deaths for piece in tasks)

    work = Doubling()
    told = list(results(work, Sudden(dies, workers), count))

    assert sorted(told) == [2 * number for number in range(count)]
    assert sorted(work.begun) == sorted(work.ended) == list(range(count))
    assert work.left == []


@given(poison=st.sets(st.integers(1, 40), max_size=4))
def test_a_file_that_kills_its_workers_is_a_failure_and_costs_no_other(poison: set[int]) -> None:
    def dies(tasks: Sequence[Piece], again: bool) -> bool:
        return any(piece.number in poison for piece in tasks)

    work = Doubling()
    executor = Sudden(dies)
    told = list(results(work, executor, 40))

    wanted = [-n if n in poison else 2 * n for n in range(40)]
    assert sorted(told) == sorted(wanted)
    assert sorted(work.ended) == list(range(40))
    for number in poison & set(range(40)):
        assert executor.units.count((number,)) >= 2


def test_the_window_is_never_passed_and_jobs_may_be_endless() -> None:
    running = most = 0
    lock = threading.Lock()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1
        return number

    with ThreadPoolExecutor(8) as pool:
        told = list(itertools.islice(run(itertools.count(), work, executor=pool, window=3), 50))

    assert len(set(told)) == 50
    assert 1 <= most <= 3


def test_jobs_are_taken_no_faster_than_results() -> None:
    jobs = itertools.count()
    with ThreadPoolExecutor(2) as pool:
        told = run(jobs, abs, executor=pool, window=5)
        for _ in range(20):
            next(told)
        assert next(jobs) <= 20 + 2 * 5
        told.close()  # type: ignore[attr-defined]  # a generator


def test_leaving_early_drops_what_has_not_begun_and_waits_for_what_runs() -> None:
    work = Doubling()
    with ThreadPoolExecutor(1) as pool:
        told = results(work, pool, 100, window=8)
        next(told)
        told.close()  # type: ignore[attr-defined]  # a generator

    assert len(work.begun) < 100
    assert sorted(work.ended + work.left) == sorted(work.begun)


def test_asking_to_stop_finishes_what_is_in_flight_and_tells_it() -> None:
    stop, work = Stop(), Doubling()
    with ThreadPoolExecutor(1) as pool:
        told = []
        for number in results(work, pool, 1000, stop=stop, window=8):
            told.append(number)
            stop.ask()

    assert sorted(told) == sorted(2 * number for number in work.ended)
    assert sorted(work.ended + work.left) == sorted(work.begun)
    assert len(told) < 1000


def test_a_run_that_waits_hears_of_a_stop() -> None:
    stop, gate = Stop(), threading.Event()

    def work(number: int) -> int:
        gate.wait(5)
        return number

    with ThreadPoolExecutor(1) as pool:
        threading.Timer(0.05, stop.ask).start()
        threading.Timer(0.5, gate.set).start()
        told = list(run(range(50), work, executor=pool, window=4, stop=stop))

    assert told == [0]


def test_what_cannot_be_written_down_ends_the_run_and_is_said_of_each_file() -> None:
    work = Doubling()
    work.refuses = True
    told: list[int] = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(KzmarkError, match="no room"):
        told.extend(results(work, pool, 50))

    assert told
    assert all(number <= 0 for number in told)
    assert len(work.begun) < 50


def test_an_executor_that_breaks_ends_the_run_and_loses_no_result() -> None:
    class Breaking:
        def __init__(self) -> None:
            self.calls = 0

        def submit(self, fn: Any, *args: Any) -> "Future[Any]":
            self.calls += 1
            future: Future[Any] = Future()
            if self.calls == 3:
                future.set_exception(RequestError("gone"))
            else:
                future.set_result(fn(*args))
            return future

    work = Doubling()
    told: list[int] = []
    with pytest.raises(RequestError, match="gone"):
        told.extend(results(work, Breaking(), 40, window=3))

    assert sorted(told) == sorted(2 * number for number in work.ended)
    assert sorted(work.ended + work.left) == sorted(work.begun)


def test_an_executor_that_refuses_a_call_leaves_nothing_unsaid() -> None:
    class Refusing:
        workers = 1

        def submit(self, *_: Any) -> "Future[Any]":
            raise RequestError("closed")

    work = Doubling()
    with pytest.raises(RequestError, match="closed"):
        list(results(work, Refusing(), 10))

    assert sorted(work.left) == sorted(work.begun)


def test_futures_of_another_kind_are_turned_away() -> None:
    class Odd:
        def submit(self, *_: Any) -> Any:
            return object()

    with pytest.raises(RequestError, match=r"builtins\.object"):
        list(run([1], abs, executor=Odd()))


def test_a_window_below_one_is_a_value_error() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="window"):
        list(run([1], abs, executor=pool, window=0))


def test_an_exception_of_the_jobs_comes_out_and_ends_the_run() -> None:
    def jobs() -> Iterator[int]:
        yield 1
        raise OSError("the listing broke")

    told: list[int] = []
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="listing"):
        told.extend(run(jobs(), abs, executor=pool))


def test_ctrl_c_in_the_main_thread_locks_nothing() -> None:
    """`concurrent.futures.wait` leaves locks behind; a second run would wait for ever."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background
    gate = threading.Event()

    def work(number: int) -> int:
        gate.wait(5)
        return number

    with ThreadPoolExecutor(2) as pool:
        threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()
        threading.Timer(0.3, gate.set).start()
        with pytest.raises(KeyboardInterrupt):
            list(run(range(20), work, executor=pool, window=4))
        again = list(run(range(5), abs, executor=pool))
    signal.signal(signal.SIGINT, before)

    assert sorted(again) == list(range(5))
