"""Fuzz the fast core under the address and undefined-behaviour sanitizers of gcc.

    fuzz_native.py [--inputs N] [--seed S]

Makes a corpus with Pillow, builds `fuzz_native.c` with the core's own sources and lets it mutate
tables, headers and scans. Ends with an error if a sanitizer finds something, or if a coefficient
changed that no plate reached.
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
PARTS = ("splice", "coding", "plate", "scan", "bits", "huffman")
FLAGS = ("-g", "-O1", "-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


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
    _, start, stop, frame, components, huffman = scan.arguments()
    sizes = np.array([*frame, len(scan.components)], np.int32)
    steps = np.ones((4, 64), np.uint16)
    steps[: len(scan.components)] = [component.steps for component in scan.components]
    return b"".join(
        [sizes.tobytes(), components.ljust(16, b"\0"), huffman, steps.tobytes(), data[start:stop]]
    )


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
        subprocess.run(["gcc", *FLAGS, "-I", SOURCES, *sources, "-o", driver], check=True)
        each = -(-chosen.inputs // len(corpus))
        return subprocess.run(
            [driver, str(each), str(chosen.seed), *corpus], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
