"""What ties a manifest to its file: hard bindings (C2PA 2.4, 9.2 and 18.5).

A binding is an assertion like any other, with one demand: its length is known before the file is
hashed. `data_hash` writes its numbers in a fixed width for that. A binding of another kind is one
more function here that returns a `Binding`, and one more `Bound` that checks it: `collection_hash`
and `collected` are those of packages (18.8).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError
from kzmark.signing.store import cbor

DATA_HASH: Final = "c2pa.hash.data"
COLLECTION_HASH: Final = "c2pa.hash.collection.data"
MATCH: Final = "assertion.dataHash.match"
MISMATCH: Final = "assertion.dataHash.mismatch"
MALFORMED: Final = "assertion.dataHash.malformed"
_COLLECTION: Final = "assertion.collectionHash"
_ALG: Final = "sha256"
_WIDE: Final = b"\x1b"  # an integer of eight bytes

Place = tuple[int, int]  # offset and length of what is not hashed, in bytes


class Binding(NamedTuple):
    """An assertion that ties a manifest to its file.

    Attributes:
        label: Its name.
        body: Its CBOR.
    """

    label: str
    body: bytes


class Outcome(NamedTuple):
    """What became of checking a binding: a status code of C2PA, and why if it failed."""

    code: str
    explanation: str = ""

    @property
    def failed(self) -> bool:
        """Whether the file is not the one that was signed."""
        return not self.code.endswith(".match")


Bound = Callable[[str, Any], Outcome]  # label and value of a hard binding → does it hold?


def data_hash(digest: bytes, place: Place | None) -> Binding:
    """Return the hash of a file less the place of its store; always of the same length.

    Args:
        digest: SHA-256 of everything outside the place.
        place: Where the store and its wrapping stand; nothing if it stands in another file.
    """
    ranges = (_pair(b"start", place[0]) + _pair(b"length", place[1]),) if place else ()
    head = [
        bytes((0xA0 + 4 + bool(ranges),)),
        *(_text(b"exclusions") + b"\x81\xa2" + each for each in ranges),
    ]
    said = {"name": "jumbf manifest", "alg": _ALG, "hash": digest, "pad": b""}
    return Binding(DATA_HASH, b"".join(head) + cbor.encode(said)[1:])


def digest_of(data: bytes | memoryview | Rope, place: Place | None) -> bytes:
    """Return the SHA-256 of everything outside the place; no byte is copied."""
    if isinstance(data, Rope):
        return _digest_of_rope(data, place or (0, 0))
    view = memoryview(data)
    if place is None:
        return hashlib.sha256(view).digest()
    digest = hashlib.sha256(view[: place[0]])
    digest.update(view[place[0] + place[1] :])
    return digest.digest()


def _digest_of_rope(data: Rope, place: Place) -> bytes:
    digest = hashlib.sha256()
    for start, stop in ((0, place[0]), (place[0] + place[1], data.size)):
        part = Rope()
        part.splice(data, start, stop - start)
        for piece in part.pieces():
            digest.update(piece)
    return digest.digest()


def bound(place: Place | None, digest: Callable[[], bytes]) -> Bound:
    """Return the check of a data hash whose exclusions are exactly the place of the store.

    Args:
        place: Where the store and its wrapping stand; nothing if it stands in another file.
        digest: Gives the SHA-256 of everything outside the place; asked only if all else fits.
    """

    def holds(label: str, said: Any) -> Outcome:
        if label != DATA_HASH:
            return Outcome(MALFORMED, f"a binding of the kind {label}")
        try:
            wanted = _wanted(said, [] if place is None else [place])
        except MalformedMediaError as error:
            return Outcome(MALFORMED, error.message)
        if wanted is None:
            return Outcome(MISMATCH, "it leaves out other bytes than those of the manifest")
        return Outcome(MATCH) if wanted == digest() else Outcome(MISMATCH, "the file was changed")

    return holds


def collection_hash(members: Sequence[tuple[str, bytes]], directory: bytes) -> Binding:
    """Return the hashes of a package's members and of its directory.

    Args:
        members: URI and SHA-256 of each.
        directory: SHA-256 of the directory, less the CRC-32 of the store's entry.
    """
    said = {
        "uris": _uris(members),
        "alg": _ALG,
        "zip_central_directory_hash": directory,
    }
    return Binding(COLLECTION_HASH, cbor.encode(said))


def collected(members: Sequence[tuple[str, bytes]], directory: Callable[[], bytes]) -> Bound:
    """Return the check of a collection hash: every member is named, and nothing else is."""

    def holds(label: str, said: Any) -> Outcome:
        if label != COLLECTION_HASH:
            return Outcome(f"{_COLLECTION}.malformed", f"a binding of the kind {label}")
        if not _is_word_for_word(said, members):
            found = _differing(said, dict(members))
            if found.failed:
                return found
        if said.get("zip_central_directory_hash") != directory():
            return Outcome(f"{_COLLECTION}.mismatch", "the directory of the package was changed")
        return Outcome(f"{_COLLECTION}.match")

    return holds


def _uris(members: Sequence[tuple[str, bytes]]) -> list[dict[str, Any]]:
    return [{"uri": uri, "hash": digest} for uri, digest in members]


def _is_word_for_word(said: Any, members: Sequence[tuple[str, bytes]]) -> bool:
    """Say whether a collection hash names the members as it does here: nothing is left to judge."""
    return (
        type(said) is dict
        and said.get("alg", _ALG) == _ALG
        and said.get("uris") == _uris(members)
        and len(dict(members)) == len(members)
    )


def _differing(said: Any, there: Mapping[str, bytes]) -> Outcome:
    """Compare what a collection hash names with the members, one by one."""
    try:
        wanted = dict(_collected(said))
    except MalformedMediaError as error:
        return Outcome(f"{_COLLECTION}.malformed", error.message)
    if strange := wanted.keys() ^ there.keys():
        return Outcome(f"{_COLLECTION}.incorrectFileCount", min(strange))
    if changed := [uri for uri, digest in there.items() if wanted[uri] != digest]:
        return Outcome(f"{_COLLECTION}.mismatch", f"{changed[0]} was changed")
    return Outcome(f"{_COLLECTION}.match")


def _collected(said: Any) -> Iterator[tuple[str, bytes]]:
    """Yield URI and hash of every member that a collection hash names."""
    if not isinstance(said, Mapping) or said.get("alg", _ALG) != _ALG:
        raise MalformedMediaError("a collection hash of another algorithm")
    listed, seen = said.get("uris"), set()
    if not isinstance(listed, list):
        raise MalformedMediaError("a collection hash without a list of members")
    for one in listed:
        match one:
            case {"uri": str(uri), "hash": bytes(digest)} if one.get("alg", _ALG) == _ALG:
                pass
            case _:
                raise MalformedMediaError("a member that is named without a hash")
        if uri in seen:
            raise MalformedMediaError("a member that is named twice")
        seen.add(uri)
        yield uri, digest


def _wanted(said: Any, places: Sequence[Place]) -> bytes | None:
    """Return the hash that is named, or nothing if other bytes than these are left out."""
    if not isinstance(said, Mapping) or said.get("alg", _ALG) != _ALG:
        raise MalformedMediaError("a data hash of another algorithm")
    wanted, ranges = said.get("hash"), said.get("exclusions", [])
    if not isinstance(wanted, bytes) or not isinstance(ranges, list):
        raise MalformedMediaError("a data hash without a hash")
    if not all(isinstance(each, Mapping) for each in ranges):
        raise MalformedMediaError("a data hash with exclusions that are none")
    return wanted if [_range(each) for each in ranges] == list(places) else None


def _range(said: Mapping[Any, Any]) -> tuple[Any, Any]:
    return said.get("start"), said.get("length")


def _pair(name: bytes, number: int) -> bytes:
    return _text(name) + _WIDE + number.to_bytes(8, "big")


def _text(name: bytes) -> bytes:
    return bytes((0x60 + len(name),)) + name
