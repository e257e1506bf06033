"""A call on its way to a worker."""

import pickle
from collections.abc import Callable
from typing import Any, Final

from kzmark import __version__
from kzmark.errors import ClusterError

VERSION: Final = "kzmark:__version__"  # for `pkgutil.resolve_name`, which every worker has


class Call:
    """A call that is made by being unpickled, if the worker has this very version of kzmark.

    So a cluster is only ever asked to call `pickle.loads`: its scheduler and its head need no
    kzmark, and a worker without it fails with an error that says so.

    Args:
        fn: A function of a module.
        args: What it is called with.
        kwargs: What it is called with, by name.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        self._parts = pickle.dumps((fn, args, kwargs or {}))

    def __reduce__(self) -> tuple[object, ...]:
        return perform, (__version__, self._parts)


def perform(version: str, parts: bytes) -> Any:
    """Make a call that came from a coordinator of a version.

    Raises:
        ClusterError: If that is not the version of this worker; nothing else was unpickled then.
    """
    require_version(__version__, version)
    fn, args, kwargs = pickle.loads(parts)  # noqa: S301 - whoever sends calls runs code anyway
    return fn(*args, **kwargs)


def require_version(there: str, here: str, *, worker: str = "") -> None:
    """Refuse a worker of another version.

    Raises:
        ClusterError: If it is one; it names both versions.
    """
    if there != here:
        raise ClusterError(
            f"{f'worker {worker}' if worker else 'a worker'} has kzmark {there}, not {here}",
            hint=f"install kzmark {here} on every worker",
        )


def told_version(found: Any) -> str:
    """Return what a worker says its version is: `none` if it has no kzmark.

    Raises:
        ClusterError: If it says nothing of the kind.
    """
    if isinstance(found, ModuleNotFoundError | AttributeError):
        return "none"
    if isinstance(found, BaseException):
        raise ClusterError(f"a worker does not answer: {found}") from found
    return str(found)
