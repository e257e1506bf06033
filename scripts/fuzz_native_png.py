"""Fuzz the fast core for PNG under the address and undefined-behaviour sanitizers of gcc.

    fuzz_native_png.py [--inputs N] [--seed S]

Makes a corpus of compressed pictures, builds `fuzz_native_png.c` with the core's own sources and
lets it mutate streams and sizes. Ends with an error if a sanitizer finds something, or if a byte
changed that no plate reached.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from isal import isal_zlib

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "kzmark" / "native" / "c"
FLAGS = ("-g", "-O1", "-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SHORT_TAILS = "-DTAIL_WORTH=256"  # so that small pictures have some
SIZES = ((1, 1, 1), (9, 40, 1), (30, 70, 2), (40, 90, 3), (25, 64, 4), (20, 96, 6), (16, 64, 8))
LARGE = (150, 420, 3)  # one with room behind the window, where a tail is left unread
EACH_LARGE = 10  # inputs of another size for one of this


def packers() -> Iterator[Callable[[bytes], bytes]]:
    """Yield ways to compress that make every kind of block."""
    for level in (0, 1, 6, 9):
        yield lambda raw, level=level: zlib.compress(raw, level)  # type: ignore[misc]
    for strategy in (zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE):
        for window in (9, 15):
            yield lambda raw, s=strategy, w=window: _packed(raw, s, w)  # type: ignore[misc]
    yield lambda raw: isal_zlib.compress(raw, 1)
    yield _flushed


def _packed(raw: bytes, strategy: int, window: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, window, 8, strategy)
    return packer.compress(raw) + packer.flush()


def _flushed(raw: bytes) -> bytes:
    packer = zlib.compressobj(6)
    pieces = [raw[at : at + 500] for at in range(0, len(raw), 500)]
    out = [packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for piece in pieces]
    return b"".join(out) + packer.flush()


def record(size: tuple[int, int, int], pack: Callable[[bytes], bytes]) -> bytes:
    """Return what the driver reads: height, bytes of a row, unit; then the stream."""
    height, width, _ = size
    chance = np.random.default_rng(height * width)
    rows = chance.integers(0, 256, (height, width + 1), np.uint8) >> int(chance.integers(0, 8))
    rows[height // 2 :, width // 2 :] = 7
    rows[:, 0] = chance.integers(0, 5, height)
    return np.array(size, np.int32).tobytes() + pack(rows.tobytes())


def build(folder: Path) -> Path:
    """Return the driver, made with the sources that setup.py names for the extension."""
    driver = folder / "fuzz"
    parts = [*SOURCES.glob("png*.c"), *SOURCES.glob("inflate*.c"), *SOURCES.glob("deflate*.c")]
    kept = [part for part in parts if part.name != "pngmodule.c"]
    sources = [ROOT / "scripts" / "fuzz_native_png.c", *kept]
    subprocess.run(["gcc", *FLAGS, SHORT_TAILS, "-I", SOURCES, *sources, "-o", driver], check=True)
    return driver


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--inputs", type=int, default=200_000)
    reader.add_argument("--seed", type=int, default=1)
    chosen = reader.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        driver = build(folder)
        small = [record(size, pack) for size, pack in itertools.product(SIZES, packers())]
        large = [record(LARGE, pack) for pack in packers()]
        for kind, (records, inputs) in {
            "small": (small, chosen.inputs),
            "large": (large, -(-chosen.inputs // EACH_LARGE)),
        }.items():
            corpus = [folder / f"{kind}{at}" for at in range(len(records))]
            for path, data in zip(corpus, records, strict=True):
                path.write_bytes(data)
            each = str(-(-inputs // len(corpus)))
            done = subprocess.run([driver, each, str(chosen.seed), *corpus], check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
