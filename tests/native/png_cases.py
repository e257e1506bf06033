"""Random PNGs of every kind and coder with random plates, made from a seed."""

import io
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image
from tests.formats.png_samples import CHANNELS, KINDS, MAGIC, PALETTE, RGB, chunk, ihdr

Bytes = NDArray[np.uint8]
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, kw_only=True)
class Case:
    data: bytes
    plate: Bytes  # RGB
    corner: tuple[int, int]
    kind: str

    @property
    def box(self) -> tuple[int, int, int, int]:
        height, width = self.plate.shape[:2]
        return *self.corner, width, height


def case(seed: int) -> Case:
    """Return the case of a seed: small pictures mostly, some long enough to keep a tail unread."""
    chance = random.Random(seed)
    long = chance.random() < 0.4
    width, height = chance.randint(1, 90), chance.randint(1, 90)
    if long:
        width, height = chance.randint(150, 700), chance.randint(500, 900)
    way = chance.choice(("made", "made", "made", "pillow", "opencv"))
    kind, data = (
        made(chance, width, height) if way == "made" else (way, library(chance, way, width, height))
    )
    across, down = chance.randint(1, width), chance.randint(1, max(height // 3, 1))
    if chance.random() < 0.3:
        across = width
    x = chance.choice((0, width - across, chance.randint(0, width - across)))
    y = chance.choice((0, height - down, chance.randint(0, (height - down) // 3)))
    return Case(data=data, plate=plate(chance, across, down), corner=(x, y), kind=kind)


def scene(chance: random.Random, width: int, height: int, channels: int) -> Bytes:
    """Something between a drawing and a meadow."""
    noise = np.random.default_rng(chance.randrange(1 << 30))
    coarse = noise.integers(0, 256, (height // 16 + 2, width // 16 + 2, channels), np.uint8)
    how = chance.choice((cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC))
    soft = cv2.resize(coarse, (width, height), interpolation=how).reshape(height, width, channels)
    grain = noise.normal(0, chance.choice((0, 0, 2, 9, 60)), soft.shape)
    found: Bytes = np.clip(soft + grain, 0, 255).astype(np.uint8)
    return found


def plate(chance: random.Random, width: int, height: int) -> Bytes:
    """A plate of two greys in some pattern, which every kind of pixels can show."""
    y, x = np.mgrid[0:height, 0:width]
    style = chance.randrange(3)
    letters = ((x // 5 + y // 7) % 3 == 0) if style else np.zeros((height, width), np.bool_)
    if style == 2:
        letters = np.random.default_rng(chance.randrange(1 << 30)).random((height, width)) < 0.5
    return np.where(letters, 255, 0).astype(np.uint8)[..., None].repeat(3, 2)


def plate_of(width: int, height: int) -> Bytes:
    return plate(random.Random(1), width, height)


def library(chance: random.Random, way: str, width: int, height: int) -> bytes:
    """Return a picture as Pillow or OpenCV writes it."""
    pixels = scene(
        chance, width, height, chance.choice((1, 2, 3, 4) if way == "pillow" else (1, 3, 4))
    )
    if way == "opencv":
        options = [cv2.IMWRITE_PNG_COMPRESSION, chance.randint(0, 9)]
        options += [cv2.IMWRITE_PNG_STRATEGY, chance.randint(0, 4)]
        return bytes(cv2.imencode(".png", pixels, options)[1])
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    if image.mode == "RGB" and chance.random() < 0.3:
        image = image.quantize(chance.choice((2, 16, 100, 250)))
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=chance.randint(0, 9), optimize=chance.random() < 0.1)
    return target.getvalue()


def made(chance: random.Random, width: int, height: int) -> tuple[str, bytes]:
    """Return a picture of any kind of pixels, filters, coder and chunks, and what it is."""
    colour, depth = chance.choice(KINDS)
    levels = scene(chance, width, height, CHANNELS[colour])
    top = chance.randint(1, min(1 << depth, 200)) if colour == PALETTE else 1 << min(depth, 8)
    samples: Any = levels.astype(np.uint16) * top >> 8
    if depth == 16:
        samples = samples << 8 | levels[::-1]
    rows = packed_rows(samples, depth)
    raw = filtered(chance, rows, max(1, depth * CHANNELS[colour] // 8))
    coder = chance.choice(sorted(CODERS))
    stream = CODERS[coder](chance, raw)
    entries = [level for entry in range(top) for level in (entry, 255 - entry, 90)]
    parts = [MAGIC, ihdr(width, height, depth, colour)]
    parts += [chunk(b"tEXt", b"Title\0kept")]
    parts += [chunk(b"PLTE", bytes(entries))] if colour == PALETTE else []
    if colour == RGB and chance.random() < 0.2:
        parts.append(chunk(b"tRNS", b"\0\xff\0\xff\0\xff"))
    parts += [*idats(chance, stream), chunk(b"tIME", b"\x07\xea\1\1\0\0\0"), chunk(b"IEND")]
    return f"{coder} {colour} {depth}", b"".join(parts)


def idats(chance: random.Random, stream: bytes) -> list[bytes]:
    """Return a stream in one chunk, in many, in very small ones, some of them empty."""
    step = chance.choice((len(stream), 8192, 65524, max(len(stream) // 5, 1), 3))
    step = step if len(stream) // step < 300 else 997
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    if chance.random() < 0.2:
        pieces.insert(chance.randint(0, len(pieces)), b"")
    return [chunk(b"IDAT", piece) for piece in pieces]


def packed_rows(samples: Any, depth: int) -> Bytes:
    """Return plain rows of samples."""
    height = len(samples)
    if depth == 16:
        return np.frombuffer(samples.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    if depth == 8:
        eight: Bytes = samples.astype(np.uint8).reshape(height, -1)
        return eight
    shifts = np.arange(depth - 1, -1, -1)
    bits = (samples.reshape(height, -1, 1) >> shifts & 1).astype(np.uint8)
    return np.packbits(bits.reshape(height, -1), axis=1)


def filtered(chance: random.Random, rows: Bytes, unit: int) -> bytes:
    """Return filtered rows; their types are mixed, or all the same."""
    height, width = rows.shape
    wide = np.zeros((height + 1, width + unit), np.int16)
    wide[1:, unit:] = rows
    a, b, c = wide[1:, :width], wide[:-1, unit:], wide[:-1, :width]
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    paeth = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    tries = np.stack([rows - guess for guess in (0 * a, a, b, (a + b) // 2, paeth)]).astype(
        np.uint8
    )
    allowed = chance.choice(((0,), (1,), (2,), (3,), (4,), (3, 4), (0, 1, 2, 3, 4)))
    kinds = np.random.default_rng(chance.randrange(1 << 30)).choice(allowed, height)
    out = np.concatenate([kinds[:, None].astype(np.uint8), tries[kinds, np.arange(height)]], axis=1)
    return out.tobytes()


def _zlib(chance: random.Random, raw: bytes) -> bytes:
    strategy = chance.choice((zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_RLE))
    packer = zlib.compressobj(chance.randint(1, 9), 8, 15, chance.randint(1, 9), strategy)
    return packer.compress(raw) + packer.flush()


def _fixed(chance: random.Random, raw: bytes) -> bytes:
    packer = zlib.compressobj(6, 8, 15, 8, zlib.Z_FIXED)
    return packer.compress(raw) + packer.flush()


def _huffman(chance: random.Random, raw: bytes) -> bytes:
    packer = zlib.compressobj(6, 8, 15, 9, zlib.Z_HUFFMAN_ONLY)
    return packer.compress(raw) + packer.flush()


def _narrow(chance: random.Random, raw: bytes) -> bytes:
    packer = zlib.compressobj(9, 8, chance.randint(9, 13))
    return packer.compress(raw) + packer.flush()


def _flushed(chance: random.Random, raw: bytes) -> bytes:
    packer, out, at = zlib.compressobj(chance.choice((0, 1, 6))), b"", 0
    while at < len(raw):
        step = chance.randint(1, 40_000)
        out += packer.compress(raw[at : at + step])
        out += packer.flush(chance.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_NO_FLUSH)))
        at += step
    return out + packer.flush()


def _isal(chance: random.Random, raw: bytes) -> bytes:
    packed: bytes = isal_zlib.compress(raw, chance.randint(0, 3))
    return packed


CODERS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "fixed": _fixed,
    "flushed": _flushed,
    "huffman": _huffman,
    "isal": _isal,
    "narrow": _narrow,
    "stored": lambda _, raw: zlib.compress(raw, 0),
    "zlib": _zlib,
}
