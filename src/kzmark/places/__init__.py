"""Where files are: a local path or the URL of an object, as one value that travels anywhere.

Nothing is opened until a URL is read, written or asked about; the backend (fsspec) is imported
then. Credentials come from the environment or the backend's own settings, never from a name.
"""

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

from kzmark._io import cause, read_all
from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import InputError, OutputError, RequestError
from kzmark.places import url as urls

if TYPE_CHECKING:
    from kzmark.places.store import Store

__all__ = ["Facts", "Named", "Place", "place"]

_LOCAL: Final = frozenset({"file", "local"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file or object is known by, without reading it.

    Two equal facts mean that nobody has changed it. A store that tells no version gives another
    one at each look, so that nothing is ever taken for unchanged by mistake.

    Attributes:
        size: In bytes.
        version: Time of change in nanoseconds for a local file; ETag, generation or time of change
            for an object.
    """

    size: int
    version: str

    @classmethod
    def of(cls, size: int, version: object = None) -> Self:
        """Return facts; without a version they equal no others."""
        return cls(size, str(version) if version else f"unknown {uuid.uuid4()}")


@dataclass(frozen=True, slots=True)
class Place:
    """A local path or the URL of an object. Made by `place`; picklable, hashable, equal by value.

    `str` of it is how a person names it; what looks like a secret in the query of a web address is
    left out there, and only there.

    Attributes:
        url: The whole URL, or an empty string for a local path.
    """

    url: str
    _path: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return self._path is not None

    @property
    def local(self) -> Path:
        """The path of a local place.

        Raises:
            RequestError: If it is an object.
        """
        if self._path is None:
            raise RequestError("this has to be a local file", source=str(self))
        return self._path

    @property
    def is_web(self) -> bool:
        """Whether it is a web address: a source, and never a target."""
        return not self.is_local and urls.split(self.url)[0] in urls.WEB

    @property
    def absolute(self) -> str:
        """Its name, the same from every working folder; links stay as named."""
        return str(self) if self._path is None else os.path.abspath(self._path)  # noqa: PTH100

    @property
    def name(self) -> str:
        """The last part of its path."""
        return urls.name(self.url) if self._path is None else self._path.name

    @property
    def suffix(self) -> str:
        """The extension of its name with its dot, or an empty string."""
        return Path(self.name).suffix

    @property
    def parent(self) -> "Place":
        """The folder it stands in."""
        return Place(urls.parent(self.url)) if self._path is None else _local(self._path.parent)

    def __truediv__(self, inside: str) -> "Place":
        if self._path is None:
            return Place(urls.join(self.url, inside))
        return _local(self._path / inside)

    def __str__(self) -> str:
        return urls.hidden(self.url) if self._path is None else str(self._path)

    def sibling(self, suffix: str) -> "Place":
        """Return the place beside it whose name has a suffix more."""
        if self._path is None:
            return Place(urls.beside(self.url, suffix))
        return _local(self._path.with_name(self._path.name + suffix))

    def same_as(self, other: "Place") -> bool:
        """Return whether two names lead to one file or object.

        Raises:
            InstallationError: If both are URLs and their backend is missing.
        """
        if not (self.is_local and other.is_local):
            both = not (self.is_local or other.is_local)
            return both and (self == other or self.store.same_as(other.store))
        try:
            return self.local.samefile(other.local)
        except (OSError, ValueError):
            return False

    def facts(self) -> Facts | None:
        """Return what it is known by, or nothing if it is not there.

        Raises:
            InstallationError: If nobody can tell.
        """
        if self._path is None:
            return self.store.facts()
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise self._unread(error) from error
        return Facts(found.st_size, str(found.st_mtime_ns))

    def is_folder(self) -> bool:
        """Return whether it is a folder; a link to one is.

        Raises:
            InstallationError: If nobody can tell, as when there is nothing.
        """
        if self._path is None:
            return not self.is_web and (self.url.endswith("/") or self.store.is_folder())
        try:
            return self._path.is_dir() if self._path.exists() else self._missing()
        except (OSError, ValueError) as error:
            raise self._unread(error) from error

    def read(self, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
        """Return the whole file; an object is asked for once.

        Raises:
            InstallationError: If it cannot be read.
            LimitExceededError: If it is over `limits.max_bytes`.
        """
        if self._path is None:
            return self.store.read(limits=limits)
        try:
            with self._path.open("rb") as stream:
                return read_all(stream, limits=limits)
        except (OSError, ValueError) as error:
            raise self._unread(error) from error

    def make_folder(self) -> None:
        """Make it as a folder, with its parents; in an object store there is nothing to make.

        Raises:
            OutputError: If the system refuses.
        """
        if self._path is None:
            self.store.make_folder()
            return
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise OutputError(
                f"cannot write there: {cause(error)}",
                source=str(self),
                hint="name a folder that can be written to",
            ) from error

    @property
    def store(self) -> "Store":
        """The backend's view of an object; opens the backend.

        Raises:
            InstallationError: If the backend is missing or refuses.
        """
        from kzmark.places.store import Store

        return Store.of(self)

    def _missing(self) -> bool:
        self._path.stat() if self._path else None  # says why, in the words of the system
        return False

    def _unread(self, error: Exception) -> InputError:
        return InputError(
            f"cannot be read: {cause(error)}", source=str(self), hint="check the name"
        )


Named = str | os.PathLike[str] | Place


def place(named: Named) -> Place:
    """Return the place that a person names.

    Args:
        named: A URL as a `str`, `s3://bucket/key`; or a path. `file://` is a path.

    Raises:
        RequestError: If a URL went through `pathlib`, is a chain of URLs, or holds a password.
    """
    if isinstance(named, Place):
        return named
    text = os.fsdecode(os.fspath(named))
    if not urls.is_url(text):
        if not isinstance(named, str) and urls.is_collapsed(text):
            raise RequestError(
                "a URL that went through pathlib has lost a slash",
                source=text,
                hint="give it as a str",
            )
        return _local(Path(text))
    whole = urls.normal(text)
    scheme, rest = urls.split(whole)
    return _local(_path_of(rest)) if scheme in _LOCAL else Place(whole)


def _local(path: Path) -> Place:
    return Place("", path)


def _path_of(rest: str) -> Path:
    """Return the path of a `file://` URL, with its percent signs read (RFC 8089)."""
    host, slash, path = rest.partition("/")
    if os.name == "nt":
        from urllib.request import url2pathname  # only here: it brings the whole of http and ssl

        return Path(url2pathname(f"//{rest}"))
    if host not in {"", "localhost"} or not slash:
        raise RequestError(
            "a file of another machine", source=f"file://{rest}", hint="write file:///path"
        )
    return Path("/" + unquote(path, errors="surrogateescape"))
