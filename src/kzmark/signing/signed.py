"""A file with its manifest store, and how one is put in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kzmark._rope import Rope
from kzmark.formats._embedding import Room
from kzmark.mark import Mark
from kzmark.signing.store import binding
from kzmark.signing.store.binding import Place
from kzmark.signing.store.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A file with its manifest store.

    Attributes:
        data: The whole file.
        place: Where the store and its wrapping stand; nothing if the C2PA library signed.
        digest: SHA-256 of everything outside the place; empty if the C2PA library signed.
        mark: What the store states.
        record: The same as the store spells it; empty if the C2PA library signed.
    """

    data: bytes | Rope
    mark: Mark
    place: Place | None = None
    digest: bytes = b""
    record: Mapping[str, Any] = field(default_factory=dict)


def put(data: bytes | Rope, room: Room, mark: Mark, draft: Draft) -> Signed:
    """Return the file with the draft closed and put in its place."""
    around = room.lead + room.trail
    placed = _joined(data, room.start, around) if around else data
    at = room.start + len(room.lead)
    digest = binding.digest_of(placed, (at, 0))
    place = (at, room.size)
    piece = room.wrap(draft.close(binding.data_hash(digest, place)))
    if len(piece) != room.size:
        raise ValueError(f"{len(piece)} bytes for a place of {room.size}")
    whole = _joined(placed, at, piece)
    return Signed(data=whole, mark=mark, place=place, digest=digest, record=draft.record)


def _joined(data: bytes | Rope, at: int, piece: bytes) -> bytes | Rope:
    """Return a file with a piece put in, behind `at` bytes."""
    if not isinstance(data, Rope):
        view = memoryview(data)
        return b"".join((view[:at], piece, view[at:]))
    whole = Rope()
    whole.splice(data, 0, at)
    whole.write(piece)
    whole.splice(data, at, data.size - at)
    return Rope.over(whole)
