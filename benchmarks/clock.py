"""Time of works that are measured against each other: interleaved, medians, CPU before wall.

CPU is that of this process, all its threads, and of every process it has waited for; a process
that stays open is asked by its number. Other work on a machine lengthens wall times, seldom these.
"""

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

_SLOW = 1.0  # seconds from which a first run is no warm-up but counts


class Spent(NamedTuple):
    """What one work took, in seconds."""

    cpu: float
    wall: float


class Work(NamedTuple):
    """Something to measure.

    Attributes:
        call: Does it once.
        others: Gives the CPU that a helper process has used so far.
        in_a_row: Calls one after another in each turn, as a pipeline makes them; their mean counts.
    """

    call: Callable[[], object]
    others: Callable[[], float] = float
    in_a_row: int = 1

    def spent(self) -> Spent:
        """Do it so often, and return what once took."""
        found = timed(lambda: [self.call() for _ in range(self.in_a_row)], self.others)
        return Spent(found.cpu / self.in_a_row, found.wall / self.in_a_row)


def timed(work: Callable[[], object], others: Callable[[], float] = float) -> Spent:
    """Return (CPU, wall) of one call, in seconds; `others` is the CPU of a helper process."""
    before, wall = time.process_time() + _children() + others(), time.perf_counter()
    work()
    passed = time.perf_counter() - wall
    return Spent(time.process_time() + _children() + others() - before, passed)


def compared(
    works: Mapping[str, Work], *, rounds: int, budget: float = 60.0, least: int = 1
) -> dict[str, Spent]:
    """Return the median of each work, all of them in turn, after a warm-up where it matters.

    Args:
        works: What to measure, by name.
        rounds: Turns of each, at most.
        budget: Wall seconds after which no further round begins.
        least: Turns of each, whatever they cost.
    """
    start = time.perf_counter()
    first = _round(works)
    slow = any(one.wall > _SLOW for one in first.values())
    seen = [first] if slow else [_round(works)]
    while len(seen) < least or (len(seen) < rounds and time.perf_counter() - start < budget):
        seen.append(_round(works))
    return {name: _median([one[name] for one in seen]) for name in works}


def cpu_of(process: int) -> float:
    """CPU seconds that another process has used, all its threads (Linux)."""
    return time.clock_gettime((~process << 3) | 2)  # its scheduler clock: clock_getcpuclockid(3)


def _round(works: Mapping[str, Work]) -> dict[str, Spent]:
    return {name: work.spent() for name, work in works.items()}


def _median(seen: list[Spent]) -> Spent:
    cpu, wall = (statistics.median(times) for times in zip(*seen, strict=True))
    return Spent(cpu, wall)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
