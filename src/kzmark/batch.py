"""Many files: a window of jobs over any executor; a failed file is a result, never the end."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kzmark import api
from kzmark.errors import InternalError, KzmarkError, RequestError
from kzmark.report import Report
from kzmark.stamper import Stamped, Stamper

J = TypeVar("J")
R = TypeVar("R")

WINDOW = 64  # jobs in flight


class SupportsSubmit(Protocol):
    """All that kzmark asks of an executor."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Start a call and return its future."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to stamp.

    Attributes:
        source: Path of the input.
        target: Path of the output; may be the input itself.
        overwrite: Whether an existing target may be replaced.
        replace: Whether a different mark that the file carries is replaced.
    """

    source: Path
    target: Path
    overwrite: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one job: a stamp or a report, or an error.

    Attributes:
        source: Path of the input.
        stamped: What a stamping gave.
        report: What a verification gave.
        error: Why there is neither.
    """

    source: Path
    stamped: Stamped | None = None
    report: Report | None = None
    error: KzmarkError | None = None


def stamp_many(
    jobs: Iterable[Job],
    stamper: Stamper,
    *,
    executor: SupportsSubmit | None = None,
    workers: int = 1,
) -> Iterator[Result]:
    """Yield one result for every job, as they finish.

    Args:
        jobs: May be endless; at most 64 are in flight.
        stamper: What is stamped.
        executor: Anything with `submit`; threads of our own if left out.
        workers: How many threads of our own, at least 1.
    """
    with _pool(executor, workers) as pool:
        yield from run(jobs, partial(_stamp, stamper), executor=pool)


def verify_many(
    sources: Iterable[Path],
    *,
    executor: SupportsSubmit | None = None,
    workers: int = 1,
    **choices: Any,
) -> Iterator[Result]:
    """Yield one result for every file, as they finish.

    Args:
        sources: Paths; may be endless.
        executor: Anything with `submit`; threads of our own if left out.
        workers: How many threads of our own, at least 1.
        **choices: As `verify` takes them.
    """
    with _pool(executor, workers) as pool:
        yield from run(sources, partial(_verify, choices), executor=pool)


def run(
    jobs: Iterable[J], work: Callable[[J], R], *, executor: SupportsSubmit, window: int = WINDOW
) -> Iterator[R]:
    """Yield one result for every job, as they finish.

    `work` hands its failures back as results; an exception out of here means the executor broke.
    Leaving the loop early cancels what has not begun.

    Raises:
        ValueError: If `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, not {window}")
    waiting = iter(jobs)
    running: set[Future[R]] = set()
    try:
        while True:
            for job in islice(waiting, window - len(running)):
                running.add(_checked(executor.submit(work, job)))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        for future in running:
            future.cancel()


def _stamp(stamper: Stamper, job: Job) -> Result:
    try:
        stamped = stamper.stamp(
            job.source, job.target, overwrite=job.overwrite, replace=job.replace
        )
    except KzmarkError as error:
        return Result(source=job.source, error=error)
    except Exception as error:  # noqa: BLE001 - one odd file never ends a batch
        return Result(source=job.source, error=_unforeseen(error, job.source))
    return Result(source=job.source, stamped=stamped)


def _verify(choices: dict[str, Any], source: Path) -> Result:
    try:
        return Result(source=source, report=api.verify(source, **choices))
    except KzmarkError as error:
        return Result(source=source, error=error)
    except Exception as error:  # noqa: BLE001 - one odd file never ends a batch
        return Result(source=source, error=_unforeseen(error, source))


def _unforeseen(error: Exception, source: Path) -> InternalError:
    told = InternalError(
        f"{type(error).__name__}: {error}",
        source=str(source),
        hint="this is an error of kzmark: please report it with the file",
    )
    told.__cause__ = error
    return told


def _pool(executor: SupportsSubmit | None, workers: int) -> AbstractContextManager[SupportsSubmit]:
    if executor is not None:
        return nullcontext(executor)
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="kzmark")


def _checked(future: Any) -> "Future[Any]":
    if not isinstance(future, Future):
        raise RequestError(
            f"submit() returned {type(future).__module__}.{type(future).__name__}",
            hint="with Dask, pass client.get_executor()",
        )
    return future
