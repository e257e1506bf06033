"""One object through fsspec: read in one request, written in one, never seen half."""

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from kzmark._limits import Limits
from kzmark.errors import (
    InputError,
    KzmarkError,
    LimitExceededError,
    OutputError,
    OutputExistsError,
)
from kzmark.places import backend, refusal, s3
from kzmark.places.url import WEB, split

if TYPE_CHECKING:
    from kzmark.places import Facts, Place

_PART: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Store:
    """One object as its backend sees it. Every error that comes out is one of kzmark's.

    Attributes:
        place: What it is the store of.
        system: The file system of fsspec, shared by all its objects; safe between threads.
        path: The name it has there.
    """

    place: "Place"
    system: Any
    path: str

    @classmethod
    def of(cls, place: "Place") -> Self:
        """Open the backend of a URL.

        Raises:
            RequestError: If there is no such scheme.
            BackendMissingError: If the backend is not installed.
            InputError: If the backend refuses its own settings.
        """
        return cls(place, *backend.opened(place))

    @property
    def is_object_store(self) -> bool:
        """Whether a put is atomic, can create only, and there are no folders to make."""
        return split(self.place.url)[0] in backend.OBJECT_STORES

    def same_as(self, other: "Store") -> bool:
        """Return whether two URLs lead to one object."""
        return self.system is other.system and self.path == other.path

    def read(self, *, limits: Limits) -> bytes:
        """Return the whole object in one request, refusing more than `limits.max_bytes`.

        Raises:
            InputError: If it cannot be read.
            LimitExceededError: If it is over the limit.
        """
        with refusal.told(self.place, writing=False):
            data = self._head(limits.max_bytes + 1)
        if len(data) > limits.max_bytes:
            raise LimitExceededError(f"the file is over the limit of {limits.max_bytes} bytes")
        return data

    def head(self, size: int) -> bytes:
        """Return the first bytes of the object, at most `size`.

        Raises:
            InputError: If it cannot be read.
        """
        with refusal.told(self.place, writing=False):
            return self._head(size)

    def content(self) -> bytes | None:
        """Return all bytes of a small object, or nothing if it is not there.

        Raises:
            OutputError: If the store does not tell.
        """
        with refusal.told(self.place, writing=True):
            try:
                return self._head(1 << 30)
            except FileNotFoundError:
                return None

    def facts(self) -> "Facts | None":
        """Return what the object is known by, or nothing if it is not there.

        Raises:
            InputError: If the store does not tell.
        """
        with refusal.told(self.place, writing=False):
            try:
                return backend.facts_of(
                    s3.info(self.system, self.path) or self.system.info(self.path)
                )
            except FileNotFoundError:
                return None

    def is_folder(self) -> bool:
        """Return whether there are objects below it and none under its own name.

        Raises:
            InputError: If there is neither, or the store does not tell.
        """
        with refusal.told(self.place, writing=False):
            return bool(self.system.info(self.path)["type"] == "directory")

    def put(self, data: bytes, *, create: bool, mime: str = "") -> None:
        """Write the whole object: the old one stays until the new one is there.

        Args:
            data: All of it.
            create: Whether an object that stands there is left alone.
            mime: What a store tells browsers that it is.

        Raises:
            OutputExistsError: If `create` is true and there is one.
            OutputError: If the store refuses.
        """
        try:
            with refusal.told(self.place, writing=True):
                if self.is_object_store:
                    self._put_object(data, create=create, mime=mime)
                else:
                    self._put_beside(data, create=create)
        except OutputExistsError:
            # A connection may break after the store has written: asked again, it finds our own.
            if not self._holds(data):
                raise

    def remove(self) -> None:
        """Remove the object if it is there.

        Raises:
            OutputError: If the store refuses.
        """
        with refusal.told(self.place, writing=True), contextlib.suppress(FileNotFoundError):
            self.system.rm_file(self.path)

    def make_folder(self) -> None:
        """Make it as a folder, where the store has such a thing.

        Raises:
            OutputError: If the store refuses.
        """
        if self.is_object_store:  # a folder would be an empty object, or even a new bucket
            return
        with refusal.told(self.place, writing=True):
            self.system.makedirs(self.path, exist_ok=True)

    def _head(self, size: int) -> bytes:
        if not self.is_object_store:
            return self._streamed(size)
        try:
            return bytes(self.system.cat_file(self.path, start=0, end=size))
        except Exception as error:
            # an empty object has no first byte: stores call that a range that cannot be
            if backend.is_bad_range(error) and self.system.info(self.path)["size"] == 0:
                return b""
            raise

    def _streamed(self, size: int) -> bytes:
        """Read part by part: a web server may send without end, whatever it was asked for."""
        web = split(self.place.url)[0] in WEB
        how = {"block_size": 0, "size": size} if web else {}  # no request for the size before
        parts, left = [], size
        with self.system.open(self.path, "rb", **how) as stream:
            while left and (part := stream.read(min(left, _PART))):
                parts.append(part)
                left -= len(part)
        return b"".join(parts)

    def _put_object(self, data: bytes, *, create: bool, mime: str) -> None:
        said = backend.said_of(split(self.place.url)[0], mime)
        if not create:
            self.system.pipe_file(self.path, data, **said)
            return
        try:
            self.system.pipe_file(self.path, data, mode="create", **said)
        except Exception as error:
            if not s3.knows_no_condition(error):
                raise
            self._refuse_existing()
            self.system.pipe_file(self.path, data, **said)

    def _put_beside(self, data: bytes, *, create: bool) -> None:
        """Write a temporary file and rename it: for file servers, which show half a file."""
        if split(self.place.url)[0] in WEB:
            raise OutputError(
                "a web address is no output", source=str(self.place), hint="name a file or object"
            )
        folder, slash, _ = self.path.rpartition("/")
        temporary = f"{folder}{slash}.kzmark-{secrets.token_hex(8)}.tmp"
        try:
            self.system.pipe_file(temporary, data)
            if create:
                self._refuse_existing()
            self.system.mv(temporary, self.path)
        except BaseException:
            with contextlib.suppress(Exception):
                self.system.rm_file(temporary)
            raise

    def _refuse_existing(self) -> None:
        if self.system.exists(self.path):
            raise FileExistsError(self.path)

    def _holds(self, data: bytes) -> bool:
        try:
            return self.head(len(data) + 1) == data
        except InputError:
            return False


def put_together(
    first: tuple[Store, bytes, str], then: tuple[Store, bytes, str], *, create: bool
) -> None:
    """Write two objects that only make sense together, each given with its bytes and its kind.

    If the second cannot be written, the first becomes what it was, unless the second is there in
    spite of all: a store may write, and only its answer be lost.

    Raises:
        OutputExistsError: If `create` is true and one of them exists.
        OutputError: If the store refuses.
    """
    (early, record, kind), (late, data, mime) = first, then
    old, before = early.content(), late.facts()
    early.put(record, create=create, mime=kind)
    try:
        late.put(data, create=create, mime=mime)
    except BaseException:
        with contextlib.suppress(KzmarkError):
            if late.facts() == before:
                _take_back(early, old, kind)
        raise


def _take_back(store: Store, old: bytes | None, mime: str) -> None:
    if old is None:
        store.remove()
    else:
        store.put(old, create=False, mime=mime)
