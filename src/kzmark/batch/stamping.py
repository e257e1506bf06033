"""Stamping in a batch: what the engine is given to do."""

from collections.abc import Sequence
from concurrent.futures import Future
from uuid import uuid4

from kzmark.batch.engine import Ended
from kzmark.batch.executor import SupportsSubmit, shares_memory
from kzmark.batch.jobs import Result, died
from kzmark.batch.ledger import Ledger
from kzmark.batch.processes import pickled
from kzmark.batch.task import Done, Task, stamp_tasks, stamp_unit
from kzmark.batch.travel import fit
from kzmark.errors import KzmarkError, UnrecordedError
from kzmark.journal import Journal
from kzmark.stamper import Stamper


class Stamping:
    """The work of `stamp_many`.

    Args:
        stamper: What is stamped.
        executor: Who will do it.
        journal: The journal, or nothing for none.

    Raises:
        RequestError: If the `Stamper` cannot be sent to the workers.
        IdentityError: If the workers cannot sign.
    """

    def __init__(
        self, stamper: Stamper, executor: SupportsSubmit, *, journal: Journal | None
    ) -> None:
        self._token, self._packed = uuid4().hex, b""
        self._ledger = Ledger(stamper.log, journal, profile=stamper.style.profile.name)
        self._stamper = stamper.without_log()
        if shares_memory(executor):
            return
        ready = getattr(executor, "for_workers", None)
        self._packed = pickled(ready(stamper) if ready else fit(stamper))

    def submit(
        self, executor: SupportsSubmit, tasks: Sequence[Task], *, again: bool
    ) -> "Future[list[Done]]":
        """Hand a unit to an executor; the packed `Stamper` is some kilobytes, unpacked once."""
        if not self._packed:
            return executor.submit(stamp_tasks, self._stamper, tasks, again)
        return executor.submit(stamp_unit, self._token, self._packed, tasks, again)

    def record(self, ended: Sequence[Ended[Task, Done]], begun: Sequence[Task]) -> None:
        """Write down what ended and what is about to begin."""
        self._ledger.record(ended, begun)

    def dropped(self, tasks: Sequence[Task]) -> None:
        """Note tasks that will not be done."""
        self._ledger.dropped(tasks)

    def lost(self, task: Task) -> Done:
        """Return what to say of a file on which workers die."""
        error = died(task.job.source)
        return Done(result=Result(source=task.job.source, error=error, size=task.size))

    def unrecorded(self, ended: Ended[Task, Done], error: KzmarkError) -> Done:
        """Return what to say of an output that is whole and that the log does not know."""
        result = ended.done.result
        if result.stamped is None:
            return ended.done
        told = UnrecordedError(
            f"stamped, but {error.message}",
            output=str(ended.task.target),
            mark_id=str(result.stamped.mark.mark_id),
            source=str(ended.task.source),
        )
        return Done(result=Result(source=result.source, error=told, size=result.size))
