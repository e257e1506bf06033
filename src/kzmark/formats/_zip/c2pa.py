"""Where a C2PA manifest store stands in a package, and what it is bound to.

Spec: C2PA 2.4, A.6: one stored member that is not encrypted, its flags 0; every other member is
hashed with its local header, and the directory less the CRC-32 of the store's own entry.
"""

import functools
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from kzmark._limits import Limits
from kzmark._rope import BLOCK, Rope, copy, stream_of
from kzmark.errors import MalformedMediaError
from kzmark.formats._zip import records
from kzmark.formats._zip.member import Member, runs
from kzmark.formats._zip.package import Package

NAME: Final = "META-INF/content_credential.c2pa"
_SAFE: Final = re.compile(
    r"[A-Za-z0-9_.~/-]*"
).fullmatch  # letters of a URI that stand for themselves


class Parcel:
    """A package that has, or gets, a manifest store.

    Attributes:
        store: The store that it holds, or nothing.
    """

    def __init__(self, data: bytes | Rope, *, limits: Limits) -> None:
        self._data = data
        self._package = Package.open(stream_of(data), limits=limits)
        self._own = self._package.members.get(self._package.find(NAME))
        self.store = self._held() if self._own else b""
        self._others = [one for one in self._package.placed if one is not self._own]

    @functools.cached_property
    def members(self) -> tuple[tuple[str, bytes], ...]:
        """URI and SHA-256 of every other member, in the order they stand in."""
        listed = [one for one in self._others if not one.is_folder]
        if not (whole := self._package.whole):
            return tuple((_uri(one.name), self._digest(one)) for one in listed)
        known, digest = self._package.digests, hashlib.sha256
        for one in listed:
            if one.name not in known:
                own = digest(whole[one.start : one.stop]).digest()
                known[one.name] = _uri(one.name), own
        return tuple([known[one.name] for one in listed])

    @property
    def directory(self) -> bytes:
        """SHA-256 of the directory as it stands, less the CRC-32 of the store's entry."""
        package = self._package
        package.source.seek(package.start)
        whole = package.source.read()
        return hashlib.sha256(b"".join(self._without_sum(whole))).digest()

    def directory_with(self, size: int) -> bytes:
        """Return the SHA-256 of the directory as it will be with a store of `size` bytes."""
        entries, end = self._tail(size, 0)
        at = len(entries) - records.CENTRAL.size - len(NAME)
        return hashlib.sha256(
            entries[: at + records.CRC_AT] + entries[at + records.CRC_AT + 4 :] + end
        ).digest()

    def closed(self, store: bytes) -> bytes | Rope:
        """Return the package with a store behind all members; an earlier one is left out."""
        crc = zlib.crc32(store)
        local, _ = _headers(crc, len(store))
        behind = b"".join([local, store, *self._tail(len(store), crc)])
        skipped = {self._own.name: None} if self._own else {}
        stretches = runs(self._others, skipped)
        if whole := self._package.whole:
            pieces = [whole[start:stop] for start, stop in stretches]
            return Rope.over(io.BytesIO(b"".join([*pieces, behind])))
        target = Rope()
        for start, stop in stretches:
            copy(self._package.source, target, start, stop - start)
        target.write(behind)
        return Rope.over(target)

    def _tail(self, size: int, crc: int) -> tuple[bytes, bytes]:
        """Return the directory, the store's entry last, and the end record."""
        shift = self._own.end - self._own.start if self._own else 0
        behind = self._own.start if self._own else 0
        rows = []
        for member in self._package.members.values():
            if member is not self._own:
                moved = member.start - shift if shift and member.start > behind else member.start
                rows.append(
                    member.entry.raw if moved == member.start else member.entry.moved(moved)
                )
        local, entry = _headers(crc, size)
        at = self._package.start - shift
        rows.append(entry[:42] + at.to_bytes(4, "little") + entry[46:])
        whole = b"".join(rows)
        start = at + len(local) + size
        return whole, records.end(len(rows), len(whole), start, self._package.comment)

    def _held(self) -> bytes:
        """Return the store, which must stand as it is written here: nothing of it is unhashed."""
        own = self._own
        assert own is not None
        self._package.limits.check_metadata(own.entry.size, what="a manifest store")
        if own.entry.method != records.STORED or own.entry.flags:
            raise MalformedMediaError("a manifest store that is compressed or flagged")
        store = self._package.read(own.name)
        self._package.source.seek(own.start)
        local = self._package.source.read(own.body - own.start)
        if local[4:28] != own.entry.raw[6:30] or len(local) != records.LOCAL.size + len(
            own.entry.name
        ):
            raise MalformedMediaError("a manifest store whose header says otherwise")
        return store

    def _without_sum(self, whole: bytes) -> Iterator[bytes]:
        at = 0
        for member in self._package.members.values():
            if member is self._own:
                yield whole[: at + records.CRC_AT]
                yield whole[at + records.CRC_AT + 4 :]
                return
            at += len(member.entry.raw)
        yield whole

    def _digest(self, member: Member) -> bytes:
        source = self._package.source
        source.seek(member.start)
        digest = hashlib.sha256()
        left = member.stop - member.start
        while left:
            block = source.read(min(left, BLOCK))
            if not block:
                raise MalformedMediaError("the package ends early")
            digest.update(block)
            left -= len(block)
        return digest.digest()


def _uri(name: str) -> str:
    return name if _SAFE(name) else quote(name)


def _headers(crc: int, size: int) -> tuple[bytes, bytes]:
    """Return local header and entry (at offset 0) of a store: stored, all flags 0."""
    name = NAME.encode()
    return records.headers(name, crc=crc, packed=size, size=size, method=records.STORED)
