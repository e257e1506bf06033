"""EBML: elements read with suspicion, written whole. Spec: RFC 8794, 4 to 6."""

import io
from typing import BinaryIO, Final, NamedTuple

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

VOID: Final = 0xEC
CRC: Final = 0xBF
_HEAD: Final = 12  # most bytes of an element's id and size


class Element(NamedTuple):
    """Where one element lies.

    Attributes:
        kind: Its id, with the marker bits.
        start: Offset of its id, in bytes.
        body: Offset of its content.
        end: Offset after its last byte; for one of unknown size, the end of its parent.
        unknown: Whether it declares no size.
    """

    kind: int
    start: int
    body: int
    end: int
    unknown: bool = False


def element(head: bytes, start: int, end: int) -> Element:
    """Return the element whose first bytes these are.

    Raises:
        MalformedMediaError: If it breaks the rules, or leaves its parent.
    """
    if not head or not head[0] & 0xF0:
        raise MalformedMediaError(f"there is no element at {start} bytes")
    width = 9 - head[0].bit_length()
    length, size, unknown = number(head, width)
    body = start + width + length
    if unknown:
        return Element(int.from_bytes(head[:width], "big"), start, body, end, unknown=True)
    if body + size > end:
        raise MalformedMediaError(f"an element of {size} bytes, where {end - body} are left")
    return Element(int.from_bytes(head[:width], "big"), start, body, body + size)


def number(data: bytes, at: int) -> tuple[int, int, bool]:
    """Return length and value of a variable-size number, and whether it says "unknown"."""
    if at >= len(data) or not data[at]:
        raise MalformedMediaError("a size that is none")
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        raise MalformedMediaError("the file ends inside a size")
    value = int.from_bytes(data[at : at + length], "big") & ~(1 << 7 * length)
    return length, value, value == (1 << 7 * length) - 1


def children(data: bytes, start: int, end: int, *, limits: Limits) -> list[Element]:
    """Return the elements between two offsets of bytes in memory."""
    found: list[Element] = []
    while start < end:
        if len(found) >= limits.max_elements:
            raise LimitExceededError(f"more than {limits.max_elements} elements in a row")
        found.append(element(data[start : start + _HEAD], start, end))
        start = found[-1].end
    return found


def at(source: BinaryIO, start: int, end: int) -> Element:
    """Return the element at an offset of a file."""
    source.seek(start)
    return element(source.read(min(_HEAD, end - start)), start, end)


def content(source: BinaryIO, found: Element, *, most: int) -> bytes:
    """Return the content of an element.

    Raises:
        LimitExceededError: If it is larger than `most` bytes.
    """
    size = found.end - found.body
    if size > most:
        raise LimitExceededError(f"an element of {size} bytes")
    source.seek(found.body, io.SEEK_SET)
    return read_exact(source, size, what="metadata")


def integer(data: bytes) -> int:
    """Return an unsigned number of up to eight bytes."""
    return int.from_bytes(data[:8], "big")


def pack(kind: int, *parts: bytes, width: int = 0) -> bytes:
    """Return one whole element; `width` is how many bytes its size takes, if that matters."""
    return header(kind, sum(map(len, parts)), width=width) + b"".join(parts)


def header(kind: int, size: int, *, width: int = 0) -> bytes:
    """Return id and size of an element."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    while not width or size >= (1 << 7 * width) - 1:
        width += 1
    return name + (size | 1 << 7 * width).to_bytes(width, "big")


def unsigned(kind: int, value: int, *, width: int = 0) -> bytes:
    """Return an element that holds an unsigned number."""
    width = width or max(1, (value.bit_length() + 7) // 8)
    return pack(kind, value.to_bytes(width, "big"))


def without_crc(found: list[Element]) -> list[Element]:
    """Return elements without a checksum that would not hold any more."""
    return [one for one in found if one.kind != CRC]
