"""A canvas to JPEG with the tables and the sampling of the file it came from.

Pillow codes, and only what it coded is taken: tables, frame, scans. Where Pillow knows no such
sampling (4:4:0, 4:1:1, YCCK with small chroma), each component is coded as a grey picture of its
own and the scans stand one after another, as the standard allows for every mode (T.81, A.2.2).
"""

import contextlib
import dataclasses
import functools
import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFile

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.jpeg.frame import Component, Frame
from kzmark.formats.jpeg.segments import (
    DHT,
    DQT,
    DRI,
    EOI,
    MAX_SIDE,
    SOS,
    Segment,
    Stream,
    parse,
    segment_bytes,
)

_ZIGZAG: Final = sorted(  # place in a table as stored → row * 8 + column
    range(64),
    key=lambda at: (at // 8 + at % 8, at % 8 if (at // 8 + at % 8) % 2 == 0 else at // 8),
)
_SUBSAMPLINGS: Final[dict[tuple[tuple[int, int], ...], int]] = {  # Pillow's numbers
    ((1, 1), (1, 1), (1, 1)): 0,
    ((1, 1), (2, 1), (2, 1)): 1,
    ((1, 1), (2, 2), (2, 2)): 2,
}
_ROOM_LOCK: Final = threading.Lock()

Table = tuple[int, ...]  # 64 steps in natural order


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a file was coded, as far as it can be kept.

    Attributes:
        tables: One quantisation table for each component.
        progressive: Whether it is progressive.
        optimised: Whether its Huffman tables were made for it.
        dense: Whether it takes more than a byte a pixel and is coded in several passes.
        rows: MCU rows from one restart marker to the next, in baseline files.
    """

    tables: tuple[Table, ...]
    progressive: bool
    optimised: bool
    dense: bool
    rows: int


def code(canvas: Image.Image, like: Stream, *, rows: int = 1) -> bytes:
    """Return everything from the quantisation tables to EOI for a canvas.

    Args:
        canvas: As `_jpeg_pixels.canvas` gives it; it may have another size.
        like: The file it was in: its tables, sampling, mode and names are kept.
        rows: MCU rows from one restart marker to the next; progressive files get none.

    Raises:
        LimitExceededError: If the canvas is larger than JPEG allows.
        MalformedMediaError: If a component has no quantisation table.
    """
    if max(canvas.size) > MAX_SIDE:
        raise LimitExceededError(f"JPEG cannot hold {canvas.width}x{canvas.height} px")
    chosen = _settings(like, rows=rows)
    ratios = like.frame.ratios
    together = canvas.mode == "L" or all(ratio == (1, 1) for ratio in ratios)
    if together or ratios in _SUBSAMPLINGS:
        parts = [_coded(canvas, chosen, subsampling=_SUBSAMPLINGS.get(ratios, -1))]
        sampling = parts[0].frame.components
    else:
        bands = zip(_planes(canvas, ratios), chosen.tables, strict=True)
        parts = [_coded(plane, _alone(chosen, table)) for plane, table in bands]
        sampling = like.frame.components
    return b"".join(_joined(parts, _named(sampling, like.frame), canvas.size)) + EOI


def standard_codes(stream: Stream) -> bool:
    """Say whether all Huffman tables of a file are those that Pillow writes by default."""
    return _made_for(stream) <= _standard_huffman()


def _settings(stream: Stream, *, rows: int) -> Settings:
    frame, optimised = stream.frame, not standard_codes(stream)
    dense = len(stream.data) > frame.width * frame.height
    return Settings(
        tables=_tables(stream),
        progressive=frame.progressive,
        optimised=optimised,
        dense=dense and (optimised or frame.progressive),
        rows=rows,
    )


def _alone(chosen: Settings, table: Table) -> Settings:
    return dataclasses.replace(chosen, tables=(table,))


def _named(sampling: Sequence[Component], frame: Frame) -> tuple[Component, ...]:
    """Give new components the names of the old ones, which may tell the colour model."""
    names = [component.identifier for component in frame.components]
    if len(set(names)) < len(names):
        names = list(range(1, len(names) + 1))
    return tuple(
        Component(name, new.across, new.down, new.table)
        for name, new in zip(names, sampling, strict=True)
    )


def _coded(image: Image.Image, chosen: Settings, *, subsampling: int = -1) -> Stream:
    if not chosen.dense:
        with contextlib.suppress(OSError):  # denser than its source: the plate can make it so
            return _saved(image, chosen, subsampling)
    with _room(8 * image.width * image.height):
        return _saved(image, chosen, subsampling)


def _saved(image: Image.Image, chosen: Settings, subsampling: int) -> Stream:
    target = io.BytesIO()
    image.save(
        target,
        "JPEG",
        qtables=_distinct(chosen.tables),
        subsampling=subsampling,
        progressive=chosen.progressive,
        optimize=chosen.optimised,
        restart_marker_rows=0 if chosen.progressive else chosen.rows,
        exif=b"",
        comment=b"",
    )
    return parse(target.getvalue(), limits=DEFAULT_LIMITS)


@contextlib.contextmanager
def _room(size: int) -> Iterator[None]:
    """Let Pillow set aside this many bytes for what it codes in several passes.

    It takes two bytes a pixel, which nearly pure noise exceeds. The one knob is a global of its
    own; meanwhile other savings get more room than they need, and that is all.
    """
    with _ROOM_LOCK:
        before = ImageFile.MAXBLOCK
        ImageFile.MAXBLOCK = max(before, size)
        try:
            yield
        finally:
            ImageFile.MAXBLOCK = before


def _distinct(tables: Sequence[Table]) -> list[list[int]]:
    """Leave out the last tables that repeat the one before; Pillow takes that one for the rest."""
    kept = list(tables)
    while len(kept) > 1 and kept[-1] == kept[-2]:
        kept.pop()
    return [list(table) for table in kept]


def _planes(canvas: Image.Image, ratios: Sequence[tuple[int, int]]) -> Iterator[Image.Image]:
    """Yield the components in the size they are stored in."""
    inverse = canvas.mode == "CMYK"
    for band, (across, down) in zip(canvas.split(), ratios, strict=True):
        plane = np.asarray(band)
        if inverse:
            plane = 255 - plane
        height, width = plane.shape
        edges = ((0, -height % down), (0, -width % across))
        cells = np.pad(plane, edges, mode="edge")
        cells = cells.reshape(cells.shape[0] // down, down, cells.shape[1] // across, across)
        means = np.rint(cells.mean(axis=(1, 3), dtype=np.float32))
        yield Image.fromarray(means.astype(np.uint8))


def _joined(
    parts: Sequence[Stream], components: Sequence[Component], size: tuple[int, int]
) -> Iterator[bytes]:
    """Yield the segments of one file made of parts: one part, or one for each component."""
    single = len(parts) == 1
    numbers: dict[bytes, int] = {}
    used: list[int] = []
    for part in parts:
        tables = dict(_spelt_tables(part))
        spelt = (tables[component.table] for component in part.frame.components)
        used += [numbers.setdefault(table, len(numbers)) for table in spelt]
    for table, number in numbers.items():
        yield segment_bytes(DQT, bytes((table[0] & 0xF0 | number,)) + table[1:])
    yield _frame_segment(max(part.frame.marker for part in parts), components, used, size)
    for index, part in enumerate(parts):
        names = [c.identifier for c in (components if single else components[index : index + 1])]
        renamed = dict(zip((c.identifier for c in part.frame.components), names, strict=True))
        for segment in part.segments:
            if segment.marker in {DHT, DRI}:
                yield part.raw(segment)
            elif segment.marker == SOS:
                yield _scan(part, segment, renamed)


def _frame_segment(
    marker: int, components: Sequence[Component], tables: Sequence[int], size: tuple[int, int]
) -> bytes:
    width, height = size
    payload = bytes((8,)) + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    payload += bytes((len(components),))
    for component, table in zip(components, tables, strict=True):
        payload += bytes((component.identifier, component.across << 4 | component.down, table))
    return segment_bytes(marker, payload)


def _scan(part: Stream, segment: Segment, renamed: dict[int, int]) -> bytes:
    payload = bytearray(part.payload(segment))
    for at in range(1, 1 + 2 * payload[0], 2):
        payload[at] = renamed[payload[at]]
    return segment_bytes(SOS, bytes(payload)) + part.data[segment.end : segment.stop]


def _spelt_tables(stream: Stream) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each quantisation table and its bytes, precision first, in order."""
    for segment in stream.find(DQT):
        payload, at = stream.payload(segment), 0
        while at < len(payload):
            size = 129 if payload[at] >> 4 else 65
            if at + size > len(payload) or payload[at] >> 4 > 1:
                raise MalformedMediaError("a quantisation table breaks off")
            yield payload[at] & 15, payload[at : at + size]
            at += size


def _tables(stream: Stream) -> tuple[Table, ...]:
    spelt = dict(_spelt_tables(stream))
    missing = {c.table for c in stream.frame.components} - spelt.keys()
    if missing:
        raise MalformedMediaError(f"no quantisation table {min(missing)}")
    return tuple(_natural(spelt[component.table]) for component in stream.frame.components)


def _natural(spelt: bytes) -> Table:
    steps = np.frombuffer(spelt, ">u2" if spelt[0] >> 4 else np.uint8, 64, offset=1)
    table = [0] * 64
    for at, step in zip(_ZIGZAG, steps.tolist(), strict=True):
        table[at] = max(step, 1)
    return tuple(table)


def huffman_tables(stream: Stream) -> Iterator[tuple[int, bytes]]:
    """Yield class * 16 + number of each Huffman table, and its code lengths and values."""
    for segment in stream.find(DHT):
        payload, at = stream.payload(segment), 0
        while at + 17 <= len(payload):
            size = 17 + sum(payload[at + 1 : at + 17])
            yield payload[at], payload[at + 1 : at + size]
            at += size


@functools.cache
def _standard_huffman() -> frozenset[tuple[int, bytes]]:
    """The tables of T.81, K.3, which coders use that do not make their own."""
    target = io.BytesIO()
    Image.new("YCbCr", (8, 8)).save(target, "JPEG")
    return _made_for(parse(target.getvalue(), limits=DEFAULT_LIMITS))


def _made_for(stream: Stream) -> frozenset[tuple[int, bytes]]:
    """Return the Huffman tables of a file with their class, whatever their number."""
    return frozenset((number >> 4, table) for number, table in huffman_tables(stream))
