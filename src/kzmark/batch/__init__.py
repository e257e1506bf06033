"""Many files: units of work in a bounded window over any executor; one odd file is a result.

jobs ─ agenda (what is done already?) ─ units ─ engine ─ worker ─ ledger (audit log, journal)
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from kzmark.batch.agenda import Agenda
from kzmark.batch.calls import Call, Calls
from kzmark.batch.engine import Engine
from kzmark.batch.executor import WINDOW, SupportsSubmit, repeats, shares_memory
from kzmark.batch.jobs import Job, Result
from kzmark.batch.local import SHARED, cores, crew
from kzmark.batch.processes import Processes
from kzmark.batch.recovery import recover
from kzmark.batch.stamping import Stamping
from kzmark.batch.stop import Stop
from kzmark.batch.travel import settings_of, travels
from kzmark.batch.units import MAX_FILES, Units
from kzmark.batch.verifying import Question, Verifying, question
from kzmark.journal import Journal
from kzmark.places import Named
from kzmark.stamper import Stamper

__all__ = [
    "Job",
    "Processes",
    "Result",
    "Stop",
    "SupportsSubmit",
    "cores",
    "run",
    "stamp_many",
    "verify_many",
]

J = TypeVar("J")
R = TypeVar("R")


def stamp_many(
    jobs: Iterable[Job],
    stamper: Stamper,
    *,
    executor: SupportsSubmit | None = None,
    workers: int = 1,
    journal: str | PathLike[str] | None = None,
    stop: Stop | None = None,
) -> Iterator[Result]:
    """Yield one result for every job, as they finish.

    Jobs are taken only as fast as results are, so that memory does not grow with their number. If
    the `Stamper` keeps an audit log, it is written here and not by the workers.

    Args:
        jobs: May be endless.
        stamper: What is stamped.
        executor: Anything with `submit`; threads or processes of our own if left out.
        workers: How many of our own, at least 1.
        journal: File of the journal: what it proves to be done already is not done again. Made if
            there is none.
        stop: Somebody else's way to end the run early: what is in flight is finished and told.

    Raises:
        RequestError: If the journal is another run's, or was begun with other settings; or
            something cannot be sent to a worker of `executor`.
        OutputError: If the journal or the audit log cannot be written.
        IdentityError: If workers cannot sign.
    """
    with ExitStack() as stack:
        kept = None
        if journal is not None:
            kept = stack.enter_context(Journal(Path(journal), settings_of(stamper)))
        found = recover(kept, stamper.log, limits=stamper.limits) if kept else {}
        agenda = Agenda(
            jobs,
            journal=kept,
            recovered=found,
            look=executor is not None and repeats(executor),
        )
        units = Units(agenda.tasks())
        pool = stack.enter_context(_crew(executor, units, workers, fit=lambda: travels(stamper)))
        work = Stamping(stamper, pool, journal=kept)
        for ended in Engine(work, pool, stop=Stop() if stop is None else stop).run(units):
            yield from agenda.told()
            yield from (one.done.result for one in ended)
        yield from agenda.told()


def verify_many(
    sources: Iterable[Named],
    *,
    executor: SupportsSubmit | None = None,
    workers: int = 1,
    stop: Stop | None = None,
    **choices: Any,
) -> Iterator[Result]:
    """Yield one result for every file, as they finish.

    Args:
        sources: Paths or URLs; may be endless.
        executor: Anything with `submit`; threads or processes of our own if left out.
        workers: How many of our own, at least 1.
        stop: Somebody else's way to end the run early: what is in flight is finished and told.
        **choices: As `verify` takes them.

    Raises:
        RequestError: If something cannot be sent to a worker of `executor`.
        InstallationError: If workers cannot be begun, or a cluster goes away. What is wrong with
            one file is in its result.
    """
    units: Units[Question] = Units(map(question, sources))
    with _crew(executor, units, workers, fit=lambda: True) as pool:
        for ended in Engine(Verifying(choices), pool, stop=Stop() if stop is None else stop).run(
            units
        ):
            yield from (one.done for one in ended)


def run(
    jobs: Iterable[J],
    work: Callable[[J], R],
    *,
    executor: SupportsSubmit,
    window: int = WINDOW,
    stop: Stop | None = None,
) -> Iterator[R]:
    """Yield one result for every job, as they finish.

    `work` hands its failures back as results; an exception out of here means the executor broke.
    Leaving the loop early cancels what has not begun.

    Raises:
        ValueError: If `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, not {window}")
    units: Units[Call[J]] = Units(map(Call, jobs), largest=1)
    for ended in Engine(
        Calls(work), executor, stop=Stop() if stop is None else stop, window=window
    ).run(units):
        yield from (one.done for one in ended)


def _crew(
    executor: SupportsSubmit | None, units: Units[Any], workers: int, *, fit: Callable[[], bool]
) -> AbstractContextManager[SupportsSubmit]:
    if executor is None:
        return crew(units, workers, travels=fit)
    units.largest = SHARED if shares_memory(executor) else MAX_FILES
    return nullcontext(executor)
