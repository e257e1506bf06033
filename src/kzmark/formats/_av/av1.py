"""AV1: packets as containers want them (AV1 Bitstream 5.3; AV1 in ISOBMFF 2.4; in Matroska)."""

from typing import Final

from kzmark.errors import MalformedMediaError

_SEQUENCE: Final = 1
_DELIMITER: Final = 2


def without_delimiters(data: bytes) -> bytes:
    """Return the units of a packet without temporal delimiters."""
    return b"".join(unit for kind, unit in _units(data) if kind != _DELIMITER)


def sequence_header(data: bytes) -> bytes:
    """Return the sequence header in a packet, or nothing."""
    return next((unit for kind, unit in _units(data) if kind == _SEQUENCE), b"")


def _units(data: bytes) -> "list[tuple[int, bytes]]":
    at, found = 0, []
    while at < len(data):
        head = data[at]
        body = at + 1 + (head >> 2 & 1)
        size = len(data) - body
        if head & 2:
            size, body = _leb128(data, body)
        if size < 0 or body + size > len(data):
            raise MalformedMediaError("an AV1 unit ends too early")
        found.append((head >> 3 & 15, data[at : body + size]))
        at = body + size
    return found


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 56, 7):
        if at >= len(data):
            break
        value |= (data[at] & 127) << shift
        at += 1
        if not data[at - 1] & 128:
            return value, at
    raise MalformedMediaError("an AV1 unit without a size")
