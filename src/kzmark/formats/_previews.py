"""JPEG previews inside somebody else's bytes: MakerNotes and private tags hold them at will."""

from collections.abc import Iterator
from typing import Final

_MOST: Final = 64  # previews of one block; cameras write up to three
_SEGMENTS: Final = 200  # of one preview before its scan
_START: Final = b"\xff\xd8\xff"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def jpegs(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield (offset, size) of every whole JPEG stream in `data`, from SOI to EOI.

    A stream counts only if its segments can be walked from SOI over a frame header to a scan, so
    the three bytes of SOI alone, which turn up by chance, are no JPEG.
    """
    at = 0
    for _ in range(_MOST):
        at = data.find(_START, at)
        if at < 0:
            return
        scan = _scan(data, at + 2)
        end = data.find(b"\xff\xd9", scan) if scan else 0
        if end < 0:
            return
        if end:
            yield at, end + 2 - at
        at = max(end, at + 2)


def _scan(data: bytes | bytearray, at: int) -> int:
    """Return the offset of the scan's header, or 0 if no frame with a scan begins here."""
    framed = False
    for _ in range(_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return 0
        marker = data[at + 1]
        if marker == 0xDA:
            return at if framed else 0
        framed = framed or marker in _FRAMES
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0
