"""A task: one file on its way to a worker, and what the worker does with it."""

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kzmark._io import run_named
from kzmark.batch.jobs import Job, Result, unforeseen
from kzmark.errors import KzmarkError, OutputExistsError
from kzmark.places import Facts, Place
from kzmark.recall import adopt, drop_half, recall, sweep_up
from kzmark.stamper import Stamped, Stamper

_KEPT: Final = 4  # Stampers that a worker keeps
_stampers: "OrderedDict[str, Stamper]" = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A job on its way to a worker.

    Attributes:
        job: What the caller asked for.
        source: Place of its input.
        target: Place of its output.
        mark_id: Id that its mark will have, however often it is done.
        facts: What the input was known by before the work, if anybody looked.
        overwrite: Whether what stands at the target may be replaced.
        look: Whether to look at the target before any work.
        resumes: Whether an output that an earlier run made of this very input will do.
    """

    job: Job
    source: Place
    target: Place
    mark_id: UUID
    facts: Facts | None = None
    overwrite: bool = False
    look: bool = False
    resumes: bool = False

    @property
    def size(self) -> int:
        """Bytes of the input, 0 if nobody looked."""
        return self.facts.size if self.facts else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a worker says of a task.

    Attributes:
        result: What the caller is told.
        made: What the output is known by now, for the journal.
        proven: Whether it had been done before, and was only found.
    """

    result: Result
    made: Facts | None = None
    proven: bool = False


def stamp_unit(token: str, packed: bytes, tasks: Sequence[Task], again: bool) -> list[Done]:  # noqa: FBT001 - a call that travels
    """Do a unit in a worker, which keeps the `Stamper` and its signing context by its token."""
    stamper = _stampers.get(token)
    if stamper is None:
        stamper = _stampers[token] = pickle.loads(packed)  # noqa: S301 - from our own coordinator
        while len(_stampers) > _KEPT:
            _stampers.popitem(last=False)
    return stamp_tasks(stamper, tasks, again)


def stamp_tasks(stamper: Stamper, tasks: Sequence[Task], again: bool) -> list[Done]:  # noqa: FBT001 - a call that travels
    """Do a unit; one odd file never ends it."""
    return [_stamp(stamper, task, again=again) for task in tasks]


def _stamp(stamper: Stamper, task: Task, *, again: bool) -> Done:
    try:
        with run_named(task.mark_id.hex):  # its own name: others may be writing beside it
            stamped, proven = _done(stamper, task, again=again)
        made = task.target.facts() if task.resumes else None
    except KzmarkError as error:
        return _failed(task, error)
    except Exception as error:  # noqa: BLE001 - one odd file never ends a batch
        return _failed(task, unforeseen(error, task.job.source))
    result = Result(source=task.job.source, stamped=stamped, size=task.size)
    return Done(result=result, made=made, proven=proven)


def _failed(task: Task, error: KzmarkError) -> Done:
    job = task.job
    skipped = job.may_skip(error)
    return Done(result=Result(source=job.source, error=error, skipped=skipped, size=task.size))


def _done(stamper: Stamper, task: Task, *, again: bool) -> tuple[Stamped, bool]:
    """Stamp a file unless that was done before; say whether it was."""
    limits = stamper.limits
    if again or task.look:
        found = recall(task.job.source, task.target, task.mark_id, limits=limits)
        if again:
            sweep_up(task.target, task.mark_id)
        if found is not None:
            return found, True
        drop_half(task.target, task.mark_id)
    try:
        stamped = stamper.stamp(
            task.job.source,
            task.target,
            overwrite=task.overwrite,
            replace=task.job.replace,
            make_folder=task.job.make_folder,
            mark_id=task.mark_id,
        )
    except OutputExistsError:
        found = recall(task.job.source, task.target, task.mark_id, limits=limits)
        if found is None and task.resumes:
            found = adopt(
                task.job.source, task.target, stamper.statement, stamper.style, limits=limits
            )
        if found is None:
            raise
        return found, found.changed
    return stamped, False
