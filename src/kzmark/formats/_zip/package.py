"""A ZIP package taken apart, with suspicion.

What two readers could see differently is refused: members that overlap, bytes between members or
before them, names twice, headers that contradict the directory. Nothing is ever unpacked to a file
system, but names that lead out of a package, and links, are refused all the same.
"""

import io
import threading
from typing import Any, BinaryIO, Final, Self

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._zip import deflate, local, records
from kzmark.formats._zip.member import Member
from kzmark.formats._zip.records import Entry

MAGIC: Final = records.LOCAL_MAGIC
_SMALL: Final = 1 << 20  # bytes of a package that is read whole
_MAX_COMMENT: Final = 0xFFFF
_SHARE: Final = 4  # of `max_text`: what one member may open to, in bytes
_ALL: Final = 16  # the same for all members that are opened
_KEPT: Final = 64 << 10  # bytes of a member that is remembered with its package
_KEPT_ALL: Final = 1 << 20  # the same for all of them
_FEW: Final = 4  # packages that a thread remembers


class Package:
    """A package, opened.

    Attributes:
        members: By name, in the order of the directory.
        source: The file.
        start: Where its directory begins, which is where its members end.
        size: Of the directory, in bytes.
        comment: Of the whole file.
        whole: All of a small file.
        folded: Names as they are spelt, by their small letters.
        memory: What was made of a small file's bytes, for whoever opens the same bytes again.
        is_usual: Whether its members stand one behind the other, as nearly every program writes it.
        digests: URI and SHA-256 of members of a small file, their own headers included, by name.
    """

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.members: dict[str, Member] = {}
        self.start = self.size = 0
        self.comment = b""
        self.whole = b""
        self._left = limits.max_text * _ALL
        self.folded: dict[str, str] = {}
        self.memory: dict[object, Any] = {}
        self.digests: dict[str, tuple[str, bytes]] = {}
        self.is_usual = False
        self._opened_before: dict[str, bytes] = {}

    @classmethod
    def open(cls, source: BinaryIO, *, limits: Limits) -> Self:
        """Read directory and headers.

        Raises:
            MalformedMediaError: If it is no package, or one that could be read in two ways.
            UnsupportedMediaError: If it is encrypted or over 4 GiB.
            LimitExceededError: If it has too many members.
        """
        length = source.seek(0, 2)
        if length > records.MOST:
            raise UnsupportedMediaError("a package of over 4 GiB")
        if length <= _SMALL:
            return cls._like(_known(_whole_of(source), limits), limits)
        return cls._opened(source, length, limits)

    @classmethod
    def _opened(cls, source: BinaryIO, length: int, limits: Limits, *, whole: bytes = b"") -> Self:
        package = cls(source, limits)
        package.whole = whole
        count = package._find_directory(length)
        if count > limits.max_elements:
            raise LimitExceededError(f"a package of {count} members")
        source.seek(package.start)
        directory = read_exact(source, package.size, what="the central directory")
        found = package._grown(directory, count) if whole else None
        if found is None and whole:
            found = local.plain(directory, count, whole, package.start)
        if found is not None:
            package.folded = {name.casefold(): name for name in found}
        if found is not None and len(package.folded) == count:
            package.members, package.is_usual = found, True
        else:
            package._take(records.entries(directory, count))
        return package

    def _grown(self, directory: bytes, count: int) -> dict[str, Member] | None:
        """Return the members if the file is one opened before with more members behind it.

        A manifest goes in behind all others; what stands before it is compared, byte by byte.
        """
        for one in _LAST.opened:
            if (
                one.is_usual
                and one.start < self.start
                and self.whole.startswith(one.whole[: one.start])
                and directory.startswith(one.whole[one.start : one.start + one.size])
            ):
                rest, more = directory[one.size :], count - len(one.members)
                fresh = local.plain(rest, more, self.whole, self.start, begin=one.start)
                if fresh is None or not one.members.keys().isdisjoint(fresh):
                    return None
                self.digests.update(one.digests)
                return one.members | fresh
        return None

    @classmethod
    def _like(cls, known: "Package", limits: Limits) -> Self:
        """Return a package of its own that was taken apart before; what it may open starts anew."""
        package = cls(io.BytesIO(known.whole), limits)
        package.whole, package.memory, package.digests = known.whole, known.memory, known.digests
        package._opened_before = known._opened_before  # noqa: SLF001 - its own
        package.members, package.folded = known.members, known.folded
        package.is_usual = known.is_usual
        package.start, package.size, package.comment = known.start, known.size, known.comment
        return package

    @property
    def placed(self) -> list[Member]:
        """The members in the order they stand in."""
        found = [*self.members.values()]
        return found if self.is_usual else sorted(found, key=lambda one: one.start)

    def find(self, name: str) -> str:
        """Return the name of a member as it is spelt here, or nothing if there is none.

        Office programs do not tell capitals from small letters in names.
        """
        return name if name in self.members else self.folded.get(name.casefold(), "")

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            MalformedMediaError: If there is none of this name, or it is damaged.
            LimitExceededError: If it opens to more than the limits allow.
        """
        member = self.members.get(self.find(name))
        if member is None:
            raise MalformedMediaError(f"the package has no {name}")
        entry = member.entry
        most = self.limits.max_text * _SHARE
        self._left -= entry.size
        if entry.size > most or self._left < 0:
            raise LimitExceededError(f"{name} opens to {entry.size} bytes")
        known = self._opened_before.get(member.name)
        if known is not None:
            return known
        packed = self._exactly(member.body, entry.packed, name)
        data = packed
        if entry.method != records.STORED:
            data = deflate.unpacked(packed, entry.size, what=name)
        if len(data) != entry.size or deflate.crc(data) != entry.crc:
            raise MalformedMediaError(f"{name} is damaged")
        self._remember(member.name, data)
        return data

    def _exactly(self, start: int, size: int, what: str) -> bytes:
        if self.whole and 0 <= start <= start + size <= len(self.whole):
            return self.whole[start : start + size]
        self.source.seek(start)
        return read_exact(self.source, size, what=what)

    def _remember(self, name: str, data: bytes) -> None:
        kept = self.memory.get(_KEPT_ALL, 0) + len(data)
        if self.whole and len(data) <= _KEPT and kept <= _KEPT_ALL:
            self.memory[_KEPT_ALL] = kept
            self._opened_before[name] = data

    def _find_directory(self, length: int) -> int:
        """Find the directory; return how many members it names."""
        tail = min(length, records.END.size + _MAX_COMMENT)
        self.source.seek(length - tail)
        block = self.source.read(tail)
        at = _end_at(block)
        row = records.END.unpack_from(block, at)
        count: int
        count, self.size, self.start = row[4], row[5], row[6]
        self.comment = block[at + records.END.size :]
        if row[1] or row[2] or row[3] != count:
            raise UnsupportedMediaError("a package in several files")
        end = length - tail + at
        if records.FULL in {self.size, self.start} or count == _MAX_COMMENT:
            count, end = self._wide_directory(end)
        if self.start + self.size != end:
            raise MalformedMediaError("bytes that belong to no member of the package")
        return count

    def _wide_directory(self, end: int) -> tuple[int, int]:
        """Read the ZIP64 records before the end (APPNOTE, 4.3.14 and 4.3.15)."""
        at = end - records.LOCATOR.size
        self.source.seek(max(0, at))
        locator = read_exact(self.source, records.LOCATOR.size, what="a ZIP64 locator")
        magic, _, place, disks = records.LOCATOR.unpack(locator)
        if magic != records.LOCATOR_MAGIC or place + records.END64.size != at or disks > 1:
            raise MalformedMediaError("a broken ZIP64 locator")
        self.source.seek(place)
        row = records.END64.unpack(read_exact(self.source, records.END64.size, what="ZIP64 end"))
        if row[0] != records.END64_MAGIC or row[4] or row[5] or row[6] != row[7]:
            raise MalformedMediaError("a broken ZIP64 end")
        self.size, self.start = row[8], row[9]
        if self.start + self.size > place:
            raise MalformedMediaError("a directory that is not there")
        return row[7], place

    def _take(self, entries: list[Entry]) -> None:
        self.folded = {}
        placed: dict[int, Member] = {}
        ordered = sorted(entries, key=lambda entry: entry.start)
        stops = [*(entry.start for entry in ordered[1:]), self.start]
        if ordered and ordered[0].start:
            raise MalformedMediaError("bytes that belong to no member of the package")
        for entry, stop in zip(ordered, stops, strict=True):
            placed[entry.start] = local.checked(entry, stop, self._exactly)
        for entry in entries:
            member = placed[entry.start]
            folded = member.name.casefold()
            if folded in self.folded:
                raise MalformedMediaError(f"two members called {member.name}")
            self.folded[folded] = member.name
            self.members[member.name] = member


class _Last(threading.local):
    """The small packages that this thread opened last, the newest first."""

    def __init__(self) -> None:
        self.opened: list[Package] = []


_LAST: Final = _Last()


def _known(data: bytes, limits: Limits) -> Package:
    """Take a small package apart; stamping opens the same bytes several times in a row."""
    for one in _LAST.opened:
        if (one.whole is data or one.whole == data) and one.limits == limits:
            return one
    found = Package._opened(io.BytesIO(data), len(data), limits, whole=data)  # noqa: SLF001
    _LAST.opened = [found, *_LAST.opened[: _FEW - 1]]
    return found


def _whole_of(source: BinaryIO) -> bytes:
    """Return a small file: the very object that holds it, if one does, whose hash is known."""
    if isinstance(source, Rope) and (held := source.held) is not None:
        return held
    source.seek(0)
    return source.getvalue() if isinstance(source, io.BytesIO) else source.read()


def forget() -> None:
    """Forget the packages that were opened last, for measurements."""
    _LAST.opened = []
    deflate.forget()


def _end_at(block: bytes) -> int:
    """Return where the end record stands: its comment reaches to the end of the file."""
    at = len(block) - records.END.size
    while at >= 0:
        at = block.rfind(records.END_MAGIC, 0, at + 4)
        if at < 0:
            break
        size = int.from_bytes(block[at + 20 : at + 22], "little")
        if at + records.END.size + size == len(block):
            return at
        at -= 1
    raise MalformedMediaError("a package without an end, or with bytes behind it")
