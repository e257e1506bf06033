"""Where a C2PA manifest store stands in a PNG: one `caBX` chunk right behind IHDR.

Spec: C2PA 2.4, A.3.2 (the chunk, before the picture data); PNG third edition, 5.3 (chunks).
"""

import struct
from collections.abc import Iterator
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats.png.chunks import MAGIC, pack

_KIND: Final = b"caBX"
_PICTURE: Final = frozenset({b"IDAT", b"fdAT"})
_HEAD: Final = struct.Struct(">I4s")  # length of the data, type
_AROUND: Final = 12  # bytes of length, type and CRC
_FIRST: Final = len(MAGIC) + _AROUND + 13  # where IHDR ends
_MAX_CHUNKS: Final = 300_000


def room(data: bytes, size: int) -> Room:
    """Return the place right behind IHDR."""
    if not data.startswith(MAGIC) or data[12:16] != b"IHDR":
        raise MalformedMediaError("not a PNG")
    if data[_FIRST + 4 : _FIRST + 8] == _KIND:
        raise MalformedMediaError("there is a manifest store already")
    return Room(start=_FIRST, size=size + _AROUND, wrap=lambda store: pack(_KIND, store))


def unwrap(piece: bytes) -> bytes:
    """Return what a chunk holds, its CRC checked."""
    store = piece[8:-4]
    if len(piece) < _AROUND or pack(_KIND, store) != piece:
        raise MalformedMediaError("not one whole caBX chunk")
    return store


def survey(data: bytes, *, limits: Limits) -> Survey:
    """Walk the chunks from head to head; picture data is not looked at."""
    found: list[tuple[int, int]] = []
    others: list[bytes] = []
    end = len(MAGIC)
    for kind, start, end in _chunks(data):
        if kind == _KIND:
            found.append((start, end))
        elif kind not in _PICTURE:
            others.append(data[start:end])
    others.append(data[end:])
    if len(found) != 1:
        return Survey(store=b"", start=0, size=0, others=(*(data[a:b] for a, b in found), *others))
    start, end = found[0]
    limits.check_metadata(end - start, what="a manifest store")
    store = unwrap(data[start:end])
    return Survey(store=store, start=start, size=end - start, others=tuple(others))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of every chunk up to IEND."""
    if not data.startswith(MAGIC):
        raise MalformedMediaError("not a PNG")
    at, kind = len(MAGIC), b""
    for _ in range(_MAX_CHUNKS):
        if kind == b"IEND":
            return
        if at + _AROUND > len(data):
            raise MalformedMediaError("the file ends before its IEND chunk")
        size, kind = _HEAD.unpack_from(data, at)
        end = at + _AROUND + size
        if end > len(data):
            raise MalformedMediaError("the file ends inside a chunk")
        yield kind, at, end
        at = end
    raise LimitExceededError(f"more than {_MAX_CHUNKS} chunks")
