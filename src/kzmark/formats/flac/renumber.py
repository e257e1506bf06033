"""Frames of a FLAC file that are numbered anew, and what its metadata blocks say of them then.

Spec: RFC 9639, 8 (metadata blocks), 9.1 (frame header).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.backend import opened
from kzmark.formats.flac import blocks
from kzmark.formats.flac.blocks import File, Info
from kzmark.formats.flac.frames import head, renumbered
from kzmark.formats.layers import vorbis
from kzmark.formats.layers.vorbis import Comments

UNKNOWN: Final = bytes(16)  # the digest of samples that nobody worked out
_TAGS: Final = (b"TAG", b"APETAGEX", b"ID3")  # what programs append


@dataclass(slots=True)
class Moved:
    """The frames of a file, numbered anew.

    Attributes:
        file: The file.
        info: What it says of its samples.
        later: What is added to numbers.
        wanted: Offsets of frames, from the first, that a seek table names.
        held: The frames.
        dropped: How many of the first are words that go.
        size: Bytes of them.
        read: Bytes that they took before.
        places: Where the wanted ones begin now.
        digest: Of all samples.
        least: Bytes of the smallest frame.
        most: Bytes of the largest.
        notes: What does not fit.
    """

    file: File
    info: Info
    later: int
    wanted: set[int]
    held: BinaryIO
    dropped: int = 0
    size: int = 0
    read: int = 0
    places: dict[int, int] = field(default_factory=dict)
    digest: bytes = UNKNOWN
    least: int = 1 << 24
    most: int = 0
    notes: list[str] = field(default_factory=list)

    def run(self, values: NDArray[np.signedinteger], ahead: int) -> None:
        """Go through the frames; samples are decoded only where a digest of them is kept."""
        known = self.info.md5 != UNKNOWN
        said, heard = hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False)
        if known:
            said.update(_stored(values, self.info.bits))
        with opened(self.file.front.source, "flac") as (container, stream):
            for packet in container.demux(stream):
                goes = bool(packet.size) and self._drop(bytes(packet))
                if packet.size and not goes:
                    self._add(bytes(packet), ahead)
                for frame in packet.decode() if known else ():
                    data = _stored(_whole(frame, self.info), self.info.bits)
                    heard.update(data)
                    if not goes:
                        said.update(data)
        if not self.size:
            raise MalformedMediaError("there is no frame of FLAC in it")
        source = self.file.front.source
        left = source.size - self.file.sound - self.read
        source.seek(max(0, source.size - left))
        if left < 0 or (left and not source.read(8).startswith(_TAGS)):
            raise MalformedMediaError("something stands between the frames of FLAC")
        if known:
            self.digest = said.digest()
            if heard.digest() != self.info.md5:
                self.notes.append("digest-did-not-fit")

    def _drop(self, frame: bytes) -> bool:
        """Say whether a frame goes; the first that stays has to carry the number behind those."""
        if self.dropped:
            self.dropped -= 1
            self.read += len(frame)
            return True
        if not self.size and self.later < 0 and head(frame).number != -self.later:
            raise MalformedMediaError("its words are not as long as its record says")
        return False

    def _add(self, frame: bytes, ahead: int) -> None:
        fresh = renumbered(frame, head(frame).number + self.later)
        if self.read in self.wanted:
            self.places[self.read] = ahead + self.size
        self.held.write(fresh)
        self.read, self.size = self.read + len(frame), self.size + len(fresh)
        self.least, self.most = min(self.least, len(fresh)), max(self.most, len(fresh))


def _whole(frame: Any, info: Info) -> NDArray[np.signedinteger]:
    """Return the samples of a decoded frame as whole numbers."""
    data = frame.to_ndarray()
    data = data.T if frame.format.is_planar else data.reshape(frame.samples, -1)
    wide = data.dtype.itemsize * 8
    found: NDArray[np.signedinteger] = data >> (wide - info.bits)
    return found


def _stored(values: NDArray[np.signedinteger], bits: int) -> bytes:
    """Return samples as they are digested: whole bytes, the lowest first (RFC 9639, 8.2)."""
    size = -(-bits // 8)
    if size in {1, 2, 4}:
        return values.astype(f"<i{size}").tobytes()
    four = np.ascontiguousarray(values.astype("<i4")).view(np.uint8).reshape(-1, 4)
    return four[:, :size].tobytes()


def put(file: File, moved: Moved, count: int, fresh: Sequence[bytes]) -> list[str]:
    """Set what the metadata blocks say of the frames."""
    info, notes = moved.info, []
    sizes = [*map(len, fresh), moved.least, moved.most]
    told = replace(
        info,
        smallest=min(sizes) if info.smallest else 0,
        largest=max(sizes) if info.largest else 0,
        total=max(0, info.total + count) if info.total else 0,
        md5=moved.digest,
    )
    file.change(blocks.INFO, lambda _: told.pack())
    file.change(blocks.SEEKTABLE, lambda data: blocks.moved_points(data, count, moved.places))
    sheet = file.find(blocks.CUESHEET)
    if sheet is not None:
        if blocks.is_disc(sheet, count):
            notes.append("cuesheet-off-sectors")
        file.change(blocks.CUESHEET, lambda data: blocks.moved_tracks(data, count))
    listed = file.find(blocks.COMMENTS)
    if listed is not None:
        comments = Comments.parse(listed, limits=Limits())
        notes += vorbis.shift(comments, count / info.rate)
        file.change(blocks.COMMENTS, lambda _: comments.pack())
    return notes
