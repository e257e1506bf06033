"""NAL units of H.264 and HEVC, and the bits of their parameter sets.

Spec: ISO/IEC 14496-15 (lengths, avcC, hvcC); ITU-T H.264 and H.265, 7.3 and annex B.
"""

from collections.abc import Iterator
from typing import Final

from kzmark.errors import MalformedMediaError

_LONGEST: Final = 32  # leading zeros of an Exp-Golomb number


def units(data: bytes, prefix: int) -> Iterator[bytes]:
    """Yield the NAL units of a sample: behind their lengths, or between start codes (`prefix` 0).

    A unit that the data cuts off is yielded as far as it goes.
    """
    if not prefix:
        yield from _between(data)
        return
    at = 0
    while at + prefix < len(data):
        size = int.from_bytes(data[at : at + prefix], "big")
        yield data[at + prefix : at + prefix + size]
        at += prefix + size


def joined(parts: "list[bytes]", prefix: int) -> bytes:
    """Return NAL units as one sample."""
    if not prefix:
        return b"".join(b"\0\0\0\1" + part for part in parts)
    return b"".join(len(part).to_bytes(prefix, "big") + part for part in parts)


def _between(data: bytes) -> Iterator[bytes]:
    at = data.find(b"\0\0\1")
    while at >= 0:
        after = data.find(b"\0\0\1", at + 3)
        end = len(data) if after < 0 else after
        yield data[at + 3 : end].rstrip(b"\0") if after >= 0 else data[at + 3 : end]
        at = after


def plain(payload: bytes) -> bytes:
    """Return a payload without its emulation prevention bytes."""
    return payload.replace(b"\0\0\3", b"\0\0")


def escaped(payload: bytes) -> bytes:
    """Return a payload with emulation prevention bytes where they are needed."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


class Bits:
    """Reads bits one after another."""

    def __init__(self, payload: bytes) -> None:
        self.text = bin(int.from_bytes(b"\1" + payload, "big"))[3:]
        self.at = 0

    def u(self, count: int) -> int:
        """Return the next bits as an unsigned number."""
        if self.at + count > len(self.text):
            raise MalformedMediaError("a parameter set ends too early")
        self.at += count
        return int(self.text[self.at - count : self.at] or "0", 2)

    def ue(self) -> int:
        """Return the next unsigned Exp-Golomb number (H.264, 9.1)."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _LONGEST:
                raise MalformedMediaError("a parameter set with a number that has no end")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Return the next signed Exp-Golomb number."""
        found = self.ue()
        return (found + 1) // 2 * (1 if found & 1 else -1)


def spelled(value: int) -> str:
    """Return an unsigned Exp-Golomb number as text of bits."""
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


def packed(bits: str) -> bytes:
    """Return bits as an RBSP: a stop bit behind them, and zeros up to a whole byte."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
