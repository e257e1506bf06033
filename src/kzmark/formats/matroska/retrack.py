"""Tracks of sound of a Matroska film that were recorded anew: their blocks among those of others.

Every cluster is laid anew: blocks of the old tracks go, new ones come in where their time is, and
all else is copied. What a decoder needs of the new track takes the place of what it needed of the
old one.

Spec: RFC 9559, 5.1.3 (clusters), 5.1.4 (tracks), 10 (blocks).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from kzmark._io import read_exact
from kzmark._limits import Limits
from kzmark.errors import CheckError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av.retake import Retake
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import (
    BLOCK,
    CODEC_ID,
    CODEC_PRIVATE,
    DURATION,
    ENCODINGS,
    GROUP,
    SIMPLE,
    TIMESTAMP,
    TRACK,
    Slot,
    head_of,
    scale_of,
    slots,
)
from kzmark.formats.matroska.segment import CLUSTER, TRACKS, File, Part, Piece

_DELAY, _SEEK, _AUDIO = 0x56AA, 0x56BB, 0xE1
_TAKEN: Final = (CODEC_ID, CODEC_PRIVATE, _DELAY, _SEEK, _AUDIO)
_DROPPED: Final = frozenset({*_TAKEN, ENCODINGS, 0x258688, 0x23E383, 0x234E7A, ebml.CRC})
_SECOND: Final = 1_000_000_000
_AHEAD: Final = 0.25  # seconds of sound that may stand before the picture they are heard with
_WIDEST: Final = 1 << 15  # units of time from the start of a cluster to a block of it
_FIRST: Final = 1  # number of the track in the file of a retake

Element = Callable[[File, ebml.Element], "list[Part]"]


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that is still to be placed.

    Attributes:
        time: Units of the film.
        slot: Where it stands in the file of the retake.
    """

    time: int
    slot: Slot


class Lane:
    """The blocks of a track that was recorded anew, in the order of time."""

    def __init__(self, film: File, number: int, take: Retake) -> None:
        self.number = number
        self.file = File(take.file, limits=film.limits)
        self._unit, self._begin = scale_of(film), take.begin
        self._blocks = self.blocks()
        self._next = next(self._blocks, None)

    def blocks(self) -> Iterator[_Block]:
        """Yield all blocks with their time in the film."""
        scale = scale_of(self.file)
        for slot, time, _ in slots(self.file, _FIRST):
            at = time * scale + round(self._begin * _SECOND)
            yield _Block(round(at / self._unit), slot)

    def until(self, time: float, base: int, spool: BinaryIO) -> Iterator[Part]:
        """Yield the blocks before a time, as they stand in a cluster of a time; `spool` has them.

        Those that cannot stand there because it begins too early wait for the next.

        Raises:
            UnsupportedMediaError: If one belongs before all that can stand in the cluster.
        """
        start = end = spool.tell()
        while self._next is not None and self._next.time < time:
            offset = self._next.time - base
            if offset < -_WIDEST:
                raise UnsupportedMediaError("its clusters lie too far apart for other sound")
            if offset >= _WIDEST:
                break
            end += spool.write(self._laid(self._next.slot, offset))
            self._next = next(self._blocks, None)
        if end > start:
            yield Piece(spool, start, end - start)

    @property
    def next_time(self) -> float:
        """When the next block is due, in units of the film."""
        return float("inf") if self._next is None else self._next.time

    @property
    def is_over(self) -> bool:
        """Whether every block has its place."""
        return self._next is None

    def _laid(self, slot: Slot, offset: int) -> bytes:
        block = self._renumbered(slot.block, offset)
        if slot.place.kind == SIMPLE:
            return ebml.pack(SIMPLE, block)
        parts = []
        for one in self.file.inner(slot.place):
            if one.kind == DURATION:
                told = ebml.content(self.file.source, one, most=64)
                lasting = ebml.integer(told) * scale_of(self.file) / self._unit
                parts.append(ebml.unsigned(DURATION, round(lasting)))
            else:
                parts.append(ebml.pack(BLOCK, block) if one.kind == BLOCK else self._whole(one))
        return ebml.pack(GROUP, *parts)

    def _renumbered(self, block: ebml.Element, offset: int) -> bytes:
        data = ebml.content(self.file.source, block, most=self.file.limits.max_metadata)
        head = ebml.number(data, 0)[0] + 2
        number = ebml.header(0xEC, self.number)[1:]  # spelt as sizes are
        return number + offset.to_bytes(2, "big", signed=True) + data[head:]

    def _whole(self, one: ebml.Element) -> bytes:
        self.file.source.seek(one.start)
        return read_exact(self.file.source, one.end - one.start, what="a block")


def woven(
    file: File, lanes: Sequence[Lane], element: Element, spool: BinaryIO
) -> "dict[int, list[Part]]":
    """Return every cluster with the blocks of new tracks in it, and without those of the old ones.

    Args:
        file: The film.
        lanes: The new tracks.
        element: What any other element of a cluster becomes.
        spool: An empty file, for what is new.

    Raises:
        UnsupportedMediaError: If a block finds no place.
    """
    bases = [(one, _base(file, one)) for one in file.tops if one.kind == CLUSTER]
    changed: dict[int, list[Part]] = {}
    after = [float(base) for _, base in bases[1:]]
    for (cluster, base), next_base in zip(bases, [*after, float("inf")], strict=False):
        parts = _merged(_filled(file, cluster, base, next_base, lanes, element, spool))
        size = sum(len(one) if isinstance(one, bytes) else one.length for one in parts)
        changed[cluster.start] = [ebml.header(CLUSTER, size, width=8), *parts]
    if not all(lane.is_over for lane in lanes):
        raise UnsupportedMediaError("its sound goes on long behind its last cluster")
    return changed


def _filled(
    file: File,
    cluster: ebml.Element,
    base: int,
    next_base: float,
    lanes: Sequence[Lane],
    element: Element,
    spool: BinaryIO,
) -> Iterator[Part]:
    """Yield what a cluster is made of."""
    ahead = round(_AHEAD * _SECOND / scale_of(file))
    own = {lane.number for lane in lanes}
    for one in file.inner(cluster):
        block = _block_of(file, one)
        if block is not None:
            number, offset = _told(file, block)
            for lane in lanes:
                if lane.next_time <= base + offset:  # and some more: so there are few stretches
                    yield from lane.until(min(base + offset + ahead, next_base), base, spool)
            if number in own:
                continue
        yield from element(file, one)
    for lane in lanes:
        yield from lane.until(next_base, base, spool)


def _base(file: File, cluster: ebml.Element) -> int:
    for one in file.inner(cluster):
        if one.kind == TIMESTAMP:
            return ebml.integer(ebml.content(file.source, one, most=64))
    return 0


def _block_of(file: File, one: ebml.Element) -> ebml.Element | None:
    if one.kind == SIMPLE:
        return one
    if one.kind == GROUP:
        return next((inner for inner in file.inner(one) if inner.kind == BLOCK), None)
    return None


def _told(file: File, block: ebml.Element) -> tuple[int, int]:
    """Return track and time of a block."""
    head = head_of(file, block)
    size, number, _ = ebml.number(head, 0)
    if len(head) < size + 3:
        raise MalformedMediaError("a block that is too short")
    return number, int.from_bytes(head[size : size + 2], "big", signed=True)


def _merged(parts: Iterator[Part]) -> "list[Part]":
    """Return parts, those in one that follow one another where they are copied from."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else b""
        if (
            isinstance(part, Piece)
            and isinstance(last, Piece)
            and last.stream is part.stream
            and last.start + last.length == part.start
        ):
            found[-1] = Piece(last.stream, last.start, last.length + part.length)
        else:
            found.append(part)
    return found


def described(entry: bytes, lane: Lane, *, limits: Limits) -> bytes:
    """Return the description of a track with what a decoder needs of the new one."""
    kept = [
        entry[row.start : row.end]
        for row in ebml.children(entry, 0, len(entry), limits=limits)
        if row.kind not in _DROPPED
    ]
    place = lane.file.first(TRACKS)
    data: Any = lane.file.content(place) if place else b""
    for track in ebml.children(data, 0, len(data), limits=limits):
        if track.kind == TRACK:
            rows = ebml.children(data, track.body, track.end, limits=limits)
            kept += [data[row.start : row.end] for row in rows if row.kind in _TAKEN]
    return ebml.pack(TRACK, *kept)


def check_lane(again: File, lane: Lane) -> None:
    """Compare the blocks of a finished film with those of a track that was recorded anew.

    Raises:
        CheckError: If they are not the same.
    """
    wanted = lane.blocks()
    for slot, time, _ in slots(again, lane.number):
        one = next(wanted, None)
        if one is None or one.time != time or _size(again, slot) != _size(lane.file, one.slot):
            raise CheckError("a packet of its sound is not the one that was made")
    if next(wanted, None) is not None:
        raise CheckError("packets of its sound are missing")


def _size(file: File, slot: Slot) -> int:
    """Return how long the packet in a block is."""
    head = ebml.number(head_of(file, slot.block), 0)[0]
    return slot.block.end - slot.block.body - head
