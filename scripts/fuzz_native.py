"""Fuzz the fast core under the address and undefined-behaviour sanitizers of gcc.

    fuzz_native.py [--inputs N] [--seed S]

Makes a corpus with Pillow, builds `fuzz_native.c` with the core's own sources and lets it mutate
tables, headers and scans. Ends with an error if a sanitizer finds something, if a coefficient
changed that no plate reached, or if a part of a picture shows other pixels than the whole.
"""

import argparse
import io
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.jpeg.segments import parse
from kzmark.formats.jpeg.splice import scan_of

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "kzmark" / "native" / "c"
PARTS = (
    *("splice", "take", "phase", "runs", "stencil", "plate", "transform", "coding"),
    *("region", "planes", "samples", "reduced", "scan", "frame", "huffman", "bits"),
)
FLAGS = ("-g", "-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LONG = 5_000  # inputs from which on a good compilation saves more time than it takes
COMPONENT = 132  # bytes of one, as the core takes it


def pictures() -> Iterator[bytes]:
    """Yield small JPEGs of all kinds the core takes."""
    noise = np.random.default_rng(1)
    kinds = itertools.product(("L", "RGB", "CMYK"), (30, 90, 100), (0, 1, 2), (0, 5), (False, True))
    for at, (mode, quality, sampling, restart, optimised) in enumerate(kinds):
        if mode != "RGB" and sampling:
            continue
        width, height = (64 + at, 40) if at % 3 else (310, 230)
        small = noise.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
        image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        target = io.BytesIO()
        image.convert(mode).save(
            target,
            "JPEG",
            quality=quality,
            subsampling=sampling,
            restart_marker_blocks=restart,
            optimize=optimised,
        )
        yield target.getvalue()


def record(data: bytes) -> bytes:
    """Return what the driver reads: header and tables at fixed size, then the scan."""
    scan = scan_of(parse(data, limits=DEFAULT_LIMITS))
    assert scan is not None
    coding = scan.coding
    sizes = np.array([*coding.size, coding.restart, len(coding.components)], np.int32)
    parts = coding.parts.ljust(4 * COMPONENT, b"\0")
    return b"".join([sizes.tobytes(), parts, coding.records, data[scan.start : scan.stop]])


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--inputs", type=int, default=200_000)
    reader.add_argument("--seed", type=int, default=1)
    chosen = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = []
        for at, data in enumerate(pictures()):
            corpus.append(Path(folder, f"{at}.scan"))
            corpus[-1].write_bytes(record(data))
        driver = Path(folder, "fuzz")
        sources = [ROOT / "scripts" / "fuzz_native.c", *(SOURCES / f"{part}.c" for part in PARTS)]
        level = "-O2" if chosen.inputs >= LONG else "-O0"
        subprocess.run(["gcc", level, *FLAGS, "-I", SOURCES, *sources, "-o", driver], check=True)
        each = -(-chosen.inputs // len(corpus))
        return subprocess.run(
            [driver, str(each), str(chosen.seed), *corpus], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
