"""WebP chunk by chunk: parsed without touching pixels, written back byte for byte.

Spec: WebP container specification (RFC 9649, 2): RIFF chunks, `VP8X`, `ANMF`; `VP8L` header in 3.3,
`VP8 ` frame header in RFC 6386, 9.1.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError

ICC_FLAG, ALPHA_FLAG, EXIF_FLAG, XMP_FLAG, ANIMATION_FLAG = 0x20, 0x10, 0x08, 0x04, 0x02
_HEADER = struct.Struct("<4sI")
_CODED: Final = (b"VP8 ", b"VP8L")
_PICTURE: Final = (b"ALPH", *_CODED, b"ANMF")
_LONGEST: Final = 1 << 24  # pixels of one side of the canvas
_SMALLEST: Final = 12  # bytes of "RIFF", size, "WEBP"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One RIFF chunk.

    Attributes:
        kind: Its four letters.
        data: What it holds, without the padding byte.
    """

    kind: bytes
    data: bytes

    @property
    def raw(self) -> bytes:
        """All bytes of the chunk, padded to an even number."""
        padding = b"\0" * (len(self.data) % 2)
        return _HEADER.pack(self.kind, len(self.data)) + self.data + padding


@dataclass(frozen=True, slots=True)
class WebP:
    """A whole file. `raw` gives it back.

    Attributes:
        chunks: All chunks in order; the first is `VP8X`, `VP8 ` or `VP8L`.
        tail: Bytes after the RIFF chunk.
    """

    chunks: list[Chunk]
    tail: bytes = field(default=b"")

    @property
    def raw(self) -> bytes:
        """The whole file."""
        body = b"WEBP" + b"".join(chunk.raw for chunk in self.chunks)
        return _HEADER.pack(b"RIFF", len(body)) + body + self.tail

    @property
    def flags(self) -> int:
        """The feature flags of `VP8X`; 0 in a simple file."""
        return self.chunks[0].data[0] if self.chunks[0].kind == b"VP8X" else 0

    @property
    def animated(self) -> bool:
        """Whether the frames are in `ANMF` chunks."""
        return bool(self.flags & ANIMATION_FLAG)

    @property
    def size(self) -> tuple[int, int]:
        """Stored width and height of the canvas, in pixels."""
        first = self.chunks[0]
        if first.kind != b"VP8X":
            return coded_size(first)
        data = first.data
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1

    def find(self, kind: bytes) -> int | None:
        """Return the index of the first chunk of a kind, if there is one."""
        return next((at for at, chunk in enumerate(self.chunks) if chunk.kind == kind), None)

    def announce(self, flags: int, *, size: tuple[int, int] | None = None) -> None:
        """Set feature flags, and the size if given; a simple file becomes an extended one.

        Raises:
            LimitExceededError: If a side is over 2^24 px, the most the header can state.
        """
        width, height = size or self.size
        if max(width, height) > _LONGEST:
            raise LimitExceededError(f"a WebP canvas cannot be {width}x{height} px")
        if self.chunks[0].kind == b"VP8X":
            old = self.chunks.pop(0).data
        else:
            transparent = has_alpha(self.chunks[0])
            old = bytes([ALPHA_FLAG if transparent else 0, 0, 0, 0])
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        data = bytes([old[0] | flags]) + old[1:4] + sides + old[10:]
        self.chunks.insert(0, Chunk(b"VP8X", data))

    def place_metadata(self, kind: bytes, data: bytes) -> None:
        """Put an `EXIF` or `XMP ` chunk where the first one of its kind is, or where it belongs.

        The specification's order is picture, `EXIF`, `XMP `; unknown chunks stay where they are.
        """
        at = self.find(kind)
        if at is not None:
            self.chunks[at] = Chunk(kind, data)
            return
        behind = (*_PICTURE, b"EXIF") if kind == b"XMP " else _PICTURE
        last = max(at for at, chunk in enumerate(self.chunks) if chunk.kind in behind)
        self.chunks.insert(last + 1, Chunk(kind, data))


def parse(data: bytes, *, limits: Limits) -> WebP:
    """Take a WebP file apart.

    Raises:
        MalformedMediaError: If it ends early or its first chunks are not those of a WebP.
        LimitExceededError: If it has more chunks than allowed.
    """
    if len(data) < _SMALLEST or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise MalformedMediaError("not a WebP")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) + 1 or end < _SMALLEST:  # some writers leave out the last padding byte
        raise MalformedMediaError(f"the RIFF chunk declares {end} bytes, the file has {len(data)}")
    chunks = parse_chunks(data[_SMALLEST:end], limits=limits)
    if not chunks or chunks[0].kind not in {b"VP8X", *_CODED}:
        raise MalformedMediaError("a WebP without VP8X, VP8 or VP8L at its start")
    if chunks[0].kind == b"VP8X" and len(chunks[0].data) < 10:
        raise MalformedMediaError("a VP8X chunk that is too short")
    webp = WebP(chunks, data[end:])
    if webp.animated and webp.find(b"ANMF") is None:
        raise MalformedMediaError("an animated WebP without a frame")
    if not webp.animated:
        _check_still(webp)
    return webp


def _check_still(webp: WebP) -> None:
    picture = still(webp.chunks)
    if picture is None:
        raise MalformedMediaError("a WebP without a picture")
    if coded_size(picture[-1]) != webp.size:
        raise MalformedMediaError("a WebP whose picture is not of the size of its canvas")


def parse_chunks(data: bytes, *, limits: Limits) -> list[Chunk]:
    """Take a run of chunks apart.

    Raises:
        MalformedMediaError: If a chunk reaches over the end.
        LimitExceededError: If there are more chunks than allowed.
    """
    chunks: list[Chunk] = []
    position = 0
    while position < len(data):
        if position + _HEADER.size > len(data):
            raise MalformedMediaError("the file ends inside a chunk header")
        kind, size = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        if size > len(data) - position:
            raise MalformedMediaError(f"a {kind!r} chunk of {size} bytes reaches over the end")
        if len(chunks) >= limits.max_elements:
            raise LimitExceededError(f"more than {limits.max_elements} chunks")
        chunks.append(Chunk(kind, data[position : position + size]))
        position += size + size % 2
    return chunks


def still(chunks: list[Chunk]) -> list[Chunk] | None:
    """Return the chunks that make up one picture: `VP8L`, or `VP8 ` with the `ALPH` before it."""
    alpha: list[Chunk] = []
    for chunk in chunks:
        if chunk.kind == b"VP8L":
            return [chunk]
        if chunk.kind == b"VP8 ":
            return [*alpha, chunk]
        if chunk.kind == b"ALPH":
            alpha = [chunk]
    return None


def coded_size(chunk: Chunk) -> tuple[int, int]:
    """Return the width and height that a `VP8 ` or `VP8L` chunk declares, in pixels."""
    data = chunk.data
    if chunk.kind == b"VP8L" and len(data) >= 5 and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk.kind == b"VP8 " and len(data) >= 10 and data[3:6] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 6))
        if width and height:
            return width, height
    raise MalformedMediaError("a WebP picture without its header")


def has_alpha(chunk: Chunk) -> bool:
    """Say whether a picture chunk brings transparency: `ALPH`, or the bit of `VP8L`."""
    if chunk.kind == b"VP8L":
        return bool(int.from_bytes(chunk.data[1:5], "little") >> 28 & 1)
    return chunk.kind == b"ALPH"
