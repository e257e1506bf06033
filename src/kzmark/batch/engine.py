"""The engine: a bounded window of units over any executor, results as they finish.

What it does is the same for stamping and verifying; what is done, written down and said of a file
whose worker keeps dying is the business of its `Work`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, Protocol, TypeVar

from kzmark.batch.executor import LOST, SupportsSubmit, checked, in_flight, workers_of
from kzmark.batch.stop import Stop
from kzmark.batch.units import Units, Weighed
from kzmark.errors import KzmarkError

T = TypeVar("T", bound=Weighed)
D = TypeVar("D")  # what a worker says of a task

LIVES: Final = 2  # workers that may die on a unit, and again on each of its files
_GLANCE: Final = 0.05  # seconds between two looks at what runs when the run ends early
TICK: Final = 1.0  # seconds: how long Ctrl-C may have to wait where it cannot end a wait (Windows)


class Work(Protocol[T, D]):
    """What the engine is given to do."""

    def submit(
        self, executor: SupportsSubmit, tasks: Sequence[T], *, again: bool
    ) -> "Future[list[D]]":
        """Hand a unit to an executor; `again` if a worker may have done some of it already."""
        ...

    def record(self, ended: "Sequence[Ended[T, D]]", begun: Sequence[T]) -> None:
        """Write down what ended, then what is about to begin; nothing begins before it returns.

        Raises:
            KzmarkError: If that cannot be written down; then the run ends.
        """
        ...

    def dropped(self, tasks: Sequence[T]) -> None:
        """Write down that tasks that were to begin will not; never raises."""
        ...

    def lost(self, task: T) -> D:
        """Return what to say of a file on which workers die."""
        ...

    def unrecorded(self, ended: "Ended[T, D]", error: KzmarkError) -> D:
        """Return what to say of a file whose end could not be written down."""
        ...


@dataclass(frozen=True, slots=True)
class Ended(Generic[T, D]):
    """A task and what became of it."""

    task: T
    done: D


@dataclass(slots=True)
class _Flight(Generic[T]):
    tasks: tuple[T, ...]
    lost: int = 0
    again: bool = False


class Engine(Generic[T, D]):
    """Runs units over an executor.

    Args:
        work: What is done.
        executor: Who does it.
        stop: Hears that somebody wants an end.
        window: Units in flight; by the number of workers if 0.
    """

    def __init__(
        self, work: Work[T, D], executor: SupportsSubmit, *, stop: Stop, window: int = 0
    ) -> None:
        self._work, self._executor, self._stop, self._window = work, executor, stop, window
        # Not `concurrent.futures.wait`: an exception in it, as of Ctrl-C, leaves locks behind that
        # no thread lets go. This queue can be interrupted, and so can the run.
        self._arrived: SimpleQueue[Future[list[D]] | None] = SimpleQueue()
        self._running: dict[Future[list[D]], _Flight[T]] = {}
        self._failure: BaseException | None = None
        self._over = False
        stop.heard_by(self._arrived)

    def run(self, units: Units[T]) -> Iterator[list[Ended[T, D]]]:
        """Yield what ended, some at a time; an empty list when others may want to speak.

        Leaving the loop early, or an exception in it, drops what has not begun, waits for what
        runs and writes that down.

        Raises:
            KzmarkError: If the executor broke, or something cannot be written down.
        """
        begun: list[tuple[T, ...]] = []
        try:
            while True:
                if not self._stop:
                    begun = self._next(units)
                ended = self._harvest(wait=not begun and bool(self._running))
                yield from self._recorded(ended, begun)
                if self._failure is not None:
                    raise self._failure
                while begun:
                    self._launch(_Flight(begun[0]))
                    begun.pop(0)
                if self._stop:
                    self._cancel()
                if not self._running and (self._stop or units.ended):
                    return
        except KeyboardInterrupt:
            if self._stop:  # asked twice: what is in flight is not waited for
                self._kill()
            raise
        finally:
            self._drain(begun)

    def _next(self, units: Units[T]) -> list[tuple[T, ...]]:
        limit = self._window or in_flight(self._executor)
        units.gather(limit)
        return units.cut(workers_of(self._executor) or limit, limit - len(self._running))

    def _recorded(
        self, ended: list[Ended[T, D]], begun: Sequence[tuple[T, ...]]
    ) -> Iterator[list[Ended[T, D]]]:
        try:
            self._work.record(ended, [task for tasks in begun for task in tasks])
        except KzmarkError as error:
            yield [Ended(one.task, self._work.unrecorded(one, error)) for one in ended]
            raise
        yield ended

    def _launch(self, flight: _Flight[T]) -> None:
        future = checked(self._work.submit(self._executor, flight.tasks, again=flight.again))
        self._running[future] = flight
        future.add_done_callback(self._arrived.put)

    def _harvest(self, *, wait: bool) -> list[Ended[T, D]]:
        """Take in what has arrived; with `wait`, at least one arrival."""
        ended: list[Ended[T, D]] = []
        while self._running:
            try:
                future = self._arrived.get(timeout=TICK) if wait else self._arrived.get_nowait()
            except Empty:
                if wait:
                    continue
                break
            wait = False
            if future is not None:
                ended += self._landed(future, self._running.pop(future))
        return ended

    def _landed(self, future: "Future[list[D]]", flight: _Flight[T]) -> list[Ended[T, D]]:
        if future.cancelled():
            self._work.dropped(flight.tasks)
            return []
        error: Any = future.exception()
        if isinstance(error, LOST):
            return self._again(flight)
        if error is not None:
            self._failure = self._failure or error
            self._work.dropped(flight.tasks)
            return []
        return [Ended(*pair) for pair in zip(flight.tasks, future.result(), strict=True)]

    def _again(self, flight: _Flight[T]) -> list[Ended[T, D]]:
        """Do a unit again whose worker died; alone with each file if that is no accident."""
        lost = flight.lost + 1
        if lost >= LIVES and len(flight.tasks) == 1:
            return [Ended(task, self._work.lost(task)) for task in flight.tasks]
        flights = [_Flight(flight.tasks, lost=lost, again=True)]
        if lost >= LIVES:
            flights = [_Flight((task,), again=True) for task in flight.tasks]
        for one in flights:
            try:
                if not (self._stop or self._over or self._failure):
                    self._launch(one)
                    continue
            except Exception as error:  # noqa: BLE001 - whatever the executor raises when it is gone
                self._failure = error
            self._work.dropped(one.tasks)
        return []

    def _cancel(self) -> None:
        for future in list(self._running):
            future.cancel()

    def _kill(self) -> None:
        kill = getattr(self._executor, "kill", None)
        if kill:
            kill()

    def _drain(self, unbegun: Sequence[tuple[T, ...]]) -> None:
        """Leave nothing behind that is neither finished nor said to be dropped."""
        self._over = True
        for tasks in unbegun:
            self._work.dropped(tasks)
        self._cancel()
        while self._running:
            with contextlib.suppress(Empty):  # an interrupted wait may have swallowed an arrival,
                self._arrived.get(timeout=_GLANCE)  # so it only tells when to look
            done = [future for future in self._running if future.done()]
            ended = [one for each in done for one in self._landed(each, self._running.pop(each))]
            with contextlib.suppress(KzmarkError):  # it was told of when it failed first
                self._work.record(ended, [])
