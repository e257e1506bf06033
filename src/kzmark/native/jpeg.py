"""The fast core for JPEG: work on one entropy-coded scan, by its tables, in C.

Three things are kept from one file to the next, each bounded: the Huffman tables taken apart; a
plate's *stencil*, its blocks as they are for one size, sampling and quantisation; and the stencil's
*runs*, its rows in codes. A plate that was laid before is then little more than a copy of bits.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kzmark.native import Refusal, allowed
from kzmark.native.kept import Keeper

if TYPE_CHECKING:
    from kzmark.native._jpeg import Capsule

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
_STENCILS: Final = Keeper["Capsule"]()
_RUNS: Final = Keeper["Capsule"]()

Box = tuple[int, int, int, int]  # left, top, width, height, in stored pixels


class Model(IntEnum):
    """How components become channels."""

    AS_THEY_ARE = 0
    FROM_YCC = 1  # three components to RGB
    FROM_YCCK = 2  # four to CMYK, the black one as it is


@dataclass(frozen=True, slots=True)
class Component:
    """A component as frame header, scan header and quantisation table describe it.

    Attributes:
        across: Horizontal sampling factor, 1 to 4.
        down: Vertical sampling factor, 1 to 4.
        dc: Number of its Huffman table for DC, 0 to 3.
        ac: Number of its Huffman table for AC, 0 to 3.
        steps: Its 64 quantisation steps in zigzag order, 16 bits each, the high byte first; none 0.
    """

    across: int
    down: int
    dc: int
    ac: int
    steps: bytes


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How a sequential, Huffman-coded JPEG of 8 bits with one scan is coded (ITU-T T.81, annex F).

    Attributes:
        width: Stored width, in pixels.
        height: Stored height, in pixels.
        restart: MCUs from one restart marker to the next, 0 without.
        components: One to four, in the order of frame and scan.
        tables: By number as in a DHT segment (class * 16 + identifier): 16 counts, then values.
    """

    width: int
    height: int
    restart: int
    components: tuple[Component, ...]
    tables: Mapping[int, bytes] = field(repr=False)

    @functools.cached_property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @functools.cached_property
    def parts(self) -> bytes:
        """The components as the core takes them."""
        return b"".join(bytes((c.across, c.down, c.dc, c.ac)) + c.steps for c in self.components)

    @functools.cached_property
    def records(self) -> bytes:
        """The Huffman tables as the core takes them."""
        return b"".join(self.tables.get(number, b"").ljust(_TABLE, b"\0") for number in _NUMBERS)


class Scan(NamedTuple):
    """The scan of a file.

    Attributes:
        data: The whole file.
        start: Where its entropy-coded bytes begin.
        stop: Where they end: at the marker behind them, fill bytes left out.
        coding: How they are coded.
    """

    data: bytes
    start: int
    stop: int
    coding: Coding


@dataclass(frozen=True, slots=True)
class Splice:
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
    return _core is not None and allowed()


def splice(
    scan: Scan, pixels: NDArray[np.uint8], *, x: int, y: int, colours: NDArray[np.float32]
) -> Splice | Refusal:
    """Lay an opaque plate on a JPEG without decoding the picture.

    Blocks that the plate does not reach keep their coefficients. Blocks at its edge are decoded,
    painted and quantised again. To meet the phase of the bits that follow, some blocks of one
    colour under the plate may gain a ripple of at most five levels.

    What stands behind the plate is not read unless it has to be moved by some bits; damage there
    stays as it was. Restart markers are checked throughout.

    Args:
        scan: The scan.
        pixels: The plate at full size, (height, width, channels), one to four channels. If nobody
            can write to it, what is made of it is kept for the next picture of this kind.
        x: Its left edge, in stored pixels.
        y: Its top edge, in stored pixels.
        colours: How the components follow from the channels, (components, channels + 1): a weight
            of each channel, -1 to 1, and an offset, -255 to 255.

    Raises:
        ValueError: If the plate leaves the picture, or sizes do not go together.
    """
    core = _core
    if core is None or not available():
        return Refusal.ABSENT
    height, width, channels = pixels.shape
    box = x, y, width, height
    size, parts, records = scan.coding.size, scan.coding.parts, scan.coding.records
    weights = _weights(colours.shape, colours.tobytes())

    def stencil() -> "Capsule":
        plate = np.ascontiguousarray(pixels)
        return _made(core.stencil(size, parts, weights, plate, channels, box))

    def runs() -> "Capsule":
        return _made(core.runs(_STENCILS.get(pixels, key, stencil), _tables(records)))

    key = size, box, parts, weights
    try:
        made = _RUNS.get(pixels, (key, records), runs)
    except _RefusedError as error:
        return error.refusal
    found = core.splice(scan.data, scan.start, scan.stop, scan.coding.restart, made)
    if isinstance(found, int):
        return Refusal(found)
    start, stop, coded, grown = found
    return Splice(start, stop, coded, _grown(scan, grown) if grown else {})


def region(scan: Scan, box: Box, model: Model, *, by: int = 1) -> NDArray[np.uint8] | Refusal:
    """Decode a part of a picture; the rest is passed over, and what stands behind it is not read.

    To the bit what libjpeg-turbo gives with its accurate integer DCT and smooth chroma.

    Args:
        scan: The scan.
        box: The part, inside the picture as it comes out, in its pixels.
        by: 1, or 2, 4 or 8 for a picture smaller by that, its sides rounded up; only where each
            component has all samples or every second one both ways.
        model: How components become channels; `FROM_YCC` is for three, `FROM_YCCK` for four.

    Returns:
        (height, width, channels), as many channels as there are components.

    Raises:
        ValueError: If the box leaves the picture, the model does not suit the components, or there
            is no such size.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    coding = scan.coding
    where = scan.data, scan.start, scan.stop, coding.restart
    tables = _tables(coding.records)
    found = _core.region(*where, coding.size, coding.parts, tables, box, model, by)
    if isinstance(found, int):
        return Refusal(found)
    return np.frombuffer(found, np.uint8).reshape(box[3], box[2], len(coding.components))


def scan_end(data: bytes, start: int) -> int | Refusal:
    """Return where the marker stands that ends a scan; the size of the data if there is none.

    Restart markers, stuffing and fill bytes are passed over.

    Args:
        data: The whole file.
        start: Where the entropy-coded bytes begin.
    """
    if _core is None or not available():
        return Refusal.ABSENT
    return int(_core.scan_end(data, start))


class _RefusedError(Exception):
    """The core left something alone, so that there is nothing to keep."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


def _made(answer: "Capsule | int") -> "Capsule":
    if isinstance(answer, int):
        raise _RefusedError(Refusal(answer))
    return answer


@functools.lru_cache(maxsize=16)
def _weights(shape: tuple[int, ...], colours: bytes) -> bytes:
    weights = np.frombuffer(colours, np.float32).reshape(shape)
    return np.rint(weights * _ONE).astype(np.int32).tobytes()


@functools.lru_cache(maxsize=32)
def _tables(records: bytes) -> "Capsule":
    assert _core is not None
    made: Capsule = _core.tables(records)
    return made


def _grown(scan: Scan, records: bytes) -> Mapping[int, bytes]:
    """Return the tables that differ from those of the scan."""
    tables = {}
    for at, number in enumerate(_NUMBERS):
        record = records[at * _TABLE : (at + 1) * _TABLE]
        table = record[: 16 + sum(record[:16])]
        if len(table) > 16 and table != scan.coding.tables.get(number):
            tables[number] = table
    return tables
