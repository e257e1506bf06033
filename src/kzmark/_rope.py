"""A file made of stretches of other files: what is copied is remembered, not copied.

Stamping a film or a long document changes a small part of it. Step by step the adapters copy their
source to their target; between ropes such a copy costs nothing, whatever its length, and the bytes
are moved once, when the finished file is written.
"""

import bisect
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from kzmark._ground import File, Ground, Memory

BLOCK: Final = 1 << 20  # bytes
_SMALL: Final = 64 << 10  # bytes up to which a copy is cheaper than a stretch of its own


class _Stretch(NamedTuple):
    ground: Ground
    start: int
    length: int

    def part(self, start: int, stop: int) -> "_Stretch":
        return _Stretch(self.ground, self.start + start, stop - start)


class Rope(io.RawIOBase, BinaryIO):
    """A seekable binary stream over stretches of files and memory; not safe for several threads.

    Reading, seeking, and writing anywhere work as in a file; `splice` puts a stretch of another
    stream in without reading it. The other files must stay as they are, and open, meanwhile.
    """

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._ends: list[int] = []  # where each stretch ends
        self._at = 0

    @classmethod
    def over(cls, source: BinaryIO) -> "Rope":
        """Return a rope over the whole of a stream, as it is now, at its start.

        A file of the system is not read; of any other stream the bytes are kept in memory.
        """
        rope = cls()
        if isinstance(source, Rope):
            rope._stretches, rope._ends = [*source._stretches], [*source._ends]  # noqa: SLF001
        else:
            rope._append([_whole(source)])
        return rope

    @property
    def size(self) -> int:
        """How long it is, in bytes."""
        return self._ends[-1] if self._ends else 0

    @property
    def held(self) -> bytes | None:
        """The very bytes in memory that it is, if it is just those."""
        first = self._stretches[0] if len(self._stretches) == 1 else None
        data = first.ground.data if first and isinstance(first.ground, Memory) else None
        return data if isinstance(data, bytes) and len(data) == self.size else None

    def readable(self) -> bool:
        """Return true."""
        return True

    def writable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; it may lie beyond the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"a position of {base + offset}")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes; all that are left if it is negative."""
        left = max(0, self.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        found = b"".join(s.ground.read(s.start, s.length) for s in self.stretches(self._at, wanted))
        self._at += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes that took."""
        view = memoryview(buffer).cast("B")
        found = self.read(len(view))
        view[: len(found)] = found
        return len(found)

    def write(self, data: Any) -> int:
        """Write bytes at the position, over what stands there."""
        fresh = bytes(data)
        if not fresh:
            return 0
        if self._at == self.size and self._extend(fresh):
            self._at += len(fresh)
        else:
            self._put([_Stretch(Memory(bytearray(fresh)), 0, len(fresh))])
        return len(fresh)

    def splice(self, source: BinaryIO, start: int, length: int) -> None:
        """Write a stretch of another stream at the position, without reading it if that is a rope.

        Args:
            source: The stream; its position may change.
            start: Where the stretch begins in it, in bytes.
            length: How long it is, in bytes.

        Raises:
            ValueError: If the stream does not hold it.
        """
        rope = source if isinstance(source, Rope) else Rope.over(source)
        if start < 0 or length < 0 or start + length > rope.size:
            raise ValueError(f"{length} bytes at {start} of {rope.size}")
        if length <= _SMALL:
            rope.seek(start)
            self.write(rope.read(length))
        else:
            self._put(list(rope.stretches(start, length)))

    def truncate(self, size: int | None = None) -> int:
        """Cut it off at a size, the position by default; a longer one changes nothing."""
        size = self._at if size is None else size
        kept, self._stretches, self._ends = [*self.stretches(0, min(size, self.size))], [], []
        self._append(kept)
        return size

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield all of it in order, at most 1 MiB at a time; the position stays."""
        for stretch in list(self._stretches):
            for start in range(0, stretch.length, BLOCK):
                part = stretch.part(start, min(start + BLOCK, stretch.length))
                yield part.ground.read(part.start, part.length)

    def stretches(self, start: int, length: int) -> Iterator[_Stretch]:
        """Yield what a part of it is made of; the part must be inside."""
        stop = start + length
        index = bisect.bisect_right(self._ends, start)
        while start < stop:
            stretch, end = self._stretches[index], self._ends[index]
            begin = end - stretch.length
            yield stretch.part(start - begin, min(stop, end) - begin)
            start, index = end, index + 1

    def let_go(self, found: os.stat_result) -> None:
        """Close one of the files that it is made of, which then cannot be read any more."""
        for stretch in self._stretches:
            if isinstance(stretch.ground, File) and stretch.ground.is_file(found):
                stretch.ground.close()

    def _put(self, fresh: list[_Stretch]) -> None:
        """Lay stretches over what stands at the position."""
        length = sum(stretch.length for stretch in fresh)
        gap = self._at - self.size if length else 0
        if gap > 0:
            self._append([_Stretch(Memory(bytes(gap)), 0, gap)])
        if self._at == self.size:  # as nearly always: a file is written from its start to its end
            self._append(fresh)
            self._at += length
            return
        before = list(self.stretches(0, self._at))
        behind = self._at + length
        after = list(self.stretches(behind, max(0, self.size - behind)))
        self._stretches, self._ends = [], []
        self._append([*before, *fresh, *after])
        self._at = behind

    def _append(self, stretches: list[_Stretch]) -> None:
        for stretch in stretches:
            if stretch.length:
                self._ends.append(self.size + stretch.length)
                self._stretches.append(stretch)

    def _extend(self, fresh: bytes) -> bool:
        """Grow the last stretch, if it is memory of this rope's own that ends where it ends."""
        last = self._stretches[-1] if self._stretches else None
        ground = last.ground if last else None
        if not (last and isinstance(ground, Memory) and isinstance(ground.data, bytearray)):
            return False
        if not last.start + last.length == len(ground.data) <= BLOCK:
            return False
        ground.data += fresh
        self._stretches[-1] = _Stretch(ground, last.start, last.length + len(fresh))
        self._ends[-1] += len(fresh)
        return True


def copy(source: BinaryIO, target: BinaryIO, start: int, length: int) -> None:
    """Copy a stretch of one stream to the position of another, for nothing between ropes.

    Raises:
        ValueError: If the source does not hold it.
    """
    if isinstance(target, Rope):
        target.splice(source, start, length)
        return
    source.seek(start)
    left = length
    while left:
        block = source.read(min(left, BLOCK))
        if not block:
            raise ValueError(f"{length} bytes at {start}, and {left} of them are not there")
        target.write(block)
        left -= len(block)


def _whole(source: BinaryIO) -> _Stretch:
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    if isinstance(source, io.BufferedReader | io.BufferedRandom | io.FileIO):
        source.flush()
        return _Stretch(File(source.fileno()), 0, size)
    data = source.getvalue() if isinstance(source, io.BytesIO) else source.read()
    return _Stretch(Memory(data), 0, len(data))


def let_go(readers: Sequence[bytes | Rope | None], path: Path) -> None:
    """Close a file that ropes are made of, because it is about to be replaced.

    Windows replaces no file that is open. What is made of it cannot be read any more.

    Args:
        readers: Ropes; bytes have nothing to close.
        path: The file; there may be none.
    """
    ropes = [reader for reader in readers if isinstance(reader, Rope)]
    if not ropes:
        return
    try:
        with path.open("rb") as stream:  # asked by its handle, as ropes are: network drives may
            found = os.fstat(stream.fileno())  # tell another identity when asked by name
    except OSError:
        return
    for rope in ropes:
        rope.let_go(found)


def stream_of(data: bytes | Rope) -> BinaryIO:
    """Return a fresh stream over a whole file, at its start."""
    return io.BytesIO(data) if isinstance(data, bytes) else Rope.over(data)


def pieces_of(data: bytes | Rope) -> Iterator[bytes | memoryview]:
    """Yield a whole file in order, a rope at most 1 MiB at a time."""
    if isinstance(data, bytes):
        yield data
    else:
        yield from data.pieces()


def bytes_of(data: bytes | Rope, start: int = 0, stop: int | None = None) -> bytes:
    """Return a part of a file, in memory."""
    if isinstance(data, bytes):
        return data[start:stop]
    stream = Rope.over(data)
    stream.seek(start)
    return stream.read(-1 if stop is None else max(0, stop - start))


def size_of(data: bytes | Rope) -> int:
    """Return how long a file is, in bytes."""
    return len(data) if isinstance(data, bytes) else data.size
