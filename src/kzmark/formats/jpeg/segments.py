"""JPEG as segments: the whole file walked once from SOI to EOI, no pixel decoded.

Spec: ITU-T T.81 (ISO/IEC 10918-1), B.1.1 (markers, fill bytes) and B.2 (the order of segments).
"""

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.native import Refusal, jpeg

SOI: Final = b"\xff\xd8"
EOI: Final = b"\xff\xd9"
DHT, DQT, DRI, SOS, COM = 0xC4, 0xDB, 0xDD, 0xDA, 0xFE
APP0, APP1, APP2, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
MAX_PAYLOAD: Final = 65_533  # bytes of one segment beside its marker and length
MAX_SIDE: Final = 65_500  # px; what libjpeg takes, just under the 65,535 of the standard

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}
_ALONE: Final = 0x01  # TEM, the one marker without a length that may stand between segments
_SIZED: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xF0), COM})
_PROGRESSIVE: Final = 0xC2
_UNSUPPORTED: Final = {0xC3: "lossless", 0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded"}
_MAX_SEGMENTS: Final = 10_000  # more than 600 MB of metadata
_KEPT: Final = 16 << 20  # bytes of a file that may stay in memory until the next one comes
_MAX_SCANS: Final = 100  # progressive files have about ten; each one costs a pass over the picture
_MARKER: Final = re.compile(rb"\xff++([\x01\xc0-\xcf\xd8-\xef\xfe])")
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class Segment(NamedTuple):
    """One marker segment; offsets count in bytes from the start of the file.

    Attributes:
        marker: Second byte of its marker.
        start: Where it begins, fill bytes included.
        body: Where its payload begins.
        end: Where its payload ends; for a scan, its entropy-coded data begins here.
        stop: Where the next segment begins; differs from `end` for a scan only.
    """

    marker: int
    start: int
    body: int
    end: int
    stop: int


@dataclass(frozen=True, slots=True)
class Component:
    """One colour plane: identifier, sampling factors, number of its quantisation table."""

    identifier: int
    across: int
    down: int
    table: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header (B.2.2): size in stored pixels and the components."""

    marker: int
    precision: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def progressive(self) -> bool:
        """Whether the scans refine one another."""
        return self.marker == _PROGRESSIVE

    @property
    def most(self) -> tuple[int, int]:
        """The largest sampling factors, across and down."""
        return max(c.across for c in self.components), max(c.down for c in self.components)

    @property
    def ratios(self) -> tuple[tuple[int, int], ...]:
        """By how much each component is smaller than the picture, across and down."""
        across, down = self.most
        return tuple((across // c.across, down // c.down) for c in self.components)

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of an MCU of one scan that holds every component, in pixels."""
        if len(self.components) == 1:
            return 8, 8
        across, down = self.most
        return 8 * across, 8 * down


@dataclass(frozen=True, slots=True)
class Stream:
    """A JPEG file taken apart.

    Attributes:
        data: The whole file.
        frame: Its one frame header.
        segments: Everything between SOI and EOI, in order.
        end: Where the file goes on behind EOI, in bytes.
    """

    data: bytes
    frame: Frame
    segments: tuple[Segment, ...]
    end: int

    @property
    def header(self) -> tuple[Segment, ...]:
        """The segments before the first scan."""
        markers = [segment.marker for segment in self.segments]
        return self.segments[: markers.index(SOS)] if SOS in markers else self.segments

    def payload(self, segment: Segment) -> bytes:
        """Return what a segment holds behind its length."""
        return self.data[segment.body : segment.end]

    def raw(self, segment: Segment) -> bytes:
        """Return a segment as it stands, a scan with its entropy-coded data."""
        return self.data[segment.start : segment.stop]

    def holds(self, segment: Segment, marker: int, prefix: bytes) -> bool:
        """Say whether a segment has this marker and its payload begins so."""
        _, _, body, end, _ = segment
        return segment.marker == marker and self.data.startswith(prefix, body, end)

    def find(self, marker: int, prefix: bytes = b"") -> Iterator[Segment]:
        """Yield the segments of this marker whose payload begins so."""
        begins = self.data.startswith
        fitting = [s for s in self.segments if s[0] == marker and begins(prefix, s[2], s[3])]
        return iter(fitting)

    def check_decodable(self, *, limits: Limits) -> None:
        """Refuse kinds of JPEG that are no 8-bit Huffman-coded DCT, and pictures over the limits.

        Raises:
            UnsupportedMediaError: If the file is of a kind that is not supported.
            LimitExceededError: If decoding could cost more than the limits allow.
        """
        frame = self.frame
        if kind := _unsupported(frame):
            raise UnsupportedMediaError(f"{kind} JPEG is not supported")
        count = len(frame.components)
        limits.check_picture(
            frame.width, frame.height, file_bytes=len(self.data), sample_bytes=count
        )
        if max(frame.width, frame.height) > MAX_SIDE:
            raise LimitExceededError(f"a JPEG of {frame.width}x{frame.height} px")
        scans = len(list(self.find(SOS)))
        if scans * frame.width * frame.height > limits.max_total_pixels:
            raise LimitExceededError(f"{scans} scans over {frame.width}x{frame.height} px")


class _Last(threading.local):  # the steps of a stamp work on the same bytes one after another
    parsed: tuple[Stream, Limits] | None = None


_LAST: Final = _Last()


def segment_bytes(marker: int, payload: bytes) -> bytes:
    """Return one marker segment.

    Raises:
        LimitExceededError: If the payload takes more than `MAX_PAYLOAD` bytes.
    """
    if len(payload) > MAX_PAYLOAD:
        raise LimitExceededError(f"a JPEG segment cannot hold {len(payload)} bytes")
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def parse(data: bytes, *, limits: Limits, header_only: bool = False) -> Stream:
    """Take a JPEG file apart.

    Args:
        data: The whole file.
        limits: Its `max_elements` bounds the number of segments; 10,000 is the most.
        header_only: Whether to stop before the first scan, for a look at the size.

    Raises:
        MalformedMediaError: If it is no JPEG, breaks the order of segments, or ends too early.
        LimitExceededError: If it has too many segments or scans.
    """
    last = _LAST.parsed
    if last is not None and last[0].data is data and last[1] == limits:
        return last[0]
    stream = _parsed(data, limits, header_only=header_only)
    if not header_only and len(data) <= _KEPT:
        _LAST.parsed = stream, limits
    return stream


def _parsed(data: bytes, limits: Limits, *, header_only: bool) -> Stream:
    if not data.startswith(SOI + b"\xff"):
        raise MalformedMediaError("not a JPEG")
    most = min(_MAX_SEGMENTS, limits.max_elements)
    segments: list[Segment] = []
    frame: Frame | None = None
    at = len(SOI)
    while (segment := _segment(data, at)).marker != EOI[1]:
        if segment.marker in _FRAMES:
            if frame is not None:
                raise UnsupportedMediaError("hierarchical JPEG is not supported")
            frame = _frame(segment.marker, data[segment.body : segment.end])
        if segment.marker == SOS:
            if frame is None:
                raise MalformedMediaError("a scan before the frame header")
            if header_only:
                return Stream(data, frame, tuple(segments), at)
            segment = segment._replace(stop=_scan_end(data, segment.end))
        segments.append(segment)
        at = segment.stop
        if len(segments) > most:
            raise LimitExceededError(f"a JPEG of more than {most} segments")
    return _stream(data, frame, segments)


def _stream(data: bytes, frame: Frame | None, segments: Sequence[Segment]) -> Stream:
    scans = sum(segment.marker == SOS for segment in segments)
    if frame is None or not scans:
        raise MalformedMediaError("a JPEG without a picture")
    if scans > _MAX_SCANS:
        raise LimitExceededError(f"a JPEG of {scans} scans is over the limit of {_MAX_SCANS}")
    end = _MARKER.match(data, segments[-1].stop)
    assert end is not None
    return Stream(data, frame, tuple(segments), end.end())


def _segment(data: bytes, at: int) -> Segment:
    body = at + 4
    if body <= len(data) and data[at] == 0xFF and data[at + 1] in _SIZED:  # as nearly all are
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if body <= end <= len(data):
            return Segment(data[at + 1], at, body, end, end)
    found = _MARKER.match(data, at)
    if found is None:
        if at + 1 >= len(data.rstrip(b"\xff")):
            raise MalformedMediaError("the file ends before the end of its picture")
        raise MalformedMediaError(f"no marker at byte {at}, where one must stand")
    marker, body = found[1][0], found.end()
    if marker == SOI[1]:
        raise MalformedMediaError(f"a second start of image at byte {at}")
    if marker in {EOI[1], _ALONE}:
        return Segment(marker, at, body, body, body)
    size = int.from_bytes(data[body : body + 2], "big")
    end = body + size
    if end > len(data) and (size >= 2 or body + 2 > len(data)):
        raise MalformedMediaError(f"the file ends inside its segment at byte {at}")
    if size < 2:
        raise MalformedMediaError(f"a segment at byte {at} declares {size} bytes")
    return Segment(marker, at, body + 2, end, end)


def _scan_end(data: bytes, at: int) -> int:
    fast = jpeg.scan_end(data, at)
    if not isinstance(fast, Refusal) and fast < len(data):
        return fast
    found = _SCAN_END.search(data, at)
    if found is None:
        raise MalformedMediaError("the file ends inside its picture")
    return found.start()


def _frame(marker: int, payload: bytes) -> Frame:
    if len(payload) < 6 or len(payload) != 6 + 3 * payload[5] or not payload[5]:
        raise MalformedMediaError("the frame header has a wrong length")
    components = tuple(
        Component(payload[at], payload[at + 1] >> 4, payload[at + 1] & 15, payload[at + 2])
        for at in range(6, len(payload), 3)
    )
    if any(not 1 <= factor <= 4 for c in components for factor in (c.across, c.down)):
        raise MalformedMediaError("sampling factors outside 1 to 4")
    height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
    if not width:
        raise MalformedMediaError("a picture without width")
    if not height:
        raise UnsupportedMediaError(
            "JPEG whose height stands behind its scan (DNL) is not supported"
        )
    return Frame(marker, payload[0], width, height, components)


def _unsupported(frame: Frame) -> str:
    """Name the kind of JPEG, if it is one that libjpeg's 8-bit decoder does not take."""
    if frame.marker > _PROGRESSIVE:
        return _UNSUPPORTED.get(frame.marker, "hierarchical")
    if frame.precision != 8:
        return f"{frame.precision}-bit"
    if len(frame.components) not in {1, 3, 4}:
        return f"{len(frame.components)}-component"
    across, down = frame.most
    if any(across % c.across or down % c.down for c in frame.components):
        return "fractionally sampled"
    return ""
