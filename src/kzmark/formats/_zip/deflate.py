"""Members packed and unpacked (RFC 1951), by isal, whose results are those of zlib."""

import functools
import zlib
from typing import Any, Final

from kzmark.errors import MalformedMediaError

_LEVEL: Final = 2  # of isal: as small as zlib's 4, at a fraction of the time
_SHORT: Final = 16 << 10  # bytes of a packed member, or one to be packed, that is remembered
_OPEN: Final = 64 << 10  # bytes that such a packed member may open to


def packed(data: bytes) -> bytes:
    """Return bytes packed, as one stream without a head."""
    return _packed_before(data) if len(data) <= _SHORT else _packed(data)


def unpacked(stream: bytes, size: int, *, what: str) -> bytes:
    """Return what a stream opens to, as far as one byte more than it should.

    Args:
        stream: The packed bytes.
        size: How many bytes it should open to.
        what: Names it in messages.

    Raises:
        MalformedMediaError: If it is damaged, or goes on behind these bytes.
    """
    is_short = len(stream) <= _SHORT and size <= _OPEN
    data, why = (_opened_before if is_short else _opened)(stream, size)
    if why:
        raise MalformedMediaError(f"{what} {why}")
    return data


def crc(data: bytes) -> int:
    """Return the CRC-32 of bytes."""
    found: int = _isal().crc32(data)
    return found


def forget() -> None:
    """Forget what was packed and unpacked last, for measurements."""
    _opened_before.cache_clear()
    _packed_before.cache_clear()


@functools.cache
def _isal() -> Any:
    from isal import isal_zlib

    return isal_zlib


def _packed(data: bytes) -> bytes:
    found: bytes = _isal().compress(data, _LEVEL, wbits=-15)
    return found


def _opened(stream: bytes, size: int) -> tuple[bytes, str]:
    """Return what a stream opens to, and what is wrong with it, if anything."""
    opener = _isal().decompressobj(-15)
    try:
        data: bytes = opener.decompress(stream, size + 1)
    except (_isal().error, zlib.error) as error:
        return b"", f"cannot be unpacked: {error}"
    whole = opener.eof and not opener.unused_data
    return data, "" if whole else "is not all of its stream"


# The files of one program share their styles and settings, and a stamp leaves them packed as is;
# what it puts in is the same for all of them.
_opened_before: Final = functools.lru_cache(maxsize=32)(_opened)
_packed_before: Final = functools.lru_cache(maxsize=16)(_packed)
