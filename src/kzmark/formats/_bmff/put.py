"""Metadata on its way into a file of items.

Spec: ISO/IEC 14496-12, 8.11.6 (iinf) and 8.11.12 (iref).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kzmark.formats._bmff.boxes import full, pack
from kzmark.formats._bmff.items import RDF, Meta, Reference

_HIDDEN: Final = 1  # infe flag: metadata is nothing to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Metadata to put into a file.

    Attributes:
        data: The bytes of the item, uncompressed.
        kind: Item type: `b"Exif"` or `b"mime"`.
        content_type: Media type of a `mime` item.
        describes: Items it is about, for a new item.
        number: Item ID whose bytes it replaces, or 0 for a new item.
    """

    data: bytes
    kind: bytes = b"mime"
    content_type: str = RDF
    describes: tuple[int, ...] = ()
    number: int = 0


def numbered(puts: Sequence[Put], meta: Meta) -> list[Put]:
    """Return what is put with an item ID each; new items get unused ones."""
    used = meta.numbers()
    found = []
    for put in puts:
        if put.number:
            found.append(put)
            continue
        number = max(used) + 1
        if number > 0xFFFF:  # a gap keeps the boxes narrow
            number = next(n for n in range(1, len(used) + 2) if n not in used)
        used.add(number)
        found.append(
            Put(
                data=put.data,
                kind=put.kind,
                content_type=put.content_type,
                describes=put.describes,
                number=number,
            )
        )
    return found


def pack_infe(number: int, kind: bytes, content_type: str) -> bytes:
    """Return an `infe` box of an item in the clear, uncompressed (8.11.6)."""
    wide = number > 0xFFFF
    parts = [number.to_bytes(4 if wide else 2, "big"), b"\0\0", kind, b"\0"]
    if kind == b"mime":
        parts.append(content_type.encode("latin-1", "replace") + b"\0")
    return full(b"infe", 3 if wide else 2, _HIDDEN, *parts)


def pack_iref(references: Sequence[Reference]) -> bytes:
    """Return an `iref` box (8.11.12), as narrow as the item IDs allow."""
    top = max(max((one.source, *one.targets)) for one in references)
    wide = 4 if top > 0xFFFF else 2
    boxes = [
        pack(
            one.kind,
            one.source.to_bytes(wide, "big"),
            len(one.targets).to_bytes(2, "big"),
            *(target.to_bytes(wide, "big") for target in one.targets),
        )
        for one in references
    ]
    return full(b"iref", 1 if wide == 4 else 0, 0, *boxes)
