"""One strip or tile of a TIFF: bytes to samples and back.

Pillow carries libtiff. A strip in one of libtiff's codecs is handed to it inside a minute TIFF of
its own, as rows of plain bytes, so that libtiff neither sees nor converts what the bytes mean.

Spec: TIFF 6.0, sections 9 to 14.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats._ifd import Layout
from kzmark.formats.tiff import jpeg
from kzmark.formats.tiff.fields import BYTEWISE, DEFLATE, FAX, JPEG, Tag
from kzmark.formats.tiff.page import Page

Samples = NDArray[np.unsignedinteger[Any]]  # (rows, columns, samples), in the file's own values

_BATCH: Final = 32 << 20  # raw bytes handed to libtiff at once
_MIRRORED: Final = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))


def decode(page: Page, data: bytes | bytearray, indices: Sequence[int]) -> dict[int, Samples]:
    """Return the samples of some strips or tiles, by index.

    Raises:
        MalformedMediaError: If one of them cannot be decoded or is too short.
    """
    pieces = {i: _piece(page, data, i) for i in indices}
    if page.compression == JPEG:
        return {
            i: jpeg.decode(piece, page.tables, _shape(page, i)) if piece else _blank(page, i)
            for i, piece in pieces.items()
        }
    raw = {i: _blank(page, i).tobytes() for i, piece in pieces.items() if not piece}
    raw |= _unpacked(page, {i: piece for i, piece in pieces.items() if piece})
    return {i: _samples(page, rows, _shape(page, i)) for i, rows in raw.items()}


def encode(page: Page, samples: Samples) -> bytes:
    """Return the bytes of one strip or tile in the page's own compression.

    Raises:
        MalformedMediaError: If the codec refuses.
    """
    if page.compression == JPEG:
        raise AssertionError("JPEG needs the stream it replaces")
    rows = _rows(page, samples)
    if page.compression == 1:
        packed = rows.tobytes()
    elif page.compression in DEFLATE:
        packed = zlib.compress(rows.tobytes(), 6)
    else:
        packed = _pack(page, rows, samples.shape[1])
    return packed.translate(_MIRRORED) if page.reversed_bits else packed


def encode_like(page: Page, old: bytes, samples: Samples) -> bytes | None:
    """Return a JPEG strip with the tables of the one it replaces, or nothing if that cannot be."""
    return jpeg.encode(old, page.tables, samples)


def piece(page: Page, data: bytes | bytearray, index: int) -> bytes:
    """Return the stored bytes of one strip or tile."""
    start = int(page.starts[index])
    return bytes(data[start : start + int(page.sizes[index])])


def _piece(page: Page, data: bytes | bytearray, index: int) -> bytes:
    stored = piece(page, data, index)
    return stored.translate(_MIRRORED) if page.reversed_bits else stored


def _shape(page: Page, index: int) -> tuple[int, int, int]:
    _, _, width, height = page.segment(index)
    return height, width, page.depth


def _row_bytes(page: Page) -> int:
    return -(-page.across * page.depth * page.bits // 8)


def _blank(page: Page, index: int) -> Samples:
    """Return the samples of a strip that the file leaves out (a sparse file): all zero."""
    return np.zeros(_shape(page, index), page.dtype)


def _unpacked(page: Page, pieces: dict[int, bytes]) -> dict[int, bytes]:
    needs = {i: _row_bytes(page) * _shape(page, i)[0] for i in pieces}
    if page.compression == 1:
        raw = {i: one[: needs[i]] for i, one in pieces.items()}
    elif page.compression in DEFLATE:
        raw = {i: _inflate(one, needs[i]) for i, one in pieces.items()}
    else:
        raw = _by_libtiff(page, pieces, needs)
    if any(len(rows) != needs[i] for i, rows in raw.items()):
        raise MalformedMediaError("a strip or tile ends early")
    return raw


def _inflate(packed: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise MalformedMediaError(f"a strip or tile cannot be inflated: {error}") from error


def _by_libtiff(page: Page, pieces: dict[int, bytes], needs: dict[int, int]) -> dict[int, bytes]:
    """Decode many strips in few calls: those of one height together, as one tall picture."""
    found: dict[int, bytes] = {}
    batch: list[int] = []
    for i in sorted(pieces, key=lambda i: (-needs[i], i)):  # a lower last strip comes last
        if (batch and (len(batch) + 1) * needs[batch[0]] > _BATCH) or _is_lower(batch, needs):
            found |= _decode_batch(page, pieces, needs, batch)
            batch = []
        batch.append(i)
    return found | _decode_batch(page, pieces, needs, batch)


def _is_lower(batch: list[int], needs: dict[int, int]) -> bool:
    return len(batch) > 1 and needs[batch[-1]] < needs[batch[0]]


def _decode_batch(
    page: Page, pieces: dict[int, bytes], needs: dict[int, int], batch: list[int]
) -> dict[int, bytes]:
    if not batch:
        return {}
    row = _row_bytes(page)
    heights = [needs[i] // row for i in batch]
    width, bits = (page.across, 1) if page.compression in FAX else (row, 8)
    wrapped = _wrap(page, [pieces[i] for i in batch], (width, sum(heights), bits), heights[0])
    try:
        with TiffImagePlugin.TiffImageFile(io.BytesIO(wrapped)) as picture:
            picture.load()
            raw = picture.tobytes()
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError) as error:
        raise MalformedMediaError(f"a strip or tile cannot be decoded: {error}") from error
    found, at = {}, 0
    for i in batch:
        found[i] = raw[at : at + needs[i]]
        at += needs[i]
    return found


def _wrap(page: Page, strips: list[bytes], shape: tuple[int, int, int], rows: int) -> bytes:
    """Return a minute TIFF of grey bytes (or fax bits) that holds these strips."""
    width, height, bits = shape
    count = len(strips)
    options = {292: page.fax} if page.compression == 3 else {}
    options |= {293: page.fax} if page.compression == 4 else {}
    numbers = {256: width, 257: height, 258: bits, 259: page.compression, 262: 1} | options
    numbers |= {277: 1, 278: rows}
    tables = 8 + 2 + 12 * (len(numbers) + 2) + 4
    at = np.cumsum([tables + 8 * count, *(len(strip) for strip in strips)])[:-1]
    numbers |= {273: tables if count > 1 else int(at[0])}
    numbers |= {279: tables + 4 * count if count > 1 else len(strips[0])}
    entries = b"".join(
        struct.pack("<HHLL", tag, 4, count if tag in {273, 279} else 1, number)
        for tag, number in sorted(numbers.items())
    )
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(numbers)) + entries + bytes(4)
    sizes = np.array([len(strip) for strip in strips], "<u4").tobytes()
    return head + at.astype("<u4").tobytes() + sizes + b"".join(strips)


def _pack(page: Page, rows: NDArray[np.uint8], width: int) -> bytes:
    """Encode plain rows by libtiff and return the one strip of the outcome."""
    tags: dict[int, int] = {int(Tag.ROWS_PER_STRIP): len(rows)}
    if page.compression in FAX:
        bits = np.unpackbits(rows, axis=1)[:, :width]
        picture, name = Image.fromarray(bits.astype(np.bool_)), FAX[page.compression]
        option = {3: Tag.T4_OPTIONS, 4: Tag.T6_OPTIONS}.get(page.compression)
        tags |= {int(option): page.fax} if option and page.fax else {}
    else:
        picture, name = Image.fromarray(rows), BYTEWISE[page.compression]
    target = io.BytesIO()
    try:
        picture.save(target, "TIFF", compression=name, tiffinfo=tags)
        layout = Layout(target.getvalue(), limits=DEFAULT_LIMITS)
        made = layout.directory(layout.first)
        start, size = (layout.number(made, t, 0) for t in (Tag.STRIP_OFFSETS, Tag.STRIP_SIZES))
    except (OSError, ValueError, SyntaxError, RuntimeError, MediaError) as error:
        raise MalformedMediaError(f"a strip or tile cannot be encoded: {error}") from error
    return bytes(layout.data[start : start + size])


def _samples(page: Page, raw: bytes, shape: tuple[int, int, int]) -> Samples:
    """Return plain rows of bytes as samples, without their predictor."""
    height, width, depth = shape
    if page.bits < 8:
        rows = np.frombuffer(raw, np.uint8).reshape(height, -1)
        return _spread(rows, page.bits)[:, : width * depth].reshape(shape)
    stored = np.frombuffer(raw, page.stored_dtype).reshape(shape)
    samples = stored.astype(page.dtype)
    if page.predictor == 2:
        samples = np.add.accumulate(samples, axis=1, dtype=page.dtype)
    return samples


def _rows(page: Page, samples: Samples) -> NDArray[np.uint8]:
    """Return samples as plain rows of bytes, with their predictor."""
    height = len(samples)
    if page.bits < 8:
        return _squeeze(samples.reshape(height, -1).astype(np.uint8), page.bits)
    if page.predictor == 2:
        samples = samples.copy()
        samples[:, 1:] -= samples[:, :-1].copy()
    stored = samples.astype(page.stored_dtype)
    return np.ascontiguousarray(stored).view(np.uint8).reshape(height, -1)


def _spread(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return each group of `bits` bits as a byte of its own."""
    if bits == 1:
        return np.unpackbits(rows, axis=1)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    parts = (rows[:, :, None] >> shifts) & np.uint8((1 << bits) - 1)
    return parts.reshape(len(rows), -1)


def _squeeze(values: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return values of `bits` bits packed into bytes, each row padded with zeros."""
    if bits == 1:
        return np.packbits(values, axis=1)
    per_byte = 8 // bits
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % per_byte)))
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    groups = padded.reshape(len(values), -1, per_byte) << shifts
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(groups, axis=2)
    return packed
