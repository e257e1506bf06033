"""Words before the frames of a FLAC file, which are numbered anew and not encoded again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark import _rope
from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.backend import opened, spool
from kzmark.formats._audio.facts import survey
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats._film import Progress
from kzmark.formats._sound import Samples
from kzmark.formats.flac import blocks
from kzmark.formats.flac.blocks import File, Info
from kzmark.formats.flac.frames import Head, crc16, head, renumbered, spell, verbatim
from kzmark.formats.layers import vorbis
from kzmark.formats.layers.vorbis import Comments

_ENCODED: Final = {16: "s16", 24: "s32"}  # bits of a sample → what the encoder takes
_UNKNOWN: Final = bytes(16)  # the digest of samples that nobody worked out
_TAGS: Final = (b"TAG", b"APETAGEX", b"ID3")  # what programs append
_HEAD: Final = 32  # bytes in which the head of a frame ends


def speak(
    source: BinaryIO,
    target: BinaryIO,
    words: Samples,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a FLAC file with words before its frames, of whose samples no bit changes."""
    file = File.of(source, limits=limits)
    info, layout = file.info, survey(file.front.source, "flac").sound.layout
    file.front.source.seek(file.sound)
    first = head(file.front.source.read(_HEAD))
    values = _numbers(words, info)
    fresh = _spoken(values, info, layout, first)
    told = blocks.points(file.find(blocks.SEEKTABLE) or b"")
    later = len(values) if first.varies else len(fresh)
    with spool() as held:
        moved = _Moved(file, info, later, told, held)
        moved.run(values, sum(map(len, fresh)))
        notes = [*moved.notes, *_put(file, moved, len(values), fresh)]
        tag, more = file.front.moved(round(1000 * len(values) / info.rate))
        target.write(tag)
        front = file.front
        _rope.copy(front.source, target, front.after, front.content - front.after)
        target.write(file.head() + b"".join(fresh))
        _rope.copy(held, target, 0, moved.size)
    rest = file.sound + moved.read
    _rope.copy(file.front.source, target, rest, file.front.source.size - rest)
    if progress:
        progress(1, 1)
    return sorted({*notes, *more})


def _numbers(words: Samples, info: Info) -> NDArray[np.signedinteger]:
    """Return the words as whole samples, silence behind them up to the end of a block."""
    top = 1 << (info.bits - 1)
    values = np.zeros((-(-len(words) // info.most) * info.most, words.shape[1]), np.int32)
    for at in range(0, len(words), info.most):  # wide numbers take memory
        numbers = np.rint(np.asarray(words[at : at + info.most], np.float64) * top)
        values[at : at + len(numbers)] = np.clip(numbers, -top, top - 1)
    return values


def _spoken(values: NDArray[np.signedinteger], info: Info, layout: str, first: Head) -> list[bytes]:
    """Return the words as frames of this stream, with their numbers."""
    step = info.most if first.varies else 1
    if info.bits not in _ENCODED or not layout:
        return [
            verbatim(values[at : at + info.most], first.fixed, at // info.most * step, info.bits)
            for at in range(0, len(values), info.most)
        ]
    options = {"frame_size": str(info.most)}
    if info.bits == 24:
        options["bits_per_raw_sample"] = "24"
    manner = Manner(
        encoder="flac",
        rate=info.rate,
        layout=layout,
        sample=_ENCODED[info.bits],
        options=options,
    )
    top = np.float32(1 << (info.bits - 1))  # 24 bits fit into a float
    pieces = (values[at : at + info.most] / top for at in range(0, len(values), info.most))
    exact = (np.asarray(block, np.float32) for block in pieces)
    made = []
    for number, packet in enumerate(coded(exact, manner).packets):
        old = head(packet)
        varying = bytes((old.fixed[0], old.fixed[1] | first.varies, *old.fixed[2:]))
        fresh = _other_head(packet, old, varying, number * step)
        made.append(fresh)
    return made


def _other_head(packet: bytes, old: Head, fixed: bytes, number: int) -> bytes:
    """Return a frame with another head; it is short enough to be checked as a whole."""
    whole = spell(fixed, number, old.rest) + packet[old.size : -2]
    return whole + crc16(whole).to_bytes(2, "big")


@dataclass(slots=True)
class _Moved:
    """The frames of a file, numbered anew.

    Attributes:
        file: The file.
        info: What it says of its samples.
        later: What is added to numbers.
        wanted: Offsets of frames, from the first, that a seek table names.
        held: The frames.
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
    size: int = 0
    read: int = 0
    places: dict[int, int] = field(default_factory=dict)
    digest: bytes = _UNKNOWN
    least: int = 1 << 24
    most: int = 0
    notes: list[str] = field(default_factory=list)

    def run(self, values: NDArray[np.signedinteger], ahead: int) -> None:
        """Go through the frames; samples are decoded only where a digest of them is kept."""
        known = self.info.md5 != _UNKNOWN
        said, heard = hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False)
        if known:
            said.update(_stored(values, self.info.bits))
        with opened(self.file.front.source, "flac") as (container, stream):
            for packet in container.demux(stream):
                if packet.size:
                    self._add(bytes(packet), ahead)
                for frame in packet.decode() if known else ():
                    data = _stored(_whole(frame, self.info), self.info.bits)
                    said.update(data)
                    heard.update(data)
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


def _put(file: File, moved: _Moved, count: int, fresh: Sequence[bytes]) -> list[str]:
    """Set what the metadata blocks say of the frames."""
    info, notes = moved.info, []
    sizes = [*map(len, fresh), moved.least, moved.most]
    told = replace(
        info,
        smallest=min(sizes) if info.smallest else 0,
        largest=max(sizes) if info.largest else 0,
        total=info.total + count if info.total else 0,
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
