"""TIFF files of every form, written here byte by byte; no code of kzmark takes part."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
Values = int | list[int] | bytes | tuple[int, bytes]


def scene(width: int, height: int, samples: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Something like a photograph: gradients and a little noise."""
    noise = np.random.default_rng(seed).integers(0, 12, (height, width, samples))
    y, x = np.mgrid[:height, :width]
    waves = [(x * 2 + y) % 240, (y * 3) % 240, (x + y * 2) % 240, (x * y) % 240, x % 240]
    return (np.stack(waves[:samples], axis=2) + noise).clip(0, 255).astype(np.uint8)


def plate(width: int, height: int) -> NDArray[np.uint8]:
    """Dark with light letters, and some of the greys between them."""
    pixels = np.full((height, width, 3), (18, 22, 28), np.uint8)
    pixels[height // 3 : 2 * height // 3, width // 4 : 3 * width // 4] = 255
    pixels[height // 3, width // 4 : 3 * width // 4] = (137, 139, 142)
    return pixels


@dataclass(frozen=True)
class Form:
    """How a page is stored."""

    order: str = "<"
    big: bool = False
    tile: tuple[int, int] | None = None
    rows: int = 16
    planar: int = 1
    bits: int = 8
    photometric: int = 2
    compression: int = 1
    predictor: int = 1
    fill_order: int = 1
    orientation: int = 1
    extras: tuple[int, ...] = ()


def page(array: Array, form: Form, **more: Values) -> tuple[dict[int, Values], list[bytes]]:
    """Return the fields of a page and its segments; `array` is (height, width, samples)."""
    height, width, samples = array.shape
    across, down = form.tile or (width, form.rows)
    segments = []
    for plane in np.split(array, samples, axis=2) if form.planar == 2 else [array]:
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                if form.tile:
                    missing = (down - part.shape[0], across - part.shape[1])
                    part = np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
                segments.append(_packed(part, form))
    fields: dict[int, Values] = {
        256: width,
        257: height,
        258: [form.bits] * samples,
        259: form.compression,
        262: form.photometric,
        266: form.fill_order,
        274: form.orientation,
        277: samples,
        284: form.planar,
    }
    if form.compression in {5, 8}:
        fields[317] = form.predictor
    if form.extras:
        fields[338] = list(form.extras)
    if form.tile:
        fields |= {322: across, 323: down}
    else:
        fields[278] = down
    return fields | {int(tag.removeprefix("t")): value for tag, value in more.items()}, segments


def tiff(*pages: tuple[dict[int, Values], list[bytes]], form: Form | None = None) -> bytes:
    """Put pages into a file: for each its segments, then its values, then its directory."""
    form = form or Form()
    order, big = form.order, form.big
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(order + ("HHH" if big else "H"), *((43, 8, 0) if big else (42,)))
    word = "Q" if big else "L"
    data = bytearray(head + struct.pack(order + word, 0))
    slot = len(head)
    for fields, segments in pages:
        starts = []
        for segment in segments:
            data += bytes(len(data) % 2)
            starts.append(len(data))
            data += segment
        where, how_long = (324, 325) if 322 in fields else (273, 279)
        whole = fields | {where: starts, how_long: [len(segment) for segment in segments]}
        rows = []
        for tag, value in sorted(whole.items()):
            kind, count, raw = _spelt(value, order, wide=tag in {where, how_long})
            if len(raw) > (8 if big else 4):
                data += bytes(len(data) % 2)
                raw, at = struct.pack(order + word, len(data)), raw
                data += at
            rows.append(
                struct.pack(order + "HH" + word, tag, kind, count)
                + raw.ljust(8 if big else 4, b"\0")
            )
        data += bytes(len(data) % 2)
        struct.pack_into(order + word, data, slot, len(data))
        data += struct.pack(order + ("Q" if big else "H"), len(rows)) + b"".join(rows)
        slot = len(data)
        data += bytes(8 if big else 4)
    return bytes(data)


def one(array: Array, form: Form, **more: Values) -> bytes:
    """A file with one page."""
    return tiff(page(array, form, **more), form=form)


def pillow(image: Image.Image, **options: Any) -> bytes:
    """A file as Pillow writes it."""
    target = io.BytesIO()
    image.save(target, "TIFF", **options)
    return target.getvalue()


def _spelt(value: Values, order: str, *, wide: bool) -> tuple[int, int, bytes]:
    if isinstance(value, tuple):
        return value[0], len(value[1]), value[1]
    if isinstance(value, bytes):
        return (2 if value.endswith(b"\0") else 7), len(value), value
    numbers = value if isinstance(value, list) else [value]
    wide = wide or max(numbers) > 65535
    return (
        4 if wide else 3,
        len(numbers),
        np.array(numbers, order + ("u4" if wide else "u2")).tobytes(),
    )


def _packed(part: Array, form: Form) -> bytes:
    height = len(part)
    if form.predictor == 2:
        part = part.copy()
        part[:, 1:] -= part[:, :-1].copy()
    if form.bits < 8:
        flat = part.reshape(height, -1).astype(np.uint8)
        spread = np.unpackbits(flat[:, :, None], axis=2)[:, :, 8 - form.bits :]
        raw = np.packbits(spread.reshape(height, -1), axis=1).tobytes()
    else:
        raw = part.astype(f"{form.order}u{form.bits // 8}").tobytes()
    if form.compression == 8:
        raw = zlib.compress(raw)
    elif form.compression in {5, 32773}:
        rows = np.frombuffer(raw, np.uint8).reshape(height, -1)
        name = {5: "tiff_lzw", 32773: "packbits"}[form.compression]
        with Image.open(
            io.BytesIO(pillow(Image.fromarray(rows), compression=name, tiffinfo={278: height}))
        ) as made:
            start, size = made.tag_v2[273][0], made.tag_v2[279][0]  # type: ignore[attr-defined]
            made.fp.seek(start)  # type: ignore[union-attr]
            raw = made.fp.read(size)  # type: ignore[union-attr]
    if form.fill_order == 2:
        raw = np.packbits(np.unpackbits(np.frombuffer(raw, np.uint8)), bitorder="little").tobytes()
    return raw
