"""A file with its manifest store, and how one is put in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kzmark._rope import Rope
from kzmark.formats._embedding import Room
from kzmark.mark import Mark
from kzmark.signing.store.binding import Binding, Place
from kzmark.signing.store.draft import Draft
from kzmark.signing.store.stretch import REACH, Measure, fitted
from kzmark.signing.store.ties import Tie

Bind = Callable[[bytes, Place], Binding]

_TRIES: Final = 200
# Bytes: far enough for other lengths of boxes, and never out of reach; no factor in common, so that
# a key that signs alike each time tries them all.
_STEP, _SPAN = 17, 71


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


def put(data: bytes | Rope, room: Room, mark: Mark, draft: Draft, tie: Tie) -> Signed:
    """Return the file with the draft closed and put in its place."""
    around = room.lead + room.trail
    data = data if room.data is None else room.data
    placed = _joined(data, room.start, around) if around else data
    at = room.start + len(room.lead)
    if room.measure is None:
        place = (at, room.size)
        digest = tie.digest(placed, place)
        piece = room.wrap(draft.close(tie.bind(digest, place)))
        if len(piece) != room.size:
            raise ValueError(f"{len(piece)} bytes for a place of {room.size}")
    else:
        digest = tie.digest(placed, (at, 0))
        piece = room.wrap(measured(draft, tie.bind, digest, at, room.measure))
        place = (at, len(piece))
    whole = _joined(placed, at, piece)
    return Signed(data=whole, mark=mark, place=place, digest=digest, record=draft.record)


def measured(draft: Draft, bind: Bind, digest: bytes, at: int, measure: Measure) -> bytes:
    """Return the closed store where the room that it takes depends on its own bytes.

    The store names its room, so that is chosen first, and reached by zeros that nobody signs. Two
    lengths of three can be reached, so that now and then it is signed once more for another room.
    """
    likely = measure(draft.blank) + draft.open_bytes * 15 // 16  # 15 of 16 bytes are large ones
    for attempt in range(_TRIES):
        place = (at, likely + REACH + attempt * _STEP % _SPAN)
        store, said = draft.sealed(bind(digest, place))
        found = fitted(store, draft.seams, place[1], measure, said)
        if found is not None:
            return found
    raise ValueError(f"no room for the manifest store in {_TRIES} tries")


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
