"""What executors on other machines have in common: a queue here, a few calls there."""

import logging
import pickle
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, Final

from kzmark import __version__
from kzmark.errors import ClusterError, KzmarkError, RequestError
from kzmark.executors import identity
from kzmark.executors.call import Call

if TYPE_CHECKING:
    from kzmark.stamper import Stamper

# Calls at the cluster for every slot: one runs, one waits, so that no slot idles for the time of a
# message. What waits is also what lets clusters that grow on demand grow: they double.
AHEAD: Final = 2
REFRESH: Final = 2.0  # seconds for which a count of slots is believed

Told = Callable[["Future[Any]", Any, BaseException | None], None]

log = logging.getLogger(__name__)


class RemoteExecutor(Executor, ABC):
    """An executor whose workers are processes of a cluster.

    A call stays here, where it can be cancelled, until a slot is about to be free; from then on
    its future counts as running. So cancelling all futures and waiting for the rest ends a run
    with every call either finished or never begun.

    Args:
        send_key: Whether a Stamper may take its private key along to the workers.
    """

    remote: Final = True  # what is given must mean the same on other machines
    repeats = False  # whether the backend may run a call a second time on its own

    def __init__(self, *, send_key: bool = False) -> None:
        self.send_key = send_key
        self._waiting: deque[tuple[Future[Any], bytes]] = deque()
        self._running: set[Future[Any]] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._gone: ClusterError | None = None
        self._slots, self._counted = 0, float("-inf")
        self._feeder = threading.Thread(target=self._feed, name="kzmark-cluster", daemon=True)

    @property
    def workers(self) -> int:
        """How many calls the cluster runs at a time now; it may grow and shrink."""
        if time.monotonic() - self._counted > REFRESH:
            try:
                self._slots = self._count()
            except Exception as error:  # noqa: BLE001 - whatever the backend raises when it is gone
                log.debug("the slots cannot be counted: %r", error)
            self._counted = time.monotonic()
        return self._slots

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Start a call and return its future.

        Args:
            fn: A function of a module that the workers have.
            *args: Small things that can be pickled; files go by their places, never as bytes.
            **kwargs: The same.

        Raises:
            RequestError: If the call cannot be pickled.
            ClusterError: If the executor is closed, or the cluster went away.
        """
        payload = _pickled(fn, args, kwargs)
        future: Future[Any] = Future()
        with self._changed:
            if self._closed:
                raise ClusterError("the executor is closed")
            if self._gone is not None:
                raise self._gone
            if not self._feeder.is_alive():
                self._feeder.start()
            self._waiting.append((future, payload))
            self._changed.notify_all()
        return future

    def for_workers(self, stamper: "Stamper") -> "Stamper":
        """Return a Stamper that can travel: it signs with the workers' own copy of the identity.

        It keeps no audit log, which is the coordinator's, and holds no private key unless
        `send_key` says so. The workers that are there now are asked whether they can sign.

        Raises:
            IdentityError: If a worker has no identity, or another one.
        """
        fit = identity.travelling(stamper, send_key=self.send_key)
        for where, error in self.everywhere(identity.prove, fit).items():
            if isinstance(error, KzmarkError):
                error.message = f"worker {where}: {error.message}"
                raise error
        return fit

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as the standard library has it
        """Take no more calls; let go of the cluster when those that are there have ended.

        Args:
            wait: Whether to wait for that.
            cancel_futures: Whether calls that have not begun are dropped.
        """
        with self._changed:
            self._closed = True
            dropped = [future for future, _ in self._waiting] if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
            self._changed.notify_all()
        for future in dropped:
            future.cancel()
            future.set_running_or_notify_cancel()  # or `concurrent.futures.wait` would not hear
        if not self._feeder.ident:  # never begun: nothing runs
            self._release()
        elif wait:
            self._feeder.join()

    def close(self) -> None:
        """Drop what has not begun, wait for what runs, and let go of the cluster."""
        self.shutdown(wait=True, cancel_futures=True)

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def everywhere(self, fn: Callable[..., Any], /, *args: Any) -> dict[str, Any]:
        """Call a function on every worker process or machine that is there now.

        Returns:
            What came back, or the exception, by the name of the worker.
        """

    @abstractmethod
    def _count(self) -> int:
        """Return the slots there are now."""

    @abstractmethod
    def _send(self, payload: bytes, told: Callable[[Any, BaseException | None], None]) -> None:
        """Hand a call over; `told` hears of its end, with errors in our own words."""

    @abstractmethod
    def _release(self) -> None:
        """End what was opened or started, and nothing else."""

    def _feed(self) -> None:
        """Hand over what waits as room comes free, until closed and empty."""
        while True:
            room = max(1, self.workers) * AHEAD
            with self._changed:
                done = self._closed and not self._waiting
                if done and not self._running:
                    break
                if not self._waiting or len(self._running) >= room:
                    self._changed.wait(REFRESH)
                    continue
                future, payload = self._waiting.popleft()
                if not future.set_running_or_notify_cancel():
                    continue
                self._running.add(future)
            self._hand_over(future, payload)
        self._release()

    def _hand_over(self, future: "Future[Any]", payload: bytes) -> None:
        def told(result: Any, error: BaseException | None) -> None:
            error = _without_kzmark(error)
            with self._changed:
                self._running.discard(future)
                if isinstance(error, ClusterError):
                    self._gone = error
                self._changed.notify_all()
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        try:
            self._send(payload, told)
        except Exception as error:  # noqa: BLE001 - whatever the backend raises when it is gone
            told(None, lost_cluster(error))


def lost_cluster(error: BaseException) -> ClusterError:
    """Say that the cluster went away, with what the backend says of it."""
    told = ClusterError(
        f"the cluster is gone: {str(error) or type(error).__name__}",
        hint="start it again and run the same command with --resume",
    )
    told.__cause__ = error
    return told


def _without_kzmark(error: BaseException | None) -> BaseException | None:
    """Say in our own words that a worker which came later has no kzmark."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("kzmark"):
        told = ClusterError(
            f"a worker has no kzmark {__version__}: {error}",
            hint="install it in the environment that the worker runs in",
        )
        told.__cause__ = error
        return told
    return error


def _pickled(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    try:
        return pickle.dumps(Call(fn, args, kwargs))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise RequestError(
            f"this call cannot travel to a worker: {error}",
            hint="give a function of a module, and arguments that can be pickled",
        ) from error
