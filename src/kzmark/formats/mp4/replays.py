"""How many samples the edits of a track play: libav lists each of them anew for every edit.

A list of edits that each play the whole of a track makes gigabytes of an index of some kilobytes.
Spec: ISO/IEC 14496-12, 8.6.1.2 (times), 8.6.2 (sync samples), 8.6.6 (edits).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import LimitExceededError
from kzmark.formats.mp4.sizes import words
from kzmark.formats.mp4.tree import Box

_MOST: Final = 4_000_000  # samples that edits may list in all, beside `_TIMES` those of the track
_TIMES: Final = 4
_BLOCK: Final = 1024  # samples that libav lists as one, where each lasts one unit
_ROWS: Final = {  # of a list of edits, by its version
    0: np.dtype([("length", ">u4"), ("time", ">i4"), ("rate", ">u4")]),
    1: np.dtype([("length", ">u8"), ("time", ">i8"), ("rate", ">u4")]),
}


def check_replays(trak: Box, moov: Box) -> None:
    """Refuse edits that play the samples of a track again and again.

    Args:
        trak: The track.
        moov: The index that it stands in.

    Raises:
        LimitExceededError: If they do.
        MalformedMediaError: If a table that times are told by ends too early.
    """
    lists = [one for one in map(_rows, _edits(trak)) if len(one) > 1]
    stbl = trak.find(b"mdia", b"minf", b"stbl")
    if not lists or stbl is None or stbl.find(b"stts") is None:
        return
    units = _scale(trak.find(b"mdia", b"mdhd")) / max(1, _scale(moov.find(b"mvhd")))
    for rows in lists:
        played, count = _played(rows, units, stbl)
        if played > _MOST + _TIMES * count:
            raise LimitExceededError(f"edits that play {played:.0f} samples, of {count}")


def _scale(head: Box | None) -> int:
    """Return the units of time in a second."""
    body = head.body if head is not None else b""
    at = 20 if body[:1] == b"\1" else 12
    return int.from_bytes(body[at : at + 4], "big")


def _edits(box: Box) -> Iterator[bytes]:
    """Yield every list of edits, wherever it stands: libav heeds them all."""
    for child in box.children or ():
        if child.kind == b"elst":
            yield child.body
        yield from _edits(child)


def _rows(body: bytes) -> NDArray[np.void]:
    """Return the rows that play something, as far as they are there."""
    kind = _ROWS[int(body[:1] == b"\1")]
    count = min(int.from_bytes(body[4:8], "big"), max(0, len(body) - 8) // kind.itemsize)
    rows = np.frombuffer(body, kind, count, 8) if count else np.zeros(0, kind)
    return rows[rows["time"] >= 0]


def _played(rows: NDArray[np.void], units: float, stbl: Box) -> tuple[float, int]:
    """Return how many samples rows play, each from the last sync sample on, and how many there are.

    Where each lasts one unit, what libav lists as one is counted as one: some moments of a chunk.
    """
    count = _number(stbl, b"stsz", 8) or _number(stbl, b"stz2", 8)
    runs = words(stbl.need(b"stts").body, 4, 2)
    counts, spans = runs.T.astype(np.float64)
    numbers = np.minimum(np.concatenate([[0], np.cumsum(counts)]), count)
    clock = np.concatenate([[0], np.cumsum(counts * spans)])
    first = rows["time"].astype(np.float64)
    length = rows["length"].astype(np.float64) * units
    last = np.where(length > 0, first + length, np.inf)  # no length is all that follows
    start, stop = (np.interp(time, clock, numbers) for time in (first, last))
    if (listed := stbl.find(b"stss")) is not None:
        known = np.concatenate([[0], np.sort(words(listed.body, 4, 1)[:, 0] - 1)])
        start = np.minimum(start, known[np.searchsorted(known, start, "right") - 1])
    share = 1.0
    if len(runs) == 1 and runs[0, 1] == 1 and count:
        chunks = _number(stbl, b"stco", 4) + _number(stbl, b"co64", 4)
        share = min(1.0, 1 / _BLOCK + chunks / count)
    return float((stop - start).sum()) * share + len(rows), round(count * share)


def _number(stbl: Box, kind: bytes, at: int) -> int:
    found = stbl.find(kind)
    return int.from_bytes(found.body[at : at + 4], "big") if found is not None else 0
