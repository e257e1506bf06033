"""Any function over any jobs: the work of `run`."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from kzmark.batch.engine import Ended
from kzmark.batch.executor import SupportsSubmit
from kzmark.errors import KzmarkError, WorkerLostError

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Call(Generic[J]):
    """One job, of a size that nobody knows."""

    job: J
    size: int = 0


class Calls(Generic[J, R]):
    """The work of `run`: one call a job, nothing to record.

    Args:
        work: Called with each job.
    """

    def __init__(self, work: Callable[[J], R]) -> None:
        self._work = work

    def submit(
        self, executor: SupportsSubmit, tasks: Sequence[Call[J]], *, again: bool
    ) -> "Future[list[R]]":
        """Hand a call to an executor."""
        del again  # what it means to do it twice, only the caller knows
        return executor.submit(_each, self._work, tasks)

    def record(self, ended: Sequence[Ended[Call[J], R]], begun: Sequence[Call[J]]) -> None:
        """Nothing is written."""

    def dropped(self, tasks: Sequence[Call[J]]) -> None:
        """Nothing is written."""

    def lost(self, task: Call[J]) -> R:
        """Give up: there is no result to say it with."""
        raise WorkerLostError("a worker died on it, twice", source=str(task.job))

    def unrecorded(self, ended: Ended[Call[J], R], error: KzmarkError) -> R:
        """Return the result: it is as good as any."""
        del error
        return ended.done


def _each(work: Callable[[J], R], tasks: Sequence[Call[J]]) -> list[R]:
    return [work(task.job) for task in tasks]
