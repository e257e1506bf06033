"""What a format adds to the contract where kzmark itself writes its C2PA manifest store.

A format without it is signed by the C2PA library. See `kzmark.signing.store`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from kzmark._limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place for a C2PA manifest store in a finished file that has none.

    Attributes:
        start: Where it goes in, in bytes from the start of the file.
        size: Bytes that the store takes there with what the format wraps round it.
        wrap: From a store of the size that was asked for to these bytes.
        lead: Bytes of the format's own that go in before it, and are hashed.
        trail: The same behind it.
    """

    start: int
    size: int
    wrap: Callable[[bytes], bytes]
    lead: bytes = b""
    trail: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file holds beside its picture.

    Attributes:
        store: The manifest store, if the file has exactly one and it is whole.
        start: Where the store and its wrapping begin, in bytes.
        size: Bytes that they take.
        others: Every other piece of the file that is no picture data.
    """

    store: bytes
    start: int
    size: int
    others: tuple[bytes, ...]


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
class Unaided(Embeds, Protocol):
    """For formats that the C2PA library cannot write without loss: kzmark alone signs them.

    Their `room` takes an earlier store out of use; the caller keeps its manifests.
    """

    @property
    def unaided(self) -> bool:
        """Return true."""
        ...
