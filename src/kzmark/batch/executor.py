"""What the engine asks of an executor, and what an executor may tell of itself.

Only `submit` must be there. Four attributes are read if they are:

`workers`      how many calls run at a time; asked again and again, so it may change. It decides how
               many units are in flight. Without it the engine takes `WINDOW` units.
`remote`       true if workers run on other machines: then the engine leaves looking at outputs to
               them, and what is given must mean the same there.
`repeats`      true if it may run a call a second time on its own, as Dask does when a worker is
               gone: then each file's output is looked at before any work.
`for_workers`  returns the `Stamper` that is to travel in place of the one that was given.

A worker that was lost is told by its future, which ends with `WorkerLostError` (or any
`concurrent.futures.BrokenExecutor`); the engine submits the unit again, and this time each file's
output is looked at first. An executor that cannot go on raises from `submit`; what it raises ends
the run. `Future.cancel` is true only for a call that has not begun and never will.
"""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from typing import Any, Final, Protocol

from kzmark.errors import RequestError, WorkerLostError

WINDOW: Final = 64  # units in flight where an executor does not say how many workers it has
AHEAD: Final = 2  # units in flight for each worker: one runs, one waits
LOST: Final = (WorkerLostError, BrokenExecutor)


class SupportsSubmit(Protocol):
    """All that kzmark asks of an executor."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Start a call and return its future; `fn` is a function of a module."""
        ...


def workers_of(executor: SupportsSubmit) -> int:
    """Return how many calls an executor runs at a time, at least 1; 0 if nobody can tell."""
    told = getattr(executor, "workers", None)
    if told is None:
        told = getattr(executor, "_max_workers", 0)  # those of the standard library
    return max(1, told) if isinstance(told, int) and told else 0


def in_flight(executor: SupportsSubmit) -> int:
    """Return how many units an executor is to be given at a time."""
    workers = workers_of(executor)
    return workers * AHEAD if workers else WINDOW


def shares_memory(executor: SupportsSubmit) -> bool:
    """Return whether what is handed over stays the same object: threads."""
    told = getattr(executor, "shares_memory", None)
    return isinstance(executor, ThreadPoolExecutor) if told is None else bool(told)


def is_remote(executor: SupportsSubmit) -> bool:
    """Return whether workers run on other machines."""
    return bool(getattr(executor, "remote", False))


def repeats(executor: SupportsSubmit) -> bool:
    """Return whether an executor may run a call twice on its own."""
    return bool(getattr(executor, "repeats", False))


def checked(future: Any) -> "Future[Any]":
    """Return a future of the one kind that can be waited for.

    Raises:
        RequestError: If it is of another kind.
    """
    if not isinstance(future, Future):
        raise RequestError(
            f"submit() returned {type(future).__module__}.{type(future).__name__}",
            hint="with Dask, pass client.get_executor(), or --executor dask://HOST:PORT",
        )
    return future
