"""PNG files of every kind, made byte by byte, so that no library of kzmark judges itself."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
KINDS = [
    *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
    *((PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((colour, depth) for colour in (RGB, GREY_ALPHA, RGBA) for depth in (8, 16)),
]
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
Samples = NDArray[Any]


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def ihdr(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def split(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (type, whole chunk) up to IEND; asserts that the file holds together."""
    assert data.startswith(MAGIC)
    found: list[tuple[bytes, bytes]] = []
    at = len(MAGIC)
    while not found or found[-1][0] != b"IEND":
        (size,) = struct.unpack(">I", data[at : at + 4])
        whole = data[at : at + 12 + size]
        assert whole == chunk(whole[4:8], whole[8:-4])
        found.append((whole[4:8], whole))
        at += len(whole)
    return found


def noise(
    width: int, height: int, colour: int, depth: int, *, seed: int = 0, entries: int = 0
) -> Samples:
    """Return random samples, (height, width, channels), over a gradient that filters like."""
    chance = np.random.default_rng(seed)
    top = entries or 1 << depth
    shape = (height, width, CHANNELS[colour])
    slope = np.add.outer(np.arange(height), np.arange(width))[..., None] * top // 64
    found: Samples = (chance.integers(0, max(top // 4, 2), shape) + slope) % top
    return found


def scanlines(samples: Samples, depth: int, colour: int, *, seed: int | None = 0) -> bytes:
    """Return filtered rows; the types are random, or None where no seed is given."""
    chance = np.random.default_rng(seed)
    unit = max(1, depth * CHANNELS[colour] // 8)
    before = b""
    out = []
    for row in samples:
        if depth == 16:
            plain = row.astype(">u2").tobytes()
        elif depth == 8:
            plain = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(f"{int(value):0{depth}b}" for value in row.ravel())
            bits += "0" * (-len(bits) % 8)
            plain = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        before = before or bytes(len(plain))
        kind = 0 if seed is None else int(chance.integers(0, 5))
        out.append(bytes([kind]) + _filtered(kind, plain, before, unit))
        before = plain
    return b"".join(out)


def _filtered(kind: int, row: bytes, above: bytes, unit: int) -> bytes:
    out = bytearray()
    for at, value in enumerate(row):
        a = row[at - unit] if at >= unit else 0
        b, c = above[at], above[at - unit] if at >= unit else 0
        distances = abs(b - c), abs(a - c), abs(a + b - 2 * c)
        paeth = (a, b, c)[distances.index(min(distances))]
        out.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return bytes(out)


def raw(samples: Samples, depth: int, colour: int, *, interlace: int, seed: int | None) -> bytes:
    if not interlace:
        return scanlines(samples, depth, colour, seed=seed)
    parts = [samples[top::down, left::across] for left, top, across, down in ADAM7]
    return b"".join(scanlines(part, depth, colour, seed=seed) for part in parts if part.size)


def make(
    samples: Samples,
    colour: int,
    depth: int,
    *,
    interlace: int = 0,
    seed: int | None = 0,
    palette: Sequence[int] = (),
    before: Iterable[bytes] = (),
    after: Iterable[bytes] = (),
    idats: int = 2,
) -> bytes:
    """Return a whole file; `before` and `after` the picture data stand chunks as given."""
    height, width = samples.shape[:2]
    packed = zlib.compress(raw(samples, depth, colour, interlace=interlace, seed=seed), 6)
    step = -(-len(packed) // idats)
    parts = [MAGIC, ihdr(width, height, depth, colour, interlace)]
    parts += [chunk(b"PLTE", bytes(palette))] if palette else []
    parts += before
    parts += [chunk(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    return b"".join([*parts, *after, chunk(b"IEND")])


def colours(count: int, *, seed: int = 0) -> list[int]:
    """Return a palette of distinct colours, none of them near black or white."""
    chance = np.random.default_rng(seed)
    found = {(64 + index // 16 * 8, 64 + index % 16 * 8, 90) for index in range(count)}
    order = sorted(found)
    chance.shuffle(order)
    return [level for entry in order for level in entry]


def animation(
    colour: int,
    depth: int,
    canvas: tuple[int, int],
    frames: Sequence[tuple[tuple[int, int, int, int], int, int]],
    *,
    hidden: bool = False,
    interlace: int = 0,
    seed: int = 0,
    palette: Sequence[int] = (),
    before: Iterable[bytes] = (),
    loops: int = 3,
) -> bytes:
    """Return an APNG; each frame is (rectangle, disposal, blending). `hidden`: a default apart."""
    entries = len(palette) // 3
    number = iter(range(10_000))
    data = []
    if hidden:
        default = noise(*canvas, colour, depth, seed=seed, entries=entries)
        packed = zlib.compress(raw(default, depth, colour, interlace=interlace, seed=seed))
        data.append(chunk(b"IDAT", packed))
    for index, ((x, y, width, height), disposal, blend) in enumerate(frames):
        fields = (next(number), width, height, x, y, 5 + index, 100, disposal, blend)
        data.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *fields)))
        part = noise(width, height, colour, depth, seed=seed + index + 1, entries=entries)
        packed = zlib.compress(raw(part, depth, colour, interlace=interlace, seed=seed))
        if not index and not hidden:
            data.append(chunk(b"IDAT", packed))
            continue
        pieces = packed[: len(packed) // 2], packed[len(packed) // 2 :]
        data += [chunk(b"fdAT", struct.pack(">I", next(number)) + piece) for piece in pieces]
    head = [MAGIC, ihdr(*canvas, depth, colour, interlace)]
    head += [chunk(b"PLTE", bytes(palette))] if palette else []
    head += [*before, chunk(b"acTL", struct.pack(">II", len(frames), loops))]
    return b"".join([*head, *data, chunk(b"IEND")])
