"""Who works on this machine: threads or processes, by what there is to do.

With the global lock, two threads stamp small files no faster than one (18 ms a file of 6 KB where
one takes 19 ms): Python works there most of the time. Two processes are 1.8 to 1.9 times as fast as
one. But a process costs 0.65 s of work before its first file, so that it pays from some dozens of
files on.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Final

from kzmark.batch.executor import SupportsSubmit
from kzmark.batch.processes import Processes, can_start
from kzmark.batch.units import Units

SHARED: Final = 4  # files of a unit for threads: calls cost them nothing, the audit log's disk does
FEW: Final = 40  # files for each worker process that pay for its start


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def crew(
    units: "Units[Any]", workers: int, *, travels: Callable[[], bool]
) -> "AbstractContextManager[SupportsSubmit]":
    """Return an executor for what is there to do; to be used as a context.

    Args:
        units: The work; looked ahead into.
        workers: How many, at least 1.
        travels: Asked whether what is worked with can be sent to another process.
    """
    if workers > 1 and can_start() and not _threads_are_free():
        units.gather(-(-FEW * workers // units.largest) + 1, patience=_PATIENCE)
        many = not units.exhausted or len(units) >= FEW * workers
        if many and travels():
            return Processes(workers)
    units.largest = SHARED
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="kzmark")


_PATIENCE: Final = 0.5  # seconds that a listing may take before it counts as long


def _threads_are_free() -> bool:
    """Return whether threads run side by side, as in a build without the global lock."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()
