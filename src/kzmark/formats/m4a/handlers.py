"""What the tracks of a file of boxes are for: only heads of boxes are read, whatever its length.

Spec: ISO/IEC 14496-12, 4.2 (boxes), 8.3 (tracks), 8.4.3 (handlers).
"""

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

_SOUND, _PICTURES = b"soun", b"vide"
_MOST: Final = 4_096  # boxes that are looked at
_DEEPER: Final = {
    b"moov": b"trak",
    b"trak": b"mdia",
    b"mdia": b"hdlr",
}  # what is looked for in each


def is_sound(source: BinaryIO) -> bool:
    """Say whether a file has a track of sound and none of pictures, as far as it is not damaged."""
    end = source.seek(0, io.SEEK_END)
    found = False
    for kind in _handlers(source, 0, end, b"moov", iter(range(_MOST))):
        if kind == _PICTURES:
            return False
        found = found or kind == _SOUND
    return found


def _handlers(
    source: BinaryIO, at: int, end: int, wanted: bytes, left: Iterator[int]
) -> Iterator[bytes]:
    """Yield the handler types in a stretch of boxes, of which one kind leads to them."""
    while at + 8 <= end and next(left, None) is not None:
        source.seek(at)
        head = source.read(20)
        size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), at + 16
        stop = at + size if size else end
        if stop < body or stop > end:
            return
        if kind == wanted == b"hdlr":
            source.seek(body + 8)
            yield source.read(4)
        elif kind == wanted:
            yield from _handlers(source, body, stop, _DEEPER[kind], left)
        at = stop
