"""The blocks of a Matroska file: which coded picture stands where, and when it is shown.

Spec: RFC 9559, 5.1.3 (clusters), 10 (blocks).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats._av import vision
from kzmark.formats._av.facts import Facts
from kzmark.formats._av.reel import Numbers, Reel
from kzmark.formats.matroska import ebml
from kzmark.formats.matroska.ebml import Element
from kzmark.formats.matroska.segment import CLUSTER, INFO, TRACKS, File

TIMESTAMP, SIMPLE, GROUP, BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
REFERENCE, DURATION, ADDITIONS = 0xFB, 0x9B, 0x75A1
TRACK, TRACK_NUMBER, TRACK_KIND, CODEC_ID, CODEC_PRIVATE = 0xAE, 0xD7, 0x83, 0x86, 0x63A2
ENCODINGS: Final = 0x6D80
_ENCODING, _ENCRYPTION = 0x6240, 0x5035
_DELAY: Final = 0x56AA
_MAPPING, _ADDED_KIND, _ADDED_EXTRA = 0x41E4, 0x41E7, 0x41ED
_SCALE: Final = 0x2AD7B1
_VIDEO: Final = 1
_LACED: Final = 0x06
_KEY: Final = 0x80
_MOST: Final = 20_000_000  # blocks of one film
_HEAD: Final = 16  # bytes at the start of a block that tell what it is
_BITMAP: Final = 40  # bytes of a BITMAPINFOHEADER before what a decoder needs


@dataclass(frozen=True, slots=True)
class Entry:
    """The description of one track.

    Attributes:
        number: By which blocks name it.
        kind: 1 for pictures.
        codec: Its codec id.
        private: What decoders need beforehand.
        encoded: Whether its blocks are compressed or encrypted as a whole.
        encrypted: Whether they are encrypted.
        delay: Nanoseconds that a decoder gives out before the first that is played.
        vision: Its configuration of Dolby Vision, or nothing.
    """

    number: int
    kind: int
    codec: str
    private: bytes
    encoded: bool
    encrypted: bool = False
    delay: int = 0
    vision: bytes = b""


@dataclass(frozen=True, slots=True)
class Slot:
    """One block of the film's pictures.

    Attributes:
        cluster: Start of its cluster.
        place: The element that holds it: a simple block or a group.
        block: The block itself.
        base: Timestamp of the cluster.
    """

    cluster: int
    place: Element
    block: Element
    base: int


@dataclass(frozen=True, slots=True)
class Index:
    """All blocks of the film's pictures.

    Attributes:
        track: Number of the track.
        slots: In coding order.
        reel: The same for the engine.
    """

    track: int
    slots: tuple[Slot, ...]
    reel: Reel


def entries(file: File) -> list[Entry]:
    """Return the descriptions of all tracks."""
    found = file.first(TRACKS)
    if found is None:
        raise MalformedMediaError("a Matroska file without tracks")
    data, limits = file.content(found), file.limits
    tracks = []
    for track in ebml.children(data, 0, len(data), limits=limits):
        if track.kind == TRACK:
            rows = ebml.children(data, track.body, track.end, limits=limits)
            values = {row.kind: data[row.body : row.end] for row in rows}
            tracks.append(
                Entry(
                    ebml.integer(values.get(TRACK_NUMBER, b"")),
                    ebml.integer(values.get(TRACK_KIND, b"")),
                    values.get(CODEC_ID, b"").rstrip(b"\0").decode("ascii", "replace"),
                    values.get(CODEC_PRIVATE, b""),
                    ENCODINGS in values,
                    _is_encrypted(values.get(ENCODINGS, b""), limits),
                    ebml.integer(values.get(_DELAY, b"")),
                    _vision(data, rows, file.limits),
                )
            )
    return tracks


def _is_encrypted(data: bytes, limits: Limits) -> bool:
    """Say whether one of the codings of blocks is encryption (RFC 9559, 5.1.4.1.31)."""
    return any(
        inner.kind == _ENCRYPTION
        for one in ebml.children(data, 0, len(data), limits=limits)
        if one.kind == _ENCODING
        for inner in ebml.children(data, one.body, one.end, limits=limits)
    )


def _vision(data: bytes, rows: list[Element], limits: Limits) -> bytes:
    """Return the configuration of Dolby Vision among what blocks of a track may have added."""
    for row in rows:
        if row.kind == _MAPPING:
            inner = ebml.children(data, row.body, row.end, limits=limits)
            values = {one.kind: data[one.body : one.end] for one in inner}
            if values.get(_ADDED_KIND, b"").lstrip(b"\0") in vision.BOXES:
                return values.get(_ADDED_EXTRA, b"")
    return b""


def index(file: File, facts: Facts) -> Index:
    """Find every coded picture.

    Raises:
        MediaError: If the file is damaged, or holds its pictures in a way that cannot be renewed.
    """
    entry = next((one for one in entries(file) if one.kind == _VIDEO), None)
    if entry is None:
        raise MalformedMediaError("there is no picture track")
    if entry.vision:
        vision.check(entry.vision, facts.codec)
    if entry.encoded:
        raise UnsupportedMediaError("its picture track is compressed or encrypted as a whole")
    found, rows = [], []
    for slot, time, key in slots(file, entry.number):
        found.append(slot)
        head = ebml.number(head_of(file, slot.block), 0)[0] + 3
        rows.append((slot.block.body + head, slot.block.end - slot.block.body - head, time, key))
        if len(found) > _MOST:
            raise LimitExceededError(f"more than {_MOST} pictures")
    if not found:
        raise MalformedMediaError("there is no picture in it")
    return Index(entry.number, tuple(found), _reel(file, entry, facts, np.array(rows, np.int64)))


def _reel(file: File, entry: Entry, facts: Facts, rows: Numbers) -> Reel:
    offsets, sizes, pts, keys = rows.T
    extradata, nal = entry.private, 0
    if entry.codec == "V_MS/VFW/FOURCC":
        extradata = extradata[_BITMAP:]
    elif facts.codec in {"h264", "hevc"}:
        at = 4 if facts.codec == "h264" else 21
        if len(extradata) <= at:
            raise MalformedMediaError("a picture track without its configuration")
        nal = (extradata[at] & 3) + 1
    return Reel(
        source=file.source,
        codec=facts.codec,
        extradata=extradata if facts.codec not in {"vp8", "vp9"} else b"",
        nal=nal,
        offsets=offsets,
        sizes=sizes,
        pts=pts,
        dts=None,
        spans=_spans(pts),
        keys=keys.astype(np.bool_),
        base=Fraction(scale_of(file), 1_000_000_000),
        first=int(pts.min()),
        delay=facts.delay,
    )


def _spans(pts: Numbers) -> Numbers:
    """Return how long each picture is shown: until the next one."""
    order = np.argsort(pts, kind="stable")
    steps = np.diff(pts[order])
    usual = int(np.median(steps)) if len(steps) else 40
    spans = np.empty_like(pts)
    spans[order] = np.concatenate([steps, [max(1, usual)]])
    return spans


def scale_of(file: File) -> int:
    """Return how many nanoseconds a unit of time takes."""
    found = file.first(INFO)
    data = file.content(found) if found else b""
    for row in ebml.children(data, 0, len(data), limits=file.limits):
        if row.kind == _SCALE:
            return ebml.integer(data[row.body : row.end]) or 1_000_000
    return 1_000_000


def slots(file: File, track: int) -> Iterator[tuple[Slot, int, bool]]:
    """Yield every block of a track, its time in units of the file, and whether it is a key.

    Raises:
        MediaError: If one is damaged, or holds several frames.
    """
    for cluster in file.tops:
        if cluster.kind != CLUSTER:
            continue
        base = 0
        for one in file.inner(cluster):
            if one.kind == TIMESTAMP:
                base = ebml.integer(ebml.content(file.source, one, most=64))
            elif one.kind == SIMPLE:
                yield from _slot(file, track, Slot(cluster.start, one, one, base))
            elif one.kind == GROUP:
                block = next((b for b in file.inner(one) if b.kind == BLOCK), None)
                if block is not None:
                    yield from _slot(file, track, Slot(cluster.start, one, block, base))


def _slot(file: File, track: int, slot: Slot) -> Iterator[tuple[Slot, int, bool]]:
    head = head_of(file, slot.block)
    length, number, _ = ebml.number(head, 0)
    if number != track:
        return
    if len(head) < length + 3:
        raise MalformedMediaError("a block that is too short")
    flags = head[length + 2]
    if flags & _LACED:
        raise UnsupportedMediaError("several frames share a block")
    time = slot.base + int.from_bytes(head[length : length + 2], "big", signed=True)
    key = bool(flags & _KEY)
    if slot.place.kind == GROUP:
        key = all(one.kind != REFERENCE for one in file.inner(slot.place))
    yield slot, time, key


def head_of(file: File, block: Element) -> bytes:
    """Return the first bytes of a block."""
    file.source.seek(block.body)
    return file.source.read(min(_HEAD, block.end - block.body))
