"""TIFF directories, read in place.

An EXIF block and a TIFF file are built alike: a header, directories (IFDs) of entries, and values
anywhere.

Spec: TIFF 6.0, section 2; BigTIFF (magic 43) as libtiff writes it.
"""

import contextlib
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError

BYTE: Final = 1
ASCII: Final = 2
SHORT: Final = 3
LONG: Final = 4
UNDEFINED: Final = 7
LONG8: Final = 16
EXIF_IFD: Final = 0x8769
SUB_IFDS: Final = 0x014A
PIECES: Final = ((0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202))  # strips, tiles, thumbnail
POINTERS: Final = (EXIF_IFD, 0x8825, 0xA005, SUB_IFDS)  # Exif, GPS, Interoperability, SubIFDs
_SUB_LIMIT: Final = 64  # sub-directories of one directory
_CLASSIC: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
UNIT: Final = _CLASSIC | {16: 8, 17: 8, 18: 8, 129: 1}  # LONG8, SLONG8, IFD8, UTF-8 (Exif 3.0)
INTEGER: Final = {
    1: "u1",
    3: "u2",
    4: "u4",
    13: "u4",
    16: "u8",
    18: "u8",
    6: "i1",
    8: "i2",
    9: "i4",
}
_ALL_ENTRIES: Final = 4  # times `max_elements`: entries of all directories of one file together


class Entry(NamedTuple):
    """One entry of a directory.

    Attributes:
        tag: Number of the field.
        kind: Number of the data type.
        count: How many values of that type.
        at: Offset of the entry itself.
        start: Offset of its first value byte (inside the entry if the value is small).
        size: Bytes of the value; 0 if the data type is unknown.
    """

    tag: int
    kind: int
    count: int  # type: ignore[assignment] # TIFF's word for it, before the method of tuples
    at: int
    start: int
    size: int


class Directory(NamedTuple):
    """One directory.

    Attributes:
        at: Its offset.
        entries: In the order they are stored.
        following: Offset of the next directory of the chain, or 0.
        slot: Offset of the field that holds `following`.
    """

    at: int
    entries: tuple[Entry, ...]
    following: int
    slot: int

    def get(self, tag: int) -> Entry | None:
        """Return the first entry of this tag, or nothing."""
        for entry in self.entries:
            if entry.tag == tag:
                return entry
        return None


class Layout:
    """The directories of one EXIF block or TIFF file.

    Attributes:
        order: `<` or `>`, as `struct` and numpy spell byte order.
        big: Whether it is a BigTIFF.
        slot: Offset of the field that holds `first`.
        first: Offset of the first directory.
    """

    def __init__(self, data: bytes | bytearray, *, limits: Limits) -> None:
        """Read the header.

        Raises:
            MalformedMediaError: If `data` does not begin with a TIFF header.
        """
        self.data = data
        self._limits = limits
        self.begin()
        self.order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]), "")
        magic = int.from_bytes(data[2:4], "little" if self.order == "<" else "big")
        self.big = magic == 43
        self.pointer_size = 8 if self.big else 4
        if not self.order or magic not in {42, 43} or len(data) < 8:
            raise MalformedMediaError("no TIFF header")
        if self.big and struct.unpack_from(self.order + "HH", data.ljust(8), 4) != (8, 0):
            raise MalformedMediaError("a BigTIFF header with other than 8-byte offsets")
        self.slot = 8 if self.big else 4
        self._entry = struct.Struct(self.order + ("HHQ8s" if self.big else "HHL4s"))
        self._count = struct.Struct(self.order + ("Q" if self.big else "H"))
        self._pointer = struct.Struct(self.order + ("Q" if self.big else "L"))
        self.first = self.pointer_at(self.slot)

    def begin(self) -> None:
        """Forget what was read."""
        self._known: dict[int, Directory] = {}
        self._left = self._limits.max_elements * _ALL_ENTRIES

    def pointer_at(self, slot: int) -> int:
        """Return the offset stored at `slot`, or 0 if the file ends before it."""
        if slot + self._pointer.size > len(self.data):
            return 0
        found: int = self._pointer.unpack_from(self.data, slot)[0]
        return found

    def directory(self, at: int) -> Directory:
        """Return the directory at an offset.

        Raises:
            MalformedMediaError: If it does not lie inside the data.
            LimitExceededError: If it has, or all together have, too many entries.
        """
        if at not in self._known:
            self._known[at] = self._read(at)
        return self._known[at]

    def chain(self, slot: int) -> Iterator[tuple[int, Directory]]:
        """Yield (offset of the pointer to it, directory) along a chain.

        Raises:
            MalformedMediaError: If the chain leaves the data or comes back to itself.
            LimitExceededError: If it has more than `limits.max_pages` links.
        """
        seen: set[int] = set()
        while at := self.pointer_at(slot):
            if at in seen:
                raise MalformedMediaError("the chain of directories comes back to itself")
            if len(seen) >= self._limits.max_pages:
                raise LimitExceededError(f"more than {self._limits.max_pages} directories")
            seen.add(at)
            directory = self.directory(at)
            yield slot, directory
            slot = directory.slot

    def value(self, entry: Entry) -> bytes:
        """Return the bytes of a value, refusing one that leaves the data."""
        if entry.start + entry.size > len(self.data):
            raise MalformedMediaError(f"the value of tag {entry.tag} lies outside the file")
        return bytes(self.data[entry.start : entry.start + entry.size])

    def integers(self, entry: Entry) -> NDArray[np.int64]:
        """Return the whole numbers of a value.

        Raises:
            MalformedMediaError: If it holds none, other values, or leaves the data.
        """
        code = INTEGER.get(entry.kind)
        if code is None or not entry.count:
            raise MalformedMediaError(f"tag {entry.tag} holds no whole numbers")
        numbers = np.frombuffer(self.value(entry), dtype=self.order + code)
        if numbers.dtype.itemsize == 8 and numbers.max() >= 1 << 62:
            raise MalformedMediaError(f"tag {entry.tag} holds a number over any file")
        return numbers.astype(np.int64)

    def number(self, directory: Directory, tag: int, default: int) -> int:
        """Return the first whole number of a tag, or `default` if the tag is absent."""
        entry = directory.get(tag)
        return default if entry is None else int(self.integers(entry)[0])

    def readable_chain(self, slot: int) -> Iterator[Directory]:
        """Yield the directories of a chain as far as they can be read."""
        with contextlib.suppress(MediaError):
            for _, directory in self.chain(slot):
                yield directory

    def sub_directories(self, directory: Directory, tag: int = SUB_IFDS) -> list[Directory]:
        """Return the directories that an entry points to, those only that can be read."""
        found: list[Directory] = []
        entry = directory.get(tag)
        with contextlib.suppress(MediaError):
            offsets = self.integers(entry)[:_SUB_LIMIT].tolist() if entry else []
            found.extend(map(self.directory, offsets))
        return found

    def tree(self) -> list[Directory]:
        """Return every directory that can be reached and read, pages first."""
        found = {one.at: one for one in self.readable_chain(self.slot)}
        waiting = list(found.values())
        while waiting and len(found) < self._limits.max_elements:
            parent = waiting.pop()
            for tag in POINTERS:
                for child in self.sub_directories(parent, tag):
                    if child.at not in found:
                        found[child.at] = child
                        waiting.append(child)
        return list(found.values())

    def extents(self) -> list[tuple[int, int]]:
        """Return (start, end) of the header and of all directories and values of the tree."""
        found = [(0, self.slot + self.pointer_size)]
        for directory in self.tree():
            found.append((directory.at, directory.slot + self.pointer_size))
            found += [(at, at + size) for at, size in self.outline(directory.entries)]
        return found

    def shared(self) -> set[int]:
        """Return the offsets of those parts of the tree that share a byte with another part."""
        found: set[int] = set()
        last, reach = 0, 0
        for at, end in sorted(self.extents()):
            if at < reach:
                found |= {at, last}
            if end > reach:
                last, reach = at, end
        return found

    def outline(self, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Return the (offset, size) of those values that stand outside their entries."""
        return [(e.start, e.size) for e in entries if e.size > self.pointer_size]

    def regions(self, directory: Directory) -> Iterator[tuple[int, int]]:
        """Yield the (offset, size) of a directory, of its values and of its pixels."""
        yield directory.at, directory.slot + self.pointer_size - directory.at
        yield from self.outline(directory.entries)
        for where, how_long in PIECES:
            starts, sizes = directory.get(where), directory.get(how_long)
            with contextlib.suppress(MediaError):
                if starts and sizes:
                    pairs = zip(self.integers(starts), self.integers(sizes), strict=False)
                    yield from ((int(start), int(size)) for start, size in pairs)

    def _read(self, at: int) -> Directory:
        head = at + self._count.size
        if at < 8 or head > len(self.data):
            raise MalformedMediaError("a directory lies outside the file")
        count: int = self._count.unpack_from(self.data, at)[0]
        self._left -= count
        if count > self._limits.max_elements or self._left < 0:
            raise LimitExceededError(f"a directory of {count} entries is over the limit")
        slot = head + count * self._entry.size
        if slot > len(self.data):
            raise MalformedMediaError(f"the file ends inside a directory of {count} entries")
        raw = self._entry.iter_unpack(self.data[head:slot])
        entries = tuple(
            self._entry_of(fields, head + i * self._entry.size) for i, fields in enumerate(raw)
        )
        return Directory(at=at, entries=entries, following=self.pointer_at(slot), slot=slot)

    def _entry_of(self, fields: tuple[int, int, int, bytes], at: int) -> Entry:
        tag, kind, count, field = fields
        size = UNIT.get(kind, 0) * count
        inside = at + self._entry.size - self.pointer_size
        start = inside if size <= self.pointer_size else self._pointer.unpack(field)[0]
        return Entry(tag, kind, count, at, start, size)
