"""A few members of a package changed; all others are copied as they stand, headers and all."""

from typing import BinaryIO

from kzmark._limits import Limits
from kzmark._rope import copy
from kzmark.errors import UnsupportedMediaError
from kzmark.formats._zip import deflate, records
from kzmark.formats._zip.member import Member
from kzmark.formats._zip.package import Package


class Edits:
    """A package with changes that are not written yet.

    Attributes:
        package: The package as it is.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.package = Package.open(source, limits=limits)
        self.limits = limits
        self._fresh: dict[str, bytes] = {}
        self._dropped: set[str] = set()
        self._read: dict[str, bytes] = {}

    def __contains__(self, name: str) -> bool:
        """Say whether there will be a member of this name."""
        found = self.package.find(name)
        return name in self._fresh or (bool(found) and found not in self._dropped)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member as it will be.

        Raises:
            MediaError: If there is none, or it is damaged or too large.
        """
        name = self.package.find(name) or name
        if name in self._fresh:
            return self._fresh[name]
        if name not in self._read:
            self._read[name] = self.package.read(name)
        return self._read[name]

    def put(self, name: str, data: bytes) -> None:
        """Change a member, or add one behind all others."""
        name = self.package.find(name) or name
        self._dropped.discard(name)
        self._fresh[name] = data

    def drop(self, name: str) -> None:
        """Leave a member out."""
        name = self.package.find(name) or name
        self._fresh.pop(name, None)
        self._dropped.add(name)

    def write(self, target: BinaryIO) -> None:
        """Write the package. What was changed to what it was before is copied too.

        Raises:
            UnsupportedMediaError: If it would be over 4 GiB.
        """
        package = self.package
        changed = {name: data for name, data in self._fresh.items() if not self._same(name, data)}
        target.seek(0)
        target.truncate()
        directory: dict[str, bytes] = {}
        pieces: list[bytes] = []  # that are not written yet
        at = 0
        for run in self._runs(changed):
            if isinstance(run, Member):
                piece, directory[run.name] = packed_at(at, run.entry.name, changed[run.name], run)
                pieces.append(piece)
                at += len(piece)
                continue
            start, stop = run[0].start, run[-1].end
            if package.whole:
                pieces.append(package.whole[start:stop])
            else:
                target.write(b"".join(pieces))
                pieces.clear()
                copy(package.source, target, start, stop - start)
            for member in run:
                entry = member.entry
                directory[member.name] = (
                    entry.raw if at == start else entry.moved(at + member.start - start)
                )
            at += stop - start
        rows = [directory[name] for name in package.members if name in directory]
        for name, data in changed.items():
            if name not in package.members:
                piece, row = packed_at(at, name.encode(), data, None)
                rows.append(row)
                pieces.append(piece)
                at += len(piece)
        whole = b"".join(rows)
        if at + len(whole) > records.MOST:
            raise UnsupportedMediaError("a package of over 4 GiB")
        pieces += [whole, records.end(len(rows), len(whole), at, package.comment)]
        target.write(b"".join(pieces))

    def _same(self, name: str, data: bytes) -> bool:
        member = self.package.members.get(name)
        if member is None or member.entry.size != len(data):
            return False
        return member.entry.crc == deflate.crc(data) and self._original(name) == data

    def _original(self, name: str) -> bytes:
        return self._read[name] if name in self._read else self.package.read(name)

    def _runs(self, changed: dict[str, bytes]) -> list[Member | list[Member]]:
        """Return the members in the order they stand in: those kept in runs, the changed alone."""
        found: list[Member | list[Member]] = []
        run: list[Member] = []
        for member in self.package.placed:
            if member.name in changed or member.name in self._dropped:
                run = []
                if member.name in changed:
                    found.append(member)
            elif run:
                run.append(member)
            else:
                run = [member]
                found.append(run)
        return found


def packed_at(at: int, name: bytes, data: bytes, old: Member | None) -> tuple[bytes, bytes]:
    """Return a member that is written anew with its own header, and its row of the directory."""
    body, method = data, records.STORED
    if old is None or old.entry.method == records.DEFLATED:
        body, method = deflate.packed(data), records.DEFLATED
    local, entry = records.headers(
        name,
        crc=deflate.crc(data),
        packed=len(body),
        size=len(data),
        method=method,
        old=old.entry if old else None,
    )
    return local + body, entry[:42] + at.to_bytes(4, "little") + entry[46:]
