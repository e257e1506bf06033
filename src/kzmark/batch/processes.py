"""Worker processes of our own: a pipe to each, a lost one is replaced, none outlives us.

`concurrent.futures.ProcessPoolExecutor` loses every call in flight when one worker dies, and does
not say whose fault it was; and it imports the caller's main module in each worker, so that a script
without a guard starts itself again and again. Here a worker is a fresh interpreter (never a fork,
which would copy locks held by other threads) that imports kzmark and nothing else.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

from kzmark.batch import frames
from kzmark.batch.worker import READY
from kzmark.errors import InstallationError, RequestError, WorkerLostError

STARTS: Final = 3  # times that a worker may die before it has begun
_BEGIN: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; from kzmark.batch.worker import main; main()"
)
# One thread each: the workers together fill the machine already. And glibc gives back what a large
# picture took: left alone it keeps blocks of up to 32 MB, 40 to 90 MB in all for two workers.
_SURROUNDINGS: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}
_CANNOT_TRAVEL: Final = (pickle.PicklingError, TypeError, AttributeError)


def can_start() -> bool:
    """Return whether there is an interpreter to start workers with (none in a frozen program)."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


class Processes:
    """An executor whose workers are processes of this machine.

    A worker that dies ends the call it had with `WorkerLostError`, and no other; a new one takes
    its place when the next call comes.

    Args:
        count: Number of workers, at least 1; each is started when there is a call for it.
    """

    shares_memory: Final = False

    def __init__(self, count: int) -> None:
        self.workers = count
        self._calls: SimpleQueue[tuple[Future[Any], bytes] | None] = SimpleQueue()
        self._keepers: list[_Keeper] = []
        self._lock = threading.Lock()
        self._open = 0  # calls that no worker has answered yet

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers there are now."""
        return [keeper.pid for keeper in self._keepers if keeper.pid]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Start a call and return its future.

        Raises:
            RequestError: If the call cannot be pickled.
        """
        call = pickled((fn, args, kwargs))
        future: Future[Any] = Future()
        future.add_done_callback(self._answered)
        with self._lock:
            self._open += 1
            if len(self._keepers) < min(self.workers, self._open):
                self._keepers.append(_Keeper(self._calls))
        self._calls.put((future, call))
        return future

    def shutdown(self) -> None:
        """Wait for what runs, and end the workers."""
        for _ in self._keepers:
            self._calls.put(None)
        for keeper in self._keepers:
            keeper.join()

    def kill(self) -> None:
        """End the workers at once: what they were writing never gets its name."""
        for keeper in self._keepers:
            keeper.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()

    def _answered(self, _: "Future[Any]") -> None:
        with self._lock:
            self._open -= 1


def pickled(call: object) -> bytes:
    """Return a call as bytes.

    Raises:
        RequestError: If it cannot be pickled.
    """
    try:
        return pickle.dumps(call)
    except _CANNOT_TRAVEL as error:
        raise RequestError(
            f"this cannot be handed to a worker process: {error}",
            hint="give functions of a module, or work with threads only",
        ) from error


class _Keeper(threading.Thread):
    """Hands calls to one worker, one after another, and replaces it when it dies."""

    def __init__(self, calls: "SimpleQueue[tuple[Future[Any], bytes] | None]") -> None:
        super().__init__(name="kzmark-worker", daemon=True)
        self._calls = calls
        self._worker: _Worker | None = None
        self._killed = False
        self.start()

    @property
    def pid(self) -> int:
        """Process id of the worker, 0 if there is none now."""
        return self._worker.process.pid if self._worker else 0

    def run(self) -> None:
        while (given := self._calls.get()) is not None:
            future, call = given
            if future.set_running_or_notify_cancel():
                self._answer(future, call)
        if self._worker:
            self._worker.end()

    def kill(self) -> None:
        """End the worker at once, for good."""
        self._killed = True
        if worker := self._worker:
            worker.process.kill()

    def _answer(self, future: "Future[Any]", call: bytes) -> None:
        try:
            worker = self._ready_worker()
            try:
                well, told = pickle.loads(worker.ask(call))  # noqa: S301 - from our own worker
            except (EOFError, OSError):
                self._worker = None
                well, told = False, WorkerLostError(f"a worker died on it ({worker.end()})")
        except Exception as error:  # noqa: BLE001 - as an answer that only the worker understands
            well, told = False, error
        future.set_result(told) if well else future.set_exception(told)

    def _ready_worker(self) -> "_Worker":
        """Return the worker, made anew if need be.

        Raises:
            InstallationError: If it dies again and again before it has begun.
        """
        why = "stopped"
        for _ in range(STARTS):
            if self._worker:
                return self._worker
            if self._killed:
                break
            try:
                self._worker = worker = _Worker()
            except OSError as error:
                why = str(error)
                continue
            if not worker.is_ready():
                self._worker, why = None, worker.end()
        raise InstallationError(
            f"worker processes cannot be started: {why}", hint="give --jobs 1, which needs none"
        )


class _Worker:
    """One process and its two pipes."""

    def __init__(self) -> None:
        path = [os.path.abspath(one) if one == "" else one for one in sys.path]  # noqa: PTH100
        apart: dict[str, Any] = (
            {"creationflags": 0x200} if os.name == "nt" else {"process_group": 0}
        )
        self.process = subprocess.Popen(  # apart from our group, so that Ctrl-C is ours to handle
            [sys.executable, "-c", _BEGIN, *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | _SURROUNDINGS,
            **apart,
        )
        assert self.process.stdin
        assert self.process.stdout
        self._calls, self._answers = self.process.stdin, self.process.stdout

    def is_ready(self) -> bool:
        """Wait until it has begun; false if it died before."""
        try:
            return frames.receive(self._answers.fileno()) == READY
        except (EOFError, OSError):
            return False

    def ask(self, call: bytes) -> bytes:
        """Hand it a call and wait for the answer.

        Raises:
            EOFError: If it died.
            OSError: If it had died before.
        """
        frames.send(self._calls.fileno(), call)
        return frames.receive(self._answers.fileno())

    def end(self) -> str:
        """Close its pipes, which ends it; return how it ended."""
        for pipe in (self._calls, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        code = self.process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"
