"""Threads that remember what they finished, so that an interrupted run can still tell of it."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

R = TypeVar("R")


class Workers(Generic[R]):
    """An executor for `stamp_many` and `verify_many`, for as long as its block lasts.

    Args:
        count: Number of threads, at least 1.
    """

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="kzmark")
        self._feeder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kzmark-feeder")
        self._untold: dict[int, R] = {}  # by identity, in the order in which they were finished
        self._stopped = False

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> "Future[R]":
        """Start a call and return its future."""

        def work() -> R:
            if self._stopped:  # ending the future at once, so that nobody waits for it
                raise CancelledError
            result = fn(*args, **kwargs)
            self._untold[id(result)] = result  # before anybody can hear of it
            return result

        return self._pool.submit(work)

    def arriving(self, results: Iterable[R]) -> Iterator[R]:
        """Yield what an iteration over futures yields, which itself runs in another thread.

        Ctrl-C inside `concurrent.futures.wait` would leave locks behind that no thread lets go;
        a queue can be interrupted.
        """
        arrived: SimpleQueue[tuple[R, ...]] = SimpleQueue()

        def feed() -> None:
            try:
                for result in results:
                    arrived.put((result,))
            finally:
                arrived.put(())

        feeding = self._feeder.submit(feed)
        while found := arrived.get():
            yield from found
        feeding.result()  # what went wrong there goes wrong here

    def told(self, result: R) -> None:
        """Say that somebody was told of a result."""
        self._untold.pop(id(result), None)

    def stop(self) -> list[R]:
        """Begin nothing more, wait for what runs, and return what nobody was told of."""
        self._stopped = True
        for pool in (self._pool, self._feeder):
            pool.shutdown(wait=True)
        return list(self._untold.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def each(arriving: Iterable[R], workers: Workers[R], tell: Callable[[R], None]) -> bool:
    """Tell of every result as it comes; after Ctrl-C of those that are finished.

    Returns:
        Whether all were told, that is, false after an interruption.
    """
    try:
        for result in arriving:
            with _unbroken():
                workers.told(result)
                tell(result)
    except KeyboardInterrupt:
        for result in workers.stop():
            tell(result)
        return False
    return True


@contextlib.contextmanager
def _unbroken() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, so that no line is lost or cut in two."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if pressed:
        raise KeyboardInterrupt
