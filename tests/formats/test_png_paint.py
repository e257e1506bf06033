"""PNG: the plate stands in the pixels, and no other pixel of any kind of PNG changes."""

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tests.formats.png_samples import (
    CHANNELS,
    GREY,
    KINDS,
    PALETTE,
    RGB,
    Samples,
    chunk,
    colours,
    make,
    noise,
    split,
)
from tests.formats.test_png import exif_block, plain

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError
from kzmark.formats._base import Patch
from kzmark.formats.png import ADAPTER

Box = tuple[int, int, int, int]
INK, GROUND = 255, 18


def plate(width: int, height: int) -> NDArray[np.uint8]:
    """Return a plate of two colours in a pattern that has no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    letters = (x * x + 3 * y + x * y) % 5 == 0
    return np.where(letters, INK, GROUND).astype(np.uint8)[..., None].repeat(3, 2)


def painted(
    data: bytes, box: Box, *, grow: int = 0, pixels: NDArray[np.uint8] | None = None
) -> tuple[bytes, Sequence[str]]:
    shape = plate(box[2], box[3]) if pixels is None else pixels
    patch = Patch(x=box[0], y=box[1], pixels=shape, grow=grow)
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, lambda *_: patch, limits=DEFAULT_LIMITS)
    return target.getvalue(), notes


def decoded(data: bytes) -> Samples:
    """Return pixels as a decoder that is not kzmark sees them: RGBA, or 16 bits as they are."""
    if data[24] == 16:
        found: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        deep: Samples = found if found.ndim == 3 else found[..., None]
        return deep
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if data[25] == GREY and data[24] in {2, 4} and "transparency" in image.info:
            image.info["transparency"] *= 255 // ((1 << data[24]) - 1)  # Pillow does not scale it
        return np.asarray(image.convert("RGBA"))


def shown(data: bytes, within: Box | None = None) -> NDArray[np.uint8]:
    (picture,) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=within)
    return picture.pixels


def over_white(pixels: Samples) -> Samples:
    colour, alpha = pixels[..., :3].astype(int), pixels[..., 3:].astype(int)
    mixed: Samples = (colour * alpha + 255 * (255 - alpha) + 127) // 255
    return mixed


@st.composite
def pictures(draw: st.DrawFn) -> tuple[bytes, Box]:
    """A PNG of any kind, and a box in it."""
    colour, depth = draw(st.sampled_from(KINDS))
    width, height = draw(st.integers(1, 34)), draw(st.integers(1, 34))
    entries = draw(st.integers(1, 1 << depth)) if colour == PALETTE else 0
    seed = draw(st.integers(0, 1 << 30))
    before = []
    if colour == PALETTE and draw(st.booleans()):
        alphas = draw(st.lists(st.sampled_from((0, 99, 255)), min_size=1, max_size=entries))
        before.append(chunk(b"tRNS", bytes(alphas)))
    elif colour in {GREY, RGB} and depth < 16 and draw(st.booleans()):
        level = draw(st.sampled_from((0, GROUND, INK)) if depth == 8 else st.integers(0, 1))
        before.append(chunk(b"tRNS", struct.pack(">H", level) * CHANNELS[colour]))
    data = make(
        noise(width, height, colour, depth, seed=seed, entries=entries),
        colour,
        depth,
        interlace=int(draw(st.booleans())),
        seed=draw(st.sampled_from((None, seed))),
        palette=colours(entries, seed=seed) if entries else (),
        before=before,
        idats=draw(st.integers(1, 4)),
    )
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left, width - 1)), draw(st.integers(top, height - 1))
    return data, (left, top, right - left + 1, bottom - top + 1)


@given(pictures())
@settings(max_examples=250, deadline=None)
def test_only_the_plate_changes_and_it_is_opaque(case: tuple[bytes, Box]) -> None:
    data, (x, y, width, height) = case
    before = decoded(data)

    out, notes = painted(data, (x, y, width, height))

    after = decoded(out)
    inside = np.zeros(before.shape[:2], np.bool_)
    inside[y : y + height, x : x + width] = True
    assert np.array_equal(after[~inside], before[~inside])
    wide = 257 if data[24] == 16 else 1
    reached = after[y : y + height, x : x + width].astype(int)
    colour_channels = max(after.shape[2] - 1, 1) if after.shape[2] != 3 else 3
    wanted = plate(width, height)[..., :colour_channels].astype(int) * wide
    away = np.abs(reached[..., :colour_channels] - wanted).max()
    assert away <= (40 if data[25] == PALETTE else 86 if data[24] < 8 else 1) * (wide == 1)
    assert (reached[..., colour_channels:] == 255 * wide).all()
    assert set(notes) <= {"colour-type-raised"}


@given(pictures(), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_band_below_leaves_the_whole_picture(case: tuple[bytes, Box], grow: int) -> None:
    data, _ = case
    before = decoded(data)
    height, width = before.shape[:2]

    out, _ = painted(data, (0, height, width, grow), grow=grow)

    after = decoded(out)
    assert after.shape[:2] == (height + grow, width)
    assert np.array_equal(after[:height], before)


@given(pictures())
@settings(max_examples=100, deadline=None)
def test_what_is_shown_is_what_other_decoders_show(case: tuple[bytes, Box]) -> None:
    data, (x, y, width, height) = case
    if data[24] == 16:
        data = painted(data, (x, y, width, height))[0]
        assert (shown(data)[y : y + height, x : x + width] == plate(width, height)).all()
        return

    whole = shown(data)

    assert np.array_equal(whole, over_white(decoded(data)))
    part = shown(data, (x, y, width, height))
    assert np.array_equal(part, whole[y : y + height, x : x + width])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("grow", [0, 6])
@pytest.mark.parametrize("interlace", [0, 1])
def test_the_plate_is_upright_for_every_orientation(
    orientation: int, grow: int, interlace: int
) -> None:
    stored = noise(30, 20, RGB, 8)
    turned = chunk(b"eXIf", exif_block(orientation))
    data = make(stored, RGB, 8, before=[turned], interlace=interlace)
    with Image.open(io.BytesIO(data)) as image:
        before = np.asarray(ImageOps.exif_transpose(image))
    height, width = before.shape[:2]
    box = (0, height, width, grow) if grow else (3, height - 8, 11, 5)

    out, _ = painted(data, box, grow=grow)

    with Image.open(io.BytesIO(out)) as image:
        after = np.asarray(ImageOps.exif_transpose(image)).copy()
    assert ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS) == [(width, height)]
    assert after.shape == (height + grow, width, 3)
    assert np.array_equal(shown(out), after)
    part = after[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    assert np.array_equal(part, plate(box[2], box[3]))
    part[:] = before[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] if not grow else 0
    assert np.array_equal(after[:height], before)


def test_an_orientation_behind_the_pixels_is_ignored_as_browsers_do() -> None:
    data = plain(after=[chunk(b"eXIf", exif_block(6))])

    assert ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS) == [(24, 18)]


def test_imagemagick_finds_no_fault_in_any_kind(tmp_path: Path) -> None:
    if not shutil.which("identify"):
        pytest.skip("ImageMagick is not installed here")
    for colour, depth in KINDS:
        palette = colours(2) if colour == PALETTE else ()
        samples = noise(31, 17, colour, depth, entries=2 if palette else 0)
        for interlace in (0, 1):
            data = make(samples, colour, depth, palette=palette, interlace=interlace)
            path = tmp_path / f"{colour}-{depth}-{interlace}.png"
            path.write_bytes(painted(data, (3, 3, 20, 9))[0])

    call = ["identify", "-regard-warnings", *map(str, sorted(tmp_path.iterdir()))]
    subprocess.run(call, check=True, capture_output=True)


def test_a_patch_outside_the_picture_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="leaves the picture"):
        painted(plain(), (20, 2, 8, 6))


def test_a_band_beyond_the_limits_is_refused() -> None:
    patch = Patch(x=0, y=18, pixels=np.zeros((40, 24, 3), np.uint8), grow=40)
    with pytest.raises(LimitExceededError):
        ADAPTER.paint(
            io.BytesIO(plain()), io.BytesIO(), lambda *_: patch, limits=Limits(max_pixels=1_000)
        )


def test_rows_far_from_the_plate_keep_their_filters() -> None:
    data = plain(seed=5)
    before, after = (
        zlib.decompress(b"".join(w[8:-4] for kind, w in split(one) if kind == b"IDAT"))
        for one in (data, painted(data, (4, 6, 8, 5))[0])
    )
    row = 1 + 24 * 3

    assert before[: 6 * row] == after[: 6 * row]
    assert before[12 * row :] == after[12 * row :]
    assert all(before[y * row] == after[y * row] for y in range(18))
