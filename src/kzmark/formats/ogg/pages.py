"""Pages of an Ogg file: found by their heads, and written whole.

Spec: RFC 3533, 6 (page format).
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from kzmark._io import read_exact
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError

MAGIC: Final = b"OggS"
CONTINUED, FIRST, LAST = 1, 2, 4  # flags of a page
NOWHERE: Final = (1 << 64) - 1  # the position of a page on which no packet ends
_HEAD: Final = struct.Struct("<4sBBQIIIB")
_CHECK: Final = slice(22, 26)
_BLOCK: Final = 1 << 18  # bytes read at a time
_MOST: Final = 4_000_000  # pages of one file
_LACING: Final = 255
_FULL: Final = 255  # lacing values of one page
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """Where one page lies, and what its head says.

    Attributes:
        start: Offset of its head, in bytes.
        body: Offset of its content.
        end: Offset after it.
        flags: `CONTINUED`, `FIRST`, `LAST`.
        position: The granule position.
        serial: Which logical stream it belongs to.
        number: Its number in that.
        lacing: The lacing values.
    """

    start: int
    body: int
    end: int
    flags: int
    position: int
    serial: int
    number: int
    lacing: bytes


def pages(source: Rope, start: int = 0) -> Iterator[Page]:
    """Yield every page from an offset on.

    Raises:
        MalformedMediaError: If there is something else, or a page is cut off.
    """
    at, count, block, base = start, 0, b"", start
    while at < source.size:
        if at - base + _HEAD.size + _FULL > len(block):
            source.seek(at)
            block, base = source.read(_BLOCK), at
        head = block[at - base : at - base + _HEAD.size + _FULL]
        if len(head) < _HEAD.size or head[:4] != MAGIC:
            raise MalformedMediaError(f"there is no Ogg page at byte {at}, where one must be")
        _, version, flags, position, serial, number, _, segments = _HEAD.unpack_from(head)
        lacing = head[_HEAD.size : _HEAD.size + segments]
        body = at + _HEAD.size + segments
        end = body + sum(lacing)
        if version or len(lacing) != segments or end > source.size:
            raise MalformedMediaError("an Ogg page is cut off, or of an unknown version")
        yield Page(at, body, end, flags, position, serial, number, lacing)
        at, count = end, count + 1
        if count > _MOST:
            raise LimitExceededError(f"more than {_MOST} pages")


def packets(source: Rope, found: Iterable[Page], *, most: int) -> Iterator[tuple[bytes, Page]]:
    """Yield packets, each with the page on which it ends.

    Args:
        source: The file.
        found: Pages of one logical stream, in order.
        most: Bytes that a packet may take.

    Raises:
        LimitExceededError: If one takes more.
    """
    parts: list[bytes] = []
    for page in found:
        at = page.body
        for value in page.lacing:
            source.seek(at)
            parts.append(read_exact(source, value, what="Ogg page"))
            at += value
            if len(parts) * _LACING > most:
                raise LimitExceededError(f"a packet of more than {most} bytes")
            if value < _LACING:
                yield b"".join(parts), page
                parts = []


def joined(
    parts: Sequence[bytes], *, serial: int, number: int, flags: int = 0, position: int = 0
) -> list[bytes]:
    """Return packets on as few pages as they need; all of them have the same position.

    Args:
        parts: The packets.
        serial: Of the logical stream.
        number: Of the first page.
        flags: Of the first page.
        position: The granule position at which they end.
    """
    lacing = bytearray()
    for part in parts:
        lacing += b"\xff" * (len(part) // _LACING) + bytes((len(part) % _LACING,))
    body, at, done = b"".join(parts), 0, 0
    made: list[bytes] = []
    while done < len(lacing):
        some = bytes(lacing[done : done + _FULL])
        ends = any(value < _LACING for value in some)
        content = body[at : at + sum(some)]
        place = position if ends else NOWHERE
        made.append(spell(flags, place, serial, number + len(made), some, content))
        flags = 0 if some[-1] < _LACING else CONTINUED
        done, at = done + len(some), at + len(content)
    return made


def spell(
    flags: int, position: int, serial: int, number: int, lacing: bytes, content: bytes
) -> bytes:
    """Return a whole page with its check."""
    number &= 0xFFFFFFFF
    head = _HEAD.pack(MAGIC, 0, flags, position, serial, number, 0, len(lacing))
    whole = bytearray(head + lacing + content)
    whole[_CHECK] = crc(whole).to_bytes(4, "little")
    return bytes(whole)


def moved(data: bytes, *, later: int, on: int, serial: int | None = None) -> bytes:
    """Return a whole page with another position and number.

    Args:
        data: The page.
        later: What is added to its position.
        on: What is added to its number.
        serial: Of another logical stream, if it moves to one.
    """
    whole = bytearray(data)
    position = int.from_bytes(whole[6:14], "little")
    if position != NOWHERE:
        whole[6:14] = ((position + later) & NOWHERE).to_bytes(8, "little")
    if serial is not None:
        whole[14:18] = serial.to_bytes(4, "little")
    number = int.from_bytes(whole[18:22], "little") + on
    whole[18:22] = (number & 0xFFFFFFFF).to_bytes(4, "little")
    whole[_CHECK] = bytes(4)
    whole[_CHECK] = crc(whole).to_bytes(4, "little")
    return bytes(whole)


def crc(data: bytes | bytearray) -> int:
    """Return the check of a page: that of zlib with all bits the other way round."""
    raw = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{raw:032b}"[::-1], 2)


def write(target: BinaryIO, made: Iterable[bytes]) -> int:
    """Write pages, and return how many."""
    count = 0
    for one in made:
        target.write(one)
        count += 1
    return count
