"""How large the samples of a track are, and how many: what libav believes, and allocates.

Spec: ISO/IEC 14496-12, 8.5.2 (descriptions), 8.6.1.2 (times), 8.7.3 (sizes).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.mp4.tree import Box

Numbers = NDArray[np.int64]

MOST: Final = 20_000_000  # samples of one track
_PLAIN: Final = frozenset(  # kinds of sound of which every sample is a moment of all channels
    {b"twos", b"sowt", b"raw ", b"NONE", b"lpcm", b"in24", b"in32", b"42ni", b"23ni", b"fl32"}
    | {b"fl64", b"ipcm", b"fpcm", b"alaw", b"ulaw"}
)


def check_sizes(trak: Box, size: int) -> None:
    """Compare how many samples a track says it has with the file: libav believes it, and allocates.

    Args:
        trak: The track.
        size: Bytes of the file.

    Raises:
        MalformedMediaError: If they are larger than the file, or the table is not as long as it
            says.
    """
    stbl = trak.find(b"mdia", b"minf", b"stbl")
    told = stbl.find(b"stsz") if stbl else None
    if told is None:
        return
    fixed, count = (int.from_bytes(told.body[at : at + 4], "big") for at in (4, 8))
    if fixed * count > size:
        raise MalformedMediaError("the samples are larger than the file")
    if not fixed and 4 * count > len(told.body) - 12:
        raise MalformedMediaError("the table of sizes ends too early")


def moment(stbl: Box, size: int) -> tuple[int, int, int]:
    """Return the bytes of a sample, how long each lasts, and how many there are.

    All are 0 where samples are not alike, or are more than a moment of plain sound.

    Raises:
        MalformedMediaError: If they are larger than the file.
    """
    told, kinds = stbl.find(b"stsz"), stbl.need(b"stsd").body
    if told is None or len(told.body) < 12 or kinds[4:8] != b"\0\0\0\1":
        return 0, 0, 0
    fixed, count = (int.from_bytes(told.body[at : at + 4], "big") for at in (4, 8))
    if kinds[12:16] not in _PLAIN or any(map(stbl.find, (b"ctts", b"stss", b"saiz"))):
        return 0, 0, 0
    rows = words(stbl.need(b"stts").body, 4, 2)
    if not fixed or int(rows[:, 0].sum()) != count or len({*rows[:, 1].tolist()}) != 1:
        return 0, 0, 0
    if fixed * count > size:
        raise MalformedMediaError("the samples are larger than the file")
    return fixed, int(rows[0, 1]), count


def listed(stbl: Box, size: int) -> Numbers:
    """Return the size of each sample, in bytes.

    Args:
        stbl: The tables of the track.
        size: Bytes of the file.

    Raises:
        MalformedMediaError: If they are larger than the file, or the table is damaged.
        LimitExceededError: If there are more than `MOST`.
    """
    found = stbl.find(b"stsz")
    if found is None:
        return _compact_sizes(stbl.need(b"stz2").body)
    if len(found.body) < 12:
        raise MalformedMediaError("the table of sizes ends too early")
    fixed, count = (int.from_bytes(found.body[at : at + 4], "big") for at in (4, 8))
    _check_count(count)
    if fixed:
        if fixed * count > size:
            raise MalformedMediaError("the samples are larger than the file")
        return np.full(count, fixed, np.int64)
    return words(found.body, 8, 1)[:, 0]


def _compact_sizes(body: bytes) -> Numbers:
    if len(body) < 12 or body[7] not in {4, 8, 16}:
        raise MalformedMediaError("the table of sizes is damaged")
    count, bits = int.from_bytes(body[8:12], "big"), body[7]
    _check_count(count)
    if len(body) - 12 < -(-count * bits // 8):
        raise MalformedMediaError("the table of sizes ends too early")
    if bits == 16:
        return np.frombuffer(body, ">u2", count, 12).astype(np.int64)
    data = np.frombuffer(body, np.uint8, -1, 12).astype(np.int64)
    if bits == 4:
        data = np.stack([data >> 4, data & 15], axis=1).ravel()
    return data[:count]


def _check_count(count: int) -> None:
    if count > MOST:
        raise LimitExceededError(f"a track of {count} samples")


def words(body: bytes, at: int, columns: int) -> Numbers:
    """Return a table of 32-bit numbers whose number of rows stands before it."""
    count = int.from_bytes(body[at : at + 4], "big")
    if len(body) < at + 4 or (len(body) - at - 4) < count * 4 * columns:
        raise MalformedMediaError("a table ends too early")
    return np.frombuffer(body, ">u4", count * columns, at + 4).astype(np.int64).reshape(-1, columns)
