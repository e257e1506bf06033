"""TIFF directories, changed without moving a byte that others may point at.

MakerNotes and private tags hold offsets that only their makers understand, so existing bytes keep
their places: a directory that must gain an entry is written anew at the end, together with the new
values, and the one pointer that led to it is changed.
"""

import struct
from collections.abc import Container, Iterable, Sequence

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._ifd import INTEGER, LONG, LONG8, UNDEFINED, UNIT, Directory, Entry, Layout


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

    def append(self, content: bytes | bytearray) -> int:
        """Put bytes at the end, word aligned, and return their offset."""
        self.data.extend(bytes(-len(self.data) % self._word))
        at = len(self.data)
        self.data.extend(content)
        return at

    def finish_tables(self) -> None:
        """Add the zeros of a pointer to the next directory that the data ends inside or before.

        What is appended would be taken for that pointer.
        """
        end = max((one.slot + self.pointer_size for one in self.tree()), default=0)
        if end > len(self.data):
            self.data.extend(bytes(end - len(self.data)))
            self._forget()

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

    def renumber(
        self, directory: Directory, tag: int, numbers: Sequence[int], *, shared: Container[int]
    ) -> None:
        """Set the whole numbers of an entry, in place if they fit and nobody else reads them."""
        entry = directory.get(tag)
        assert entry is not None
        code = INTEGER.get(entry.kind)
        fits = code and max(numbers) < 1 << 8 * UNIT[entry.kind]
        if not fits or entry.count != len(numbers) or entry.start in shared:
            kind = LONG8 if self.big else LONG
            content = np.array(numbers, self.order + INTEGER[kind]).tobytes()
            self.store(directory, tag, kind, content)
        else:
            content = np.array(numbers, f"{self.order}{code}").tobytes()
            self.data[entry.start : entry.start + len(content)] = content
            self._forget()

    def settle_pointer(self, directory: Directory, tag: int) -> int:
        """Make an entry a single offset (0 if it was empty) and return where that offset stands."""
        entry = directory.get(tag)
        assert entry is not None
        at = self.number(directory, tag, 0) if entry.count else 0
        if entry.count != 1 or entry.size != self.pointer_size:
            content = self._pointer.pack(at)
            self.store(directory, tag, LONG8 if self.big else LONG, content)
        return entry.at + self._entry.size - self.pointer_size

    def erase(self, regions: Iterable[tuple[int, int]]) -> None:
        """Overwrite (offset, size) regions with zeros, and cut off those that end the data."""
        for start, size in sorted(regions, reverse=True):
            end = min(start + size, len(self.data))
            if start < end:
                self.data[start:end] = bytes(end - start)
                if len(self.data) - end < self._word and not any(self.data[end:]):
                    del self.data[start:]

    @property
    def _word(self) -> int:
        return 8 if self.big else 2

    def _forget(self) -> None:
        self.begin()
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
