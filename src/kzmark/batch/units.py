"""Work units: some files handed out together, because every call to a worker costs."""

import time
from collections import deque
from collections.abc import Iterator
from typing import Final, Generic, Protocol, TypeVar

MAX_FILES: Final = 32
MAX_BYTES: Final = 32 << 20
PATIENCE: Final = 0.02  # seconds spent gathering before what is there is handed out


class Weighed(Protocol):
    """A task of known size."""

    @property
    def size(self) -> int:
        """Bytes to read; 0 if nobody knows."""
        ...


T = TypeVar("T", bound=Weighed)


class Units(Generic[T]):
    """Cuts a stream of tasks into units, looking ahead only as far as the workers can use.

    Near the end of the stream, and where tasks come slowly, units are small, so that all workers
    have something to do.

    Args:
        tasks: May be endless; taken from only by `gather`.
        largest: Files of the largest unit; 1 where calls cost nothing.
    """

    def __init__(self, tasks: Iterator[T | None], *, largest: int = MAX_FILES) -> None:
        self.exhausted = False
        self._tasks = tasks
        self.largest = largest
        self._ahead: deque[T] = deque()

    def __len__(self) -> int:
        return len(self._ahead)

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.exhausted and not self._ahead

    def gather(self, count: int, *, patience: float = PATIENCE) -> None:
        """Look ahead to `count` units, or as far as comes in the time; nothing asks for more.

        Args:
            count: Units wanted.
            patience: Time after which it ends, in seconds.
        """
        end = time.monotonic() + patience
        while not self.exhausted and len(self._ahead) < count * self.largest:
            try:
                task = next(self._tasks)
            except StopIteration:
                self.exhausted = True
                return
            if task is not None:
                self._ahead.append(task)
            if time.monotonic() > end:
                return

    def cut(self, workers: int, most: int) -> list[tuple[T, ...]]:
        """Take at most `most` units out of what was gathered, for so many workers."""
        found: list[tuple[T, ...]] = []
        while self._ahead and len(found) < most:
            share = -(-len(self._ahead) // (2 * max(1, workers)))
            found.append(self._take(min(self.largest, share)))
        return found

    def _take(self, files: int) -> tuple[T, ...]:
        taken = [self._ahead.popleft()]
        size = taken[0].size
        while self._ahead and len(taken) < files and size + self._ahead[0].size <= MAX_BYTES:
            size += self._ahead[0].size
            taken.append(self._ahead.popleft())
        return tuple(taken)
