"""Frames of an ADTS stream of AAC: found one after another, none decoded.

Spec: ISO/IEC 14496-3, 1.A.2 (ADTS).
"""

import struct
from array import array
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError, UnsupportedMediaError
from kzmark.formats._audio.recall import Recall

SAMPLES: Final = 1024  # of one block
LOW: Final = 2  # the object type that can be encoded
_BLOCK: Final = 1 << 18
_HEAD: Final = 7  # bytes of a head without a check
_SEARCH: Final = 1 << 16  # bytes in which the first frame must be found
_EIGHT: Final = struct.Struct(">Q")
_SYNC: Final = 0xFFF6 << 48, 0xFFF0 << 48  # which bits of eight bytes tell a head, and what
_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip


Places = NDArray[np.int64]


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
        starts: Where each begins.
        ends: How many blocks there are up to the end of each.
        end: Where the last one ends.
    """

    first: Header
    starts: Places
    ends: Places
    end: int

    @property
    def start(self) -> int:
        """Where the first begins."""
        return int(self.starts[0])

    def stop(self, number: int) -> int:
        """Return where one ends."""
        return int(self.starts[number + 1]) if number + 1 < len(self.starts) else self.end

    @property
    def blocks(self) -> int:
        """Blocks of all of them."""
        return int(self.ends[-1])


_RECALL: Final = Recall[Frames]()


def walk(source: Rope, at: int) -> Frames:
    """Go from frame to frame, to the last whole one.

    Raises:
        MalformedMediaError: If there is none, or something else stands between them.
    """
    return _RECALL.of(source, at, lambda: _walked(source, at))


def _walked(source: Rope, at: int) -> Frames:
    source.seek(at)
    data = source.read(_SEARCH)
    here = next((n for n in range(len(data) - _HEAD) if _begins(data, n)), -1)
    if here < 0:
        raise MalformedMediaError("there is no frame of AAC in it")
    first = header(data[here : here + _HEAD])
    assert first is not None  # it was just found
    at += here
    starts, blocks = array("q"), array("b")
    while at + _HEAD <= source.size:
        source.seek(at)
        data = source.read(_BLOCK)
        length = _run(data + b"\0", at, source.size - at, starts, blocks)
        if not length:
            break
        at += length
    source.seek(at)
    if not starts or header(source.read(_HEAD)) is not None:
        raise MalformedMediaError("the last frame of AAC is cut off")
    counts = np.frombuffer(blocks, np.int8)
    return Frames(first, np.frombuffer(starts, np.int64), np.cumsum(counts, dtype=np.int64), at)


def _run(data: bytes, base: int, left: int, starts: "array[int]", blocks: "array[int]") -> int:
    """Go over frames that follow each other; return their bytes.

    Args:
        data: What begins with a frame, and one byte more.
        base: Where that is.
        left: Bytes up to the end of the file: no frame may reach over it.
        starts: Where each begins is added to it.
        blocks: How many blocks each holds is added to it.
    """
    here, last = 0, len(data) - 1 - _HEAD
    bits, sync = _SYNC
    head, begins, counted = _EIGHT.unpack_from, starts.append, blocks.append
    while here <= last:
        (eight,) = head(data, here)
        size = eight >> 21 & 0x1FFF
        if eight & bits != sync or size < _HEAD or here + size > left:
            break
        begins(base + here)
        counted((eight >> 8 & 3) + 1)
        here += size
    return here


def _begins(data: bytes, at: int) -> bool:
    """Say whether a frame begins here: another follows, or the end."""
    one = header(data[at : at + 7])
    if one is None:
        return False
    follows = data[at + one.size : at + one.size + 7]
    return not follows or len(follows) < 7 or header(follows) is not None
