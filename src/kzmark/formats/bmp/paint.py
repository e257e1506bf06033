"""Painting a BMP: rows under the plate are patched, every other byte stays what it was."""

import dataclasses
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.formats import _palette, _palette_loss
from kzmark.formats._base import Patch, Pixels
from kzmark.formats.bmp import header as _bmp_header
from kzmark.formats.bmp import pixels as _bmp_pixels
from kzmark.formats.bmp.header import CORE, FILE_HEADER, V5, Compression, Header
from kzmark.formats.bmp.pixels import Numbers

RLE_EXPANDED: Final = "bmp-rle-expanded"
PALETTE_EXPANDED: Final = "bmp-palette-expanded"
_PROFILE_AT: Final = FILE_HEADER + 112  # bV5ProfileData
_WHITE: Final = 255


def paint(data: bytes, patch: Patch, *, limits: Limits) -> tuple[bytes, list[str]]:
    """Return a BMP with a patch on it, and notes on what else changed.

    Raises:
        MediaError: If it cannot be read or is over the limits.
    """
    header = _bmp_header.read(data, limits=limits)
    notes: list[str] = []
    if header.packed:
        header, data = _expanded(header, data)
        notes.append(RLE_EXPANDED)
    if patch.grow:
        tall = header.height + patch.grow
        limits.check_picture(header.width, tall, file_bytes=len(data), sample_bytes=1)
        header, data = _grown(header, data, patch.grow)
    draft = bytearray(data)
    if header.bits > 8:
        _lay(header, draft, patch, _numbers(header, draft, patch.pixels))
        return bytes(draft), notes
    return _on_palette(header, draft, patch, notes)


def _lay(header: Header, draft: bytearray, patch: Patch, numbers: Numbers) -> None:
    left, top, _, tall = patch.box
    rows = _bmp_pixels.stored_rows(header, draft)
    _bmp_pixels.put(header, rows[top : top + tall], left, numbers)


def _numbers(header: Header, draft: bytearray, pixels: Pixels) -> NDArray[np.uint32]:
    """Return the plate as pixels; an unnamed fourth byte is filled only where others filled it.

    Some readers take that byte for alpha as soon as one of them is not zero.
    """
    numbers = _bmp_pixels.numbers_of(header, pixels)
    if header.bits == 32 and header.compression == Compression.RGB:
        fourth = _bmp_pixels.stored_rows(header, draft)[:, 3::4]
        if fourth.any():
            numbers |= np.uint32(0xFF000000)
    return numbers


def _on_palette(
    header: Header, draft: bytearray, patch: Patch, notes: list[str]
) -> tuple[bytes, list[str]]:
    """Paint with colours of the palette, or give the palette up if they are too far off."""
    left, top, wide, tall = patch.box
    whole = _bmp_pixels.values(header, _bmp_pixels.stored_rows(header, draft))
    counts = np.bincount(whole.ravel(), minlength=256)
    counts -= np.bincount(whole[top : top + tall, left : left + wide].ravel(), minlength=256)
    flat = patch.pixels.reshape(-1, 3)
    wanted, which, weights = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    size = len(header.palette)
    room = 0 if header.kind == CORE else (1 << header.bits) - size
    fitted, where, _ = _palette.fit(header.palette, counts[:size] > 0, wanted, room=room)
    if _palette_loss.is_far(fitted[where], wanted, weights):
        header, data = _true_colour(header, bytes(draft), whole)
        draft = bytearray(data)
        _lay(header, draft, patch, _bmp_pixels.numbers_of(header, patch.pixels))
        return bytes(draft), [*notes, PALETTE_EXPANDED]
    header, data = _with_palette(header, bytes(draft), fitted)
    draft = bytearray(data)
    _lay(header, draft, patch, where[which.ravel()].reshape(tall, wide))
    return bytes(draft), notes


def _with_palette(header: Header, data: bytes, palette: NDArray[np.uint8]) -> tuple[Header, bytes]:
    """Return the file with another palette: changed in place, or longer."""
    old = len(header.palette)
    table_end = header.palette_at + old * header.entry
    table = np.zeros((len(palette), header.entry), np.uint8)
    table[:old] = np.frombuffer(data, np.uint8, old * header.entry, header.palette_at).reshape(
        old, -1
    )
    table[:, 2::-1] = palette
    added = (len(palette) - old) * header.entry
    parts = [data[: header.palette_at], table.tobytes(), data[table_end:]]
    new = bytearray(b"".join(parts))
    if added:
        struct.pack_into("<I", new, FILE_HEADER + 32, len(palette))  # biClrUsed
    changed = dataclasses.replace(header, palette=palette, pixels_at=header.pixels_at + added)
    return changed, _told(header, changed, new)


def _grown(header: Header, data: bytes, grow: int) -> tuple[Header, bytes]:
    """Return the file with more rows at its displayed bottom."""
    band = bytes([_WHITE if header.bits > 8 else 0]) * (header.stride * grow)
    at = header.pixels_at + (header.size if header.top_down else 0)
    new = bytearray(data[:at] + band + data[at:])
    changed = dataclasses.replace(header, height=header.height + grow, size=header.size + len(band))
    return changed, _told(header, changed, new)


def _expanded(header: Header, data: bytes) -> tuple[Header, bytes]:
    """Return the file with its run-length coded rows unpacked, bottom row first."""
    indices = _bmp_pixels.unpack(header, data)
    changed = dataclasses.replace(header, compression=Compression.RGB)
    changed = dataclasses.replace(changed, size=changed.stride * changed.height)
    rows = np.zeros((header.height, changed.stride), np.uint8)
    _bmp_pixels.put(changed, rows, 0, indices)
    return _replaced(header, changed, data, rows)


def _true_colour(header: Header, data: bytes, indices: Numbers) -> tuple[Header, bytes]:
    """Return the file with 24 bits a pixel and no palette."""
    changed = dataclasses.replace(
        header, bits=24, palette=np.zeros((0, 3), np.uint8), masks=(0xFF0000, 0xFF00, 0xFF, 0)
    )
    shorter = len(header.palette) * header.entry
    changed = dataclasses.replace(
        changed, size=changed.stride * changed.height, pixels_at=header.pixels_at - shorter
    )
    rows = np.zeros((header.height, changed.stride), np.uint8)
    pixels = _bmp_pixels.colours(header, indices)
    _bmp_pixels.put(changed, rows, 0, _bmp_pixels.numbers_of(changed, pixels))
    table_end = header.palette_at + shorter
    without = data[: header.palette_at] + data[table_end:]
    return _replaced(
        dataclasses.replace(header, pixels_at=changed.pixels_at), changed, without, rows
    )


def _replaced(
    old: Header, new: Header, data: bytes, rows: NDArray[np.uint8]
) -> tuple[Header, bytes]:
    """Return the file with other rows (the top one first) in the place of the old ones."""
    stored = rows if new.top_down else rows[::-1]
    behind = data[old.pixels_at + old.size :]
    whole = bytearray(data[: old.pixels_at] + stored.tobytes() + behind)
    return new, _told(old, new, whole)


def _told(old: Header, new: Header, data: bytearray) -> bytes:
    """Bring the numbers in the headers up to date."""
    struct.pack_into("<I", data, 2, len(data))
    struct.pack_into("<I", data, 10, new.pixels_at)
    if new.kind == CORE:
        struct.pack_into("<H", data, 20, new.height)
        struct.pack_into("<H", data, 24, new.bits)
        return bytes(data)
    struct.pack_into("<i", data, 22, -new.height if new.top_down else new.height)
    struct.pack_into("<HII", data, 28, new.bits, new.compression, new.size)
    if new.bits > 8:
        struct.pack_into("<I", data, FILE_HEADER + 32, 0)  # biClrUsed
    if new.kind == V5:
        _move_profile(old, new, data)
    return bytes(data)


def _move_profile(old: Header, new: Header, data: bytearray) -> None:
    """Keep the offset of an ICC profile behind the pixels right."""
    at = struct.unpack_from("<I", data, _PROFILE_AT)[0]
    if FILE_HEADER + at >= old.pixels_at + old.size:
        moved = new.pixels_at + new.size - old.pixels_at - old.size
        struct.pack_into("<I", data, _PROFILE_AT, at + moved)
