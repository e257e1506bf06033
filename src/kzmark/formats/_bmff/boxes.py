"""Boxes of the ISO base media file format: read with suspicion, written whole.

AVIF, HEIF and JPEG XL are trees of boxes. Everything here works on bytes in memory, because every
offset in such a file may point anywhere in it.

Spec: ISO/IEC 14496-12, 4.2 (boxes, full boxes).
"""

import struct
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

_HEADER: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")


class Span(NamedTuple):
    """Where one box lies.

    Attributes:
        kind: Its four-character type.
        start: Offset of its header, in bytes.
        body: Offset of its content.
        end: Offset after its last byte.
        open_end: Whether it declared size 0, which means "to the end".
    """

    kind: bytes
    start: int
    body: int
    end: int
    open_end: bool = False


class Cursor:
    """Reads big-endian numbers one after another, never past the end it was given."""

    __slots__ = ("_data", "_end", "_what", "at")

    def __init__(self, data: bytes, start: int, end: int, *, what: str) -> None:
        self._data = data
        self._end = min(end, len(data))
        self._what = what
        self.at = start

    @property
    def left(self) -> int:
        """Bytes that have not been read yet."""
        return self._end - self.at

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if size < 0 or size > self.left:
            raise MalformedMediaError(f"the {self._what} ends too early")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, size: int) -> int:
        """Return the next `size` bytes as an unsigned number; 0 bytes are 0."""
        return int.from_bytes(self.take(size), "big")

    def text(self) -> bytes:
        """Return the bytes up to a NUL, which is swallowed, or up to the end."""
        stop = self._data.find(b"\0", self.at, self._end)
        found = self._data[self.at : stop if stop >= 0 else self._end]
        self.at = stop + 1 if stop >= 0 else self._end
        return found


def spans(data: bytes, start: int, end: int, *, limits: Limits) -> list[Span]:
    """Return the boxes that lie one after another between two offsets.

    A box of size 0 reaches to `end`, which only the outermost level and a few writers use.

    Raises:
        MalformedMediaError: If a box is shorter than its header or leaves its parent.
        LimitExceededError: If there are more boxes than `limits.max_elements`.
    """
    found: list[Span] = []
    while start < end:
        if len(found) >= limits.max_elements:
            raise LimitExceededError(f"more than {limits.max_elements} boxes in a row")
        found.append(_span(data, start, end))
        start = found[-1].end
    return found


def _span(data: bytes, start: int, end: int) -> Span:
    if end - start < _HEADER.size:
        raise MalformedMediaError(f"{end - start} bytes are too few for a box")
    size, kind = _HEADER.unpack_from(data, start)
    body = start + _HEADER.size
    if size == 1:
        if end - body < _LARGE.size:
            raise MalformedMediaError("a box ends inside its long size")
        (size,) = _LARGE.unpack_from(data, body)
        body += _LARGE.size
    elif size == 0:
        return Span(kind, start, body, end, open_end=True)
    if size < body - start or size > end - start:
        raise MalformedMediaError(f"a {_name(kind)} box declares {size} bytes")
    return Span(kind, start, body, start + size)


def first(found: list[Span], kind: bytes) -> Span | None:
    """Return the first box of this type, if there is one."""
    return next((span for span in found if span.kind == kind), None)


def pack(kind: bytes, *parts: bytes) -> bytes:
    """Return one whole box; its size takes 64 bits only where 32 are too few."""
    size = sum(map(len, parts))
    return header(kind, size) + b"".join(parts)


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return one whole box with version and flags (14496-12, 4.2.2)."""
    return pack(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def header(kind: bytes, size: int) -> bytes:
    """Return the header of a box whose content takes `size` bytes."""
    if size + _HEADER.size < 1 << 32:
        return _HEADER.pack(size + _HEADER.size, kind)
    return _HEADER.pack(1, kind) + _LARGE.pack(size + _HEADER.size + _LARGE.size)


def brands(head: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Return the major brand and all brands of an `ftyp` box at the start, or empty ones.

    Compatible brands that the given bytes do not reach are left out.
    """
    if len(head) < 16 or head[4:8] != b"ftyp":
        return b"", frozenset()
    size = min(int.from_bytes(head[:4], "big"), len(head))
    listed = [head[at : at + 4] for at in range(16, size - 3, 4)]
    return head[8:12], frozenset([head[8:12], *listed])


def _name(kind: bytes) -> str:
    return repr(kind.decode("latin-1"))
