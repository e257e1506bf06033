"""Rows of a JPEG whose restart markers stand at the ends of MCU rows, apart from all the others.

Between two restart markers everything needed to decode stands together (ITU-T T.81, E.1.4), so some
rows can be cut out into a small JPEG of their own, and put back, while the rest stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.jpeg.coding import huffman_tables
from kzmark.formats.jpeg.segments import DRI, EOI, SOI, SOS, Segment, Stream, parse

_RESTART: Final = 0xD0
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})


@dataclass(frozen=True, slots=True)
class Intervals:
    """The entropy-coded data of a one-scan file, cut at its restart markers.

    Attributes:
        stream: The file.
        scan: Its one scan.
        rows: Pixel rows of one interval; the last one may have fewer.
        edges: Where each interval begins, in bytes, and where one more would begin.
    """

    stream: Stream
    scan: Segment
    rows: int
    edges: tuple[int, ...]

    def pieces(self, first: int, last: int) -> list[bytes]:
        """Return the data of the intervals from `first` up to and without `last`."""
        pairs = zip(self.edges[first:last], self.edges[first + 1 : last + 1], strict=True)
        return [self.stream.data[start : stop - 2] for start, stop in pairs]

    def span(self, top: int, bottom: int) -> tuple[int, int]:
        """Return the first interval and one past the last of the pixel rows from top to bottom."""
        return top // self.rows, -(-bottom // self.rows)

    @property
    def count(self) -> int:
        """How many intervals there are."""
        return len(self.edges) - 1


def intervals(stream: Stream) -> Intervals | None:
    """Return the intervals of a file, or nothing if it does not come apart at its MCU rows.

    Every restart marker must be there and bear its number: where one is missing, decoders guess,
    and then the rows alone would not look as they do in the whole picture.
    """
    frame = stream.frame
    scans = list(stream.find(SOS))
    if frame.marker not in _SEQUENTIAL or len(scans) != 1:
        return None
    scan = scans[0]
    interval = _interval(stream)
    wide, high = frame.unit
    across, down = -(-frame.width // wide), -(-frame.height // high)
    if not _is_whole(stream, scan) or not interval or interval % across:
        return None
    each = interval // across
    marks = _restarts(stream.data, scan)
    count = -(-down // each)
    if marks is None or len(marks) != count - 1:
        return None
    edges = (scan.end, *(mark + 2 for mark in marks), scan.stop + 2)
    return Intervals(stream, scan, each * high, edges)


def cut(parts: Intervals, first: int, last: int) -> Stream:
    """Return the intervals from `first` up to and without `last` as a JPEG of their own."""
    stream = parts.stream
    top = first * parts.rows
    height = min(stream.frame.height, last * parts.rows) - top
    pieces = [SOI]
    for segment in stream.segments:
        if segment is parts.scan:
            pieces.append(stream.data[segment.start : segment.end])
        elif segment.marker == stream.frame.marker:
            pieces += [
                stream.data[segment.start : segment.body + 1],
                height.to_bytes(2, "big"),
                stream.data[segment.body + 3 : segment.end],
            ]
        else:
            pieces.append(stream.raw(segment))
    pieces += [_joined(parts.pieces(first, last)), EOI]
    return parse(b"".join(pieces), limits=DEFAULT_LIMITS)


def put_back(parts: Intervals, first: int, coded: bytes) -> bytes | None:
    """Return the scan of a file, its header included, with new intervals from `first` on.

    Args:
        parts: The file.
        first: The interval to begin with.
        coded: A JPEG of its own that holds the new intervals.

    Returns:
        The bytes, or nothing if `coded` has other codes, sampling or intervals than the file.
    """
    new = intervals(parse(coded, limits=DEFAULT_LIMITS))
    if new is None or new.rows != parts.rows or _codes(new) != _codes(parts):
        return None
    fresh = new.pieces(0, new.count)
    before, after = parts.pieces(0, first), parts.pieces(first + len(fresh), parts.count)
    header = parts.stream.data[parts.scan.start : parts.scan.end]
    return header + _joined([*before, *fresh, *after])


def _codes(parts: Intervals) -> list[tuple[int, int, int, bytes | None, bytes | None]]:
    """Return place, sampling and Huffman tables of each component, in the order of the scan."""
    stream = parts.stream
    tables = dict(huffman_tables(stream))
    frame = {c.identifier: (at, c) for at, c in enumerate(stream.frame.components)}
    header, found = stream.payload(parts.scan), []
    for at in range(1, 1 + 2 * len(frame), 2):
        place, component = frame[header[at]]
        dc, ac = header[at + 1] >> 4, 0x10 | header[at + 1] & 15
        sampling = component.across, component.down
        found.append((place, *sampling, tables.get(dc), tables.get(ac)))
    return found


def _interval(stream: Stream) -> int:
    """Return how many MCUs lie between restart markers, 0 if there are no such markers."""
    found = 0
    for segment in stream.segments:
        if segment.marker == SOS:
            break
        if segment.marker == DRI:
            found = int.from_bytes(stream.payload(segment), "big")
    return found


def _is_whole(stream: Stream, scan: Segment) -> bool:
    """Say whether a scan holds every component of the frame once."""
    header = stream.payload(scan)
    names = sorted(component.identifier for component in stream.frame.components)
    count = len(names)
    return header[:1] == bytes((count,)) and sorted(header[1 : 1 + 2 * count : 2]) == names


def _restarts(data: bytes, scan: Segment) -> Sequence[int] | None:
    """Return where the restart markers of a scan stand, or nothing if they are out of order."""
    coded = np.frombuffer(data, np.uint8, scan.stop - scan.end, scan.end)
    at = np.flatnonzero(coded[:-1] == 0xFF)
    codes = coded[at + 1]
    at, codes = at[codes != 0], codes[codes != 0]
    if not np.array_equal(codes, _RESTART + np.arange(len(codes)) % 8):
        return None
    found: list[int] = (at + scan.end).tolist()
    return found


def _joined(pieces: Sequence[bytes]) -> bytes:
    """Return intervals with restart markers counted from the first one."""
    parts = []
    for index, piece in enumerate(pieces):
        if index:
            parts.append(bytes((0xFF, _RESTART + (index - 1) % 8)))
        parts.append(piece)
    return b"".join(parts)
