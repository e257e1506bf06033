"""Updates behind a PDF: new and changed objects, then what says where they are.

Spec: ISO 32000-2, 7.5.4 (cross-reference table), 7.5.6 (incremental updates), 7.5.8
(cross-reference streams). The file itself is never changed: it is the beginning of the new one.

An update of ours ends in a comment line: which kind it is, where the file before it ended, from
where its digest counts, and the digest. Updates of ours that stand last are taken back before new
ones are made, so that stamping twice does not pile them up; the digest makes sure that nobody
else's work is taken back with them.
"""

import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, Final, NamedTuple

from kzmark._rope import copy
from kzmark.errors import MalformedMediaError
from kzmark.formats.pdf.document import Document
from kzmark.formats.pdf.syntax import spell, stream

_TAIL: Final = 2048  # bytes at the end in which `startxref` stands
_START: Final = re.compile(rb"startxref\s+(\d{1,19})\s+%%EOF")
_OURS: Final = re.compile(
    rb"%kzmark (notice|layers|manifest) (\d{1,19}) (\d{1,19}) ([0-9a-f]{32})\n"
    rb"startxref\n(\d{1,19})\n%%EOF\n\Z"
)
_TABLE: Final = re.compile(rb"\s*xref\s")
_STREAM: Final = re.compile(rb"\s*\d{1,10}\s+\d{1,5}\s+obj\b")
_KEPT: Final = ("/Root", "/Info", "/ID")  # of the trailer
_BLOCK: Final = 1 << 20
_MAX_NUMBER: Final = 8_388_607 * 100  # of an object; beyond, a size is no size


class Kind(StrEnum):
    """What an update of ours holds."""

    NOTICE = "notice"
    LAYERS = "layers"
    MANIFEST = "manifest"


class Ours(NamedTuple):
    """An update of ours at the end of a file.

    Attributes:
        kind: What it holds.
        base: Length of the file before it, in bytes.
    """

    kind: Kind
    base: int


class Gap(NamedTuple):
    """Bytes left open in an update, counted from its own start."""

    start: int
    size: int


class Hollow(NamedTuple):
    """The body of an object of which a stretch is filled in later."""

    before: bytes
    size: int
    after: bytes


def ours(source: BinaryIO, size: int) -> Ours | None:
    """Return the update of ours that the first `size` bytes of a file end in, if they do."""
    tail = _read(source, max(0, size - 256), min(size, 256))
    found = _OURS.search(tail)
    if found is None:
        return None
    base, start = int(found[2]), int(found[3])
    stop = size - len(tail) + found.start()
    if not 0 < base <= start <= stop:
        return None
    if _digest(source, start, stop) != found[4].decode():
        return None
    return Ours(Kind(found[1].decode()), base)


def before(source: BinaryIO, size: int, *kinds: Kind) -> int:
    """Return how long the file is without its last updates of ours, as far as of these kinds."""
    while (last := ours(source, size)) is not None and last.kind in kinds:
        size = last.base
    return size


@dataclass(slots=True)
class Revision:
    """An update in the making.

    Attributes:
        base: Length of the file that it is an update of, in bytes.
        previous: Where that file's last cross-reference section stands.
        as_stream: Whether that is a cross-reference stream, and so will be the new one.
        trailer: What the new trailer says beside its own numbers.
        number: The next object number that is free.
        objects: Body of each new or changed object by number and generation.
    """

    base: int
    previous: int
    as_stream: bool
    trailer: dict[str, bytes]
    number: int
    objects: dict[tuple[int, int], bytes | Hollow] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document, source: BinaryIO, size: int) -> "Revision":
        """Return an empty update of a file.

        Args:
            document: The file, opened strictly.
            source: The same.
            size: How long it is, in bytes.

        Raises:
            MalformedMediaError: If its end is not as the format asks.
        """
        previous = _last_section(source, size)
        head = _read(source, previous, 64)
        if not _TABLE.match(head) and not _STREAM.match(head):
            raise MalformedMediaError(
                "the PDF does not say where its objects are",
                hint="open it in a PDF program and save it anew",
            )
        trailer = document.pdf.trailer
        number = int(trailer.get("/Size", 0))
        if not 0 < number <= _MAX_NUMBER:
            raise MalformedMediaError(f"the PDF says that it has {number} objects")
        kept = {name: _spelt(trailer[name]) for name in _KEPT if name in trailer}
        return cls(size, previous, not _TABLE.match(head), kept, number)

    def new(self, body: bytes | Hollow = b"") -> int:
        """Take a number for a new object and return it; its body may come later."""
        number, self.number = self.number, self.number + 1
        self.objects[number, 0] = body
        return number

    def change(self, value: Any, body: bytes) -> None:
        """Give an object of the file another body."""
        self.objects[value.objgen] = body

    def write(self, target: BinaryIO, kind: Kind, *, newline: bool) -> None:
        """Write the update at the end of a copy of the file."""
        target.write(self.spell(kind, newline=newline)[0])

    def spell(self, kind: Kind, *, newline: bool) -> tuple[bytes, Gap | None]:
        """Return the update, and where the object stands in it that was left open.

        A hollow object must be the first one: the digest counts from the end of its gap.

        Args:
            kind: What the update holds.
            newline: Whether the file ends without a line end.
        """
        parts: list[bytes] = [b"\n"] if newline else []
        at, gap = len(b"".join(parts)), None
        places: dict[tuple[int, int], int] = {}
        for (number, generation), body in self.objects.items():
            places[number, generation] = self.base + at
            head = b"%d %d obj\n" % (number, generation)
            if isinstance(body, Hollow):
                gap = Gap(at + len(head) + len(body.before), body.size)
                piece = b"".join((head, body.before, bytes(body.size), body.after, b"\nendobj\n"))
            else:
                piece = b"%s%s\nendobj\n" % (head, body)
            parts.append(piece)
            at += len(piece)
        section = self._section(places, at, b"".join(parts))
        whole = b"".join((*parts, section))
        counted = gap.start + gap.size if gap else 0
        digest = hashlib.sha256(memoryview(whole)[counted:]).hexdigest()[:32]
        told = f"%kzmark {kind} {self.base} {self.base + counted} {digest}\n"
        end = f"{told}startxref\n{self.base + at}\n%%EOF\n"
        return whole + end.encode(), gap

    def _section(self, places: dict[tuple[int, int], int], at: int, body: bytes) -> bytes:
        """Return the cross-reference section with its trailer."""
        trailer = dict(self.trailer)
        if "/ID" in trailer:
            trailer["/ID"] = _new_id(trailer["/ID"], body)
        trailer["/Prev"] = b"%d" % self.previous
        if not self.as_stream:
            trailer["/Size"] = b"%d" % self.number
            return b"xref\n" + b"".join(_rows(places)) + b"trailer\n" + spell(trailer) + b"\n"
        own = self.number
        rows = sorted([*places.items(), ((own, 0), self.base + at)])
        data = zlib.compress(b"".join(_packed(*row) for row in rows))
        index = " ".join(f"{start} {count}" for start, count in _runs([r[0][0] for r in rows]))
        trailer |= {
            "/Type": b"/XRef",
            "/Size": b"%d" % (own + 1),
            "/W": b"[1 8 2]",
            "/Index": f"[{index}]".encode(),
            "/Filter": b"/FlateDecode",
            "/Length": b"%d" % len(data),
        }
        return b"%d 0 obj\n%s\nendobj\n" % (own, stream(trailer, data))


def put_behind(source: BinaryIO, target: BinaryIO, size: int) -> bool:
    """Copy the first bytes of a file, and say whether they lack a line end."""
    copy(source, target, 0, size)
    return _read(source, size - 1, 1) not in {b"\n", b"\r"}


def _spelt(value: Any) -> bytes:
    found: bytes = value.unparse()
    return found


def _new_id(old: bytes, body: bytes) -> bytes:
    """Return the identifiers of a file (14.4): the first stays, the second is of this version."""
    first = re.match(rb"\[\s*(<[0-9a-fA-F\s]*>|\((?:[^()\\]|\\.)*\))", old, re.DOTALL)
    if first is None:
        return old
    return b"[ %s <%s> ]" % (first[1], hashlib.sha256(old + body).hexdigest()[:32].encode())


def _rows(places: dict[tuple[int, int], int]) -> Iterator[bytes]:
    """Yield the subsections of a cross-reference table, each row of twenty bytes."""
    numbers = sorted(places)
    by_number = {number: (generation, places[number, generation]) for number, generation in numbers}
    for start, count in _runs([number for number, _ in numbers]):
        yield b"%d %d\n" % (start, count)
        for number in range(start, start + count):
            generation, offset = by_number[number]
            yield b"%010d %05d n \n" % (offset, generation)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield start and length of each run of numbers that follow on each other."""
    start = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield start, last - start + 1
            start = number
        last = number
    yield start, last - start + 1


def _packed(named: tuple[int, int], offset: int) -> bytes:
    return b"\1" + offset.to_bytes(8, "big") + named[1].to_bytes(2, "big")


def _last_section(source: BinaryIO, size: int) -> int:
    tail = _read(source, max(0, size - _TAIL), min(size, _TAIL))
    found = list(_START.finditer(tail))
    if not found or int(found[-1][1]) >= size:
        raise MalformedMediaError(
            "the end of the PDF is missing or damaged",
            hint="open it in a PDF program and save it anew",
        )
    return int(found[-1][1])


def _digest(source: BinaryIO, start: int, stop: int) -> str:
    digest = hashlib.sha256()
    source.seek(start)
    left = stop - start
    while left and (block := source.read(min(left, _BLOCK))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()[:32]


def _read(source: BinaryIO, start: int, size: int) -> bytes:
    source.seek(max(0, start), io.SEEK_SET)
    return source.read(size)
