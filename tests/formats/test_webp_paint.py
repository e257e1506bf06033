"""WebP: the plate stands upright in every frame as others show it, and the rest is as it was."""

import io
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import LimitExceededError
from kzmark.formats._animation import Disposal, Frame
from kzmark.formats._base import Patch
from kzmark.formats._orient import displayed
from kzmark.formats.webp import ADAPTER
from kzmark.formats.webp.frames import frames, pack
from kzmark.formats.webp.riff import Chunk, WebP, parse, still
from kzmark.formats.webp.vp8 import coarsest_quantiser

Samples = NDArray[np.uint8]


def plate(width: int = 24, height: int = 10) -> Samples:
    """Dark ground and light letters that look different upside down."""
    pixels = np.full((height, width, 3), (18, 22, 28), np.uint8)
    pixels[2:4, 2:-8] = 255
    pixels[4:-2, 2:4] = (255, 200, 90)
    return pixels


def noise(width: int = 64, height: int = 48, channels: int = 4, seed: int = 0) -> Image.Image:
    shape = (height, width, channels)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


def smooth(width: int = 320, height: int = 240) -> Image.Image:
    rows, columns = np.mgrid[:height, :width]
    wave = np.sin(rows / 17) * 50 + np.cos(columns / 23) * 50 + 128
    return Image.fromarray(np.stack([wave, wave[::-1], columns % 256], 2).astype(np.uint8))


def save(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def painted(data: bytes, patch: Patch) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, lambda *_: patch, limits=DEFAULT_LIMITS)
    return target.getvalue(), list(notes)


def seen(data: bytes) -> list[Samples]:
    opened = Image.open(io.BytesIO(data))
    return [np.array(frame) for frame in ImageSequence.Iterator(opened)]


def pictures(data: bytes) -> list[Samples]:
    return [p.pixels for p in ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS)]


def error(first: Samples, second: Samples) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def sprites(*, lossless: bool = True, disposal: Disposal = Disposal.KEEP) -> bytes:
    """Four small frames over a first full one, made with the specification in hand."""
    chunks = [
        Chunk(b"VP8X", b"\x12\0\0\0" + b"\x3f\0\0" + b"\x2f\0\0"),
        Chunk(b"ANIM", b"1234\3\0"),
    ]
    boxes = [(0, 0, 64, 48), (2, 4, 21, 13), (30, 30, 34, 18), (10, 20, 9, 9), (40, 2, 24, 20)]
    for index, box in enumerate(boxes):
        image = noise(box[2], box[3], seed=index)
        picture = still(
            parse(save(image, lossless=lossless, exact=True), limits=DEFAULT_LIMITS).chunks
        )
        assert picture
        frame = Frame(box, disposal, blend=bool(index % 2), delay=70 + index)
        chunks.append(pack(frame, 0, [*picture, Chunk(b"what", b"odd")]))
    return WebP(chunks).raw


@pytest.mark.parametrize("channels", [3, 4])
def test_a_lossless_picture_is_exact_outside_and_inside_the_plate(channels: int) -> None:
    image = noise(channels=channels)
    patch = Patch(x=5, y=7, pixels=plate())

    after, notes = painted(save(image, lossless=True, exact=True), patch)

    expected = np.array(image)
    expected[7:17, 5:29, :3] = patch.pixels
    expected[7:17, 5:29, 3:] = 255
    assert notes == []
    assert np.array_equal(seen(after)[0], expected)


def test_colours_under_full_transparency_survive() -> None:
    pixels = np.array(noise())
    pixels[..., 3] = 0

    after, _ = painted(
        save(Image.fromarray(pixels), lossless=True, exact=True),
        Patch(x=5, y=7, pixels=plate()),
    )

    assert np.array_equal(seen(after)[0][20:], pixels[20:])


@pytest.mark.parametrize("quality", [20, 60, 80, 95])
def test_a_lossy_picture_stays_near_and_no_coarser(quality: int) -> None:
    data = save(smooth(), quality=quality)
    patch = Patch(x=20, y=200, pixels=np.kron(plate(), np.ones((3, 3, 1), np.uint8)))

    after, _ = painted(data, patch)

    chunks = [parse(raw, limits=DEFAULT_LIMITS).chunks[-1].data for raw in (data, after)]
    old, new = seen(data)[0], seen(after)[0]
    assert coarsest_quantiser(chunks[1]) <= coarsest_quantiser(chunks[0])
    assert error(old[:190], new[:190]) < 2.5
    assert error(new[200:230, 20:92], patch.pixels) < 14
    assert len(after) < len(data) * 1.8 + 2_000


def test_transparency_of_a_lossy_picture_is_exact_outside_the_plate() -> None:
    image = smooth()
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    data = save(image, quality=70)
    patch = Patch(x=20, y=20, pixels=plate())

    after, _ = painted(data, patch)

    alpha = seen(data)[0][..., 3]
    alpha[20:30, 20:44] = 255
    assert np.array_equal(seen(after)[0][..., 3], alpha)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("grow", [0, 10])
def test_the_plate_stands_upright_whatever_the_orientation(orientation: int, grow: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = save(noise(channels=3), lossless=True, exact=True, exif=exif)
    (size,) = ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS)
    pixels = plate(size[0], 10) if grow else plate()
    patch = Patch(x=0 if grow else 8, y=size[1] if grow else 3, pixels=pixels, grow=grow)

    after, _ = painted(data, patch)

    x, y, width, height = patch.box
    before, shown = (
        np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(d)))) for d in (data, after)
    )
    assert size == displayed(64, 48, orientation)
    assert np.array_equal(shown[y : y + height, x : x + width], pixels)
    assert np.array_equal(shown, pictures(after)[0])
    rest = np.zeros((size[1] + grow, size[0], 3), np.uint8)
    rest[: size[1]] = before
    rest[y : y + height, x : x + width] = pixels
    assert np.array_equal(shown, rest)


@pytest.mark.parametrize("disposal", [Disposal.KEEP, Disposal.BACKGROUND])
@pytest.mark.parametrize("place", [(0, 0), (36, 34), (13, 21)])
def test_pillow_shows_the_plate_in_every_frame_and_nothing_else_changed(
    disposal: Disposal, place: tuple[int, int]
) -> None:
    data = sprites(disposal=disposal)
    patch = Patch(x=place[0], y=place[1], pixels=plate())

    after, _ = painted(data, patch)

    x, y, width, height = patch.box
    for old, new in zip(seen(data), seen(after), strict=True):
        expected = old.copy()
        expected[y : y + height, x : x + width, :3] = patch.pixels
        expected[y : y + height, x : x + width, 3] = 255
        hidden = expected[..., 3] == 0
        assert np.array_equal(expected[..., 3], new[..., 3])
        assert np.array_equal(expected[~hidden], new[~hidden])


def test_frames_that_do_not_meet_the_plate_keep_their_bytes() -> None:
    data = sprites()

    after, _ = painted(data, Patch(x=0, y=38, pixels=plate(12, 10)))

    before, later = (
        [chunk.raw for chunk in parse(raw, limits=DEFAULT_LIMITS).chunks] for raw in (data, after)
    )
    assert [a == b for a, b in zip(before, later, strict=True)] == [True, True, False] + [True] * 4


@pytest.mark.parametrize("lossless", [True, False])
def test_timing_disposal_loops_and_unknown_chunks_stay(*, lossless: bool) -> None:
    data = sprites(lossless=lossless, disposal=Disposal.BACKGROUND)

    after, _ = painted(data, Patch(x=10, y=10, pixels=plate()))

    old, new = (parse(raw, limits=DEFAULT_LIMITS) for raw in (data, after))
    before, later = (frames(file, limits=DEFAULT_LIMITS) for file in (old, new))
    assert old.chunks[:2] == new.chunks[:2]
    for one, other in zip(before, later, strict=True):
        assert (one.frame.delay, one.frame.disposal) == (other.frame.delay, other.frame.disposal)
        assert one.others == other.others == [Chunk(b"what", b"odd")]
        assert one.picture[-1].kind == other.picture[-1].kind
        assert other.frame.box[0] % 2 == other.frame.box[1] % 2 == 0


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("grow", [9, 10])
def test_a_caption_band_is_shown_with_every_frame(orientation: int, grow: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = parse(sprites(), limits=DEFAULT_LIMITS)
    file.place_metadata(b"EXIF", exif.tobytes().removeprefix(b"Exif\0\0"))
    data = file.raw
    (size,) = ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS)
    patch = Patch(x=0, y=size[1], pixels=plate(size[0], grow), grow=grow)

    after, _ = painted(data, patch)

    assert ADAPTER.sizes(io.BytesIO(after), limits=DEFAULT_LIMITS) == [(size[0], size[1] + grow)]
    for old, new in zip(pictures(data), pictures(after), strict=True):
        assert np.array_equal(new[: size[1]], old)
        assert np.array_equal(new[size[1] :], patch.pixels)
    assert len(seen(after)) == 5


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8), st.integers(0, 6), st.integers(1, 24), st.integers(1, 18),
            st.booleans(), st.booleans(),
        ),
        min_size=1, max_size=5,
    ),
    st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_lossless_animation_shows_the_plate_and_is_otherwise_the_same(
    shapes: Sequence[tuple[int, int, int, int, bool, bool]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    chunks = [Chunk(b"VP8X", b"\x12\0\0\0" + b"\x27\0\0" + b"\x1d\0\0"), Chunk(b"ANIM", bytes(6))]
    for x, y, width, height, background, blend in shapes:
        pixels = random.integers(0, 256, (height, width, 4), np.uint8)
        pixels[..., 3] = random.choice(np.array([0, 90, 255], np.uint8), (height, width))
        data = save(Image.fromarray(pixels), lossless=True, exact=True, method=0)
        disposal = Disposal.BACKGROUND if background else Disposal.KEEP
        frame = Frame((x * 2, y * 2, width, height), disposal, blend=blend, delay=9)
        chunks.append(pack(frame, 0, parse(data, limits=DEFAULT_LIMITS).chunks))
    data = WebP(chunks).raw
    patch = Patch(x=9, y=11, pixels=plate(20, 8))

    after, _ = painted(data, patch)

    for old, new in zip(pictures(data), pictures(after), strict=True):
        old[11:19, 9:29] = patch.pixels
        assert np.array_equal(old, new)


def test_a_thumbnail_without_the_plate_is_dropped() -> None:
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 12), "red").save(thumbnail, "JPEG")
    jpeg = thumbnail.getvalue()
    offset = 8 + 2 + 4 + 2 + 24 + 4
    blob = b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + struct.pack("<H", 2)
    blob += struct.pack("<HHII", 0x0201, 4, 1, offset) + struct.pack(
        "<HHII", 0x0202, 4, 1, len(jpeg)
    )
    blob += struct.pack("<I", 0) + jpeg
    data = save(noise(), lossless=True, exif=blob)

    after, notes = painted(data, Patch(x=0, y=0, pixels=plate()))

    assert notes == ["exif-thumbnail-dropped"]
    assert jpeg in data
    assert jpeg not in after


def test_metadata_and_profile_stay_byte_for_byte() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    data = save(smooth(), exif=exif, icc_profile=b"a profile", xmp=b"<x/>")

    after, notes = painted(data, Patch(x=0, y=0, pixels=plate()))

    before, later = (
        [c for c in parse(raw, limits=DEFAULT_LIMITS).chunks if c.kind != b"VP8 "]
        for raw in (data, after)
    )
    assert notes == []
    assert before == later


def test_a_picture_that_cannot_grow_further_is_refused() -> None:
    data = save(Image.new("RGB", (1, 16383)), lossless=True)
    patch = Patch(x=0, y=16383, pixels=np.zeros((1, 1, 3), np.uint8), grow=1)

    with pytest.raises(LimitExceededError, match="16384"):
        painted(data, patch)


def test_pictures_give_just_the_wanted_part_and_white_behind_it() -> None:
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    image.paste((200, 0, 0, 255), (8, 4, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = save(image, lossless=True, exif=exif)

    (part,) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=(20, 6, 99, 20))
    (whole,) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS)

    assert (part.x, part.y, part.width, part.height) == (20, 6, 48, 64)
    assert np.array_equal(part.pixels, whole.pixels[6:26, 20:])
    assert (whole.pixels[0, 0] == 255).all()
    assert tuple(whole.pixels[9, 40]) == (200, 0, 0)


@pytest.mark.skipif(not shutil.which("webpinfo"), reason="webpinfo is not installed")
@pytest.mark.parametrize("lossless", [True, False])
def test_webpinfo_finds_no_fault_in_a_painted_animation(tmp_path: Path, *, lossless: bool) -> None:
    path = tmp_path / "painted.webp"
    path.write_bytes(painted(sprites(lossless=lossless), Patch(x=13, y=21, pixels=plate()))[0])

    run = subprocess.run(["webpinfo", path], capture_output=True, check=True, text=True)

    assert "No error detected" in run.stdout
    assert not run.stderr
