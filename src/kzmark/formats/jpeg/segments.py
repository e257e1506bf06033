"""JPEG as segments: the whole file walked once from SOI to EOI, no pixel decoded.

Spec: ITU-T T.81 (ISO/IEC 10918-1), B.1.1 (markers, fill bytes) and B.2 (the order of segments).
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar, cast

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, UnsupportedMediaError
from kzmark.formats.jpeg.frame import Frame, frame_of
from kzmark.native import Refusal, jpeg

Result = TypeVar("Result")

SOI: Final = b"\xff\xd8"
EOI: Final = b"\xff\xd9"
DHT, DQT, DRI, SOS, COM = 0xC4, 0xDB, 0xDD, 0xDA, 0xFE
APP0, APP1, APP2, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
MAX_PAYLOAD: Final = 65_533  # bytes of one segment beside its marker and length
MAX_SIDE: Final = 65_500  # px; what libjpeg takes, just under the 65,535 of the standard

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}
_ALONE: Final = 0x01  # TEM, the one marker without a length that may stand between segments
_SIZED: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xF0), COM})
_MAX_SEGMENTS: Final = 10_000  # more than 600 MB of metadata
_KEPT: Final = 16 << 20  # bytes of a file that may stay in memory until the next one comes
_SHORT: Final = 64 << 10  # bytes of a head that may stay, for files that begin alike
_HEADS: Final = 4  # of them: of a source, and of what is made of it
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


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """How a file begins. Those of one pipeline begin alike, and share what is known of it.

    Attributes:
        raw: All bytes up to the first entropy-coded ones.
        frame: The one frame header.
        segments: The segments before the first scan.
        scan: The header of that, as a segment that stops with it.
    """

    raw: bytes
    frame: Frame
    segments: tuple[Segment, ...]
    scan: Segment
    _known: dict[object, object] = field(default_factory=dict, repr=False)

    def once(self, work: "Callable[[Head], Result]") -> Result:
        """Return what a function gives for it, and keep that as long as this head is kept."""
        if work not in self._known:
            self._known[work] = work(self)
        return cast("Result", self._known[work])

    def payload(self, segment: Segment) -> bytes:
        """Return what a segment holds behind its length."""
        return self.raw[segment.body : segment.end]


@dataclass(frozen=True, slots=True)
class Stream:
    """A JPEG file taken apart.

    Attributes:
        data: The whole file.
        head: How it begins.
        segments: Everything between SOI and EOI, in order.
        end: Where the file goes on behind EOI, in bytes.
    """

    data: bytes
    head: Head
    segments: tuple[Segment, ...]
    end: int

    @property
    def frame(self) -> Frame:
        """The one frame header."""
        return self.head.frame

    @property
    def header(self) -> tuple[Segment, ...]:
        """The segments before the first scan."""
        return self.head.segments

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
        if kind := frame.unsupported:
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


class _Last(threading.local):
    parsed: tuple[Stream, Limits] | None = None  # a stamp's steps work on the same bytes in turn
    heads: tuple[Head, ...] = ()  # the latest first


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
    head = _known_head(data) or _head(data, most)
    if header_only:
        return Stream(data, head, head.segments, head.scan.start)
    segments = [*head.segments, head.scan._replace(stop=_scan_end(data, head.scan.end))]
    _check_count(segments, most)
    while (segment := _segment(data, segments[-1].stop)).marker != EOI[1]:
        if segment.marker in _FRAMES:
            raise UnsupportedMediaError("hierarchical JPEG is not supported")
        if segment.marker == SOS:
            segment = segment._replace(stop=_scan_end(data, segment.end))
        segments.append(segment)
        _check_count(segments, most)
    scans = sum(segment.marker == SOS for segment in segments)
    if scans > _MAX_SCANS:
        raise LimitExceededError(f"a JPEG of {scans} scans is over the limit of {_MAX_SCANS}")
    end = _MARKER.match(data, segments[-1].stop)
    assert end is not None
    return Stream(data, head, tuple(segments), end.end())


def _known_head(data: bytes) -> Head | None:
    for head in _LAST.heads:
        if data.startswith(head.raw):
            if head is not _LAST.heads[0]:
                _keep(head)
            return head
    return None


def _keep(head: Head) -> None:
    if len(head.raw) <= _SHORT:
        others = (other for other in _LAST.heads if other is not head)
        _LAST.heads = (head, *others)[:_HEADS]


def _head(data: bytes, most: int) -> Head:
    segments: list[Segment] = []
    frame: Frame | None = None
    at = len(SOI)
    while (segment := _segment(data, at)).marker != SOS:
        if segment.marker == EOI[1]:
            raise MalformedMediaError("a JPEG without a picture")
        if segment.marker in _FRAMES:
            if frame is not None:
                raise UnsupportedMediaError("hierarchical JPEG is not supported")
            frame = frame_of(segment.marker, data[segment.body : segment.end])
        segments.append(segment)
        _check_count(segments, most)
        at = segment.stop
    if frame is None:
        raise MalformedMediaError("a scan before the frame header")
    head = Head(data[: segment.end], frame, tuple(segments), segment)
    _keep(head)
    return head


def _check_count(segments: Sequence[Segment], most: int) -> None:
    if len(segments) > most:
        raise LimitExceededError(f"a JPEG of more than {most} segments")


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
