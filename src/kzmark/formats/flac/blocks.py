"""Metadata blocks of a FLAC file, and where its frames begin.

Spec: RFC 9639, 8 (metadata blocks).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.tagged import Front

MAGIC: Final = b"fLaC"
INFO, PADDING, APPLICATION, SEEKTABLE, COMMENTS, CUESHEET, PICTURE = range(7)
_LAST: Final = 0x80
_INFO_SIZE: Final = 34
_POINT: Final = 18  # bytes of a seek point
_PLACEHOLDER: Final = b"\xff" * 8
_TRACKS: Final = 396  # bytes of a cue sheet before its tracks
_TRACK: Final = 36  # bytes of a track before its indices
_INDEX: Final = 12
_CD: Final = 0x80
_SECTOR: Final = 588  # samples: where tracks of a compact disc may begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What the STREAMINFO block says.

    Attributes:
        least: Samples of the shortest block, the last one aside.
        most: Samples of the longest.
        smallest: Bytes of the smallest frame; 0 if unknown.
        largest: Bytes of the largest; 0 if unknown.
        rate: Samples a second.
        channels: How many.
        bits: Bits of a sample.
        total: Samples of each channel; 0 if unknown.
        md5: Of all samples; zeros if unknown.
    """

    least: int
    most: int
    smallest: int
    largest: int
    rate: int
    channels: int
    bits: int
    total: int
    md5: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Info":
        """Read a block.

        Raises:
            MalformedMediaError: If it is too short, or makes no sense.
        """
        if len(data) != _INFO_SIZE:
            raise MalformedMediaError(f"a STREAMINFO block of {len(data)} bytes")
        packed = int.from_bytes(data[10:18], "big")
        found = cls(
            least=int.from_bytes(data[:2], "big"),
            most=int.from_bytes(data[2:4], "big"),
            smallest=int.from_bytes(data[4:7], "big"),
            largest=int.from_bytes(data[7:10], "big"),
            rate=packed >> 44,
            channels=(packed >> 41 & 7) + 1,
            bits=(packed >> 36 & 31) + 1,
            total=packed & (1 << 36) - 1,
            md5=data[18:],
        )
        if not found.rate or found.most < 16 or found.bits < 4:
            raise MalformedMediaError("a STREAMINFO block that makes no sense")
        return found

    def pack(self) -> bytes:
        """Return the block."""
        total = self.total if self.total < 1 << 36 else 0
        packed = self.rate << 44 | (self.channels - 1) << 41 | (self.bits - 1) << 36 | total
        sizes = (
            (self.least, 2),
            (self.most, 2),
            (self.smallest, 3),
            (self.largest, 3),
            (packed, 8),
        )
        return b"".join(value.to_bytes(size, "big") for value, size in sizes) + self.md5


@dataclass(slots=True)
class File:
    """A FLAC file, taken apart.

    Attributes:
        front: What stands before it.
        blocks: Kind and content of every metadata block; the first is STREAMINFO.
        sound: Offset of the first frame.
    """

    front: Front
    blocks: list[tuple[int, bytes]]
    sound: int

    @classmethod
    def of(cls, source: BinaryIO, *, limits: Limits) -> "File":
        """Read the blocks of a file.

        Raises:
            MediaError: If they break their rules, or pass the limits.
        """
        front = Front.of(source, limits=limits)
        rope = front.source
        rope.seek(front.content)
        if rope.read(4) != MAGIC:
            raise MalformedMediaError("not a FLAC file")
        blocks: list[tuple[int, bytes]] = []
        head, held = b"\0", 0
        while not head[0] & _LAST:
            head = read_exact(rope, 4, what="metadata")
            size = int.from_bytes(head[1:], "big")
            held += size
            limits.check_metadata(held, what="the metadata")
            blocks.append((head[0] & 0x7F, read_exact(rope, size, what="metadata")))
            if len(blocks) > limits.max_elements:
                raise LimitExceededError(f"more than {limits.max_elements} metadata blocks")
        if blocks[0][0] != INFO:
            raise MalformedMediaError("the first metadata block is not STREAMINFO")
        return cls(front, blocks, rope.tell())

    @property
    def info(self) -> Info:
        """What the STREAMINFO block says."""
        return Info.parse(self.blocks[0][1])

    def find(self, kind: int) -> bytes | None:
        """Return the first block of a kind."""
        return next((data for one, data in self.blocks if one == kind), None)

    def change(self, kind: int, change: Callable[[bytes], bytes]) -> None:
        """Change all blocks of a kind."""
        self.blocks = [(k, change(data) if k == kind else data) for k, data in self.blocks]

    def head(self) -> bytes:
        """Return what stands before the frames: the tag as it was, and the blocks.

        Raises:
            UnsupportedMediaError: If a block is longer than it can be.
        """
        parts = [MAGIC]
        for number, (kind, data) in enumerate(self.blocks, start=1):
            if len(data) >= 1 << 24:
                raise UnsupportedMediaError(f"a metadata block of {len(data)} bytes")
            last = _LAST if number == len(self.blocks) else 0
            parts += [bytes((kind | last,)), len(data).to_bytes(3, "big"), data]
        return b"".join(parts)


def moved_points(data: bytes, count: int, places: dict[int, int]) -> bytes:
    """Return a seek table for a file with samples before all others, or without them again.

    Args:
        data: The table.
        count: How many samples; below 0 where they go.
        places: Where frames began, from the first of them → where they begin now.
    """
    points = []
    for at in range(0, len(data) - _POINT + 1, _POINT):
        sample, offset, length = data[at : at + 8], data[at + 8 : at + 16], data[at + 16 : at + 18]
        place = places.get(int.from_bytes(offset, "big"))
        if sample == _PLACEHOLDER or place is None:
            points.append(_PLACEHOLDER + bytes(10))
            continue
        later = max(0, int.from_bytes(sample, "big") + count)
        points.append(later.to_bytes(8, "big") + place.to_bytes(8, "big") + length)
    points.sort(key=lambda point: point[:8])  # placeholders are last (RFC 9639, 8.5)
    return b"".join(points)


def points(data: bytes) -> set[int]:
    """Return the offsets that a seek table names."""
    return {
        int.from_bytes(data[at + 8 : at + 16], "big") for at in range(0, len(data) - 17, _POINT)
    }


def moved_tracks(data: bytes, count: int) -> bytes:
    """Return a cue sheet with its tracks moved by so many samples."""
    out, at = bytearray(data), _TRACKS
    while at + _TRACK <= len(data):
        start = int.from_bytes(data[at : at + 8], "big") + count
        out[at : at + 8] = min(max(0, start), (1 << 64) - 1).to_bytes(8, "big")
        at += _TRACK + _INDEX * data[at + 35]
    return bytes(out)


def is_disc(data: bytes, count: int) -> bool:
    """Say whether a cue sheet is that of a compact disc, and the move takes it off its sectors."""
    return len(data) > 136 and bool(data[136] & _CD) and count % _SECTOR != 0
