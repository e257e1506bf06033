"""What a format adds to the contract where kzmark itself writes its C2PA manifest store.

A format without it is signed by the C2PA library. See `kzmark.signing.store`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard, runtime_checkable

from kzmark._limits import Limits
from kzmark.formats._base import Adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place for a C2PA manifest store in a finished file that has none.

    Attributes:
        start: Where it goes in, in bytes from the start of the file.
        size: Bytes that the store takes there with what the format wraps round it.
        wrap: From a store of the size that was asked for to these bytes.
        lead: Bytes of the format's own that go in before it, and are hashed.
        trail: The same behind it.
        data: The file, if making room in it changed it: offsets, for one, that lead over the place.
        measure: From a store to the bytes that it takes there, where that depends on its own bytes;
            `size` says nothing then.
    """

    start: int
    size: int
    wrap: Callable[[bytes], bytes]
    lead: bytes = b""
    trail: bytes = b""
    data: Any = None
    measure: Callable[[bytes], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file holds beside its picture.

    Attributes:
        store: The manifest store, if the file has exactly one and it is whole.
        start: Where the store and its wrapping begin, in bytes.
        size: Bytes that they take.
        others: Every other piece of the file that is no picture data.
        fault: Why no store can be taken from its place, in a status code of C2PA and in words.
        elsewhere: Address of a store that the file names in place of one.
    """

    store: bytes
    start: int
    size: int
    others: tuple[bytes, ...]
    fault: tuple[str, str] | None = None
    elsewhere: str = ""


@runtime_checkable
class Embeds(Protocol):
    """What an adapter can do that says where in its files a C2PA manifest store stands.

    Such a file is hashed less that place (`c2pa.hash.data`), in one pass.
    """

    def room(self, data: Any, size: int) -> Room:
        """Return the place for a store of `size` bytes.

        `data` is bytes, or a `Rope` for a format that is worked on as a stream.

        Raises:
            MediaError: If the file is malformed, or a store stands there already.
        """
        ...

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store in a piece that `Room.wrap` made.

        Raises:
            MalformedMediaError: If it is not such a piece.
        """
        ...

    def survey(self, data: Any, *, limits: Limits) -> Survey:
        """Look for the store, and collect all else that is no picture data.

        Raises:
            MediaError: If the file is malformed or over the limits.
        """
        ...


@runtime_checkable
class Boxed(Embeds, Protocol):
    """For files that are outermost boxes from end to end: hashed box by box."""

    def boxes(self, data: Any, *, limits: Limits) -> Sequence[tuple[bytes, int, int]]:
        """Return type, start and end of every outermost box.

        Raises:
            MediaError: If the file is malformed, or holds anything else.
        """
        ...


@runtime_checkable
class Unaided(Embeds, Protocol):
    """For formats that the C2PA library cannot write without loss: kzmark alone signs them.

    Their `room` takes an earlier store out of use; the caller keeps its manifests.
    """

    @property
    def unaided(self) -> bool:
        """Return true."""
        ...


@runtime_checkable
class Lone(Unaided, Protocol):
    """For texts: the C2PA library cannot find the store in them, and kzmark alone does."""

    def covered(self, data: bytes, place: tuple[int, int]) -> bytes:
        """Return the SHA-256 of what the store covers, less the place where it stands.

        Raises:
            MediaError: If there is no such text.
        """
        ...


class Chooses(Protocol):
    """For formats whose store stands in a sidecar, and in the file itself only if a caller asks."""

    @property
    def embedding(self) -> Adapter:
        """The same format with the store in its files."""
        ...

    def carries(self, data: Any) -> bool:
        """Say whether a file has a store in it, whole or damaged."""
        ...


def chooses(adapter: Adapter) -> TypeGuard[Chooses]:
    """Say whether a format is one of these; many files are asked for it."""
    return hasattr(type(adapter), "carries")


class Parcel(Protocol):
    """A package of members under work: bound member by member (`c2pa.hash.collection.data`)."""

    @property
    def members(self) -> Sequence[tuple[str, bytes]]:
        """URI and SHA-256 of every member but the store."""
        ...

    @property
    def store(self) -> bytes:
        """The manifest store that it holds, or nothing."""
        ...

    @property
    def directory(self) -> bytes:
        """SHA-256 of its directory as it stands."""
        ...

    def directory_with(self, size: int) -> bytes:
        """Return the SHA-256 of its directory as it will be with a store of `size` bytes."""
        ...

    def closed(self, store: bytes) -> Any:
        """Return the whole package with this store in the place of an earlier one."""
        ...


@runtime_checkable
class Packs(Protocol):
    """For formats that are packages: their C2PA manifest store is a member among others."""

    def parcel(self, data: Any, *, limits: Limits) -> Parcel:
        """Take a package apart; every member is hashed.

        Raises:
            MediaError: If it is malformed or over the limits.
        """
        ...
