"""Chunks of a PNG: split strictly, packed again, bytes of others kept as they are.

Spec: PNG third edition, 5 (datastream structure) and 5.6 (chunk ordering); APNG chunks 11.3.6.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from kzmark._io import read_all
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS: Final = 300_000
_HEAD: Final = struct.Struct(">I4s")  # length of the data, type
_MAX_SIZE: Final = (1 << 31) - 1  # bytes of one chunk, 5.3
_SPAN: Final = 1 << 20  # bytes of one IDAT chunk that we write
_CRITICAL: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_ONCE: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"acTL", b"IEND"})
_BEFORE_DATA: Final = frozenset({b"PLTE", b"tRNS", b"acTL"})


class Chunk(NamedTuple):
    """One chunk. A tuple, because a file may have very many.

    Attributes:
        kind: Its type, four letters.
        whole: The bytes as they stand in the file: length, type, data, CRC.
    """

    kind: bytes
    whole: memoryview

    @property
    def data(self) -> memoryview:
        """What it holds."""
        return self.whole[8:-4]


@dataclass(frozen=True, slots=True)
class Chunks:
    """A whole file.

    Attributes:
        items: Every chunk from IHDR to IEND.
        first_data: Index of the first IDAT.
        last_data: Index of the last IDAT.
        trailer: What stands after IEND.
        size: Size of the file, in bytes.
    """

    items: tuple[Chunk, ...]
    first_data: int
    last_data: int
    trailer: memoryview
    size: int

    def only(self, kind: bytes) -> bytes:
        """Return the data of the first chunk of this type, or nothing if there is none."""
        return next((bytes(chunk.data) for chunk in self.items if chunk.kind == kind), b"")

    def picture_data(self) -> list[memoryview]:
        """Return the pieces of the default picture's compressed data."""
        return [chunk.data for chunk in self.items[self.first_data : self.last_data + 1]]


def split(source: BinaryIO, *, limits: Limits) -> Chunks:
    """Read a PNG up to IEND, every CRC checked.

    Raises:
        MalformedMediaError: If a chunk is cut, damaged, out of order, doubled or missing.
        LimitExceededError: If the file or the number of its chunks is over the limits.
    """
    view = memoryview(read_all(source, limits=limits))
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise MalformedMediaError("not a PNG")
    items = tuple(_walk(view))
    first, last = _check_order([chunk.kind for chunk in items])
    end = len(MAGIC) + sum(len(chunk.whole) for chunk in items)
    return Chunks(items, first, last, view[end:], len(view))


def pack(kind: bytes, data: bytes | memoryview) -> bytes:
    """Return a chunk ready to be written."""
    from isal import isal_zlib

    if len(data) > _MAX_SIZE:
        raise LimitExceededError(f"a {kind.decode()} chunk of {len(data)} bytes")
    crc = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return b"".join((len(data).to_bytes(4, "big"), kind, data, crc.to_bytes(4, "big")))


def pack_data(data: bytes) -> bytes:
    """Return compressed picture data as one run of IDAT chunks."""
    view = memoryview(data)
    return b"".join(pack(b"IDAT", view[at : at + _SPAN]) for at in range(0, len(view), _SPAN))


def _walk(view: memoryview) -> Iterator[Chunk]:
    """Yield the chunks up to IEND, every CRC checked."""
    from isal import isal_zlib

    at, kind = len(MAGIC), b""
    for _ in range(_MAX_CHUNKS):
        if kind == b"IEND":
            return
        if at + 12 > len(view):
            raise MalformedMediaError("the file ends before its IEND chunk")
        size, kind = _HEAD.unpack_from(view, at)
        if not (kind.isalpha() and kind.isascii()) or size > _MAX_SIZE:
            raise MalformedMediaError(f"no chunk begins at byte {at}")
        if at + 12 + size > len(view):
            raise MalformedMediaError(f"the file ends inside its {kind.decode()} chunk")
        whole = view[at : at + 12 + size]
        if isal_zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
            raise MalformedMediaError(f"the {kind.decode()} chunk at byte {at} has a wrong CRC")
        yield Chunk(kind, whole)
        at += 12 + size
    raise LimitExceededError(f"more than {_MAX_CHUNKS} chunks")


def _check_order(kinds: list[bytes]) -> tuple[int, int]:
    """Return the indices of the first and last IDAT of a lawful order (5.6)."""
    if kinds[0] != b"IHDR":
        raise MalformedMediaError("the first chunk is not IHDR")
    seen: set[bytes] = set()
    data: list[int] = []
    for index, kind in enumerate(kinds):
        if kind == b"IDAT":
            data.append(index)
        elif kind in seen and kind in _ONCE:
            raise MalformedMediaError(f"a second {kind.decode()} chunk")
        elif data and kind in _BEFORE_DATA:
            raise MalformedMediaError(f"{kind.decode()} stands after the picture data")
        elif kind not in seen and not kind[0] & 0x20 and kind not in _CRITICAL:
            raise MalformedMediaError(f"the critical chunk {kind.decode()} is not known")
        seen.add(kind)
    if b"PLTE" in seen and b"tRNS" in seen and kinds.index(b"tRNS") < kinds.index(b"PLTE"):
        raise MalformedMediaError("tRNS stands before PLTE")
    if not data:
        raise MalformedMediaError("the file has no picture data")
    if data[-1] - data[0] >= len(data):
        raise MalformedMediaError("the IDAT chunks are not consecutive")
    return data[0], data[-1]
