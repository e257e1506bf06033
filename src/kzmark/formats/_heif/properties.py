"""Properties of the items of a HEIF file: how a picture is coded, cropped, turned and coloured.

Spec: ISO/IEC 23008-12, 6.5 (ispe, clap, irot, imir) and 9.3 (iprp, ipco, ipma);
ISO/IEC 14496-15, 8.3.2 (hvcC); AV1 ISOBMFF binding, 2.3 (av1C).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._bmff.boxes import Cursor, first, spans
from kzmark.formats._bmff.edit import File

Pixel = TypeVar("Pixel", bound="np.generic[Any]")


class Property(NamedTuple):
    """One item property: its type, its content, whether a reader must understand it."""

    kind: bytes
    data: bytes
    essential: bool


def read_properties(file: File, *, limits: Limits) -> dict[int, tuple[Property, ...]]:
    """Return the properties of every item, in the order in which they apply (9.3.1).

    Raises:
        MalformedMediaError: If an association points to no property.
        LimitExceededError: If there are more associations than `limits.max_elements`.
    """
    data, _, meta = file
    iprp = first(meta.children, b"iprp")
    if iprp is None:
        return {}
    inner = spans(data, iprp.body, iprp.end, limits=limits)
    ipco = first(inner, b"ipco")
    boxes = spans(data, ipco.body, ipco.end, limits=limits) if ipco else []
    shared: dict[tuple[int, bool], Property] = {}  # many items may point to one large box
    found: dict[int, list[Property]] = {}
    count = 0
    for span in inner:
        if span.kind != b"ipma":
            continue
        for number, index, essential in associations(data, span.body, span.end):
            count += 1
            if index > len(boxes) or count > limits.max_elements:
                raise MalformedMediaError("the properties of an item lead nowhere")
            if not index:
                continue
            if (index, essential) not in shared:
                box = boxes[index - 1]
                one = Property(box.kind, data[box.body : box.end], essential)
                shared[index, essential] = one
            found.setdefault(number, []).append(shared[index, essential])
    return {number: tuple(listed) for number, listed in found.items()}


def associations(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (item ID, index of the property from 1, whether essential) of an `ipma` box."""
    cursor = Cursor(data, start, end, what="ipma box")
    word = cursor.number(4)
    wide = 2 if word & 1 else 1
    for _ in range(cursor.number(4)):
        number = cursor.number(4 if word >> 24 else 2)
        for _ in range(cursor.number(1)):
            value = cursor.number(wide)
            top = 1 << (wide * 8 - 1)
            yield number, value & ~top, bool(value & top)


def size_of(own: Sequence[Property]) -> tuple[int, int] | None:
    """Return the stored width and height that an `ispe` property declares."""
    for one in own:
        if one.kind == b"ispe":
            cursor = Cursor(one.data, 4, len(one.data), what="ispe box")
            return cursor.number(4), cursor.number(4)
    return None


def coding(own: Sequence[Property]) -> tuple[int, str]:
    """Return bits of a sample and chroma subsampling."""
    for one in own:
        if one.kind == b"av1C" and len(one.data) >= 4:
            word = one.data[2]
            bits = (12 if word & 0x20 else 10) if word & 0x40 else 8
            if word & 0x10:
                return bits, "4:0:0"
            return bits, {3: "4:2:0", 2: "4:2:2"}.get(word >> 2 & 3, "4:4:4")
        if one.kind == b"hvcC" and len(one.data) >= 18:
            chroma = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")[one.data[16] & 3]
            return 8 + (one.data[17] & 7), chroma
    return 8, "4:2:0"


def turned(array: NDArray[Pixel], turn: Property, *, back: bool = False) -> NDArray[Pixel]:
    """Return the view that an `irot` or `imir` property asks for, or the one that undoes it."""
    value = turn.data[0] if turn.data else 0
    if turn.kind == b"irot":  # quarter turns, anticlockwise
        quarters = -(value & 3) if back else value & 3
        return np.rot90(array, quarters)
    return array[:, ::-1] if value & 1 else array[::-1]  # 6.5.12: 1 swaps left and right


def aperture(data: bytes, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, width, height of a clean aperture (14496-12, 12.1.4)."""
    cursor = Cursor(data, 0, len(data), what="clap box")
    fields = [cursor.number(4) for _ in range(8)]
    if 0 in fields[1::2] or fields[0] == 0 or fields[2] == 0:
        raise MalformedMediaError("a clap box divides by zero")
    found = []
    for size, share, shift in ((width, fields[:2], fields[4:6]), (height, fields[2:4], fields[6:])):
        kept = round(share[0] / share[1])
        moved = (shift[0] - (1 << 32) if shift[0] >> 31 else shift[0]) / shift[1]
        start = round((size - 1) / 2 + moved - (share[0] / share[1] - 1) / 2)
        if kept < 1 or start < 0 or start + kept > size:
            raise MalformedMediaError("a clap box leaves the picture")
        found.append((start, kept))
    (left, across), (top, down) = found
    return left, top, across, down
