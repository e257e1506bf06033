"""The notice burnt into the pictures of Matroska and WebM: new blocks in place of old ones."""

from collections.abc import Sequence
from itertools import groupby
from typing import BinaryIO, Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import CheckError, MediaError, UnsupportedMediaError
from kzmark.formats._av.facts import Facts, survey
from kzmark.formats._av.splice import Spliced, splice
from kzmark.formats._base import PatchFor
from kzmark.formats._film import Progress, Span
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.blocks import (
    ADDITIONS,
    BLOCK,
    CODEC_PRIVATE,
    GROUP,
    REFERENCE,
    SIMPLE,
    TRACK,
    TRACK_NUMBER,
    Index,
    Slot,
    index,
)
from kzmark.formats.matroska.ebml import Element
from kzmark.formats.matroska.segment import (
    CLUSTER,
    POSITION,
    PREVIOUS,
    TRACKS,
    File,
    Part,
    Piece,
    length,
    rewrite,
)
from kzmark.formats.matroska.statistics import without_statistics

_KEY: Final = 0x80
_REACH: Final = 1 << 15  # units of time that a block may be away from its cluster
_SAMPLES: Final = 96  # pictures that are compared byte by byte


def burn(
    source: BinaryIO,
    target: BinaryIO,
    patch_for: PatchFor,
    seconds: Sequence[Span],
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> list[str]:
    """Copy a film with a patch on what is seen in these seconds. See `Films.burn`."""
    file = File(source, limits=limits)
    facts = survey(file.source, limits=limits)
    found = index(file, facts)
    spliced = splice(found.reel, facts, patch_for, seconds, progress=progress)
    changed = dict(_clusters(file, found, spliced))
    rebuilt = frozenset(changed)
    tracks = file.first(TRACKS)
    if tracks is not None and spliced.extradata != found.reel.extradata:
        changed[tracks.start] = [_tracks(file, tracks, found, spliced.extradata)]
    changed |= without_statistics(file, resized={found.track})
    keys = set(spliced.pts[spliced.keys].tolist())
    rewrite(
        file,
        target,
        changed,
        drop_cues=lambda track, time: track == found.track and time not in keys,
        rebuilt=rebuilt,
    )
    _check(file, target, found, spliced, facts)
    return spliced.notes()


def _clusters(file: File, found: Index, spliced: Spliced) -> "list[tuple[int, list[Part]]]":
    """Return the clusters that hold new pictures, each laid anew."""
    changed = np.flatnonzero(spliced.fresh).tolist()
    tops = {one.start: one for one in file.tops}
    rows = []
    for start, numbers in groupby(changed, key=lambda number: found.slots[number].cluster):
        places = {found.slots[number].place.start: number for number in numbers}
        rows.append((start, _cluster(file, tops[start], places, found, spliced)))
    return rows


def _cluster(
    file: File, cluster: Element, places: dict[int, int], found: Index, spliced: Spliced
) -> list[Part]:
    parts: list[Part] = []
    for one in file.inner(cluster):
        if one.start in places:
            number = places[one.start]
            parts += _block(file, found.slots[number], number, found.track, spliced)
        elif one.kind not in {POSITION, PREVIOUS, ebml.CRC}:
            _copy(parts, file.source, one.start, one.end)
    return [ebml.header(CLUSTER, length(parts), width=8), *parts]


def _copy(parts: list[Part], source: BinaryIO, start: int, end: int) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, Piece) and last.stream is source and last.start + last.length == start:
        parts[-1] = Piece(source, last.start, end - last.start)
    else:
        parts.append(Piece(source, start, end - start))


def _block(file: File, slot: Slot, number: int, track: int, spliced: Spliced) -> list[Part]:
    """Return the element of one new picture."""
    time = int(spliced.pts[number]) - slot.base
    if not -_REACH <= time < _REACH:
        raise UnsupportedMediaError("its clusters are too long to change their pictures")
    key = bool(spliced.keys[number])
    size = int(spliced.sizes[number])
    name = ebml.header(0, track)  # a track is named as a size is
    simple = slot.place.kind == SIMPLE
    flags = _KEY if key and simple else 0
    head = name + time.to_bytes(2, "big", signed=True) + bytes([flags])
    body = Piece(spliced.spool, int(spliced.offsets[number]), size)
    kind = SIMPLE if simple else BLOCK
    block: list[Part] = [ebml.header(kind, len(head) + size) + head, body]
    if simple:
        return block
    for one in file.inner(slot.place):
        if one.kind == ADDITIONS:
            raise UnsupportedMediaError("its pictures have additions, such as transparency")
        if one.kind not in {BLOCK, REFERENCE, ebml.CRC}:
            block.append(Piece(file.source, one.start, one.end - one.start))
    if not key:
        block.append(ebml.pack(REFERENCE, b"\xff"))  # some picture before this one
    return [ebml.header(GROUP, length(block)), *block]


def _tracks(file: File, tracks: Element, found: Index, extradata: bytes) -> bytes:
    """Return the descriptions with other codec data in that of the pictures."""
    data, limits = file.content(tracks), file.limits
    parts = []
    for track in ebml.without_crc(ebml.children(data, 0, len(data), limits=limits)):
        rows = ebml.children(data, track.body, track.end, limits=limits)
        values = {row.kind: data[row.body : row.end] for row in rows}
        if track.kind != TRACK or ebml.integer(values.get(TRACK_NUMBER, b"")) != found.track:
            parts.append(data[track.start : track.end])
            continue
        old = values.get(CODEC_PRIVATE, b"")
        fresh = old[: len(old) - len(found.reel.extradata)] + extradata  # VFW puts a header before
        kept = [data[r.start : r.end] for r in rows if r.kind not in {CODEC_PRIVATE, ebml.CRC}]
        parts.append(ebml.pack(TRACK, *kept, ebml.pack(CODEC_PRIVATE, fresh)))
    return ebml.pack(TRACKS, *parts)


def _check(file: File, target: BinaryIO, found: Index, spliced: Spliced, facts: Facts) -> None:
    """Read the film again: nothing missing, nothing moved in time, copied pictures the same.

    Raises:
        CheckError: If it is not what it should be.
    """
    try:
        again = index(File(target, limits=file.limits), facts)
    except MediaError as error:
        raise CheckError(f"the finished film cannot be read: {error.message}") from error
    if again.reel.count != found.reel.count:
        raise CheckError(f"{again.reel.count} pictures, where there were {found.reel.count}")
    if not np.array_equal(np.sort(again.reel.pts), np.sort(found.reel.pts)):
        raise CheckError("the times of showing changed")
    kept = np.flatnonzero(~spliced.fresh)
    for number in kept[np.linspace(0, len(kept) - 1, min(_SAMPLES, len(kept))).astype(int)]:
        if again.reel.read(int(number)) != found.reel.read(int(number)):
            raise CheckError(f"picture {number} is not the one it was")
