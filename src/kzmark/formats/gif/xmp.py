"""XMP in a GIF: an application extension whose raw packet is skipped through a magic trailer.

Spec: XMP part 3, 1.1.2 (GIF). The packet stands there without length bytes; readers that know
nothing of it take its letters for lengths, and the trailer leads them all to the same terminator.
"""

from collections.abc import Iterator
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats.gif.blocks import APPLICATION, CONTROL, Block, Extension, sub_blocks

_HEAD: Final = b"!\xff\x0bXMP DataXMP"
_MAGIC: Final = b"\x01" + bytes(range(255, -1, -1)) + b"\0"  # 258 bytes
_PLAIN_TEXT: Final = 0x01
_C2PA: Final = b"!\xff\x0bC2PA_GIF"


def packets(blocks: list[Block], *, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield the index and the packet of every XMP extension."""
    for index, block in enumerate(blocks):
        if isinstance(block, Extension) and block.raw.startswith(_HEAD):
            body = block.raw[len(_HEAD) :]
            limits.check_metadata(len(body), what="XMP packet")
            yield index, body[: -len(_MAGIC)] if body.endswith(_MAGIC) else sub_blocks(body)


def extension(packet: bytes) -> Extension:
    """Return the extension that holds a packet.

    Raises:
        MalformedMediaError: If the packet holds a zero byte, so is no UTF-8 text.
    """
    if b"\0" in packet:
        raise MalformedMediaError("XMP in a GIF cannot be UTF-16")
    return Extension(APPLICATION, _HEAD + packet + _MAGIC)


def place(blocks: list[Block]) -> int:
    """Return where a new extension goes: after the loop count, before the first frame and C2PA."""
    for index, block in enumerate(blocks):
        if not isinstance(block, Extension) or block.label in {CONTROL, _PLAIN_TEXT}:
            return index
        if block.raw.startswith(_C2PA):
            return index
    return len(blocks)
