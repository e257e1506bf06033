"""The compressed side of PNG: inflate to a known size and no further, deflate fast and small.

Spec: PNG third edition, 10 (compression); RFC 1950, RFC 1951.
"""

import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError, MalformedMediaError

Bytes = NDArray[np.uint8]

_MOST: Final = 1032  # bytes out of one byte in: the ceiling of deflate (a 258-byte match in 2 bits)
_FIRST: Final = 64  # bytes of the wrapper, and room for rounding
_STEP: Final = 256 << 10  # bytes handed over at once
_SAMPLE: Final = 32 << 10  # bytes of one piece that is tried
_PIECES: Final = 4
_FAST_ENOUGH: Final = 1.04  # a faster way may cost this much in size


def inflate(parts: Iterable[memoryview], size: int, *, what: str = "the picture") -> Bytes:
    """Return exactly `size` raw bytes; what the stream holds beyond them is left in it.

    Raises:
        MalformedMediaError: If the stream is damaged, unfinished, or holds less.
    """
    from isal import isal_zlib

    compressed = b"".join(parts)
    if size > _MOST * len(compressed) + _FIRST:
        raise MalformedMediaError(f"{len(compressed)} bytes cannot hold {what} of {size} bytes")
    raw = np.empty(size, np.uint8)
    stream = isal_zlib.decompressobj()
    try:
        filled = _fill(stream, memoryview(compressed), raw)
    except isal_zlib.error as error:
        raise MalformedMediaError(f"the data of {what} are damaged: {error}") from error
    if filled < size:
        raise MalformedMediaError(f"the data of {what} end after {filled} of {size} bytes")
    return raw


def inflate_text(data: bytes | memoryview, *, limit: int, what: str) -> bytes:
    """Return what a compressed text or profile holds.

    Raises:
        MalformedMediaError: If the stream is damaged or unfinished.
        LimitExceededError: If it holds more than `limit` bytes.
    """
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise MalformedMediaError(f"{what} is damaged: {error}") from error
    if len(text) > limit:
        raise LimitExceededError(f"{what} inflates to more than {limit} bytes")
    if not stream.eof:
        raise MalformedMediaError(f"{what} is cut")
    return text


def deflate(raw: Bytes) -> bytes:
    """Return a zlib stream: the fastest way whose size is near the best, judged on a sample.

    Three ways, fastest first. ISA-L wins on most graphics. Noise (photographs) has no repeats worth
    looking for: there zlib with runs only is smaller than its highest levels and ten times faster.
    Where long repeats count, nothing beats zlib's full search, which is then quick too. A small
    picture is its own sample, so it gets the smallest of the three.
    """
    ways = (_isal, _runs, _search)
    data = np.ascontiguousarray(raw).reshape(-1)
    if data.size <= _PIECES * _SAMPLE:
        return min((way(data) for way in ways), key=len)
    starts = np.linspace(0, data.size - _SAMPLE, _PIECES).astype(int).tolist()
    sample = np.concatenate([data[start : start + _SAMPLE] for start in starts])
    fast, runs = len(_isal(sample)), len(_runs(sample))
    if runs < fast:
        return _isal(data) if fast <= runs * _FAST_ENOUGH else _runs(data)
    return _isal(data) if fast <= len(_search(sample)) * _FAST_ENOUGH else _search(data)


def _fill(stream: object, left: memoryview, raw: Bytes) -> int:
    """Inflate into `raw`, then look whether the stream ends well; return the bytes written."""
    filled, piece = 0, b""
    while True:
        room = raw.size - filled
        # One byte more than there is room for: asking for none would mean asking for everything.
        out = stream.decompress(piece, max(room, 1))  # type: ignore[attr-defined]
        if room == 0:
            if out or stream.eof:  # type: ignore[attr-defined]
                return filled
        elif out:
            raw[filled : filled + len(out)] = np.frombuffer(out, np.uint8)
            filled += len(out)
        piece = stream.unconsumed_tail  # type: ignore[attr-defined]
        if not piece and not out:  # output may be left inside even when no input is
            if stream.eof or not left:  # type: ignore[attr-defined]
                return filled if stream.eof else min(filled, raw.size - 1)  # type: ignore[attr-defined]
            piece, left = bytes(left[:_STEP]), left[_STEP:]


def _isal(data: Bytes) -> bytes:
    from isal import isal_zlib

    packed: bytes = isal_zlib.compress(data, 1)
    return packed


def _runs(data: Bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return packer.compress(data) + packer.flush()


def _search(data: Bytes) -> bytes:
    return zlib.compress(data, 6)
