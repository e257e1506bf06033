"""The headers of a ZIP package (APPNOTE 6.3.10, 4.3 and 4.4)."""

import struct
from typing import Final, NamedTuple

from kzmark.errors import MalformedMediaError

STORED, DEFLATED = 0, 8
METHODS: Final = frozenset({STORED, DEFLATED})
LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
END: Final = struct.Struct("<4sHHHHIIH")
END64: Final = struct.Struct("<4sQHHIIQQQQ")
LOCATOR: Final = struct.Struct("<4sIQI")
LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64_MAGIC, LOCATOR_MAGIC, DESCRIPTOR_MAGIC = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
FULL: Final = 0xFFFFFFFF  # the value stands in the ZIP64 field
MOST: Final = FULL - 1  # bytes of a package that needs no ZIP64
ENCRYPTED, DESCRIBED, UTF8 = 0x0001, 0x0008, 0x0800  # general purpose flags
CRC_AT: Final = 16  # of a central entry: where its CRC-32 stands
STRANGE: Final = 0x2061  # encrypted, patched, strongly encrypted, masked headers
_OFFSET_AT: Final = 42
_ZIP64: Final = 0x0001
_EPOCH: Final = 0x21 << 16  # 1980-01-01 00:00, date before time
UNIX: Final = 3
_KIND: Final = 0o170000
_LINK: Final = 0o120000


class Entry(NamedTuple):
    """What the central directory says of a member.

    Attributes:
        raw: The entry as it stands.
        flags: General purpose flags.
        method: How it is compressed.
        when: Date and time as they stand.
        crc: CRC-32 of its bytes.
        packed: Compressed size, in bytes.
        size: Size, in bytes.
        start: Where its local header stands.
        name: Its name as it stands.
    """

    raw: bytes
    flags: int
    method: int
    when: int
    crc: int
    packed: int
    size: int
    start: int
    name: bytes

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link of a Unix system."""
        made, attributes = self.raw[5], int.from_bytes(self.raw[38:42], "little")
        return made == UNIX and attributes >> 16 & _KIND == _LINK

    @property
    def is_plain(self) -> bool:
        """Whether it is neither encrypted nor patched."""
        return not self.flags & STRANGE

    def moved(self, start: int) -> bytes:
        """Return the entry for a member that stands elsewhere, all else as it is."""
        if self.raw[_OFFSET_AT : _OFFSET_AT + 4] != b"\xff\xff\xff\xff":
            fresh = start.to_bytes(4, "little")
            return self.raw[:_OFFSET_AT] + fresh + self.raw[_OFFSET_AT + 4 :]
        at = CENTRAL.size + len(self.name) + self._wide_at
        return self.raw[:at] + start.to_bytes(8, "little") + self.raw[at + 8 :]

    @property
    def _wide_at(self) -> int:
        extra = self.raw[CENTRAL.size + len(self.name) :]
        at = _wide(extra)
        wide = [int.from_bytes(self.raw[one : one + 4], "little") == FULL for one in (24, 20)]
        return at + 4 + 8 * sum(wide)


def entries(directory: bytes, count: int) -> list[Entry]:
    """Return the entries of a central directory, which must be whole and nothing more.

    Raises:
        MalformedMediaError: If it is not.
    """
    found: list[Entry] = []
    at, size = 0, len(directory)
    unpack, least = CENTRAL.unpack_from, CENTRAL.size
    while at < size:
        if size - at < least or len(found) >= count:
            raise MalformedMediaError("a central directory of another length than is said")
        row = unpack(directory, at)
        end = at + least + row[10] + row[11] + row[12]
        if row[0] != CENTRAL_MAGIC or end > size or row[13]:
            raise MalformedMediaError("a broken central directory")
        found.append(_entry(directory[at:end], row))
        at = end
    if len(found) != count:
        raise MalformedMediaError("a central directory of another length than is said")
    return found


def _entry(raw: bytes, row: tuple[int, ...]) -> Entry:
    name = raw[CENTRAL.size : CENTRAL.size + row[10]]
    size, packed, start = row[9], row[8], row[16]
    if FULL in (size, packed, start):
        size, packed, start = _widened(raw[CENTRAL.size + row[10] :], size, packed, start)
    when = row[6] << 16 | row[5]
    return Entry(raw, row[3], row[4], when, row[7], packed, size, start, name)


def _widened(extra: bytes, *values: int) -> tuple[int, ...]:
    at = _wide(extra)
    end = at + 4 + int.from_bytes(extra[at + 2 : at + 4], "little")
    at += 4
    found: list[int] = []
    for value in values:
        if value == FULL:
            if at + 8 > end or at + 8 > len(extra):
                raise MalformedMediaError("a ZIP64 field that is too short")
            value, at = int.from_bytes(extra[at : at + 8], "little"), at + 8  # noqa: PLW2901
        found.append(value)
    return tuple(found)


def _wide(extra: bytes) -> int:
    """Return where the ZIP64 field stands in the extra fields."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64:
            return at
        at += 4 + size
    raise MalformedMediaError("sizes that stand in a ZIP64 field that is not there")


def headers(
    name: bytes, *, crc: int, packed: int, size: int, method: int, old: Entry | None = None
) -> tuple[bytes, bytes]:
    """Return local header and central entry (at offset 0) of a member that is written anew.

    A member that is changed keeps its date and attributes; a new one is of 1980, so that the same
    input gives the same output.
    """
    when = old.when if old else _EPOCH
    flags = old.flags & UTF8 if old else (0 if name.isascii() else UTF8)
    common = (20, flags, method, when & 0xFFFF, when >> 16, crc, packed, size, len(name), 0)
    local = LOCAL.pack(LOCAL_MAGIC, *common) + name
    made = int.from_bytes(old.raw[4:6], "little") if old else 20
    inner = int.from_bytes(old.raw[36:38], "little") if old else 0
    outer = int.from_bytes(old.raw[38:42], "little") if old else 0
    return local, CENTRAL.pack(CENTRAL_MAGIC, made, *common, 0, 0, inner, outer, 0) + name


def end(count: int, size: int, start: int, comment: bytes) -> bytes:
    """Return the end of central directory record."""
    return END.pack(END_MAGIC, 0, 0, count, count, size, start, len(comment)) + comment
