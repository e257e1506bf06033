"""Frames of an ADTS stream of AAC: found one after another, none decoded.

Spec: ISO/IEC 14496-3, 1.A.2 (ADTS).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError

SAMPLES: Final = 1024  # of one block
LOW: Final = 2  # the object type that can be encoded
_BLOCK: Final = 1 << 20
_HEAD: Final = 7  # bytes of a head without a check
_SEARCH: Final = 1 << 16  # bytes in which the first frame must be found
_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip


class Header(NamedTuple):
    """The head of a frame, understood.

    Attributes:
        raw: Its first four bytes.
        kind: The object type: 2 is low complexity.
        rate: Samples a second that are coded.
        channels: Number of the arrangement of channels; 0 if the frames themselves say it.
        size: Bytes of the whole frame.
        blocks: Blocks that it holds.
    """

    raw: bytes
    kind: int
    rate: int
    channels: int
    size: int
    blocks: int


def header(raw: bytes) -> Header | None:
    """Read the head of a frame; nothing if it is none."""
    if len(raw) < 7 or raw[0] != 0xFF or raw[1] & 0xF6 != 0xF0:
        return None
    rate = raw[2] >> 2 & 15
    size = (raw[3] & 3) << 11 | raw[4] << 3 | raw[5] >> 5
    if rate >= len(_RATES) or size < (7 if raw[1] & 1 else 9):
        return None
    channels = (raw[2] & 1) << 2 | raw[3] >> 6
    return Header(raw[:4], (raw[2] >> 6) + 1, _RATES[rate], channels, size, (raw[6] & 3) + 1)


def framed(like: Header, packet: bytes) -> bytes:
    """Return a packet as a frame without a check.

    Raises:
        UnsupportedMediaError: If it is too long for one.
    """
    size = len(packet) + 7
    if size >= 1 << 13:
        raise UnsupportedMediaError(f"a packet of {len(packet)} bytes")
    raw = like.raw
    head = bytes(
        (
            0xFF,
            raw[1] | 1,
            raw[2],
            raw[3] & 0xFC | size >> 11,
            size >> 3 & 0xFF,
            (size & 7) << 5 | 0x1F,
            0xFC,
        )
    )
    return head + packet


@dataclass(frozen=True, slots=True)
class Frames:
    """All frames of a stream.

    Attributes:
        first: The head of the first.
        start: Where it begins.
        end: Where the last one ends.
        blocks: Blocks of all of them.
    """

    first: Header
    start: int
    end: int
    blocks: int


def walk(source: Rope, at: int) -> Frames:
    """Go from frame to frame, to the last whole one.

    Raises:
        MalformedMediaError: If there is none, or something else stands between them.
    """
    source.seek(at)
    data = source.read(_SEARCH)
    here = next((n for n in range(len(data) - _HEAD) if _begins(data, n)), -1)
    if here < 0:
        raise MalformedMediaError("there is no frame of AAC in it")
    first = header(data[here : here + _HEAD])
    assert first is not None  # it was just found
    start = at = at + here
    blocks = 0
    while at + _HEAD <= source.size:
        source.seek(at)
        length, count = _run(source.read(_BLOCK), source.size - at)
        if not length:
            break
        at, blocks = at + length, blocks + count
    source.seek(at)
    if not blocks or header(source.read(_HEAD)) is not None:
        raise MalformedMediaError("the last frame of AAC is cut off")
    return Frames(first, start, at, blocks)


def _run(data: bytes, left: int) -> tuple[int, int]:
    """Go over frames that follow each other; return their bytes and blocks.

    Args:
        data: What begins with a frame.
        left: Bytes up to the end of the file: no frame may reach over it.
    """
    here, blocks, last = 0, 0, len(data) - _HEAD
    while here <= last and data[here] == 0xFF and data[here + 1] & 0xF6 == 0xF0:
        size = (data[here + 3] & 3) << 11 | data[here + 4] << 3 | data[here + 5] >> 5
        if size < _HEAD or here + size > left:
            break
        here += size
        blocks += (data[here - size + 6] & 3) + 1
    return here, blocks


def _begins(data: bytes, at: int) -> bool:
    """Say whether a frame begins here: another follows, or the end."""
    one = header(data[at : at + 7])
    if one is None:
        return False
    follows = data[at + one.size : at + one.size + 7]
    return not follows or len(follows) < 7 or header(follows) is not None
