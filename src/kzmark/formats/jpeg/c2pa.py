"""Where a C2PA manifest store stands in a JPEG: APP11 segments right behind JFIF's APP0.

Spec: C2PA 2.4, A.3.1 (contiguous segments, in order); ISO 19566-5, D.2 (JUMBF in JPEG: `JP`, the
box's instance number, the packet's sequence number, then length and type of the box again).
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._embedding import Room, Survey
from kzmark.formats.jpeg.segments import (
    APP0,
    MAX_PAYLOAD,
    SOI,
    SOS,
    Segment,
    Stream,
    parse,
    segment_bytes,
)

APP11: Final = 0xEB
_PACKET: Final = struct.Struct(">2sHI")  # "JP", instance number, sequence number
_BOX: Final = 8  # bytes of length and type of the box, repeated in every segment
_HEAD: Final = _PACKET.size + _BOX
_MARKER: Final = 4  # bytes of marker and length
_SPAN: Final = MAX_PAYLOAD - _HEAD  # bytes of the box that one segment holds beside all heads
_INSTANCE: Final = 0x0211  # the number that c2pa-rs gives, too
_IS_STORE: Final = slice(24, 28)  # of a payload: where the type of the superbox begins


class Packet(NamedTuple):
    """The payload of an APP11 segment that holds a part of a box."""

    instance: int
    number: int
    box: bytes
    part: bytes


def room(data: bytes, size: int) -> Room:
    """Return the place behind the APP0 segments with which the file begins."""
    start, leading, taken = len(SOI), True, set()
    for marker, body, end in _header(data):
        leading = leading and marker == APP0
        if leading:
            start = end
        if marker == APP11:
            if data[body + _IS_STORE.start : body + _IS_STORE.stop] == b"c2pa":
                raise MalformedMediaError("there is a manifest store already")
            taken.add(int.from_bytes(data[body + 2 : body + 4], "big"))
    instance = next(n for n in range(_INSTANCE, 1 << 16) if n not in taken)
    count = -(-(size - _BOX) // _SPAN)
    return Room(
        start=start,
        size=size - _BOX + count * (_MARKER + _HEAD),
        wrap=lambda store: b"".join(_segments(store, instance)),
    )


def unwrap(piece: bytes) -> bytes:
    """Return the box that a run of segments holds, every head checked."""
    at, packets = 0, []
    while at < len(piece):
        end = at + 2 + int.from_bytes(piece[at + 2 : at + 4], "big")
        packet = _packet(piece[at + _MARKER : end])
        if piece[at : at + 2] != bytes((0xFF, APP11)) or end > len(piece) or packet is None:
            raise MalformedMediaError("not a run of APP11 segments with one box")
        packets.append(packet)
        at = end
    return _joined(packets)


def survey(data: bytes, *, limits: Limits) -> Survey:
    """Look at every segment of the file; what is coded in a scan is skipped."""
    stream = parse(data, limits=limits)
    runs = list(_runs(stream))
    own = {segment.start for run in runs for segment in run}
    others = [_beside(stream, each) for each in stream.segments if each.start not in own]
    others.append(data[stream.end :])
    if len(runs) != 1 or _strays(stream, runs[0]):
        pieces = (stream.raw(segment) for run in runs for segment in run)
        return Survey(store=b"", start=0, size=0, others=(*pieces, *others))
    start, end = runs[0][0].start, runs[0][-1].stop
    limits.check_metadata(end - start, what="a manifest store")
    return Survey(
        store=unwrap(data[start:end]), start=start, size=end - start, others=tuple(others)
    )


def _header(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start of the payload and end of each segment before the first scan."""
    if not data.startswith(SOI):
        raise MalformedMediaError("not a JPEG")
    at = len(SOI)
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes (T.81, B.1.1.2)
            at += 1
        head = data[at : at + _MARKER]
        end = at + 2 + int.from_bytes(head[2:], "big")
        if len(head) < _MARKER or head[0] != 0xFF or not at + _MARKER <= end <= len(data):
            raise MalformedMediaError(f"no segment at byte {at}, where one must stand")
        if head[1] == SOS:
            return
        yield head[1], at + _MARKER, end
        at = end


def _segments(store: bytes, instance: int) -> Iterator[bytes]:
    """Yield the segments of a box; each repeats the length and the type of the whole."""
    for number, at in enumerate(range(_BOX, len(store), _SPAN), start=1):
        head = _PACKET.pack(b"JP", instance, number)
        yield segment_bytes(APP11, head + store[:_BOX] + store[at : at + _SPAN])


def _packet(payload: bytes) -> Packet | None:
    if len(payload) <= _HEAD or not payload.startswith(b"JP"):
        return None
    _, instance, number = _PACKET.unpack_from(payload)
    return Packet(instance, number, payload[_PACKET.size : _HEAD], payload[_HEAD:])


def _joined(packets: Sequence[Packet]) -> bytes:
    if not packets:
        raise MalformedMediaError("no segment with a box")
    first = packets[0]
    for number, packet in enumerate(packets, start=1):
        if packet[:3] != (first.instance, number, first.box):
            raise MalformedMediaError(f"segment {number} does not belong to the box before it")
    store = first.box + b"".join(packet.part for packet in packets)
    if len(store) != int.from_bytes(first.box[:4], "big"):
        raise MalformedMediaError(f"segments of {len(store)} bytes with a box of another size")
    return store


def _runs(stream: Stream) -> Iterator[list[Segment]]:
    """Yield the runs of segments that begin with the first segment of a manifest store."""
    run: list[Segment] = []
    for segment in stream.segments:
        if segment.marker == APP11 and _is_store(stream, segment):
            if run:
                yield run
            run = [segment]
        elif run and segment.start == run[-1].stop and _continues(stream, segment, run[0]):
            run.append(segment)
    if run:
        yield run


def _continues(stream: Stream, segment: Segment, first: Segment) -> bool:
    if segment.marker != APP11:
        return False
    one, other = _packet(stream.payload(segment)), _packet(stream.payload(first))
    return one is not None and other is not None and one.instance == other.instance


def _strays(stream: Stream, run: Sequence[Segment]) -> bool:
    """Say whether another segment has the instance number of the store: readers would join it."""
    own = {segment.start for segment in run}
    wanted = stream.payload(run[0])[2:4]
    return any(
        stream.payload(each)[2:4] == wanted
        for each in stream.find(APP11)
        if each.start not in own and each.end - each.body > _HEAD
    )


def _is_store(stream: Stream, segment: Segment) -> bool:
    return stream.payload(segment)[_IS_STORE] == b"c2pa"


def _beside(stream: Stream, segment: Segment) -> bytes:
    if segment.marker == SOS:
        return stream.data[segment.start : segment.end]
    return stream.raw(segment)
