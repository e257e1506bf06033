"""The boxes of a film: the outermost ones in the file, those of `moov` as a tree in memory.

Spec: ISO/IEC 14496-12, 4.2 (boxes) and 6.2.3 (order); QuickTime file format.
"""

import io
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from kzmark import _rope
from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._bmff.boxes import Span, header, spans

MAX_INDEX: Final = 512 << 20  # bytes of a `moov` box that is read
_LONG: Final = 64 << 10  # bytes from which a content is rather copied in its file
_OPEN: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})


@dataclass(slots=True)
class Box:
    """A box of the tree: either its content or its children.

    Attributes:
        kind: Its type.
        body: Its content, if it is a leaf.
        children: Its children, if it is not.
        tail: Bytes behind the last child that are no box: some writers end a list with zeros.
        origin: Where its content begins in the file it was read from, in bytes.
        grown: That content, to tell whether it is still the same.
    """

    kind: bytes
    body: bytes = b""
    children: "list[Box] | None" = None
    tail: bytes = field(default=b"")
    origin: int = -1
    grown: bytes = field(default=b"", repr=False)

    def find(self, *path: bytes) -> "Box | None":
        """Return the first box at the end of a path of types."""
        if not path:
            return self
        inner = next((child for child in self.children or () if child.kind == path[0]), None)
        return None if inner is None else inner.find(*path[1:])

    def need(self, *path: bytes) -> "Box":
        """Return that box.

        Raises:
            MalformedMediaError: If it is not there.
        """
        found = self.find(*path)
        if found is None:
            raise MalformedMediaError(f"there is no {path[-1].decode('latin-1')} box")
        return found

    def put(self, box: "Box", *, behind: bytes = b"") -> None:
        """Put a child in the place of the first of its type, or behind another, or at the end."""
        assert self.children is not None
        kinds = [child.kind for child in self.children]
        if box.kind in kinds:
            self.children[kinds.index(box.kind)] = box
        else:
            at = kinds.index(behind) + 1 if behind in kinds else len(kinds)
            self.children.insert(at, box)

    def drop(self, *kinds: bytes) -> None:
        """Remove all children of these types."""
        assert self.children is not None
        self.children = [child for child in self.children if child.kind not in kinds]

    def write(self, target: BinaryIO, source: BinaryIO) -> None:
        """Write it whole; long contents that are as they were are copied from their file."""
        waiting: list[bytes] = []
        for piece in self._laid()[1]:
            if isinstance(piece, bytes):
                waiting.append(piece)
                continue
            target.write(b"".join(waiting))
            waiting = []
            _rope.copy(source, target, piece.origin, len(piece.body))
        target.write(b"".join(waiting))

    @property
    def size(self) -> int:
        """Its length, header and all, in bytes."""
        return self._laid()[0]

    def _laid(self) -> "tuple[int, list[bytes | Box]]":
        """Return its length and all it is made of, in order."""
        inside: list[bytes | Box]
        if self.children is None:
            length, inside = len(self.body), [self if self._is_kept else self.body]
        else:
            parts = [child._laid() for child in self.children]  # noqa: SLF001 - of its own kind
            length = sum(size for size, _ in parts) + len(self.tail)
            inside = [piece for _, pieces in parts for piece in pieces]
            inside.append(self.tail)
        head = header(self.kind, length)
        return len(head) + length, [head, *inside]

    @property
    def _is_kept(self) -> bool:
        return self.origin >= 0 and len(self.body) > _LONG and self.body is self.grown


def grow(data: bytes, span: Span, *, limits: Limits, at: int = 0, depth: int = 0) -> Box:
    """Return a box with its children, as far down as kzmark looks into them.

    Args:
        data: What it stands in.
        span: Where.
        limits: What it may cost.
        at: Where the data begin in their file, in bytes.
        depth: Boxes around it.
    """
    if span.kind not in _OPEN:
        body = data[span.body : span.end]
        return Box(span.kind, body, origin=at + span.body, grown=body)
    if depth > limits.max_depth:
        raise LimitExceededError(f"boxes nested {depth} deep")
    end = span.end
    if end - span.body >= 4 and data[end - 4 : end] == bytes(4) and _is_ended(data, span):
        end -= 4
    inner = spans(data, span.body, end, limits=limits)
    children = [grow(data, one, limits=limits, at=at, depth=depth + 1) for one in inner]
    return Box(span.kind, children=children, tail=data[end : span.end])


def _is_ended(data: bytes, span: Span) -> bool:
    """Say whether the last four bytes of a list are a terminator and not the end of a box."""
    at = span.body
    while at + 8 <= span.end:
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            return False
        at += size
    return span.end - at == 4


def outermost(source: BinaryIO, *, limits: Limits) -> list[Span]:
    """Return the outermost boxes of a file; only their headers are read.

    Raises:
        MalformedMediaError: If a box is cut off, or there is something else.
        LimitExceededError: If there are too many.
    """
    end = source.seek(0, io.SEEK_END)
    found: list[Span] = []
    at = 0
    while at < end:
        if len(found) >= limits.max_elements:
            raise LimitExceededError(f"more than {limits.max_elements} boxes in a row")
        source.seek(at)
        head = source.read(16)
        if end - at < 8:
            if any(head):
                raise MalformedMediaError("the file ends inside a box")
            break  # a few zeros that some writers leave behind
        found.append(_span(head, at, end))
        at = found[-1].end
    return found


def _span(head: bytes, at: int, end: int) -> Span:
    size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
    if size == 0:
        return Span(kind, at, body, end, open_end=True)
    if size == 1:
        size, body = int.from_bytes(head[8:16], "big"), at + 16
    if at + size < body or at + size > end:
        name = kind.decode("latin-1")
        raise MalformedMediaError(f"a {name!r} box of {size} bytes, where {end - at} are left")
    return Span(kind, at, body, at + size)


def content(source: BinaryIO, span: Span, *, most: int = MAX_INDEX) -> bytes:
    """Return a whole box, header and all, from the file."""
    size = span.end - span.start
    if size > most:
        raise LimitExceededError(f"a {span.kind.decode('latin-1')!r} box of {size} bytes")
    source.seek(span.start)
    return read_exact(source, size, what="boxes")
