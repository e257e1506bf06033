"""A member's own header, held against what the directory says of it (APPNOTE 6.3.10, 4.3.7)."""

import re
from collections.abc import Callable
from typing import Final

from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._zip import records
from kzmark.formats._zip.member import Member
from kzmark.formats._zip.records import Entry

Reader = Callable[[int, int, str], bytes]  # from where, how many bytes, and what they are

_DESCRIPTORS: Final = {12: (0, 4), 16: (4, 4), 20: (0, 8), 24: (4, 8)}  # size: magic, width
_RARE: Final = records.DESCRIBED | records.STRANGE
_LINK: Final = 0o12  # the highest four bits of the attributes of a link
_PART: Final = rb"\.?[A-Za-z0-9_\[][A-Za-z0-9_.\[\] -]*"  # never empty, never one or two dots
_PLAIN_NAME: Final = rb"%s(?:/%s)*/?" % (_PART, _PART)
_PLAIN_NAMES: Final = re.compile(rb"(?:%s(?:\n%s)*)?" % (_PLAIN_NAME, _PLAIN_NAME))


def plain(
    directory: bytes, count: int, whole: bytes, end: int, *, begin: int = 0
) -> dict[str, Member] | None:
    """Return the members of a file in memory, if all of it is as nearly every program writes it.

    They stand one right behind the other in the order of the directory, their own headers say its
    very bytes, and their names are usual ones. Of any other package nothing is said: `checked` and
    `records.entries` know.

    Args:
        directory: The central directory, or what of it stands behind the members before `begin`.
        count: How many members it has.
        whole: The file.
        end: Where the members end.
        begin: Where the first of these members stands.
    """
    unpack, least, own = records.CENTRAL.unpack_from, records.CENTRAL.size, records.LOCAL.size
    magic, made = records.LOCAL_MAGIC, tuple.__new__  # without the detour of a named tuple's own
    found: list[tuple[Entry, int]] = []
    at, place, size_of_all = 0, begin, len(directory)
    for _ in range(count):
        if size_of_all - at < least:
            return None
        row = unpack(directory, at)
        flags, method, packed, size, letters = row[3], row[4], row[8], row[9], row[10]
        behind = at + least + letters + row[11] + row[12]
        raw = directory[at:behind]
        name, told = raw[least : least + letters], place + own
        body = told + letters
        if (
            row[0] != records.CENTRAL_MAGIC
            or row[13]
            or row[16] != place
            or flags & _RARE
            or (method != records.DEFLATED and (method != records.STORED or packed != size))
            or records.FULL in (packed, size)
            or (raw[5] == records.UNIX and raw[41] >> 4 == _LINK)
            or whole[place : told - 2] != magic + raw[6:30]
            or whole[told:body] != name
            or body > end
            or behind > size_of_all
        ):
            return None
        body += whole[told - 2] | whole[told - 1] << 8
        when = row[6] << 16 | row[5]
        found.append(
            (made(Entry, (raw, flags, method, when, row[7], packed, size, place, name)), body)
        )
        place, at = body + packed, behind
    if at != size_of_all or place != end:
        return None
    return _named(found)


def _named(found: list[tuple[Entry, int]]) -> dict[str, Member] | None:
    """Return members by their names, if these are usual ones and none is there twice."""
    names = b"\n".join([entry.name for entry, _ in found])
    if names.count(b"\n") != max(0, len(found) - 1) or not _PLAIN_NAMES.fullmatch(names):
        return None
    spelt = names.decode("ascii").split("\n") if found else []
    members = {
        name: Member(name, entry, body, body + entry.packed)
        for name, (entry, body) in zip(spelt, found, strict=True)
    }
    return members if len(members) == len(found) else None


def checked(entry: Entry, stop: int, read: Reader) -> Member:
    """Return a member whose own header agrees with the directory.

    Args:
        entry: What the directory says.
        stop: Where the next member begins.
        read: Reads the file.

    Raises:
        MalformedMediaError: If they contradict each other, or its name leads out of the package.
        UnsupportedMediaError: If it is encrypted, or compressed in a rare way.
    """
    name = _name(entry)
    if not entry.is_plain:
        raise UnsupportedMediaError("an encrypted package", hint="remove the password first")
    if entry.method not in records.METHODS:
        raise UnsupportedMediaError(f"{name} is compressed by method {entry.method}")
    if entry.is_link:
        raise MalformedMediaError(f"{name} is a link")
    row = records.LOCAL.unpack(read(entry.start, records.LOCAL.size, "a local header"))
    named = read(entry.start + records.LOCAL.size, row[9], "a local header")
    body = entry.start + records.LOCAL.size + row[9] + row[10]
    told = (records.LOCAL_MAGIC, entry.flags, entry.method, entry.name)
    if (row[0], row[2], row[3], named) != told:
        raise MalformedMediaError(f"{name} is called otherwise in its own header")
    if body + entry.packed > stop or (
        entry.method == records.STORED and entry.packed != entry.size
    ):
        raise MalformedMediaError(f"{name} runs into what follows")
    if not entry.flags & records.DESCRIBED:
        if row[6] != entry.crc or not {row[7], row[8]} <= {entry.packed, entry.size, records.FULL}:
            raise MalformedMediaError(f"{name} has another size in its own header")
    elif row[6] not in {0, entry.crc}:
        raise MalformedMediaError(f"{name} has another sum in its own header")
    _check_gap(entry, body + entry.packed, stop, read)
    return Member(name, entry, body, stop)


def _check_gap(entry: Entry, at: int, stop: int, read: Reader) -> None:
    """Refuse anything behind a member but its own data descriptor (APPNOTE, 4.3.9)."""
    gap = stop - at
    if not gap and not entry.flags & records.DESCRIBED:
        return
    if entry.flags & records.DESCRIBED and gap in _DESCRIPTORS:
        said = read(at, gap, "a data descriptor")
        lead, width = _DESCRIPTORS[gap]
        numbers = (entry.packed, entry.size)
        right = entry.crc.to_bytes(4, "little") + b"".join(
            one.to_bytes(width, "little") for one in numbers
        )
        if said == records.DESCRIPTOR_MAGIC[:lead] + right:
            return
    raise MalformedMediaError("bytes that belong to no member of the package")


def _name(entry: Entry) -> str:
    codec = "utf-8" if entry.flags & records.UTF8 or not entry.name.isascii() else "ascii"
    try:
        name = entry.name.decode(codec)
    except UnicodeDecodeError:
        name = entry.name.decode("cp437")
    parts = name.removesuffix("/").split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in name or ":" in parts[0]:
        raise MalformedMediaError(f"a member called {name[:100]!r}")
    if any(letter < " " for letter in name):
        raise MalformedMediaError("a member with control characters in its name")
    return name
