"""Where a C2PA manifest store stands in a WAV: a `C2PA` chunk behind all others.

Spec: C2PA 2.4, A.3.3 (RIFF).
"""

from typing import Final

from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.chunks import File, write
from kzmark.formats._embedding import Room, Survey

_KIND: Final = b"C2PA"
_HEAD: Final = 8
_LIMITS: Final = Limits()


def room(data: bytes | Rope, size: int) -> Room:
    """Return the place behind the last chunk, in a file that says how long it will be."""
    file = File(stream_of(data), limits=_LIMITS)
    if file.find(_KIND) is not None:
        raise MalformedMediaError("there is a manifest store already")
    if file.tail != file.source.size:
        raise MalformedMediaError("something follows the sound")
    pad = b"\0" * (size % 2)  # hashed: c2pa-rs takes it for no part of the chunk
    whole = _HEAD + size + len(pad)
    longer = Rope()
    write(file, longer, [file.kept(one) for one in file.chunks], samples=file.samples, room=whole)
    changed = longer if isinstance(data, Rope) else bytes_of(longer)
    return Room(start=longer.size, size=_HEAD + size, wrap=_wrapped, trail=pad, data=changed)


def unwrap(piece: bytes) -> bytes:
    """Return what a chunk holds."""
    size = int.from_bytes(piece[4:8], "little")
    store = piece[_HEAD : _HEAD + size]
    if _wrapped(store) != piece:
        raise MalformedMediaError("not one whole C2PA chunk")
    return store


def survey(data: bytes | Rope, *, limits: Limits) -> Survey:
    """Walk the chunks; samples are not looked at."""
    file = File(stream_of(data), limits=limits)
    stores = [one for one in file.chunks if one.kind == _KIND]
    others = [file.content(one) for one in file.chunks if one.kind not in {_KIND, b"data"}]
    file.source.seek(file.tail)
    others.append(file.source.read(limits.max_metadata))
    if len(stores) != 1:
        return Survey(
            store=b"", start=0, size=0, others=(*(file.content(one) for one in stores), *others)
        )
    one = stores[0]
    store = file.content(one)
    size = len(_wrapped(store))
    return Survey(store=store, start=one.start, size=size, others=tuple(others))


def _wrapped(store: bytes) -> bytes:
    return _KIND + len(store).to_bytes(4, "little") + store
