"""The fast core, in C: work on coded data that Python would be too slow for.

Everything here is optional. Where the extension was not built, or `KZMARK_PURE` is set to 1, every
call answers `Refusal.ABSENT` and the caller takes its pure path. A refusal is never an error: the
core does nothing by halves and guesses nothing; whatever is odd about a file it leaves alone.

The sources stand in `c/`. They see sizes that were checked, tables and entropy-coded bytes; headers
are parsed in Python. The work is done without the GIL and without any state.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

_core: ModuleType | None
try:
    from kzmark.native import _jpeg
except ImportError:  # not built: no compiler, or a source tree that was not installed
    _core = None
else:
    _core = _jpeg

_TABLE: Final = 272  # bytes of a Huffman table for the core: 16 counts, 256 values
_ONE: Final = 1 << 16  # what a weight of 1 is for the core
_NUMBERS: Final = (0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13)  # as a DHT segment has them


class Refusal(IntEnum):
    """Why the core left a file alone."""

    DAMAGED = 1
    UNSUPPORTED = 2
    NO_CODE = 3  # the Huffman tables have no code for what must be written, and no room for one
    NO_MEMORY = 4
    ABSENT = 5  # there is no core


@dataclass(frozen=True, slots=True)
class JpegComponent:
    """A component as frame header, scan header and quantisation table describe it.

    Attributes:
        across: Horizontal sampling factor, 1 to 4.
        down: Vertical sampling factor, 1 to 4.
        dc: Number of its Huffman table for DC, 0 to 3.
        ac: Number of its Huffman table for AC, 0 to 3.
        steps: Its 64 quantisation steps in zigzag order, each from 1 to 65,535.
    """

    across: int
    down: int
    dc: int
    ac: int
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegScan:
    """The one scan of a sequential, Huffman-coded JPEG of 8 bits (ITU-T T.81, annex F).

    Attributes:
        data: The whole file.
        start: Where its entropy-coded bytes begin.
        stop: Where they end: at the marker behind them, fill bytes left out.
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        restart: MCUs from one restart marker to the next, 0 without.
        components: One to four, in the order of frame and scan.
        tables: By number as in a DHT segment (class * 16 + identifier): 16 counts, then values.
    """

    data: bytes
    start: int
    stop: int
    width: int
    height: int
    restart: int
    components: tuple[JpegComponent, ...]
    tables: Mapping[int, bytes] = field(repr=False)

    def arguments(self) -> tuple[bytes, int, int, tuple[int, int, int], bytes, bytes]:
        """Return itself as the core takes it: file, from, to, sizes, components, tables."""
        parts = [(c.across, c.down, c.dc, c.ac) for c in self.components]
        tables = [self.tables.get(number, b"").ljust(_TABLE, b"\0") for number in _NUMBERS]
        frame = self.width, self.height, self.restart
        packed = bytes(value for part in parts for value in part)
        return self.data, self.start, self.stop, frame, packed, b"".join(tables)


@dataclass(frozen=True, slots=True)
class JpegSplice:
    """Entropy-coded bytes to put into a file.

    Attributes:
        start: Where the bytes begin that they replace.
        stop: Where those end.
        coded: The new bytes.
        tables: Tables that gained codes, by number; no code that was there before changed.
    """

    start: int
    stop: int
    coded: bytes
    tables: Mapping[int, bytes]


def available() -> bool:
    """Say whether there is a core and nobody switched it off with `KZMARK_PURE=1`."""
    return _core is not None and os.environ.get("KZMARK_PURE", "") != "1"


def jpeg_splice(
    scan: JpegScan, pixels: NDArray[np.uint8], *, x: int, y: int, colours: NDArray[np.float32]
) -> JpegSplice | Refusal:
    """Lay an opaque plate on a JPEG without decoding the picture.

    Blocks that the plate does not reach keep their coefficients. Blocks at its edge are decoded,
    painted and quantised again. To meet the phase of the bits that follow, some blocks of one
    colour under the plate may gain a ripple of at most five levels.

    What stands behind the plate is not read unless it has to be moved by some bits; damage there
    stays as it was. Restart markers are checked throughout.

    Args:
        scan: The scan.
        pixels: The plate at full size, (height, width, channels), one to four channels.
        x: Its left edge, in stored pixels.
        y: Its top edge, in stored pixels.
        colours: How the components follow from the channels, (components, channels + 1): a weight
            of each channel, -1 to 1, and an offset, -255 to 255.

    Raises:
        ValueError: If the plate leaves the picture, or sizes do not go together.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    height, width, channels = pixels.shape
    steps = np.array([component.steps for component in scan.components], np.uint16)
    weights = np.ascontiguousarray(np.rint(colours * _ONE), np.int32)
    plate = np.ascontiguousarray(pixels)
    box = x, y, width, height
    arguments = scan.arguments()
    return _result(scan, _core.splice(*arguments, steps, weights, plate, channels, box))


def jpeg_crop(scan: JpegScan, *, units: tuple[int, int, int, int]) -> JpegSplice | Refusal:
    """Code a part of a JPEG as a scan of its own, coefficients unchanged, no restart markers.

    Args:
        scan: The scan.
        units: Left, top, right, bottom of the part, in MCUs; right and bottom are the first ones
            outside.

    Returns:
        The scan in `coded`; it stands for nothing in the file, so `start` and `stop` are 0.

    Raises:
        ValueError: If the part is empty.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    return _result(scan, _core.crop(*scan.arguments(), units))


def _result(
    scan: JpegScan, found: int | tuple[int, int, bytes, bytes | None]
) -> JpegSplice | Refusal:
    if isinstance(found, int):
        return Refusal(found)
    start, stop, coded, records = found
    return JpegSplice(start, stop, coded, _grown(scan, records) if records else {})


def _grown(scan: JpegScan, records: bytes) -> Mapping[int, bytes]:
    """Return the tables that differ from those of the scan."""
    tables = {}
    for at, number in enumerate(_NUMBERS):
        record = records[at * _TABLE : (at + 1) * _TABLE]
        table = record[: 16 + sum(record[:16])]
        if len(table) > 16 and table != scan.tables.get(number):
            tables[number] = table
    return tables


def jpeg_scan_end(data: bytes, start: int) -> int | Refusal:
    """Return where the marker stands that ends a scan; the size of the data if there is none.

    Restart markers, stuffing and fill bytes are passed over.

    Args:
        data: The whole file.
        start: Where the entropy-coded bytes begin.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    return int(_core.scan_end(data, start))
