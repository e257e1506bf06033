"""Dask: calls run on the workers of a `distributed` scheduler."""

import contextlib
import itertools
import logging
import pickle
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from kzmark import __version__
from kzmark.errors import BackendMissingError, ClusterError, WorkerLostError
from kzmark.executors.call import VERSION, Call, require_version, told_version
from kzmark.executors.remote import RemoteExecutor, lost_cluster

if TYPE_CHECKING:
    from concurrent.futures import Future

    from distributed import Client

LOCAL: Final = "local"
_TOPIC: Final = "all"  # events of a scheduler
_PATIENCE: Final = 5.0  # seconds for which a scheduler may be silent when asked for its slots


class DaskExecutor(RemoteExecutor):
    """Runs calls on a Dask cluster.

    A worker that dies loses nothing: Dask's scheduler gives its calls to others, three times over
    unless its `allowed-failures` says otherwise. When the last of that has ended, the future
    raises `WorkerLostError`, whatever came of it: nobody knows what the dead left behind. With a
    client that is not ours only those calls do that no worker survived.

    Args:
        client: Connected already; closed with the executor only if `owned`.
        owned: Whether the client, and a cluster it started, end with the executor.
        send_key: Whether a Stamper may take its private key along to the workers.

    Raises:
        ClusterError: If a worker has no kzmark, or another version.
    """

    repeats = True

    def __init__(self, client: "Client", *, owned: bool = False, send_key: bool = False) -> None:
        super().__init__(send_key=send_key)
        self._client = client
        self._owned = owned
        self._pool = client.get_executor(pure=False)  # the same call twice is two calls
        self._name = f"kzmark-{uuid4().hex}"
        self._numbers = itertools.count()
        self._suspect: set[str] = set()  # calls whose worker died under them
        if owned:  # a client has one handler for these events
            client.subscribe_topic(_TOPIC, self._hear)
        for worker, found in client.run(pkgutil.resolve_name, VERSION, on_error="return").items():
            require_version(told_version(found), __version__, worker=worker)

    def everywhere(self, fn: Callable[..., Any], /, *args: Any) -> dict[str, Any]:
        """Call a function on every worker that is there now."""
        payload = pickle.dumps(Call(fn, args))
        found: dict[str, Any] = self._client.run(pickle.loads, payload, on_error="return")
        return found

    def _count(self) -> int:
        return sum(self._client.nthreads(callback_timeout=_PATIENCE).values())

    def _hear(self, event: tuple[float, Any]) -> None:
        """Note the calls of a worker that is gone; Dask tells before it tells how they ended."""
        facts = event[1]
        if isinstance(facts, dict) and facts.get("action") == "remove-worker":
            keys = (*facts.get("processing-tasks", ()), *facts.get("lost-computed-tasks", ()))
            self._suspect.update(key for key in keys if str(key).startswith(self._name))

    def _send(self, payload: bytes, told: Callable[[Any, BaseException | None], None]) -> None:
        key = f"{self._name}-{next(self._numbers)}"

        def ended(inner: "Future[Any]") -> None:
            if key in self._suspect:
                self._suspect.discard(key)
                told(None, _lost(inner))
            elif inner.cancelled():
                told(None, _gone())
            elif error := inner.exception():
                told(None, _ours(error))
            else:
                told(inner.result(), None)

        self._pool.submit(pickle.loads, payload, key=key).add_done_callback(ended)

    def _release(self) -> None:
        if self._owned:
            cluster = self._client.cluster
            with contextlib.suppress(Exception):  # or its scheduler tells us of our own end
                self._client.unsubscribe_topic(_TOPIC)
            if cluster is None:
                self._client.close()
                return
            with contextlib.suppress(Exception):
                self._client.run(_hush)  # they lose a scheduler that ends before them
            levels = [handler.level for handler in _handlers()]
            _hush()
            self._client.close()
            cluster.close()
            for handler, level in zip(_handlers(), levels, strict=False):
                handler.setLevel(level)


def connect(address: str, *, protocol: str, timeout: float, send_key: bool = False) -> DaskExecutor:
    """Connect to a scheduler.

    Args:
        address: `host:port`; `local` starts a cluster of processes on this machine, one a core.
        protocol: Dask's name of it, `tcp` if empty.
        timeout: Seconds to wait for the scheduler.
        send_key: As `DaskExecutor` takes it.

    Raises:
        BackendMissingError: If distributed is not installed.
        ClusterError: If the scheduler cannot be reached or is of another kind.
    """
    client = _client(address, protocol or "tcp", timeout)
    try:
        return DaskExecutor(client, owned=True, send_key=send_key)
    except BaseException:
        with contextlib.suppress(Exception):
            client.close()
        raise


def _client(address: str, protocol: str, timeout: float) -> "Client":
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise BackendMissingError(
            error.name or "distributed", extra="dask", doing="work on a Dask cluster"
        ) from error
    if address == LOCAL:
        cluster = LocalCluster(
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # it is served all the same, and none is port 8787
            scheduler_kwargs={"dashboard": False},
        )
        return Client(cluster, set_as_default=False)
    try:
        return Client(f"{protocol}://{address}", timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise ClusterError(
            f"there is no Dask scheduler at {protocol}://{address}: {error}",
            hint="`dask scheduler` prints its address; TLS has the scheme dask+tls://",
        ) from error


def _handlers() -> list[logging.Handler]:
    return logging.getLogger("distributed").handlers


def _hush() -> None:
    """Let Dask print no more in this process."""
    for handler in _handlers():
        handler.setLevel(logging.CRITICAL + 1)


def _ours(error: BaseException) -> BaseException:
    """Say in our own words what Dask says of workers that died."""
    from distributed import KilledWorker

    if not isinstance(error, KilledWorker):
        return error
    lost = WorkerLostError(
        f"{error.allowed_failures + 1} workers died under this work",
        hint="look into the workers' logs: memory is the usual cause",
    )
    lost.__cause__ = error
    return lost


def _lost(inner: "Future[Any]") -> BaseException:
    """Say that a worker died under a call that has ended now, on its own or on another."""
    if inner.cancelled():
        return _gone()
    error = inner.exception()
    told = None if error is None else _ours(error)
    if isinstance(told, WorkerLostError):
        return told
    return WorkerLostError("a worker died under this work, and Dask gave it to another")


def _gone() -> ClusterError:
    return lost_cluster(ConnectionError("its scheduler does not answer"))
