"""From jobs to tasks: ids, facts, and what an earlier run has done already."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final
from uuid import uuid4

from kzmark.batch.jobs import Job, Result
from kzmark.batch.task import Task
from kzmark.errors import KzmarkError
from kzmark.journal import Done, Journal, key
from kzmark.places import Facts, Place, place
from kzmark.stamper import Stamped

_THREADS: Final = 32  # looks at objects at a time, each of which is a request
_AHEAD: Final = 256  # looks that may wait for the first of them


class Agenda:
    """What is to be done, in the order of the jobs, and what need not be.

    Args:
        jobs: May be endless; taken from as tasks are asked for.
        journal: The journal, or nothing for none.
        recovered: What was found to be done of what was in flight, by target.
        look: Whether every target is looked at before any work.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        journal: Journal | None,
        recovered: dict[str | bytes, Stamped],
        look: bool,
    ) -> None:
        self._jobs = iter(jobs)
        self._journal, self._recovered, self._look = journal, recovered, look
        self._told: list[Result] = []

    def tasks(self) -> Iterator[Task | None]:
        """Yield the tasks; nothing where a job needs none, so that somebody may listen."""
        waiting: deque[Future[Task | Result]] = deque()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="kzmark-look") as threads:
            for job in self._jobs:
                found = self._settled(job, threads)
                if not isinstance(found, Future):
                    yield self._handed(found)
                    continue
                waiting.append(found)
                while len(waiting) > _AHEAD or waiting[0].done():
                    yield self._handed(waiting.popleft().result())
                    if not waiting:
                        break
            for later in waiting:
                yield self._handed(later.result())

    def told(self) -> list[Result]:
        """Return, once, the results of jobs that needed no work."""
        told, self._told = self._told, []
        return told

    def _handed(self, found: Task | Result) -> Task | None:
        if isinstance(found, Task):
            return found
        self._told.append(found)
        return None

    def _settled(
        self, job: Job, threads: ThreadPoolExecutor
    ) -> "Task | Result | Future[Task | Result]":
        """Settle a job; objects far away are asked about by threads, many at a time."""
        try:
            source, target = place(job.source), place(job.target)
        except KzmarkError as error:
            return Result(source=job.source, error=error)
        before = self._journal.done(target) if self._journal else None
        given = job, source, target, before
        far = before is not None and not target.is_local
        if far or not (job.facts or source.is_local):
            return threads.submit(self._settle, *given)
        return self._settle(*given)

    def _settle(self, job: Job, source: Place, target: Place, before: Done | None) -> Task | Result:
        try:
            facts = job.facts or source.facts()
            made = target.facts() if before else None
        except KzmarkError:
            facts, made = job.facts, None  # the worker says what is wrong
        ours = before is not None and made is not None and made == before.made
        if ours and before and (key(before.source), before.facts) == (key(source), facts):
            return self._earlier(job, target, facts)
        return Task(
            job=job,
            source=source,
            target=target,
            mark_id=job.mark_id or uuid4(),
            facts=facts,
            overwrite=job.overwrite or ours,
            look=self._look,
            resumes=self._journal is not None,
        )

    def _earlier(self, job: Job, target: Place, facts: Facts | None) -> Result:
        size = facts.size if facts else 0
        stamped = self._recovered.pop(key(target), None)
        if stamped is not None:
            return Result(source=job.source, stamped=stamped, size=size)
        return Result(source=job.source, earlier=True, size=size)
