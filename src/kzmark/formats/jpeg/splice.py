"""A JPEG by the fast core: a plate laid into its scan, or a part decoded; the rest passed over."""

import functools
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from kzmark.formats._base import Box, Pixels
from kzmark.formats.jpeg import colour
from kzmark.formats.jpeg.colour import Model
from kzmark.formats.jpeg.frame import Frame
from kzmark.formats.jpeg.segments import (
    DHT,
    DQT,
    DRI,
    SOS,
    Head,
    Stream,
    segment_bytes,
)
from kzmark.native import Refusal, jpeg
from kzmark.native.kept import Keeper

Pieces = tuple[bytes | memoryview, ...]

_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_ODD: Final = frozenset({0xCC, 0xDC, 0xDE, 0xDF})  # DAC, DNL, DHP, EXP
_TELLING: Final = _ODD | {DHT, DQT, DRI, SOS}
_WHOLE: Final = b"\x00\x3f\x00"  # a scan with every coefficient at full precision
_LUMA: Final = (0.299, 0.587, 0.114, 0)  # ITU-T T.871, 7, full range
_COLOURS: Final = {  # components from red, green, blue, and an offset
    Model.GREY: np.array([_LUMA], np.float32),
    Model.RGB: np.eye(3, 4, dtype=np.float32),
    Model.YCC: np.array(
        [_LUMA, (-0.168736, -0.331264, 0.5, 128), (0.5, -0.418688, -0.081312, 128)], np.float32
    ),
}
_MODELS: Final = {Model.YCC: jpeg.Model.FROM_YCC, Model.YCCK: jpeg.Model.FROM_YCCK}
_INKS: Final = Keeper[Pixels]()
_FOUR: Final = np.eye(4, 5, dtype=np.float32)


def plate(
    stream: Stream, pixels: Pixels, corner: tuple[int, int], kind: Model
) -> Mapping[int, Pieces]:
    """Lay a plate on a picture.

    Args:
        stream: The file.
        pixels: The plate, (height, width, 3) uint8 RGB, turned as the picture is stored.
        corner: Where its left top corner stands, in stored pixels.
        kind: The colour model of the file.

    Returns:
        Segments as they are to be, by where they start: the scan, and Huffman tables if they
        gained codes. Empty if the fast core cannot do it, for whatever reason.

    Raises:
        ValueError: If the plate leaves the picture.
    """
    scan = scan_of(stream)
    if scan is None:
        return {}
    colours = _COLOURS.get(kind, _FOUR)
    if kind not in _COLOURS:  # as files hold four inks: inverted
        pixels = _INKS.get(pixels, kind, functools.partial(_inks, pixels, kind))
    done = jpeg.splice(scan, pixels, x=corner[0], y=corner[1], colours=colours)
    if isinstance(done, Refusal):
        return {}
    changed: dict[int, Pieces] = dict(_tables(stream, done.tables))
    view = memoryview(stream.data)
    sos = next(stream.find(SOS))
    changed[sos.start] = (view[sos.start : done.start], done.coded, view[done.stop : sos.stop])
    return changed


def _inks(pixels: Pixels, kind: Model) -> Pixels:
    inks = 255 - np.asarray(colour.spell(pixels, kind))
    inks.setflags(write=False)
    return inks


def region(stream: Stream, box: Box, *, by: int = 1) -> Pixels | None:
    """Decode a part of a picture as a viewer would show it, orientation aside.

    Args:
        stream: The file.
        box: The wanted part, in stored pixels, inside the picture.
        by: 1, or 2, 4 or 8 for a picture smaller by that; the box is in its pixels then.

    Returns:
        (height, width, 3) RGB, the very pixels that Pillow gives for it in the whole picture; or
        nothing, if the fast core cannot do it.
    """
    scan = scan_of(stream)
    if scan is None:
        return None
    kind = colour.model(stream)
    found = jpeg.region(scan, box, _MODELS.get(kind, jpeg.Model.AS_THEY_ARE), by=by)
    return None if isinstance(found, Refusal) else colour.show(found, kind)


def scan_of(stream: Stream) -> jpeg.Scan | None:
    """Return what the core needs, or nothing if the file is of a kind it does not take."""
    if not jpeg.available():
        return None
    data, scan = stream.data, stream.segments[len(stream.header)]
    behind = stream.segments[len(stream.header) + 1 :]
    if any(segment.marker in _TELLING for segment in behind):
        return None  # more scans, or tables for them
    coding = stream.head.once(_coding)
    if coding is None:
        return None
    stop = scan.stop
    while stop > scan.end and data[stop - 1] == 0xFF:  # fill bytes
        stop -= 1
    return jpeg.Scan(data, scan.end, stop, coding)


def _coding(head: Head) -> jpeg.Coding | None:
    segments = [s for s in (*head.segments, head.scan) if s.marker in _TELLING]
    return _told(head.frame, tuple((s.marker, head.payload(s)) for s in segments))


@functools.lru_cache(maxsize=64)
def _told(frame: Frame, told: tuple[tuple[int, bytes], ...]) -> jpeg.Coding | None:
    """Return how a file is coded, by its frame and the other segments that tell it, in order.

    Files of one camera or pipeline have them in common, whatever else stands in their heads.
    """
    if any(marker in _ODD for marker, _ in told):
        return None
    if frame.marker not in _SEQUENTIAL or frame.precision != 8 or len(frame.components) > 4:
        return None
    components = _components(frame, dict(_parts(told, DQT)), told[-1][1])
    tables = dict(_parts(told, DHT))
    restarts = [payload for marker, payload in told if marker == DRI] or [b"\0\0"]
    if components is None or None in tables or any(len(r) != 2 for r in restarts):
        return None
    return jpeg.Coding(
        width=frame.width,
        height=frame.height,
        restart=int.from_bytes(restarts[-1], "big"),
        components=components,
        tables={number: table for number, table in tables.items() if number is not None},
    )


def _components(
    frame: Frame, steps: Mapping[int | None, bytes], header: bytes
) -> tuple[jpeg.Component, ...] | None:
    """Return the components if the scan holds all of them, in order, and their tables are there."""
    names = bytes(component.identifier for component in frame.components)
    count = len(names)
    if len(header) != 4 + 2 * count or header[0] != count or header[-3:] != _WHOLE:
        return None
    found = []
    for component, name, codes in zip(
        frame.components, header[1:-3:2], header[2:-3:2], strict=True
    ):
        table = _steps(steps.get(component.table, b""))
        if name != component.identifier or codes >> 4 > 3 or codes & 15 > 3 or not table:
            return None
        part = jpeg.Component(component.across, component.down, codes >> 4, codes & 15, table)
        found.append(part)
    return tuple(found)


def _steps(table: bytes) -> bytes:
    """Return the steps of a quantisation table, two bytes each, nothing if one is 0 or missing."""
    steps = np.frombuffer(table, np.uint8 if len(table) == 64 else ">u2")
    return steps.astype(">u2").tobytes() if steps.all() else b""


def _parts(told: tuple[tuple[int, bytes], ...], marker: int) -> Iterator[tuple[int | None, bytes]]:
    """Yield number and table of the DHT or DQT segments; None if one is wrong."""
    for each, payload in told:
        if each == marker:
            yield from _split(payload, marker)


def _split(payload: bytes, marker: int) -> Iterator[tuple[int | None, bytes]]:
    at = 0
    while at < len(payload):
        first, begin = payload[at], at + 1
        if marker == DHT:
            number, end = first, begin + 16 + sum(payload[begin : begin + 16])
            wrong = number & 0xEC or begin + 16 > len(payload)
        else:
            number, end = first & 15, begin + (128 if first >> 4 else 64)
            wrong = first >> 4 > 1
        if wrong or end > len(payload):
            yield None, b""
            return
        yield number, payload[begin:end]
        at = end


def _tables(stream: Stream, new: Mapping[int, bytes]) -> Iterator[tuple[int, Pieces]]:
    """Yield the DHT segments that hold tables with new codes, by where they start."""
    for segment in stream.header:
        if segment.marker != DHT or not new:
            continue
        parts = [(n, table) for n, table in _split(stream.payload(segment), DHT) if n is not None]
        if any(number in new for number, _ in parts):
            spelt = (bytes((number,)) + new.get(number, table) for number, table in parts)
            yield segment.start, (segment_bytes(DHT, b"".join(spelt)),)
