"""The quantiser of a lossy WebP is read right, and the quality taken from it is as fine."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MalformedMediaError
from kzmark.formats.webp.riff import parse
from kzmark.formats.webp.vp8 import COARSEST, coarsest_quantiser, quality_of


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (96, 96, 3), np.uint8))


def drawing() -> Image.Image:
    image = Image.new("RGB", (160, 120), "white")
    for at in range(0, 160, 9):
        ImageDraw.Draw(image).line((at, 0, 160 - at, 120), fill=(at, 90, 200 - at), width=3)
    return image


def flat() -> Image.Image:
    return Image.new("RGB", (64, 64), "grey")


def gradient() -> Image.Image:
    rows, columns = np.mgrid[:128, :128]
    wave = np.sin(rows / 9) * 60 + columns
    return Image.fromarray(
        np.stack([wave + 60, rows * 2, columns * 2], 2).clip(0, 255).astype("u1")
    )


def coded(image: Image.Image, quality: int, method: int = 2) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=method)
    return parse(buffer.getvalue(), limits=DEFAULT_LIMITS).chunks[-1].data


@pytest.mark.parametrize("draw", [noise, drawing, flat, gradient])
@pytest.mark.parametrize("method", [0, 2, 4, 6])
def test_the_quality_taken_from_a_file_quantises_no_coarser_than_the_file(
    draw: Callable[[], Image.Image], method: int
) -> None:
    image = draw()
    for quality in (0, 1, 33, 50, 75, 80, 90, 97, 100):
        before = coarsest_quantiser(coded(image, quality, method))

        again = quality_of(coded(image, quality, method))

        assert coarsest_quantiser(coded(image, again)) <= before


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 85, 95])
def test_the_quality_found_is_near_the_one_used(quality: int) -> None:
    assert quality - 1 <= quality_of(coded(gradient(), quality)) <= quality + 8


def test_the_table_of_qualities_only_gets_finer() -> None:
    assert len(COARSEST) == 101
    assert list(COARSEST) == sorted(COARSEST, reverse=True)
    assert (COARSEST[0], COARSEST[-1]) == (127, 0)


def test_webpinfo_reads_the_same_quantisers(tmp_path: Path) -> None:
    if not shutil.which("webpinfo"):
        pytest.skip("webpinfo is not installed")
    for quality in (20, 75, 98):
        path = tmp_path / f"{quality}.webp"
        drawing().save(path, quality=quality)

        run = subprocess.run(
            ["webpinfo", "-bitstream_info", path], capture_output=True, check=True, text=True
        )

        chunk = parse(path.read_bytes(), limits=DEFAULT_LIMITS).chunks[-1]
        segments = re.search(r"Quantizer:\s+([\d ]+)", run.stdout)
        assert segments
        assert coarsest_quantiser(chunk.data) == max(map(int, segments.group(1).split()))


@given(st.binary(max_size=60))
def test_any_frame_header_gives_a_quality_or_a_media_error(tail: bytes) -> None:
    try:
        quality = quality_of(bytes(10) + tail)
    except MalformedMediaError:
        assert len(tail) < 2
    else:
        assert 0 <= quality <= 100
