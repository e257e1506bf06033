"""Files of chunks: RIFF and RF64 (WAV), FORM (AIFF). Found without reading what chunks hold.

Spec: Multimedia Programming Interface and Data Specifications 1.0 (RIFF); EBU Tech 3306 (RF64,
`ds64`); EA IFF 85 (FORM).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, NamedTuple

from kzmark import _rope
from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError

Order = Literal["little", "big"]

W64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")  # what a file of Sony's begins with
UNKNOWN: Final = 0xFFFFFFFF  # a size that says that it stands elsewhere, or that nobody knew
_4G: Final = 1 << 32
_DS64: Final = 28  # bytes of a `ds64` chunk without a table


class Chunk(NamedTuple):
    """Where one chunk lies.

    Attributes:
        kind: Its four letters.
        start: Offset of its header, in bytes.
        body: Offset of its content.
        end: Offset after its content, without the padding byte.
    """

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stream that is copied."""

    stream: BinaryIO
    start: int
    length: int


Part = bytes | Piece


@dataclass(frozen=True, slots=True)
class Fresh:
    """A chunk to be written.

    Attributes:
        kind: Its four letters.
        parts: What it holds, one after another.
    """

    kind: bytes
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return sum(len(p) if isinstance(p, bytes) else p.length for p in self.parts)


class File:
    """A file of chunks.

    Attributes:
        source: The file.
        limits: What it may cost.
        order: Of the bytes of its numbers.
        form: Its four letters, such as `WAVE`.
        chunks: All chunks, in order; `ds64` is left out.
        tail: Offset of what follows the outermost chunk.
        samples: Number of samples that a `ds64` chunk names.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits) -> None:
        self.source = Rope.over(source)
        self.limits = limits
        self.source.seek(0)
        head = read_exact(self.source, 12, what="header")
        self.order: Order = "big" if head[:4] == b"FORM" else "little"
        if W64.startswith(head):
            raise UnsupportedMediaError(
                "Sony's Wave64, not WAV", hint="make it RF64: ffmpeg -c copy -rf64 always"
            )
        if head[:4] not in {b"RIFF", b"RF64", b"FORM"}:
            raise MalformedMediaError("not a file of chunks")
        self.form, self.samples = head[8:12], 0
        self._long: dict[bytes, int] = {}
        size = int.from_bytes(head[4:8], self.order)
        if head[:4] == b"RF64":
            size = self._ds64() or size
        last = 8 + size + size % 2
        # Writers that never came back to their header leave 0 or the highest number there.
        self.tail = last if size not in {0, UNKNOWN} and last <= self.source.size else 0
        self.tail = self.tail or self.source.size
        self.chunks = [one for one in self._walk(12) if one.kind != b"ds64"]

    def find(self, kind: bytes) -> Chunk | None:
        """Return the first chunk of a kind."""
        return next((one for one in self.chunks if one.kind == kind), None)

    def need(self, kind: bytes) -> Chunk:
        """Return that chunk.

        Raises:
            MalformedMediaError: If it is not there.
        """
        found = self.find(kind)
        if found is None:
            raise MalformedMediaError(f"there is no {kind.decode('latin-1')!r} chunk")
        return found

    def content(self, chunk: Chunk) -> bytes:
        """Return what a chunk holds.

        Raises:
            LimitExceededError: If it is longer than metadata may be.
        """
        size = chunk.end - chunk.body
        self.limits.check_metadata(size, what=f"a {chunk.kind.decode('latin-1')!r} chunk")
        self.source.seek(chunk.body)
        return read_exact(self.source, size, what="chunk")

    def kept(self, chunk: Chunk) -> Fresh:
        """Return a chunk to be written as it is."""
        return Fresh(chunk.kind, (Piece(self.source, chunk.body, chunk.end - chunk.body),))

    def _ds64(self) -> int:
        """Read the true sizes and return that of the whole (EBU Tech 3306, 3.3)."""
        head = self.source.read(8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"ds64" or size < _DS64:
            raise MalformedMediaError("an RF64 file without its sizes")
        self.limits.check_metadata(size, what="the table of sizes")
        data = read_exact(self.source, size, what="table of sizes")
        whole, sound, self.samples, count = (
            int.from_bytes(data[a:b], "little") for a, b in ((0, 8), (8, 16), (16, 24), (24, 28))
        )
        self._long[b"data"] = sound
        for at in range(_DS64, min(len(data) - 11, _DS64 + 12 * count), 12):
            self._long[data[at : at + 4]] = int.from_bytes(data[at + 4 : at + 12], "little")
        return whole

    def _walk(self, at: int) -> Iterator[Chunk]:
        count = 0
        while at + 8 <= self.tail:
            self.source.seek(at)
            head = self.source.read(8)
            kind, size = head[:4], int.from_bytes(head[4:], self.order)
            left = self.tail - at - 8
            if size == UNKNOWN:
                size = self._long.get(kind, left)
            elif size == 0 and kind == b"data" and self.tail == self.source.size:
                size = 0 if self._follows(at + 8) else left
            if size > left:
                raise MalformedMediaError(
                    f"a {kind.decode('latin-1')!r} chunk of {size} bytes, where {left} are left"
                )
            yield Chunk(kind, at, at + 8, at + 8 + size)
            at += 8 + size + size % 2
            count += 1
            if count > self.limits.max_elements:
                raise LimitExceededError(f"more than {self.limits.max_elements} chunks")

    def _follows(self, at: int) -> bool:
        """Say whether another chunk, or nothing, begins here."""
        self.source.seek(at)
        head = self.source.read(8)
        size = int.from_bytes(head[4:], self.order)
        return not head or (head[:4].isascii() and head[:4].isalnum() and at + size <= self.tail)


def write(
    file: File, target: BinaryIO, chunks: Sequence[Fresh], *, samples: int = 0, room: int = 0
) -> None:
    """Write a file of these chunks; one that passes 4 GiB becomes an RF64 file.

    Args:
        file: The file it comes from: its order of bytes, its letters, and what follows it.
        target: Where it goes.
        chunks: All of them.
        samples: Number of samples, for an RF64 file.
        room: Bytes of chunks that somebody else will write behind these.

    Raises:
        UnsupportedMediaError: If it passes the size that its format can say.
    """
    size = 4 + room + sum(8 + one.size + one.size % 2 for one in chunks)
    long = size + 8 >= _4G
    if long and file.order == "big":
        raise UnsupportedMediaError("the sound would pass 4 GiB, which AIFF cannot say")
    if long:
        size += 8 + _DS64
        sound = next((one.size for one in chunks if one.kind == b"data"), 0)
        target.write(b"RF64" + UNKNOWN.to_bytes(4, "little") + file.form)
        sizes = b"".join(n.to_bytes(8, "little") for n in (size, sound, samples))
        target.write(b"ds64" + _DS64.to_bytes(4, "little") + sizes + bytes(4))
    else:
        outer = b"FORM" if file.order == "big" else b"RIFF"
        target.write(outer + size.to_bytes(4, file.order) + file.form)
    for one in chunks:
        _write_one(target, one, file.order)
    _rope.copy(file.source, target, file.tail, file.source.size - file.tail)


def _write_one(target: BinaryIO, one: Fresh, order: Order) -> None:
    size = one.size
    if size >= UNKNOWN and one.kind != b"data":
        raise UnsupportedMediaError(f"a {one.kind.decode('latin-1')!r} chunk of {size} bytes")
    target.write(one.kind + min(size, UNKNOWN).to_bytes(4, order))
    for part in one.parts:
        if isinstance(part, bytes):
            target.write(part)
        else:
            _rope.copy(part.stream, target, part.start, part.length)
    target.write(b"\0" * (size % 2))
