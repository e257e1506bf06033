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
    RGBA,
    Samples,
    chunk,
    colours,
    ihdr,
    make,
    noise,
    split,
)
from tests.formats.test_png import exif_block, exiftool, plain, raw_profile, xmp_chunk, zipped

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
        return found if found.ndim == 3 else found[..., None]
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


def test_a_thumbnail_is_dropped_wherever_exif_stands(tmp_path: Path) -> None:
    block = exif_block(thumbnail=True)
    for carrier in (
        chunk(b"eXIf", block),
        zipped(b"Raw profile type exif", raw_profile(block)),
    ):
        out, notes = painted(plain(before=[carrier]), (2, 2, 8, 6))
        found = exiftool(out, tmp_path / "a.png")

        assert notes == ["exif-thumbnail-dropped"]
        assert not any("Thumbnail" in name for name in found)
        assert found["IFD0:Make"] == "Maker"
        assert painted(out, (2, 2, 8, 6))[1] == []


def test_a_preview_in_xmp_is_dropped() -> None:
    picture = (
        '<xmpGImg:image xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/">AAAA</xmpGImg:image>'
    )
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f'<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">{picture}</rdf:li></rdf:Alt>'
        "</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
    )

    out, notes = painted(plain(before=[xmp_chunk(packet.encode())]), (2, 2, 8, 6))

    assert notes == ["xmp-thumbnail-dropped"]
    assert b"Thumbnails" not in out


def test_chunks_of_others_and_what_follows_the_end_stay() -> None:
    others = [chunk(b"gAMA", bytes(4)), chunk(b"caBX", b"x"), chunk(b"iDOT", bytes(28))]
    data = plain(before=others, after=[chunk(b"prVt", b"y")]) + b"tail"

    out, notes = painted(data, (2, 2, 8, 6))

    kept = [whole for kind, whole in split(out) if kind != b"IDAT"]
    dropped = {b"IDAT", b"iDOT"}
    assert kept == [whole for kind, whole in split(data) if kind not in dropped]
    assert out.endswith(b"tail")
    assert notes == ["idot-dropped", "trailing-data-kept"]


def test_a_full_palette_without_fitting_colours_becomes_true_colour_exactly() -> None:
    every = np.arange(40 * 30).reshape(30, 40, 1) % 256
    data = make(
        every,
        PALETTE,
        8,
        palette=colours(256),
        before=[chunk(b"bKGD", b"\7"), chunk(b"hIST", bytes(512)), chunk(b"sBIT", b"\5\6\5")],
    )

    out, notes = painted(data, (4, 4, 20, 9))

    assert notes == ["colour-type-raised"]
    assert split(out)[0][1] == ihdr(40, 30, 8, RGB)
    wanted = struct.pack(">3H", *colours(256)[21:24])
    ancillary = [chunk(b"bKGD", wanted), chunk(b"sBIT", b"\5\6\5")]
    assert [whole for kind, whole in split(out) if kind not in {b"IHDR", b"IDAT", b"IEND"}] == (
        ancillary
    )
    assert np.array_equal(decoded(out)[4:13, 4:24, :3], plate(20, 9))


def test_a_palette_grows_with_its_histogram_and_transparency() -> None:
    data = make(
        noise(20, 15, PALETTE, 4, entries=9),
        PALETTE,
        4,
        palette=colours(9),
        before=[chunk(b"tRNS", b"\0\x80"), chunk(b"hIST", bytes(18))],
    )

    out, notes = painted(data, (1, 1, 12, 8))

    found = dict(split(out))
    assert not notes
    assert len(found[b"PLTE"]) == 12 + 3 * 11
    assert len(found[b"hIST"]) == 12 + 2 * 11
    assert found[b"tRNS"] == chunk(b"tRNS", b"\0\x80")


def test_an_unused_transparent_entry_that_the_plate_takes_becomes_opaque() -> None:
    samples = noise(20, 15, PALETTE, 2, entries=2)
    data = make(
        samples, PALETTE, 2, palette=colours(4), before=[chunk(b"tRNS", b"\xff\xff\x40\x40")]
    )

    out, notes = painted(data, (1, 1, 12, 8))

    assert not notes
    assert b"tRNS" not in dict(split(out))
    assert np.array_equal(decoded(out)[1:9, 1:13, :3], plate(12, 8))


def test_one_bit_with_a_transparent_level_still_gets_both_colours() -> None:
    data = make(noise(20, 15, GREY, 1), GREY, 1, before=[chunk(b"tRNS", b"\0\1")])

    out, notes = painted(data, (1, 1, 12, 8))

    assert notes == ["colour-type-raised"]
    assert split(out)[0][1] == ihdr(20, 15, 8, RGBA)
    assert np.array_equal(decoded(out)[1:9, 1:13, :3], plate(12, 8))


def test_a_plate_of_many_colours_keeps_its_two_main_ones_in_a_small_palette() -> None:
    greys = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (10, 1))
    greys[:4], greys[4:8] = GROUND, INK
    data = make(noise(60, 30, PALETTE, 4, entries=12), PALETTE, 4, palette=colours(12))

    out, notes = painted(data, (1, 1, 40, 10), pixels=greys[..., None].repeat(3, 2))

    assert not notes
    assert np.abs(decoded(out)[1:9, 1:41, 0].astype(int) - greys[:8]).max() <= 40


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
