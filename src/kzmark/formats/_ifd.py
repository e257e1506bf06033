"""TIFF directories: read in place, changed without moving a byte that others may point at.

An EXIF block and a TIFF file are the same thing: a header, directories (IFDs) of entries, and values
anywhere. MakerNotes and private tags hold offsets that only their makers understand, so existing
bytes keep their places: a directory that must gain an entry is written anew at the end, together
with the new values, and the one pointer that led to it is changed.

Spec: TIFF 6.0, section 2; BigTIFF (magic 43) as libtiff writes it.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

ASCII: Final = 2
SHORT: Final = 3
LONG: Final = 4
UNDEFINED: Final = 7
LONG8: Final = 16
_CLASSIC: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
UNIT: Final = _CLASSIC | {16: 8, 17: 8, 18: 8, 129: 1}  # LONG8, SLONG8, IFD8, UTF-8 (Exif 3.0)
_INTEGER: Final = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8", 6: "i1", 8: "i2", 9: "i4"}
_ALL_ENTRIES: Final = 4  # times `max_elements`: entries of all directories of one file together


@dataclass(frozen=True, slots=True)
class Entry:
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
    count: int
    at: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Directory:
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
        return next((entry for entry in self.entries if entry.tag == tag), None)


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
        self._known: dict[int, Directory] = {}
        self._left = limits.max_elements * _ALL_ENTRIES
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
        code = _INTEGER.get(entry.kind)
        if code is None or not entry.count:
            raise MalformedMediaError(f"tag {entry.tag} holds no whole numbers")
        numbers = np.frombuffer(self.value(entry), dtype=self.order + code)
        return numbers.astype(np.int64)

    def number(self, directory: Directory, tag: int, default: int) -> int:
        """Return the first whole number of a tag, or `default` if the tag is absent."""
        entry = directory.get(tag)
        return default if entry is None else int(self.integers(entry)[0])

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
        return Entry(tag=tag, kind=kind, count=count, at=at, start=start, size=size)


class Draft(Layout):
    """A layout that can be changed; `data` is a copy and holds the outcome."""

    data: bytearray

    def __init__(self, data: bytes | bytearray, *, limits: Limits) -> None:
        """Copy `data` and read its header, like `Layout`."""
        super().__init__(bytearray(data), limits=limits)

    def point(self, slot: int, at: int) -> None:
        """Store an offset at `slot`.

        Raises:
            LimitExceededError: If a classic TIFF would grow over 4 GiB.
        """
        if not self.big and at >= 1 << 32:
            raise LimitExceededError("a classic TIFF ends at 4 GiB")
        self._pointer.pack_into(self.data, slot, at)
        self._forget()

    def append(self, content: bytes) -> int:
        """Put bytes at the end, word aligned, and return their offset."""
        self.data.extend(bytes(-len(self.data) % self._word))
        at = len(self.data)
        self.data.extend(content)
        return at

    def widen(self, slot: int, tags: Iterable[int]) -> Directory:
        """Give the directory that `slot` points to an (empty) entry for each of these tags.

        A directory that has them all stays where it is; one that lacks some is written anew at the
        end of the data; where `slot` holds 0, an empty directory is begun.
        """
        at = self.pointer_at(slot)
        entries = self.directory(at).entries if at else ()
        missing = set(tags) - {entry.tag for entry in entries}
        if at and not missing:
            return self.directory(at)
        rows = [bytes(self.data[e.at : e.at + self._entry.size]) for e in entries]
        for tag in sorted(missing):
            place = next((i for i, row in enumerate(rows) if self._tag(row) > tag), len(rows))
            rows.insert(place, self._entry.pack(tag, UNDEFINED, 0, b""))
        following = self.directory(at).following if at else 0
        self.point(slot, self.append(self._table(rows, following)))
        return self.directory(self.pointer_at(slot))

    def narrow(self, directory: Directory, tags: Iterable[int]) -> Directory:
        """Take the entries of these tags out of a directory, in place; return what it is then."""
        gone = set(tags)
        rows = [
            bytes(self.data[e.at : e.at + self._entry.size])
            for e in directory.entries
            if e.tag not in gone
        ]
        table = self._table(rows, directory.following)
        room = directory.slot + self.pointer_size - directory.at
        self.data[directory.at : directory.at + room] = table.ljust(room, b"\0")
        self._forget()
        return self.directory(directory.at)

    def store(self, directory: Directory, tag: int, kind: int, content: bytes) -> None:
        """Set the value of an entry that the directory has.

        A long value goes to where the old one stood, if that is erased and wide enough, and
        else to the end.
        """
        entry = directory.get(tag)
        assert entry is not None
        field = entry.at + self._entry.size - self.pointer_size
        if len(content) <= self.pointer_size:
            self.data[field : field + self.pointer_size] = content.ljust(self.pointer_size, b"\0")
        elif self._blank(entry, len(content)):
            self.data[entry.start : entry.start + len(content)] = content
            self.point(field, entry.start)
        else:
            self.point(field, self.append(content))
        head = struct.Struct(self.order + ("HQ" if self.big else "HL"))
        head.pack_into(self.data, entry.at + 2, kind, len(content) // UNIT[kind])
        self._forget()

    def erase(self, regions: Iterable[tuple[int, int]]) -> None:
        """Overwrite (offset, size) regions with zeros, and cut off those that end the data."""
        for start, size in sorted(regions, reverse=True):
            end = min(start + size, len(self.data))
            if start < end:
                self.data[start:end] = bytes(end - start)
                if len(self.data) - end < self._word and not any(self.data[end:]):
                    del self.data[start:]

    def outline(self, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Return the (offset, size) of those values that stand outside their entries."""
        return [(e.start, e.size) for e in entries if e.size > self.pointer_size]

    @property
    def _word(self) -> int:
        return 8 if self.big else 2

    def _forget(self) -> None:
        self._known.clear()
        self._left = self._limits.max_elements * _ALL_ENTRIES
        self.first = self.pointer_at(self.slot)

    def _tag(self, row: bytes) -> int:
        tag: int = self._entry.unpack(row)[0]
        return tag

    def _table(self, rows: Sequence[bytes], following: int) -> bytes:
        return self._count.pack(len(rows)) + b"".join(rows) + self._pointer.pack(following)

    def _blank(self, entry: Entry, size: int) -> bool:
        """Say whether the old value is erased and at least `size` bytes long."""
        old = self.data[entry.start : entry.start + entry.size]
        return len(old) == entry.size >= size > self.pointer_size and not any(old)
