"""Frames of an MPEG Layer III stream: found one after another, none decoded.

Spec: ISO/IEC 11172-3, 2.4.1.3 (header), 2.4.1.7 (side information); 13818-3, 2.4 (lower rates).
"""

import re
from array import array
from dataclasses import dataclass
from typing import Final, NamedTuple

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError

BLOCK: Final = 1 << 20
_RATES: Final = (44_100, 48_000, 32_000)
_LOW: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
BIT_RATES: Final = {  # by version, in thousands of bits a second
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: _LOW,
    25: _LOW,
}
_SEARCH: Final = 1 << 20  # bytes in which the first frame must be found
LONGEST: Final = 2_881  # bytes of a frame
_GAP: Final = 16 << 20  # bytes between two frames that may be none: tags of files that were joined
_GAPS: Final = 200_000  # some encoders leave a byte behind each frame: an hour of that


class Header(NamedTuple):
    """The four bytes with which a frame begins, understood.

    Attributes:
        raw: The bytes.
        version: 1, 2, or 2.5 as 25.
        rate: Samples a second.
        channels: 1 or 2.
        bit_rate: Thousands of bits a second.
        size: Bytes of the whole frame.
        samples: Samples that it holds.
    """

    raw: bytes
    version: int
    rate: int
    channels: int
    bit_rate: int
    size: int
    samples: int

    @property
    def side(self) -> int:
        """Bytes of header, check and side information: the main data begins behind."""
        wide = (32, 17) if self.version == 1 else (17, 9)
        return 4 + 2 * (not self.raw[1] & 1) + wide[self.channels == 1]

    def alike(self, other: "Header") -> bool:
        """Say whether two frames can stand in one stream."""
        return (self.version, self.rate, self.channels) == (
            other.version,
            other.rate,
            other.channels,
        )


def header(raw: bytes) -> Header | None:
    """Read the header of a frame of Layer III; nothing if it is none."""
    if len(raw) < 4 or raw[0] != 0xFF or raw[1] & 0xE6 != 0xE2:
        return None
    version = {3: 1, 2: 2, 0: 25}.get(raw[1] >> 3 & 3)
    rate, number = raw[2] >> 2 & 3, raw[2] >> 4
    if version is None or rate == 3 or number in {0, 15} or raw[3] & 3 == 2:
        return None
    hertz = _RATES[rate] // {1: 1, 2: 2, 25: 4}[version]
    kilo = BIT_RATES[version][number - 1]
    slots = (144_000 if version == 1 else 72_000) * kilo // hertz + (raw[2] >> 1 & 1)
    channels = 1 if raw[3] >> 6 == 3 else 2
    return Header(raw[:4], version, hertz, channels, kilo, slots, 1152 if version == 1 else 576)


@dataclass(frozen=True, slots=True)
class Frames:
    """All frames of a stream.

    Attributes:
        first: The header of the first of them.
        starts: Where each begins, in bytes from the start of the file.
        end: Where the last one ends.
    """

    first: Header
    starts: "array[int]"
    end: int


def begin(source: Rope, at: int) -> int:
    """Return where the first frame begins: another of its kind follows, or the end.

    Raises:
        MalformedMediaError: If there is none.
        UnsupportedMediaError: If the frames are of another layer, or of free format.
    """
    source.seek(at)
    data = source.read(_SEARCH)
    here = data.find(b"\xff")
    while here >= 0:
        found = header(data[here : here + 4])
        if found is not None and _confirmed(data, here, found, last=at + len(data) == source.size):
            return at + here
        here = data.find(b"\xff", here + 1)
    if data[:1] == b"\xff" and data[1:2] > b"\xe0":
        raise UnsupportedMediaError("sound of MPEG Layer I or II, or of free bit rate")
    raise MalformedMediaError("there is no frame of MPEG Layer III in it")


def _confirmed(data: bytes, here: int, found: Header, *, last: bool) -> bool:
    after = here + found.size
    if last and after == len(data):
        return True
    other = header(data[after : after + 4])
    if other is None:
        return last and data[after : after + 3] == b"TAG" and after > here
    return found.alike(other)


def walk(source: Rope, start: int) -> Frames:
    """Go from frame to frame, over what is none, to the last whole one.

    Raises:
        MediaError: If there is no frame.
    """
    source.seek(start)
    first = header(source.read(4))
    if first is None:
        raise MalformedMediaError("there is no frame where one must be")
    sizes, kind = _sizes(first), _kind(first)
    starts, gaps = array("q"), 0
    data, base, lost = b"", start, -1  # lost: where the frames stopped, while others are sought
    at = end = start
    while at + 4 <= source.size:
        if at + LONGEST + 4 > base + len(data) < source.size:
            source.seek(at)
            data, base = source.read(BLOCK), at
        if lost < 0:
            at = end = base + _run(data, at - base, base, sizes, first.raw[1] & 0xFE, starts)
            if at + 4 > base + len(data):
                continue
            lost, gaps = at, gaps + 1
        here, sure = _resume(data, at - base, sizes, kind, last=base + len(data) >= source.size)
        at = base + here
        if sure:
            _check_gap(at - lost, gaps)
            lost = -1
    if starts and end > source.size:
        end = starts.pop()
    if not starts:
        raise MalformedMediaError("the only frame is cut off")
    return Frames(first, starts, end)


def _check_gap(size: int, count: int) -> None:
    if size > _GAP:
        raise MalformedMediaError(f"{size} bytes between two frames are none")
    if count > _GAPS:
        raise MalformedMediaError(
            f"something else stands between its frames more than {_GAPS} times"
        )


def _run(
    data: bytes, here: int, base: int, sizes: list[int], mask: int, starts: "array[int]"
) -> int:
    """Go over frames that follow each other; return where the last one ends in the data."""
    last, add = len(data) - 3, starts.append
    while here < last and data[here] == 0xFF and data[here + 1] & 0xFE == mask:
        step = sizes[data[here + 2]]
        if not step:
            break
        add(base + here)
        here += step
    return here


def _sizes(first: Header) -> list[int]:
    """Return the size of a frame by the third byte of its header; 0 if it is of another kind."""
    found = []
    for byte in range(256):
        one = header(bytes((0xFF, first.raw[1], byte, first.raw[3])))
        found.append(one.size if one is not None and one.rate == first.rate else 0)
    return found


def _kind(first: Header) -> "re.Pattern[bytes]":
    """Return what the first three bytes of every frame of a stream look like."""
    thirds = b"".join(re.escape(bytes((n,))) for n, size in enumerate(_sizes(first)) if size)
    second = first.raw[1] & 0xFE
    seconds = re.escape(bytes((second,))) + re.escape(bytes((second | 1,)))
    return re.compile(b"\xff[" + seconds + b"][" + thirds + b"]")


def _resume(
    data: bytes, at: int, sizes: list[int], kind: "re.Pattern[bytes]", *, last: bool
) -> tuple[int, bool]:
    """Return where the next frame begins behind something that is none; or where to look on.

    It is one if another follows it, or the end of the file.
    """
    for found in kind.finditer(data, at):
        after = found.start() + sizes[data[found.start() + 2]]
        if not last and after + 3 > len(data):
            return found.start(), False
        if kind.match(data, after) or (last and after == len(data)):
            return found.start(), True
    return max(at, len(data) - 2), False
