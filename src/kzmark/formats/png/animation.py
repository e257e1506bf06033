"""Frames of an APNG: taken apart strictly, packed again in the same number of chunks.

A frame that is drawn anew is spread over as many fdAT chunks as before, so the sequence numbers of
all that follow stay, and with them their bytes.

Spec: PNG third edition, 11.3.6 (acTL, fcTL, fdAT), 4.9 (animation), 13.2 (error handling).
"""

import struct
from dataclasses import dataclass
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._animation import Disposal, Frame
from kzmark.formats._base import Box
from kzmark.formats.png.chunks import Chunks, pack
from kzmark.formats.png.header import Header

_ACTL: Final = struct.Struct(">II")
_FCTL: Final = struct.Struct(">IIIIIHHBB")
_SEQUENCE: Final = 4  # bytes of the number at the head of fcTL and fdAT
_DISPOSALS: Final = (Disposal.KEEP, Disposal.BACKGROUND, Disposal.PREVIOUS)


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame and where its chunks are.

    Attributes:
        frame: Its rectangle, timing, disposal and blending.
        control: Index of its fcTL.
        parts: Indices of the chunks with its data.
        default: Whether these are the IDAT chunks.
    """

    frame: Frame
    control: int
    parts: tuple[int, ...]
    default: bool

    def data(self, chunks: Chunks) -> list[memoryview]:
        """Return the pieces of its compressed data."""
        skip = 0 if self.default else _SEQUENCE
        return [chunks.items[index].data[skip:] for index in self.parts]


def shots(chunks: Chunks, header: Header, *, limits: Limits) -> list[Shot]:
    """Return the frames in order; none if the file is a still picture.

    Raises:
        MalformedMediaError: If frames are missing, doubled, out of order or leave the canvas.
        LimitExceededError: If there are too many, or too many pixels together.
    """
    controls, owners = _walk(chunks)
    declared = _declared(chunks)
    if declared != len(controls):
        raise MalformedMediaError(f"acTL declares {declared} frames, there are {len(controls)}")
    if declared > limits.max_frames:
        raise LimitExceededError(f"{declared} frames, over the limit of {limits.max_frames}")
    found: list[Shot] = []
    for control in controls:
        default = owners.get(control) == [-1]
        parts = range(chunks.first_data, chunks.last_data + 1) if default else owners[control]
        frame = _frame(chunks.items[control].data, header, default=default, first=not found)
        header.resized(frame.box[2], frame.box[3]).check(file_bytes=chunks.size, limits=limits)
        found.append(Shot(frame, control, tuple(parts), default))
    pixels = sum(shot.frame.box[2] * shot.frame.box[3] for shot in found)
    if pixels > limits.max_total_pixels:
        raise LimitExceededError(f"frames of {pixels} px, over {limits.max_total_pixels}")
    return found


def pack_data(chunks: Chunks, shot: Shot, data: bytes) -> dict[int, bytes]:
    """Return the fdAT chunks of a frame with other data, by index."""
    piece = -(-len(data) // len(shot.parts))
    packed = {}
    for number, index in enumerate(shot.parts):
        head = bytes(chunks.items[index].data[:_SEQUENCE])
        packed[index] = pack(b"fdAT", head + data[number * piece : (number + 1) * piece])
    return packed


def pack_control(chunks: Chunks, shot: Shot, box: Box, *, blend: bool) -> bytes:
    """Return the fcTL chunk of a frame with another rectangle and blending."""
    number, *_, above, below, disposal, _ = _FCTL.unpack(chunks.items[shot.control].data)
    x, y, width, height = box
    fields = (number, width, height, x, y, above, below, disposal, int(blend))
    return pack(b"fcTL", _FCTL.pack(*fields))


def _declared(chunks: Chunks) -> int:
    """Return the number of frames that acTL declares; 0 without it."""
    data = next((chunk.data for chunk in chunks.items if chunk.kind == b"acTL"), None)
    if data is None:
        return 0
    if len(data) != _ACTL.size or not _ACTL.unpack(data)[0]:
        raise MalformedMediaError("acTL declares no frames")
    count: int = _ACTL.unpack(data)[0]
    return count


def _walk(chunks: Chunks) -> tuple[list[int], dict[int, list[int]]]:
    """Return the fcTL chunks, and for each the chunks of its data; [-1] stands for the IDATs."""
    controls: list[int] = []
    owners: dict[int, list[int]] = {}
    number = 0
    for index, chunk in enumerate(chunks.items):
        if chunk.kind in {b"fcTL", b"fdAT"}:
            if chunk.data[:_SEQUENCE] != number.to_bytes(_SEQUENCE, "big"):
                raise MalformedMediaError(f"the animation's chunk {number} is out of sequence")
            number += 1
        if chunk.kind == b"fcTL":
            if controls and controls[-1] not in owners:
                raise MalformedMediaError(f"frame {len(controls) - 1} has no data")
            controls.append(index)
        elif chunk.kind == b"fdAT":
            data = owners.setdefault(controls[-1], []) if controls else [-1]
            if index < chunks.first_data or data[:1] == [-1]:
                raise MalformedMediaError("an fdAT chunk without its fcTL")
            data.append(index)
        elif index == chunks.first_data and controls:
            owners[controls[-1]] = [-1]
    if controls and controls[-1] not in owners:
        raise MalformedMediaError(f"frame {len(controls) - 1} has no data")
    return controls, owners


def _frame(data: memoryview, header: Header, *, default: bool, first: bool) -> Frame:
    if len(data) != _FCTL.size:
        raise MalformedMediaError(f"an fcTL chunk of {len(data)} bytes")
    _, width, height, x, y, above, below, disposal, blend = _FCTL.unpack(data)
    if disposal >= len(_DISPOSALS) or blend > 1:
        raise MalformedMediaError(f"disposal {disposal} with blending {blend} is not known")
    if not width or not height or x + width > header.width or y + height > header.height:
        raise MalformedMediaError(f"a frame of {width}x{height} px at {x}, {y} leaves the canvas")
    if default and (x, y, width, height) != (0, 0, *header.size):
        raise MalformedMediaError("the frame of the default picture is not of its size")
    kind = _DISPOSALS[disposal]
    if first and kind is Disposal.PREVIOUS:  # there is nothing to go back to (11.3.6.2)
        kind = Disposal.BACKGROUND
    return Frame((x, y, width, height), kind, bool(blend), 1000 * above // (below or 100))
