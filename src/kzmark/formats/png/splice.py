"""A plate or a cut by the fast core: a compressed stream changed in place, or read no further.

Spec: PNG third edition, 7.2 (scanlines), 10 (compression), 11.2.3 (IDAT).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Box
from kzmark.formats.png import samples as samples_of
from kzmark.formats.png.chunks import MAGIC, Chunks
from kzmark.formats.png.header import Header
from kzmark.formats.png.samples import Samples
from kzmark.native import Refusal, png

_MAX_CHUNK: Final = (1 << 31) - 1  # bytes (5.3)
_CHECKSUM: Final = 4  # bytes at the end of a zlib stream
_HEAD: Final = 8  # bytes of a chunk in front of its data
_CRC: Final = 4  # bytes behind them
_Edit = tuple[int, int, bytes]  # from, to, new bytes


def plate(chunks: Chunks, header: Header, box: Box, ink: Samples) -> dict[int, bytes]:
    """Lay a plate on the default picture.

    Args:
        chunks: The file.
        header: Size and kind of its pixels.
        box: Where the plate stands, inside the picture.
        ink: Its samples.

    Returns:
        The IDAT chunks that change, by index; chunks that keep their data are not among them.
        Empty if the fast core cannot do it, for whatever reason.
    """
    stream = _default(chunks)
    done = _spliced(stream, header, box, ink)
    if done is None:
        return {}
    replaced = {}
    lengths = stream.pieces[:, 1]
    starts = np.cumsum(lengths) - lengths
    edits = _edits(done, int(lengths.sum()))
    for piece in _touched(starts, edits):
        index = chunks.first_data + piece
        parts = list(_edited(chunks.items[index].data, int(starts[piece]), edits))
        if sum(map(len, parts)) > _MAX_CHUNK:
            return {}
        replaced[index] = _packed(parts)
    return replaced


def frame(parts: Sequence[memoryview], header: Header, box: Box, ink: Samples) -> bytes:
    """Lay a plate on a picture, given as the pieces of its compressed data.

    Returns:
        Its new data; nothing if the fast core cannot do it.
    """
    stream = memoryview(b"".join(parts))
    done = _spliced(_whole(stream), header, box, ink)
    if done is None:
        return b""
    kept = stream[done.stop : len(stream) - _CHECKSUM]
    return b"".join((stream[: done.start], done.coded, kept, done.checksum))


def cut(chunks: Chunks, header: Header, box: Box | None) -> Samples | None:
    """Decode the default picture, or only what is needed for the part of it in `box`.

    Returns:
        Samples, (height, width, channels); nothing if the fast core cannot do it.
    """
    if header.interlaced:
        return None
    x, y, width, height = box or (0, 0, *header.size)
    right = header.row_bytes(x + width)
    stream, whole = _default(chunks), box is None
    rows = png.rows(stream, _shape(header), first=y, last=y + height, width=right, whole=whole)
    if isinstance(rows, Refusal):
        return None
    return samples_of.unpack(rows, header)[:, x : x + width]


def _spliced(stream: png.Stream, header: Header, box: Box, ink: Samples) -> png.Splice | None:
    if header.interlaced or not png.available():
        return None
    done = png.splice(stream, _shape(header), ink=_ink(header, box, ink))
    return None if isinstance(done, Refusal) else done


def _shape(header: Header) -> png.Shape:
    return png.Shape(header.height, header.row_bytes(header.width), header.unit)


def _ink(header: Header, box: Box, samples: Samples) -> png.Ink:
    """Return samples as the bytes they are stored in; the first and last may be shared."""
    x, y, width, _ = box
    start, stop = x * header.bits, (x + width) * header.bits
    return png.Ink(
        top=y,
        left=start // 8,
        rows=_bytes(samples, header, start % 8),
        first=0xFF >> start % 8,
        last=0xFF << -stop % 8 & 0xFF,
        full=width == header.width,
        indexed=header.indexed,
    )


def _bytes(samples: Samples, header: Header, shift: int) -> NDArray[np.uint8]:
    """Return packed rows that begin `shift` bits into their first byte."""
    if not shift:
        return samples_of.pack(samples, header)
    wide = samples_of.blank(samples.shape[1] + shift // header.depth, len(samples), header)
    wide[:, shift // header.depth :] = samples
    return samples_of.pack(wide, header)


def _default(chunks: Chunks) -> png.Stream:
    """Return the stream of the default picture, in the pieces that IDAT chunks are."""
    sizes = [len(chunk.whole) for chunk in chunks.items[: chunks.last_data + 1]]
    ends = len(MAGIC) + np.cumsum(sizes, dtype=np.int64)[chunks.first_data :]
    lengths = np.array(sizes[chunks.first_data :], np.int64)
    pieces = np.stack([ends - lengths + _HEAD, lengths - _HEAD - _CRC], axis=1)
    return png.Stream(memoryview(chunks.items[0].whole.obj), pieces)


def _whole(stream: memoryview) -> png.Stream:
    return png.Stream(stream, np.array([[0, len(stream)]], np.int64))


def _edits(done: png.Splice, size: int) -> list[_Edit]:
    """Return what changes in a stream of this size."""
    end = size - _CHECKSUM
    if done.stop == end:
        return [(done.start, size, done.coded + done.checksum)]
    return [(done.start, done.stop, done.coded), (end, size, done.checksum)]


def _touched(starts: NDArray[np.int64], edits: Sequence[_Edit]) -> list[int]:
    """Return which pieces of a stream change; they begin at these bytes of it."""
    found: set[int] = set()
    for start, stop, _ in edits:
        first = int(np.searchsorted(starts, start, "right")) - 1
        found.update(range(first, max(int(np.searchsorted(starts, stop)), first + 1)))
    return sorted(found)


def _edited(data: memoryview, at: int, edits: Sequence[_Edit]) -> Iterator[bytes | memoryview]:
    """Yield the pieces of a chunk whose data begin at this byte of the stream."""
    kept = 0
    for start, stop, new in edits:
        if start < at + len(data) and (stop > at or start == at):
            yield data[kept : max(start - at, kept)]
            if start >= at:
                yield new
            kept = min(stop - at, len(data))
    yield data[kept:]


def _packed(parts: Sequence[bytes | memoryview]) -> bytes:
    """Return an IDAT chunk, or nothing if it became empty."""
    from isal import isal_zlib

    size = sum(map(len, parts))
    crc = isal_zlib.crc32(b"IDAT")
    for part in parts:
        crc = isal_zlib.crc32(part, crc)
    if not size:
        return b""
    return b"".join((size.to_bytes(4, "big"), b"IDAT", *parts, crc.to_bytes(4, "big")))
