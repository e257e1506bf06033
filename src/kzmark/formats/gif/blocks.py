"""GIF block by block: parsed without touching pixels, written back byte for byte.

Spec: GIF89a, 15 (data sub-blocks), 17 to 27 (blocks). Frames outside the logical screen and a
missing trailer are common, so they are taken as browsers take them.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._animation import Disposal, Frame
from kzmark.formats._base import Box

CONTROL: Final = 0xF9  # label of the graphic control extension
APPLICATION: Final = 0xFF
_EXTENSION, _IMAGE, _TRAILER, _FILLER = b"!", b",", b";", b"\0"
_SCREEN = struct.Struct("<HHBBB")  # width, height, flags, background index, aspect ratio
_DESCRIPTOR = struct.Struct("<HHHHB")  # left, top, width, height, flags
_TABLE, _INTERLACED, _TABLE_SIZE = 0x80, 0x40, 0x07
_HEADER_SIZE: Final = 6
_ZEROS: Final = re.compile(rb"\0+")
_DISPOSALS: Final = {2: Disposal.BACKGROUND, 3: Disposal.PREVIOUS, 4: Disposal.PREVIOUS}


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension, or bytes between blocks (label -1), kept whole.

    Attributes:
        label: What kind of extension it is.
        raw: All its bytes, from the introducer to the terminator.
    """

    label: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """An image block: descriptor, local colour table, compressed indices.

    Attributes:
        box: Left, top, width, height on the canvas, in pixels.
        flags: Packed field of the descriptor.
        table: Local colour table, three bytes a colour; empty if the global one holds.
        data: Minimum code size and data sub-blocks with their terminator.
    """

    box: Box
    flags: int
    table: bytes
    data: bytes

    @property
    def raw(self) -> bytes:
        """All bytes of the block."""
        return _IMAGE + _DESCRIPTOR.pack(*self.box, self.flags) + self.table + self.data

    @property
    def interlaced(self) -> bool:
        """Whether the rows are stored in four passes."""
        return bool(self.flags & _INTERLACED)


Block = Extension | Image


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame: its image block and what the graphic control extension before it says.

    Attributes:
        image: Index of the image block.
        control: Index of the graphic control extension, if there is one.
        frame: Geometry, disposal and delay.
        transparent: Index that is not drawn, if there is one.
    """

    image: int
    control: int | None
    frame: Frame
    transparent: int | None


@dataclass(frozen=True, slots=True)
class Gif:
    """A whole file. `raw` gives it back.

    Attributes:
        version: "87a" or "89a", as bytes.
        screen: Width, height, flags, background index, aspect ratio.
        table: Global colour table, three bytes a colour, or empty.
        blocks: Everything between it and the trailer.
        tail: Bytes after the trailer.
    """

    version: bytes
    screen: tuple[int, int, int, int, int]
    table: bytes
    blocks: list[Block] = field(default_factory=list)
    tail: bytes = b""

    @property
    def raw(self) -> bytes:
        """The whole file; the version is 89a as soon as it has an extension of that version."""
        new = any(isinstance(block, Extension) and block.label >= 0 for block in self.blocks)
        version = b"89a" if new and self.version == b"87a" else self.version
        parts = [b"GIF", version, _SCREEN.pack(*self.screen), self.table]
        parts += [block.raw for block in self.blocks]
        return b"".join([*parts, _TRAILER, self.tail])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as browsers show it: the screen, or more if the first frame needs it."""
        first = next((b.box for b in self.blocks if isinstance(b, Image)), None)
        if first is None:
            raise MalformedMediaError("the GIF holds no image")
        return max(self.screen[0], first[0] + first[2]), max(self.screen[1], first[1] + first[3])

    @property
    def frames(self) -> list[Shown]:
        """All frames in order."""
        found: list[Shown] = []
        control: int | None = None
        for index, block in enumerate(self.blocks):
            if isinstance(block, Image):
                found.append(_shown(self.blocks, index, control))
                control = None
            elif block.label == CONTROL and block.raw[2] == 4:
                control = index
        return found

    def resized(self, width: int, height: int) -> "Gif":
        """Return the file with another logical screen.

        Raises:
            LimitExceededError: If a side is over 65,535 px, the most a GIF can state.
        """
        if max(width, height) > 0xFFFF:
            raise LimitExceededError(f"a GIF cannot be {width}x{height} px")
        return replace(self, screen=(width, height, *self.screen[2:]))


def parse(data: bytes, *, limits: Limits) -> Gif:
    """Take a GIF apart.

    Raises:
        MalformedMediaError: If it ends early or a block is of no known kind.
        LimitExceededError: If it has more frames or extensions than allowed.
    """
    gif, start = _head(data)
    end = len(data)
    images = 0
    for block, after in _blocks(data, start):
        if block is None:
            end = after
            break
        gif.blocks.append(block)
        images += isinstance(block, Image)
        if images > limits.max_frames:
            raise LimitExceededError(f"a GIF with more than {limits.max_frames} frames")
        if len(gif.blocks) - images > limits.max_elements:
            raise LimitExceededError(f"a GIF with more than {limits.max_elements} extensions")
    return replace(gif, tail=data[end:])


def parse_first(data: bytes) -> Gif:
    """Take a GIF apart up to its first image block, which is enough to know its size."""
    gif, end = _head(data)
    for block, _ in _blocks(data, end):
        if block is None:
            break
        gif.blocks.append(block)
        if isinstance(block, Image):
            break
    return gif


def sub_blocks(data: bytes) -> bytes:
    """Return what a run of data sub-blocks holds, without the length bytes."""
    parts = []
    position = 0
    while position < len(data) and (size := data[position]):
        parts.append(data[position + 1 : position + 1 + size])
        position += 1 + size
    return b"".join(parts)


def with_table(image: Image, table: bytes) -> Image:
    """Return the image with a local colour table, padded to a power of two of colours."""
    bits = max(1, (len(table) // 3 - 1).bit_length())
    flags = image.flags & ~(_TABLE | _TABLE_SIZE | 0x20) | _TABLE | (bits - 1)
    return replace(image, table=table.ljust(3 << bits, b"\0"), flags=flags)


def control_of(old: Extension | None, *, transparent: int) -> Extension:
    """Return a graphic control extension with a transparent index, all else as in the old one."""
    raw = bytearray(old.raw if old else b"!\xf9\x04\0\0\0\0\0")
    raw[3] |= 1
    raw[6] = transparent
    return Extension(CONTROL, bytes(raw))


def _head(data: bytes) -> tuple[Gif, int]:
    position = _HEADER_SIZE + _SCREEN.size
    if len(data) < position:
        raise MalformedMediaError("the file ends inside its header")
    if data[:_HEADER_SIZE] not in {b"GIF87a", b"GIF89a"}:
        raise MalformedMediaError("not a GIF")
    screen = _SCREEN.unpack_from(data, _HEADER_SIZE)
    table, position = _table(data, position, screen[2])
    return Gif(data[3:6], screen, table), position


def _table(data: bytes, position: int, flags: int) -> tuple[bytes, int]:
    end = position + ((6 << (flags & _TABLE_SIZE)) if flags & _TABLE else 0)
    if end > len(data):
        raise MalformedMediaError("the file ends inside a colour table")
    return data[position:end], end


def _blocks(data: bytes, position: int) -> Iterator[tuple[Block | None, int]]:
    """Yield each block with the position after it; nothing stands for the trailer."""
    image = False
    while position < len(data):
        start, mark = position, data[position : position + 1]
        if mark == _TRAILER:
            yield None, position + 1
            return
        if mark == _IMAGE:
            block, position = _image(data, position)
            image = True
            yield block, position
        elif mark == _EXTENSION:
            position = _sub_blocks_end(data, position + 2)
            image = False
            yield Extension(data[start + 1], data[start:position]), position
        elif mark == _FILLER:  # some writers leave a stray terminator between blocks
            run = _ZEROS.match(data, position)
            assert run
            position = run.end()
            yield Extension(-1, data[start:position]), position
        else:
            raise MalformedMediaError(f"a GIF block of the unknown kind {mark.hex()}")
    if not image:  # after a whole image browsers do without the trailer
        raise MalformedMediaError("the file ends before its trailer")


def _image(data: bytes, position: int) -> tuple[Image, int]:
    if position + 1 + _DESCRIPTOR.size > len(data):
        raise MalformedMediaError("the file ends inside an image descriptor")
    *box, flags = _DESCRIPTOR.unpack_from(data, position + 1)
    table, start = _table(data, position + 1 + _DESCRIPTOR.size, flags)
    end = _sub_blocks_end(data, start + 1)
    left, top, width, height = box
    return Image((left, top, width, height), flags, table, data[start:end]), end


def _sub_blocks_end(data: bytes, position: int) -> int:
    while position < len(data):
        size = data[position]
        position += 1 + size
        if not size:
            return position
    raise MalformedMediaError("the file ends inside a data sub-block")


def _shown(blocks: list[Block], index: int, control: int | None) -> Shown:
    image = blocks[index]
    assert isinstance(image, Image)
    if control is None:
        return Shown(index, None, Frame(image.box), None)
    raw = blocks[control].raw
    disposal = _DISPOSALS.get(raw[3] >> 2 & 7, Disposal.KEEP)
    delay = int.from_bytes(raw[4:6], "little") * 10
    return Shown(
        index, control, Frame(image.box, disposal, delay=delay), raw[6] if raw[3] & 1 else None
    )
