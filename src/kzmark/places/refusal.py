"""What backends raise, in kzmark's own words: who can put it right, and how."""

import contextlib
import errno
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from kzmark._io import cause
from kzmark.errors import (
    BackendMissingError,
    InputError,
    InstallationError,
    KzmarkError,
    OutputError,
    OutputExistsError,
    RequestError,
)
from kzmark.places.url import hidden, split

if TYPE_CHECKING:
    from kzmark.places import Place

CREDENTIALS: Final = (
    "check who may do so; credentials come from the environment (as AWS_PROFILE or "
    "AWS_ACCESS_KEY_ID), never from the command line"
)
_EXTRAS: Final = {  # scheme: import name of its backend, extra of ours
    "s3": ("s3fs", "s3"),
    "s3a": ("s3fs", "s3"),
    "gs": ("gcsfs", "cloud"),
    "gcs": ("gcsfs", "cloud"),
    "az": ("adlfs", "cloud"),
    "abfs": ("adlfs", "cloud"),
    "abfss": ("adlfs", "cloud"),
    "http": ("aiohttp", "cloud"),
    "https": ("aiohttp", "cloud"),
}
_WHO: Final = re.compile(r"Credential|Auth|Token|Forbidden|Unauthori|AccessDenied|Refresh")
_NETWORK: Final = re.compile(r"Connect|Timeout|Endpoint|DNS|Network|SSL|Retry")


@contextlib.contextmanager
def told(place: "Place", *, writing: bool) -> Iterator[None]:
    """Let only errors of kzmark out of a block that talks to a backend.

    Backends raise what their own libraries raise, of many families, so everything is caught.
    """
    try:
        yield
    except KzmarkError:
        raise
    except Exception as error:
        raise _outgoing(error, place) if writing else _incoming(error, place) from error


def is_denied(error: KzmarkError) -> bool:
    """Return whether the backend refused for want of rights."""
    return isinstance(error.__cause__, PermissionError)


def missing(place: "Place", error: ImportError) -> InstallationError:
    """Return what to say when the backend of a URL is not installed."""
    scheme = split(place.url)[0]
    backend, extra = _EXTRAS.get(scheme, ("", ""))
    if (error.name or "").partition(".")[0] == "fsspec":
        backend, extra = "fsspec", extra or "cloud"
    if backend:
        return BackendMissingError(
            backend, extra=extra, source=str(place), doing=f"opening {scheme}://"
        )
    return InstallationError(
        f"opening {scheme}:// needs a backend that is not installed",
        source=str(place),
        hint=str(error).partition("\n")[0],
    )


def unknown(place: "Place") -> RequestError:
    """Return what to say of a scheme that nobody knows."""
    return RequestError(
        f"no backend is known for {split(place.url)[0]}://",
        source=str(place),
        hint="as s3://, gs://, az://, memory://, https:// or a path",
    )


def _incoming(error: Exception, place: "Place") -> InputError:
    if isinstance(error, FileNotFoundError):
        message, hint = "there is no such object", "check the bucket and the key"
    else:
        message, hint = f"cannot be read: {_why(error)}", _hint(error)
    return InputError(message, source=str(place), hint=hint)


def _outgoing(error: Exception, place: "Place") -> KzmarkError:
    if isinstance(error, FileExistsError):
        return OutputExistsError(
            "the output exists already",
            source=str(place),
            hint="give --overwrite (overwrite=True) to replace it",
        )
    missing = isinstance(error, FileNotFoundError)
    hint = "check the bucket" if missing else _hint(error)
    return OutputError(f"cannot write there: {_why(error)}", source=str(place), hint=hint)


def _why(error: Exception) -> str:
    said = hidden(cause(error)).strip().rstrip(".") or type(error).__name__
    return said if isinstance(error, OSError) else f"{type(error).__name__}: {said}"


def _hint(error: Exception) -> str:
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    code = getattr(error, "status", None)  # an answer of a web server
    if isinstance(error, PermissionError) or code in {401, 403} or _WHO.search(kinds):
        return CREDENTIALS
    if isinstance(error, TimeoutError | ConnectionError) or _NETWORK.search(kinds):
        return "check the network and the address of the store"
    if isinstance(error, IsADirectoryError) or getattr(error, "errno", None) == errno.EISDIR:
        return "it is a folder: name the objects in it"
    return "check the name"
