"""The hash of a file of boxes: `c2pa.hash.bmff.v3` (C2PA 2.4, 18.7 and A.5).

Every outermost box is hashed with the place at which it begins in front of it (eight bytes), so
that none can be moved; the store itself, and what may change without harm, is left out.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kzmark._rope import Rope, bytes_of
from kzmark.signing.store import cbor
from kzmark.signing.store.binding import Binding, Bound, Outcome, Place

BOX_HASH: Final = "c2pa.hash.bmff.v3"
USER: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # of the box of a manifest store
_MATCH: Final = "assertion.bmffHash.match"
_MISMATCH: Final = "assertion.bmffHash.mismatch"
_MALFORMED: Final = "assertion.bmffHash.malformed"
_OUT: Final = (b"ftyp", b"mfra", b"free", b"skip")
_EXCLUSIONS: Final = [
    {"xpath": "/uuid", "data": [{"offset": 8, "value": USER}]},
    *({"xpath": f"/{kind.decode()}"} for kind in _OUT),
]


class Top(NamedTuple):
    """An outermost box of a file.

    Attributes:
        kind: Its type.
        start: Where it begins, in bytes.
        stop: Where it ends.
    """

    kind: bytes
    start: int
    stop: int


def box_hash(digest: bytes) -> Binding:
    """Return the hash of a file of boxes; always of the same length."""
    said = {"exclusions": _EXCLUSIONS, "alg": "sha256", "hash": digest, "name": "jumbf manifest"}
    return Binding(BOX_HASH, cbor.encode(said))


def digest_of(data: bytes | Rope, tops: Sequence[Top], gap: Place = (0, 0)) -> bytes:
    """Return the SHA-256 of the boxes that count.

    Args:
        data: The file.
        tops: All of its outermost boxes.
        gap: Where so many bytes are still to come in.
    """
    digest = hashlib.sha256()
    at, size = gap
    for top in tops:
        if _counts(data, top):
            digest.update((top.start + size * (top.start >= at)).to_bytes(8, "big"))
            for piece in _pieces(data, top):
                digest.update(piece)
    return digest.digest()


def bound(digest: Callable[[], bytes]) -> Bound:
    """Return what judges the one hard binding of a store that stands in a file of boxes.

    Args:
        digest: Gives the SHA-256 of the boxes that count; asked only if all else fits.
    """

    def holds(label: str, said: Any) -> Outcome:
        if label != BOX_HASH:
            return Outcome(_MALFORMED, f"a binding of the kind {label}")
        wanted = said.get("hash") if isinstance(said, Mapping) else None
        if not isinstance(wanted, bytes) or dict(said) != dict(cbor.decode(box_hash(wanted).body)):
            return Outcome(_MALFORMED, "a hash of boxes that is not built as here")
        return Outcome(_MATCH) if wanted == digest() else Outcome(_MISMATCH, "the file was changed")

    return holds


def _counts(data: bytes | Rope, top: Top) -> bool:
    if top.kind in _OUT:
        return False
    user = bytes_of(data, top.start + 8, top.start + 8 + len(USER)) if top.kind == b"uuid" else b""
    return user != USER


def _pieces(data: bytes | Rope, top: Top) -> "Any":
    if not isinstance(data, Rope):
        return (memoryview(data)[top.start : top.stop],)
    part = Rope()
    part.splice(data, top.start, top.stop - top.start)
    return part.pieces()
