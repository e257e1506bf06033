"""Frames of FLAC: numbered anew without being decoded, and made of plain samples.

Spec: RFC 9639, 9.1 (frame header), 9.2.3 (verbatim subframe), 9.3 (frame footer).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import MalformedMediaError

_WIDE_8, _WIDE_16 = 6, 7  # codes of block sizes that stand at the end of the header
_RATES: Final = {12: 1, 13: 2, 14: 2}  # codes of rates that do, and their bytes
_BITS: Final = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}  # codes of sizes of samples
_CRC8, _CRC16 = 0x07, 0x8005
_MOST_NUMBER: Final = (1 << 36) - 1


class Head(NamedTuple):
    """The head of a frame.

    Attributes:
        fixed: Its first four bytes.
        number: Of the frame, or of its first sample where blocks vary.
        rest: What stands between number and check: block size and rate, if they are there.
        size: Bytes of the whole head, its check included.
    """

    fixed: bytes
    number: int
    rest: bytes
    size: int

    @property
    def varies(self) -> bool:
        """Whether blocks are of different lengths."""
        return bool(self.fixed[1] & 1)


def head(frame: bytes) -> Head:
    """Read the head of a frame.

    Raises:
        MalformedMediaError: If it is none, or its check fails.
    """
    if len(frame) < 8 or frame[0] != 0xFF or frame[1] & 0xFE != 0xF8:
        raise MalformedMediaError("there is no frame of FLAC where one must be")
    number, length = _number(frame)
    block, rate = frame[2] >> 4, frame[2] & 15
    extra = {_WIDE_8: 1, _WIDE_16: 2}.get(block, 0) + _RATES.get(rate, 0)
    end = 4 + length + extra
    if end + 3 > len(frame) or crc8(frame[:end]) != frame[end]:
        raise MalformedMediaError("the head of a frame is damaged")
    return Head(frame[:4], number, frame[4 + length : end], end + 1)


def spell(fixed: bytes, number: int, rest: bytes) -> bytes:
    """Return the head of a frame.

    Raises:
        MalformedMediaError: If the number is larger than a head can say.
    """
    body = fixed + _coded(number) + rest
    return body + bytes((crc8(body),))


def renumbered(frame: bytes, number: int) -> bytes:
    """Return a frame with another number; its check is worked out from the old one.

    The check is linear: what changed in the head counts as if all that follows were zeros.
    """
    old = head(frame)
    fresh = spell(old.fixed, number, old.rest)
    body = frame[old.size : -2]
    change = crc16(frame[: old.size]) ^ crc16(fresh)
    told = int.from_bytes(frame[-2:], "big") ^ _times(change, _power(len(body)))
    return fresh + body + told.to_bytes(2, "big")


def verbatim(samples: NDArray[np.signedinteger], fixed: bytes, number: int, bits: int) -> bytes:
    """Return a frame of samples as they are.

    Args:
        samples: (block, channels).
        fixed: The first four bytes of a frame of the stream: its codes of block size, rate and
            size of samples are replaced.
        number: Of the frame.
        bits: Of a sample.
    """
    block, channels = samples.shape
    start = bytes(
        (fixed[0], fixed[1], _WIDE_16 << 4, (channels - 1) << 4 | _BITS.get(bits, 0) << 1)
    )
    made = spell(start, number, (block - 1).to_bytes(2, "big"))
    shifts = np.arange(bits - 1, -1, -1)
    rows = (samples.T[:, :, None] >> shifts & 1).astype(np.uint8).reshape(channels, -1)
    lead = np.tile(np.array([0, 0, 0, 0, 0, 0, 1, 0], np.uint8), (channels, 1))
    made += np.packbits(np.concatenate([lead, rows], axis=1).ravel()).tobytes()
    return made + crc16(made).to_bytes(2, "big")


def crc8(data: bytes) -> int:
    """Return the check of a head."""
    found = 0
    for byte in data:
        found = _EIGHT[found ^ byte]
    return found


def crc16(data: bytes) -> int:
    """Return the check of a frame."""
    found = 0
    for byte in data:
        found = (found << 8 & 0xFF00) ^ _SIXTEEN[found >> 8 ^ byte]
    return found


def _number(frame: bytes) -> tuple[int, int]:
    """Return the number of a frame, coded as letters are in UTF-8, and its bytes."""
    first = frame[4]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or any(byte & 0xC0 != 0x80 for byte in frame[5 : 4 + length]):
        raise MalformedMediaError("the number of a frame is damaged")
    found = first & 0x7F >> length
    for byte in frame[5 : 4 + length]:
        found = found << 6 | byte & 0x3F
    return found, length


def _coded(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    if number > _MOST_NUMBER:
        raise MalformedMediaError("more frames than FLAC can number")
    length = next(n for n in range(2, 8) if number < 1 << 5 * n + 1)
    tail = bytes(0x80 | number >> 6 * n & 0x3F for n in range(length - 2, -1, -1))
    return bytes((0xFF00 >> length & 0xFF | number >> 6 * (length - 1),)) + tail


def _times(one: int, two: int) -> int:
    """Multiply two polynomials of 16 bits, modulo that of the check."""
    found = 0
    for bit in range(15, -1, -1):
        found = found << 1 ^ (_CRC16 | 0x10000 if found & 0x8000 else 0)
        if one >> bit & 1:
            found ^= two
    return found & 0xFFFF


_POWERS: Final = [1]  # what so many bytes of zeros multiply a check with


def _power(length: int) -> int:
    while len(_POWERS) <= length:
        last = _POWERS[-1]
        _POWERS.append((last << 8 & 0xFF00) ^ _SIXTEEN[last >> 8])
    return _POWERS[length]


def _table(bits: int, polynomial: int) -> tuple[int, ...]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    found = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 & mask ^ (polynomial if value & top else 0)
        found.append(value)
    return tuple(found)


_EIGHT: Final = _table(8, _CRC8)
_SIXTEEN: Final = _table(16, _CRC16)
