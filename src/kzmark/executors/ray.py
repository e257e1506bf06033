"""Ray: calls run as tasks of one CPU each."""

import contextlib
import logging
import os
import pickle
import pkgutil
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from kzmark import __version__
from kzmark.errors import BackendMissingError, ClusterError, RequestError, WorkerLostError
from kzmark.executors.call import VERSION, Call, require_version, told_version
from kzmark.executors.remote import RemoteExecutor, lost_cluster

if TYPE_CHECKING:
    from concurrent.futures import Future

LOCAL: Final = "local"
AUTO: Final = "auto"
GCS: Final = "gcs"
_PATIENCE: Final = 60.0  # seconds: a machine starts a process before it first answers


class RayExecutor(RemoteExecutor):
    """Runs calls on the Ray that this process is connected to.

    Ray itself tries nothing again: when a worker dies, the future raises `WorkerLostError` at
    once, and the caller decides.

    Args:
        owned: Whether the connection, and a Ray it started, end with the executor.
        send_key: Whether a Stamper may take its private key along to the workers.

    Raises:
        ClusterError: If a machine has no kzmark, or another version.
    """

    def __init__(self, *, owned: bool = False, send_key: bool = False) -> None:
        import ray

        super().__init__(send_key=send_key)
        self._owned = owned
        self._task = ray.remote(num_cpus=1, max_retries=0)(_loader())
        for machine, found in self._everywhere(pkgutil.resolve_name, VERSION).items():
            require_version(told_version(found), __version__, worker=machine)

    def everywhere(self, fn: Callable[..., Any], /, *args: Any) -> dict[str, Any]:
        """Call a function once on every machine that is there now."""
        return self._everywhere(_loader(), pickle.dumps(Call(fn, args)))

    def _everywhere(self, fn: Callable[..., Any], *args: Any) -> dict[str, Any]:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        waiting = {}
        for node in ray.nodes():
            if node["Alive"]:
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(fn)
                name = f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})"
                waiting[name] = task.remote(*args)
        found: dict[str, Any] = {}
        for name, answer in waiting.items():
            try:
                found[name] = ray.get(answer, timeout=_PATIENCE)
            except Exception as error:  # noqa: BLE001 - whatever was raised there is the answer
                found[name] = _ours(error)
        return found

    def _count(self) -> int:
        import ray

        return int(ray.cluster_resources().get("CPU", 0))

    def _send(self, payload: bytes, told: Callable[[Any, BaseException | None], None]) -> None:
        def ended(inner: "Future[Any]") -> None:
            error = inner.exception()
            told(None, _ours(error)) if error else told(inner.result(), None)

        self._task.remote(payload).future().add_done_callback(ended)

    def _release(self) -> None:
        if self._owned:
            import ray

            ray.shutdown()


def connect(address: str, *, protocol: str, timeout: float, send_key: bool = False) -> RayExecutor:
    """Connect to a Ray cluster; where this process is connected already, that one is taken.

    Args:
        address: `host:port`, or `auto` for the cluster of this machine, or `local` for processes
            on it.
        protocol: Empty for Ray Client, `gcs` for a driver on a machine of the cluster.
        timeout: Seconds to wait for it.
        send_key: As `RayExecutor` takes it.

    Raises:
        RequestError: If the protocol or the address is none.
        BackendMissingError: If ray is not installed.
        ClusterError: If it cannot be reached, or its workers have no or another kzmark.
    """
    if protocol not in {"", GCS}:
        raise RequestError(f"the protocol {protocol!r} for Ray", hint="ray:// or ray+gcs://")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise BackendMissingError(
            error.name or "ray", extra="ray", doing="work on a Ray cluster"
        ) from error
    theirs = ray.is_initialized()
    if not theirs:
        _open(address, protocol, timeout)
    try:
        return RayExecutor(owned=not theirs, send_key=send_key)
    except BaseException:
        if not theirs:
            with contextlib.suppress(Exception):
                ray.shutdown()
        raise


def _open(address: str, protocol: str, timeout: float) -> None:
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        options["include_dashboard"] = False
    elif address != AUTO:
        _knock(address, timeout)  # Ray itself would try for minutes
        address = address if protocol == GCS else f"ray://{address}"
    try:
        ray.init(address, **options)
    except Exception as error:
        raise ClusterError(
            f"there is no Ray cluster at {address}: {_last_line(error)}",
            hint="ray:// wants the port of Ray Client (10001), ray+gcs:// that of the head (6379); "
            "a cluster with a token wants RAY_AUTH_MODE=token and the token here",
        ) from error


def _last_line(error: Exception) -> str:
    """Return the end of what is sometimes the trace of another process."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _knock(address: str, timeout: float) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise RequestError(f"a Ray address {address!r}", hint="ray://HOST:PORT, usually port 10001")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=timeout).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"there is no Ray cluster at {address}: {error}",
            hint="`ray start --head --ray-client-server-port 10001` opens the port",
        ) from error


def _loader() -> Callable[[bytes], Any]:
    """Return `pickle.loads` as a function that travels whole: the head need not have kzmark."""

    def load(payload: bytes) -> Any:
        import pickle

        return pickle.loads(payload)  # noqa: S301 - whoever sends calls runs code anyway

    return load


def _ours(error: BaseException) -> BaseException:
    """Say in our own words what Ray says of a worker that died; unwrap what a call raised."""
    from ray import exceptions

    died = (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.LocalRayletDiedError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
        exceptions.ObjectReconstructionFailedError,
    )
    if isinstance(error, died):
        lost = WorkerLostError(
            f"a worker died under this work ({type(error).__name__})",
            hint="look into Ray's logs: memory is the usual cause",
        )
        lost.__cause__ = error
        return lost
    if isinstance(error, exceptions.RayTaskError):
        cause = error.cause
        return cause if isinstance(cause, BaseException) else error
    return lost_cluster(error) if isinstance(error, ConnectionError) else error
