"""A plate or a cut by the fast core: a JPEG's scan changed in place, its picture never decoded."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from kzmark import native
from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Box, Pixels
from kzmark.formats.jpeg import colour
from kzmark.formats.jpeg.colour import Model
from kzmark.formats.jpeg.segments import (
    DHT,
    DQT,
    DRI,
    EOI,
    SOI,
    SOS,
    Stream,
    parse,
    segment_bytes,
)

Pieces = tuple[bytes | memoryview, ...]

_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_ODD: Final = frozenset({0xCC, 0xDC, 0xDE, 0xDF})  # DAC, DNL, DHP, EXP
_WHOLE: Final = b"\x00\x3f\x00"  # a scan with every coefficient at full precision
_LUMA: Final = (0.299, 0.587, 0.114, 0)  # ITU-T T.871, 7, full range
_COLOURS: Final = {  # components from red, green, blue, and an offset
    Model.GREY: np.array([_LUMA], np.float32),
    Model.RGB: np.eye(3, 4, dtype=np.float32),
    Model.YCC: np.array(
        [_LUMA, (-0.168736, -0.331264, 0.5, 128), (0.5, -0.418688, -0.081312, 128)], np.float32
    ),
}
_FOUR: Final = np.eye(4, 5, dtype=np.float32)


def plate(stream: Stream, pixels: Pixels, corner: tuple[int, int]) -> Mapping[int, Pieces]:
    """Lay a plate on a picture.

    Args:
        stream: The file.
        pixels: The plate, (height, width, 3) uint8 RGB, turned as the picture is stored.
        corner: Where its left top corner stands, in stored pixels.

    Returns:
        Segments as they are to be, by where they start: the scan, and Huffman tables if they
        gained codes. Empty if the fast core cannot do it, for whatever reason.

    Raises:
        ValueError: If the plate leaves the picture.
    """
    scan = scan_of(stream)
    if scan is None:
        return {}
    kind = colour.model(stream)
    colours = _COLOURS.get(kind, _FOUR)
    if kind not in _COLOURS:  # as files hold four inks: inverted
        pixels = 255 - np.asarray(colour.spell(pixels, kind))
    done = native.jpeg_splice(scan, pixels, x=corner[0], y=corner[1], colours=colours)
    if isinstance(done, native.Refusal):
        return {}
    changed: dict[int, Pieces] = dict(_tables(stream, done.tables))
    view = memoryview(stream.data)
    sos = next(stream.find(SOS))
    changed[sos.start] = (view[sos.start : done.start], done.coded, view[done.stop : sos.stop])
    return changed


def cut(stream: Stream, box: Box) -> tuple[Stream, tuple[int, int]] | None:
    """Cut a part out, as a JPEG of its own with the same coefficients.

    Two samples more of the smallest planes come along on every side, so that decoders smooth chroma
    inside the box as they do in the whole picture.

    Args:
        stream: The file.
        box: The wanted part, in stored pixels, inside the picture.

    Returns:
        The small JPEG and where its left top corner stands in the picture; or nothing, if the fast
        core cannot do it.
    """
    scan = scan_of(stream)
    if scan is None:
        return None
    frame, (wide, high) = stream.frame, stream.frame.unit
    reach = 2 * frame.most[0], 2 * frame.most[1]
    left, top = max(0, box[0] - reach[0]) // wide, max(0, box[1] - reach[1]) // high
    right = -(-min(frame.width, box[0] + box[2] + reach[0]) // wide)
    bottom = -(-min(frame.height, box[1] + box[3] + reach[1]) // high)
    done = native.jpeg_crop(scan, units=(left, top, right, bottom))
    if isinstance(done, native.Refusal):
        return None
    x, y = left * wide, top * high
    size = min(frame.width, right * wide) - x, min(frame.height, bottom * high) - y
    return parse(_joined(stream, done, size), limits=DEFAULT_LIMITS), (x, y)


def _joined(stream: Stream, done: native.JpegSplice, size: tuple[int, int]) -> bytes:
    """Return a file of another size with another scan and without restart markers."""
    tables = dict(_tables(stream, done.tables))
    pieces: list[bytes | memoryview] = [SOI]
    for segment in stream.header:
        if segment.start in tables:
            pieces += tables[segment.start]
        elif segment.marker == stream.frame.marker:
            sides = size[1].to_bytes(2, "big") + size[0].to_bytes(2, "big")
            payload = stream.payload(segment)
            pieces.append(segment_bytes(segment.marker, payload[:1] + sides + payload[5:]))
        elif segment.marker != DRI:
            pieces.append(stream.raw(segment))
    sos = next(stream.find(SOS))
    return b"".join([*pieces, stream.data[sos.start : sos.end], done.coded, EOI])


def scan_of(stream: Stream) -> native.JpegScan | None:
    """Return what the core needs, or nothing if the file is of a kind it does not take."""
    frame, odd = stream.frame, any(segment.marker in _ODD for segment in stream.segments)
    scans = list(stream.find(SOS))
    if not native.available() or odd or len(scans) != 1:
        return None
    if frame.marker not in _SEQUENTIAL or frame.precision != 8 or len(frame.components) > 4:
        return None
    components = _components(stream, stream.payload(scans[0]))
    tables = dict(_parts(stream, DHT))
    restarts = [stream.payload(s) for s in stream.header if s.marker == DRI] or [b"\0\0"]
    if components is None or None in tables or any(len(r) != 2 for r in restarts):
        return None
    stop = scans[0].stop
    while stop > scans[0].end and stream.data[stop - 1] == 0xFF:  # fill bytes
        stop -= 1
    return native.JpegScan(
        data=stream.data,
        start=scans[0].end,
        stop=stop,
        width=frame.width,
        height=frame.height,
        restart=int.from_bytes(restarts[-1], "big"),
        components=components,
        tables={number: table for number, table in tables.items() if number is not None},
    )


def _components(stream: Stream, header: bytes) -> tuple[native.JpegComponent, ...] | None:
    """Return the components if the scan holds all of them, in order, and their tables are there."""
    frame = stream.frame
    names = bytes(component.identifier for component in frame.components)
    count = len(names)
    if len(header) != 4 + 2 * count or header[0] != count or header[-3:] != _WHOLE:
        return None
    steps = {number: _steps(table) for number, table in _parts(stream, DQT)}
    found = []
    for component, name, codes in zip(
        frame.components, header[1:-3:2], header[2:-3:2], strict=True
    ):
        table = steps.get(component.table)
        if name != component.identifier or codes >> 4 > 3 or codes & 15 > 3 or not table:
            return None
        part = native.JpegComponent(component.across, component.down, codes >> 4, codes & 15, table)
        found.append(part)
    return tuple(found)


def _steps(table: bytes) -> tuple[int, ...]:
    """Return the steps of a quantisation table in zigzag order, none if one is 0."""
    steps = np.frombuffer(table, np.uint8 if len(table) == 64 else ">u2")
    return tuple(steps.tolist()) if steps.all() else ()


def _parts(stream: Stream, marker: int) -> Iterator[tuple[int | None, bytes]]:
    """Yield number and table of the DHT or DQT segments before the scan; None if one is wrong."""
    for segment in stream.header:
        if segment.marker == marker:
            yield from _split(stream.payload(segment), marker)


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
