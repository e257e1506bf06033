"""The compressed side of PNG: inflate to a known size and no further, deflate fast and small.

Spec: PNG third edition, 10 (compression); RFC 1950, RFC 1951.
"""

import zlib
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError, MalformedMediaError

Bytes = NDArray[np.uint8]

_MOST: Final = 1032  # bytes out of one byte in: the ceiling of deflate (a 258-byte match in 2 bits)
_FIRST: Final = 64  # bytes of the wrapper, and room for rounding
_STEP: Final = 256 << 10  # bytes handed over at once
_SMALL: Final = 128 << 10  # raw bytes for which every way is tried; also the size of a sample
_PIECE: Final = 32 << 10  # bytes of one piece of a sample: the window of deflate
_NOISE: Final = 0.2  # compressed to raw size above which a picture is a photograph
_NEAR: Final = 1.04  # what the fastest way may cost in size
_SLACK: Final = 1.08  # what any way may cost against the stream it replaces


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
    try:
        filled = _fill(isal_zlib.decompressobj(), compressed, raw)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub calls the class an instance
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


def deflate(raw: Bytes, *, like: int = 0) -> bytes:
    """Return a zlib stream: the fastest way whose size is near that of the stream it replaces.

    Three ways. ISA-L is the fastest and wins on most graphics. Noise (photographs) has no repeats
    worth looking for: there zlib with runs only is smaller than its highest levels and ten times
    faster. Where long repeats count, nothing beats zlib's full search, which is then quick too.

    Args:
        raw: Filtered rows.
        like: Size of the stream that held them, nearly the same, in bytes; 0 if there was none.
    """
    data = np.ascontiguousarray(raw).reshape(-1)
    if data.size <= _SMALL:
        return min((way(data) for way in (_isal, _runs, _search)), key=len)
    ways = [_isal, _search]
    if like > data.size * _NOISE:
        ways = [_isal, _runs, _search] if _repeats(data) else [_runs, _isal, _search]
    elif not like and not _repeats(data):
        ways = [_runs, _isal]
    best = b""
    for way in ways:
        packed = way(data)
        best = packed if not best or len(packed) < len(best) else best
        if len(best) <= like * _SLACK:
            break
    return best


def _repeats(data: Bytes) -> bool:
    """Say whether ISA-L does about as well as runs alone, judged on a sample."""
    starts = np.linspace(0, data.size - _PIECE, _SMALL // _PIECE).astype(int).tolist()
    sample = np.concatenate([data[start : start + _PIECE] for start in starts])
    return len(_isal(sample)) <= len(_runs(sample)) * _NEAR


def _fill(stream: Any, compressed: bytes, raw: Bytes) -> int:
    """Inflate into `raw` up to the stream's end; return how many bytes came."""
    filled = at = 0
    piece = b""
    while not stream.eof:
        out = stream.decompress(piece, max(raw.size - filled, 1))  # 0 would mean no limit
        if filled + len(out) > raw.size:
            return filled
        raw[filled : filled + len(out)] = np.frombuffer(out, np.uint8)
        filled += len(out)
        piece = stream.unconsumed_tail
        if not piece and not out:  # output may be left inside even when no input is
            if at >= len(compressed):
                raise MalformedMediaError("the picture data have no end")
            piece, at = compressed[at : at + _STEP], at + _STEP
    return filled


def _isal(data: Bytes) -> bytes:
    from isal import isal_zlib

    packed: bytes = isal_zlib.compress(data, 1)
    return packed


def _runs(data: Bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return packer.compress(data.data) + packer.flush()


def _search(data: Bytes) -> bytes:
    return zlib.compress(data.data, 6)
