"""A track of sound of an AVI that was recorded anew: its packets in the old one's chunks.

There are as many chunks as before, so that no index needs another row: each takes the packets that
begin while it is heard. Time is counted in bytes, which suits packets of one bit rate.

Spec: AVI RIFF file reference (`strh`); WAVEFORMATEX, MPEG1WAVEFORMAT, MPEGLAYER3WAVEFORMAT.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._av.retake import Retake
from kzmark.formats.avi.riff import Chunk, Edit, File, Piece

_FORMAT: Final = struct.Struct("<HHIIHHH")
_HEAD: Final = struct.Struct("<IIIIIII")  # scale, rate, start, length, buffer, quality, sample size
_AT: Final = 20  # bytes of `strh` before that
_TAGS: Final = {"mp2": 0x50, "libmp3lame": 0x55, "ac3": 0x2000}
_STEREO: Final = {1: 8, 2: 1}  # modes of Layer II
_ANY: Final = 0xFFFFFFFF  # quality: that of the codec
_WHOLE: Final = 1 << 32


def retracked(
    file: File, stream: Chunk, chunks: Sequence[Chunk], take: Retake
) -> tuple[list[Edit], dict[int, tuple[int, bool]]]:
    """Put a track in the place of another.

    Args:
        file: The film.
        stream: The list that describes the old track.
        chunks: Of the old track.
        take: The new one.

    Returns:
        What is replaced, and the start of each chunk with its new size.

    Raises:
        UnsupportedMediaError: If there is nowhere to put it.
    """
    header, old = file.find(stream, b"strh"), file.find(stream, b"strf")
    if header is None or old is None or not chunks or not len(take.sizes):
        raise UnsupportedMediaError("its sound is described in a way of its own")
    told = file.content(header)
    bounds = _bounds(_times(told, chunks) - take.begin, take)
    edits: list[Edit] = []
    sizes: dict[int, tuple[int, bool]] = {}
    for chunk, start, stop in zip(chunks, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        head = (stop - start).to_bytes(4, "little")
        body = Piece(take.file, start, stop - start)
        edits.append(Edit(chunk.start + 4, chunk.after, (head, body, b"\0" * ((stop - start) % 2))))
        sizes[chunk.start] = stop - start, True
    largest = int(np.diff(bounds).max())
    edits += _described(header, old, take, int(bounds[-1]), largest)
    return edits, sizes


def _times(told: bytes, chunks: Sequence[Chunk]) -> NDArray[np.float64]:
    """Return when each chunk begins to be heard, in seconds of the film."""
    scale, rate, start = (int.from_bytes(told[at : at + 4], "little") for at in (20, 24, 28))
    size = int.from_bytes(told[44:48], "little")
    before = np.arange(len(chunks), dtype=np.float64)
    if size:
        lengths = np.array([one.end - one.body for one in chunks], np.float64)
        before = (np.cumsum(lengths) - lengths) / size
    return (before + start) * (scale / rate)


def _bounds(times: NDArray[np.float64], take: Retake) -> NDArray[np.int64]:
    """Return where the packets of each chunk begin, and where the last of them ends, in bytes.

    Args:
        times: When each chunk was heard, in seconds from the first new sample.
        take: The new track.
    """
    sizes = np.array(take.sizes, np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    heard = ends[:-1] * 8 / take.manner.bit_rate
    first = np.searchsorted(heard, times - 1e-6)
    first[0] = 0
    return np.concatenate([ends[first], ends[-1:]])


def _described(header: Chunk, old: Chunk, take: Retake, total: int, largest: int) -> Iterator[Edit]:
    """Yield what is said of the track: kind, rate, and that time is counted in bytes."""
    manner, rate = take.manner, take.manner.bit_rate // 8
    channels = manner.channels
    if total >= _WHOLE:
        raise UnsupportedMediaError("its sound would pass 4 GiB")
    more = _more(manner.encoder, channels, manner.bit_rate, manner.rate)
    tag = _TAGS[manner.encoder]
    body = _FORMAT.pack(tag, channels, manner.rate, rate, 1, 0, len(more)) + more
    told = _HEAD.pack(1, rate, round(take.begin * rate), total, largest, _ANY, 1)
    yield Edit(header.body + _AT, header.body + _AT + len(told), (told,))
    yield Edit(old.start + 4, old.after, (len(body).to_bytes(4, "little"), body))


def _more(encoder: str, channels: int, bits: int, rate: int) -> bytes:
    """Return what stands behind the words that every kind of sound has; an even number of bytes."""
    if encoder == "libmp3lame":
        long = 1152 if rate >= 32_000 else 576
        return struct.pack("<HIHHH", 1, 2, long * bits // (8 * rate), 1, 0)
    if encoder == "mp2":
        return struct.pack("<HIHHHHII", 2, bits, _STEREO[channels], 1, 1, 16, 0, 0)
    return b""
