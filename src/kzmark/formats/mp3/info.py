"""The frame before all others that tells how many there are: Xing's, with LAME's addition.

It plays as silence where it is not known. Spec: Xing VBR header (SDK of 1998); LAME, MP3 Info tag
revision 1. All numbers are big-endian.
"""

from dataclasses import dataclass
from typing import Final

from kzmark.formats.mp3.frames import Header, header

_NAMES: Final = (b"Xing", b"Info")
_ALL: Final = 0x0F  # frames, bytes, table of contents and quality are there
_TABLE: Final = 100  # entries
_LAME: Final = 36  # bytes of LAME's addition
_WHOLE: Final = 4 + 4 + 4 + 4 + _TABLE + 4 + _LAME
_ENCODER: Final = b"LAME3.100"  # who spoke; players heed what follows a name that they know
_MAX: Final = 4_095  # samples that twelve bits can say
_CRC: Final = 0xA001  # of CRC-16, the lowest bit first
DECODER: Final = 529  # samples by which every decoder is late


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What such a frame says.

    Attributes:
        name: "Xing" where the bit rate varies, else "Info".
        frames: How many follow; 0 if it does not say.
        quality: 0 to 100; 0 if it does not say.
        lame: LAME's addition, or nothing.
    """

    name: bytes
    frames: int
    quality: int
    lame: bytes

    @property
    def delay(self) -> int:
        """Samples of silence that the encoder put first."""
        return int.from_bytes(self.lame[21:24], "big") >> 12 if self.lame else 0

    @property
    def padding(self) -> int:
        """Samples of silence that it put last."""
        return int.from_bytes(self.lame[21:24], "big") & _MAX if self.lame else 0

    @property
    def music(self) -> int:
        """The CRC-16 of all frames behind this one."""
        return int.from_bytes(self.lame[32:34], "big") if self.lame else 0


def read(frame: bytes, first: Header) -> Info | None:
    """Return what a frame says if it is such a frame, else nothing."""
    at = first.side - 2 * (not first.raw[1] & 1)
    found = next((name for name in _NAMES if frame[at : at + 4] == name), None)
    if found is None:
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    place = at + 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + _TABLE * bool(flags & 4)
    quality = int.from_bytes(frame[place : place + 4], "big") if flags & 8 else 0
    place += 4 * bool(flags & 8)
    lame = frame[place : place + _LAME]
    known = len(lame) == _LAME and lame[:4].strip(b"\0").isalnum() and lame[21:24] != b"\0\0\0"
    count = int.from_bytes(frame[at + 8 : at + 12], "big") if flags & 1 else 0
    return Info(name=found, frames=count, quality=quality & 0xFF, lame=lame if known else b"")


def is_fraunhofer(frame: bytes) -> bool:
    """Say whether a frame is Fraunhofer's kind of such a frame."""
    return frame[36:40] == b"VBRI"


def spell(
    like: Header,
    old: Info | None,
    *,
    frames: int,
    length: int,
    table: bytes,
    delay: int,
    music: int,
) -> bytes:
    """Return a whole frame.

    Args:
        like: A frame of the stream.
        old: What such a frame said before.
        frames: How many frames follow.
        length: Bytes of all frames, this one included, less its own size.
        table: For each hundredth of the time, the share of the bytes before it, of 256.
        delay: Samples that a player leaves out at the start, less those of the decoder.
        music: The CRC-16 of the frames that follow.
    """
    head = fitting(like, _WHOLE)
    at = head.side
    lame = bytearray(old.lame if old and old.lame else _ENCODER + bytes(_LAME - 9))
    trimmed = delay << 12 | (old.padding if old else 0)
    lame[21:24] = trimmed.to_bytes(3, "big")
    lame[28:32] = min(length + head.size, 0xFFFFFFFF).to_bytes(4, "big")
    lame[32:34] = music.to_bytes(2, "big")
    numbers = (frames, min(length + head.size, 0xFFFFFFFF))
    body = b"".join(
        (
            old.name if old else b"Info",
            _ALL.to_bytes(4, "big"),
            *(number.to_bytes(4, "big") for number in numbers),
            table,
            (old.quality if old else 0).to_bytes(4, "big"),
            lame[:34],
        )
    )
    start = head.raw + bytes(at - 4) + body
    return (start + crc(start).to_bytes(2, "big")).ljust(head.size, b"\0")


def fitting(like: Header, least: int) -> Header:
    """Return the header of the smallest frame of the stream's kind with room behind its side info.

    It has no check of its own, and no padding.
    """
    one, two = like.raw[1] | 1, like.raw[3]
    for number in range(1, 15):
        raw = bytes((0xFF, one, number << 4 | like.raw[2] & 0x0C | like.raw[2] & 1, two))
        found = header(raw)
        if found is not None and found.size - found.side >= least:
            return found
    raise ValueError("no frame is so long")


def crc(data: bytes, start: int = 0) -> int:
    """Return the CRC-16 of some bytes, behind those whose CRC-16 is given."""
    found = start
    for byte in data:
        found = found >> 8 ^ _STEPS[(found ^ byte) & 0xFF]
    return found


def joined_crc(first: int, second: int, length: int) -> int:
    """Return the CRC-16 of two stretches, of which the second has so many bytes.

    The check is linear: what came before counts as if that many zeros followed it, and a matrix
    says what a zero does. Its powers of two are enough.
    """
    step = [crc(b"\0", 1 << bit) for bit in range(16)]
    while length:
        if length & 1:
            first = _times(step, first)
        step = [_times(step, row) for row in step]
        length >>= 1
    return first ^ second


def _times(matrix: list[int], value: int) -> int:
    found = 0
    for bit in range(16):
        if value >> bit & 1:
            found ^= matrix[bit]
    return found


def _step(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_CRC if byte & 1 else 0)
    return byte


_STEPS: Final = tuple(_step(byte) for byte in range(256))
