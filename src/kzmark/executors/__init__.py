"""Many machines: executors whose workers are those of a Dask or Ray cluster."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from kzmark.errors import RequestError
from kzmark.executors.remote import RemoteExecutor

__all__ = ["RemoteExecutor", "connect"]

TIMEOUT: Final = 10.0  # seconds
_BACKENDS: Final = {"dask": "kzmark.executors.dask", "ray": "kzmark.executors.ray"}
SPECS: Final = (
    "dask://HOST:PORT, dask+tls://HOST:PORT, ray://HOST:PORT, ray+gcs://HOST:PORT, ray://auto, "
    "dask://local, ray://local"
)


def connect(spec: str, *, timeout: float = TIMEOUT, send_key: bool = False) -> RemoteExecutor:
    """Connect to a cluster and return an executor for `stamp_many` and `verify_many`.

    | spec | the cluster |
    |---|---|
    | `dask://host:port` | a Dask scheduler |
    | `dask+tls://host:port` | the same, with the certificates of Dask's own configuration |
    | `ray://host:port` | a Ray cluster, through Ray Client (port 10001) |
    | `ray+gcs://host:port` | the same, from one of its machines (port 6379) |
    | `ray://auto` | the Ray cluster that this machine is part of, or `RAY_ADDRESS` names |
    | `dask://local`, `ray://local` | processes on this machine, ended with the executor |

    Args:
        spec: Which one.
        timeout: Seconds to wait for it.
        send_key: Whether a Stamper may take its private key along to the workers; otherwise they
            need the identity themselves.

    Returns:
        An executor that is also a context manager; leaving it waits for what runs.

    Raises:
        RequestError: If `spec` names no kind of cluster that kzmark knows.
        BackendMissingError: If the package for it is not installed.
        ClusterError: If it cannot be reached, or its workers have no or another kzmark.
    """
    scheme, _, rest = spec.partition("://")
    kind, _, protocol = scheme.partition("+")
    if kind not in _BACKENDS or not rest:
        raise RequestError(f"an executor {spec!r}", hint=f"one of {SPECS}")
    open_it: Callable[..., RemoteExecutor] = import_module(_BACKENDS[kind]).connect
    return open_it(rest, protocol=protocol, timeout=timeout, send_key=send_key)
