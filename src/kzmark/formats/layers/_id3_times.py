"""Frames that name times in the sound, moved with it.

Spec: ID3v2.4.0, native frames, 4.2.1 (`TLEN`), 4.5 (`ETCO`), 4.6 (`MLLT`), 4.7 (`SYTC`), 4.9
(`SYLT`), 4.30 (`ASPI`); ID3v2 chapter frame addendum 1.0 (`CHAP`).
"""

import struct
from collections.abc import Callable
from typing import Final

from kzmark.formats.layers._id3_tag import ENDS, Tag, split

_TABLES: Final = frozenset({"MLLT", "ASPI"})  # where bytes lie at which time: they no longer do
_MILLISECONDS: Final = 2  # the unit of times that this module can move
_NEVER: Final = 0xFFFFFFFF
_TIME: Final = struct.Struct(">I")


def shift(tag: Tag, milliseconds: int) -> list[str]:
    """Move everything that names a time, and drop tables of bytes that hold no more.

    Returns:
        `times-not-shifted` if a frame names times in a way that cannot be moved;
        `time-table-dropped` if a table was left out.
    """
    kept = [one for one in tag.frames if one.name not in _TABLES]
    notes = ["time-table-dropped"] if len(kept) < len(tag.frames) else []
    tag.frames = kept
    for one in tag.frames:
        mover = _MOVERS.get(one.name)
        if mover is None:
            continue
        moved = mover(one.body, milliseconds) if one.is_plain else None
        if moved is None:
            notes.append("times-not-shifted")
        else:
            one.body = moved
    return sorted(set(notes))


def has_times(tag: Tag) -> bool:
    """Say whether any frame would be moved or dropped."""
    return any(one.name in _MOVERS or one.name in _TABLES for one in tag.frames)


def _later(four: bytes, milliseconds: int) -> bytes:
    at = int.from_bytes(four, "big")
    moved = at if at == _NEVER else max(0, min(at + milliseconds, _NEVER - 1))
    return moved.to_bytes(4, "big")


def _chapter(body: bytes, milliseconds: int) -> bytes | None:
    """Move start and end; offsets in bytes are no longer known."""
    name, end, rest = split(body, 0)
    if not end or len(rest) < 16:
        return None
    times = (_later(rest[at : at + 4], milliseconds) for at in (0, 4))
    return name + end + b"".join(times) + b"\xff" * 8 + rest[16:]


def _events(body: bytes, milliseconds: int) -> bytes | None:
    if not body or body[0] != _MILLISECONDS or len(body) % 5 != 1:
        return None
    rows = (body[at : at + 5] for at in range(1, len(body), 5))
    return body[:1] + b"".join(row[:1] + _later(row[1:], milliseconds) for row in rows)


def _tempo(body: bytes, milliseconds: int) -> bytes | None:
    if not body or body[0] != _MILLISECONDS:
        return None
    found, at = [body[:1]], 1
    while at < len(body):
        wide = 2 if body[at] == 0xFF else 1
        if at + wide + 4 > len(body):
            return None
        found += [body[at : at + wide], _later(body[at + wide : at + wide + 4], milliseconds)]
        at += wide + 4
    return b"".join(found)


def _lyrics(body: bytes, milliseconds: int) -> bytes | None:
    if len(body) < 6 or body[0] > 3 or body[4] != _MILLISECONDS:
        return None
    code = body[0]
    at = _behind(body, 6, code)
    if at < 0:
        return body
    moved, size = bytearray(body), len(body)
    while at < size:
        at = _behind(body, at, code)
        if at < 0 or at + 4 > size:
            return None
        (time,) = _TIME.unpack_from(body, at)
        if time != _NEVER:
            _TIME.pack_into(moved, at, min(time + milliseconds, _NEVER - 1))
        at += 4
    return bytes(moved)


def _behind(body: bytes, start: int, code: int) -> int:
    """Return where a text that begins at a place has ended; -1 if it has no end."""
    end = ENDS[code]
    at = body.find(end, start)
    while len(end) == 2 and (at - start) % 2 and at >= 0:
        at = body.find(end, at + 1)
    return at + len(end) if at >= 0 else -1


def _length(body: bytes, milliseconds: int) -> bytes | None:
    told = body[1:].replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").strip()
    if not told.isdigit() or len(told) > 12:
        return None
    return b"\0" + str(int(told) + milliseconds).encode("ascii")


_MOVERS: Final[dict[str, Callable[[bytes, int], bytes | None]]] = {
    "CHAP": _chapter,
    "ETCO": _events,
    "SYLT": _lyrics,
    "SYTC": _tempo,
    "TLEN": _length,
}
NAMES: Final = tuple(
    sorted(name.encode("ascii") for name in (*_MOVERS, *_TABLES))
)  # of such frames
