"""GIF: the plate stands in every frame as others show it, and the rest is as it was."""

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
from PIL import Image, ImageSequence

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import LimitExceededError
from kzmark.formats._base import Patch
from kzmark.formats.gif import ADAPTER
from kzmark.formats.gif.blocks import Gif, Shown, parse
from kzmark.formats.gif.blocks import Image as Block
from kzmark.formats.gif.codec import decode

RGBA = NDArray[np.uint8]
RANDOM = np.random.default_rng(3)


def plate(width: int = 20, height: int = 8, shades: int = 5) -> NDArray[np.uint8]:
    """Dark ground, light letters and the shades between them."""
    pixels = np.full((height, width, 3), (18, 22, 28), np.uint8)
    letters = np.linspace(18, 255, shades).astype(np.uint8)
    pixels[2:-2, 2 : 2 + shades] = letters[None, :, None]
    return pixels


def save(frames: Sequence[Image.Image], **options: object) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], optimize=False, **options
    )
    return buffer.getvalue()


def painted(data: bytes, patch: Patch) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, lambda *_: patch, limits=DEFAULT_LIMITS)
    return target.getvalue(), list(notes)


def seen(data: bytes) -> list[RGBA]:
    """What Pillow shows after each frame."""
    opened = Image.open(io.BytesIO(data))
    return [np.asarray(f.convert("RGBA")).copy() for f in ImageSequence.Iterator(opened)]


def frames_of(data: bytes) -> tuple[Gif, list[Shown]]:
    gif = parse(data, limits=DEFAULT_LIMITS)
    return gif, gif.frames


def sprites(disposal: int) -> bytes:
    frames = []
    for index in range(5):
        frame = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
        frame.paste((200, 40 * index, 60, 255), (index * 9, index * 6, index * 9 + 24, 24))
        frames.append(frame)
    return save(frames, disposal=disposal, duration=50, loop=0)


def photo(seed: int = 0, *, tint: tuple[int, int, int] = (0, 0, 0), span: int = 256) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, span, (48, 64, 3), np.uint8)
    return Image.fromarray(noise + np.array(tint, np.uint8)).quantize(256, dither=Image.Dither.NONE)


def still_of(indices: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    """A GIF with exactly these indices and this global colour table of 256 colours."""
    block = parse(save([Image.fromarray(indices)]), limits=DEFAULT_LIMITS).blocks[-1]
    height, width = indices.shape
    screen = struct.pack("<HHBBB", width, height, 0xF7, 0, 0)
    return b"GIF89a" + screen + colours.tobytes() + block.raw + b";"


def same_outside(before: RGBA, after: RGBA, patch: Patch) -> bool:
    x, y, width, height = patch.box
    before, after = before.copy(), after.copy()
    before[y : y + height, x : x + width] = after[y : y + height, x : x + width] = 0
    before[before[..., 3] == 0] = after[after[..., 3] == 0] = 0
    return np.array_equal(before, after)


@pytest.mark.parametrize("disposal", [1, 2, 3])
@pytest.mark.parametrize("place", [(0, 0), (40, 36), (11, 9)])
def test_pillow_shows_the_plate_in_every_frame_and_nothing_else_changed(
    disposal: int, place: tuple[int, int]
) -> None:
    data = sprites(disposal)
    patch = Patch(x=place[0], y=place[1], pixels=plate())

    after, notes = painted(data, patch)

    x, y, width, height = patch.box
    assert notes == []
    for old, new in zip(seen(data), seen(after), strict=True):
        assert np.array_equal(new[y : y + height, x : x + width, :3], patch.pixels)
        assert (new[y : y + height, x : x + width, 3] == 255).all()
        assert same_outside(old, new, patch)


def test_ffmpeg_shows_the_plate_in_every_frame(tmp_path: Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    patch = Patch(x=40, y=36, pixels=plate())
    path = tmp_path / "plate.gif"
    path.write_bytes(painted(sprites(1), patch)[0])
    into = ["-vsync", "0", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]

    run = ["ffmpeg", "-v", "error", "-i", str(path), *into]
    raw = subprocess.run(run, capture_output=True, check=True)

    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, 48, 64, 3)
    assert len(frames) == 5
    assert all(np.array_equal(frame[36:44, 40:60], patch.pixels) for frame in frames)


def test_gifsicle_finds_no_fault(tmp_path: Path) -> None:
    if not shutil.which("gifsicle"):
        pytest.skip("gifsicle is not installed")
    path = tmp_path / "plate.gif"
    path.write_bytes(painted(sprites(2), Patch(x=1, y=1, pixels=plate()))[0])

    run = subprocess.run(["gifsicle", "--info", path], capture_output=True, check=True)

    assert not run.stderr


def test_timing_loops_comments_and_disposal_stay() -> None:
    data = save([photo(1), photo(2)], duration=[70, 120], loop=4, comment=b"salem", disposal=2)

    after, _ = painted(data, Patch(x=3, y=3, pixels=plate()))

    (old, before), (new, later) = frames_of(data), frames_of(after)
    controls = [
        [g.blocks[f.control or 0].raw for f in fs] for g, fs in ((old, before), (new, later))
    ]
    assert controls[0] == controls[1]
    assert b"\x21\xfe\x05salem\0" in after
    assert Image.open(io.BytesIO(after)).info["loop"] == 4


def test_frames_that_do_not_meet_the_plate_keep_their_bytes() -> None:
    data = sprites(1)

    after, _ = painted(data, Patch(x=0, y=40, pixels=plate(10, 8)))

    (old, before), (new, later) = frames_of(data), frames_of(after)
    same = [
        old.blocks[a.image].raw == new.blocks[b.image].raw
        for a, b in zip(before, later, strict=True)
    ]
    assert same == [False, True, True, True, True]


def test_indices_outside_the_plate_stay_the_same() -> None:
    image = Image.fromarray(RANDOM.integers(0, 200, (48, 64), np.uint8)).convert("P")
    image.putpalette(RANDOM.integers(0, 256, 600, np.uint8).tobytes())
    data = save([image])

    after, notes = painted(data, Patch(x=0, y=0, pixels=plate(64, 8)))

    blocks = [frames_of(raw)[0].blocks[-1] for raw in (data, after)]
    old, new = (
        decode(block, limits=DEFAULT_LIMITS, file_bytes=9_999)
        for block in blocks
        if isinstance(block, Block)
    )
    assert notes == []
    assert np.array_equal(old[8:], new[8:])


@pytest.mark.parametrize("interlace", [0, 1])
def test_rows_stay_in_order_whether_interlaced_or_not(interlace: int) -> None:
    image = Image.fromarray(RANDOM.integers(0, 200, (48, 64), np.uint8))
    data = save([image], interlace=interlace)
    patch = Patch(x=5, y=5, pixels=plate())

    after, _ = painted(data, patch)

    block = frames_of(after)[0].blocks[-1]
    assert isinstance(block, Block)
    assert block.interlaced is bool(interlace)
    assert same_outside(seen(data)[0], seen(after)[0], patch)


def test_a_full_colour_table_near_the_plate_stays_as_it_is() -> None:
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 51)] * 2, np.arange(0, 256, 42)), -1)
    image = Image.fromarray(
        RANDOM.permutation(np.arange(64 * 48) % 252).reshape(48, 64).astype(np.uint8)
    )
    data = still_of(np.asarray(image), np.resize(cube, (256, 3)).astype(np.uint8))
    patch = Patch(x=5, y=5, pixels=plate())

    after, notes = painted(data, patch)

    error = np.abs(seen(after)[0][5:13, 5:25, :3].astype(int) - patch.pixels)
    assert notes == []
    assert same_outside(seen(data)[0], seen(after)[0], patch)
    assert error.max() <= 48


def test_a_full_colour_table_far_from_the_plate_gives_up_its_least_missed_colours() -> None:
    data = save([photo(tint=(150, 0, 0), span=100)])
    patch = Patch(x=5, y=5, pixels=plate())

    after, notes = painted(data, patch)

    old, new = seen(data)[0], seen(after)[0]
    assert notes == ["gif-colours-merged"]
    assert np.array_equal(new[5:13, 5:25, :3], patch.pixels)
    changed = (old != new).any(axis=2)
    changed[5:13, 5:25] = False
    assert changed.mean() < 0.05
    assert np.abs(old[changed].astype(int) - new[changed]).max() < 30


def test_a_full_table_over_a_standing_plate_leaves_the_plate_out_of_the_frame() -> None:
    reds = np.stack([np.arange(256) // 4 + 150, np.arange(256) // 4, np.arange(256) // 4], axis=1)
    noise = RANDOM.permutation(np.arange(64 * 48) % 255).reshape(48, 64).astype(np.uint8)
    first = still_of(np.full((48, 64), 3, np.uint8), reds.astype(np.uint8))
    image = frames_of(still_of(noise, reds.astype(np.uint8)))[0].blocks[-1]
    data = first[:-1] + b"!\xf9\4\5\5\0\xff\0" + image.raw + b";"
    patch = Patch(x=5, y=5, pixels=plate())

    after, notes = painted(data, patch)

    new, later = frames_of(after)
    block = new.blocks[later[1].image]
    assert isinstance(block, Block)
    assert notes == []
    assert not block.table
    for before, shown in zip(seen(data), seen(after), strict=True):
        assert np.array_equal(shown[5:13, 5:25, :3], patch.pixels)
        assert same_outside(before, shown, patch)


def test_the_transparent_index_is_never_a_colour_of_the_plate() -> None:
    image = Image.new("P", (64, 48), 0)
    image.putpalette([18, 22, 28, 255, 255, 255, 18, 22, 28, 9, 9, 9])
    data = save([image], transparency=0)
    patch = Patch(x=5, y=5, pixels=plate())

    after, _ = painted(data, patch)

    assert (seen(after)[0][5:13, 5:25] == np.dstack([patch.pixels, np.full((8, 20), 255)])).all()
    assert (seen(after)[0][20:, :, 3] == 0).all()


def test_a_caption_band_enlarges_the_canvas_and_every_frame_shows_it() -> None:
    data = sprites(2)
    patch = Patch(x=0, y=48, pixels=plate(64, 11), grow=11)

    after, _ = painted(data, patch)

    assert ADAPTER.sizes(io.BytesIO(after), limits=DEFAULT_LIMITS) == [(64, 59)]
    for old, new in zip(seen(data), seen(after), strict=True):
        assert np.array_equal(new[48:, :, :3], patch.pixels)
        assert np.array_equal(old[..., 3], new[:48, :, 3])


def test_a_canvas_that_cannot_grow_further_is_refused() -> None:
    data = bytearray(save([Image.new("P", (1, 1))]))
    data[6:10] = struct.pack("<HH", 1, 65535)
    patch = Patch(x=0, y=65535, pixels=plate(1, 1, 0), grow=1)

    with pytest.raises(LimitExceededError, match="65536"):
        painted(bytes(data), patch)


def test_a_canvas_that_an_empty_first_frame_enlarged_keeps_its_size() -> None:
    data = sprites(1)
    first = data.index(b"!\xf9")
    data = data[:first] + struct.pack("<cHHHHBB", b",", 60, 40, 10, 0, 0, 2) + b"\0" + data[first:]

    after, _ = painted(data, Patch(x=44, y=38, pixels=plate()))

    sizes = [ADAPTER.sizes(io.BytesIO(raw), limits=DEFAULT_LIMITS) for raw in (data, after)]
    assert sizes == [[(70, 48)], [(70, 48)]]


def test_frames_that_leave_the_canvas_are_cut_there_as_in_browsers() -> None:
    data = bytearray(sprites(1))
    position = frames_of(bytes(data))[1][1].image
    blocks = frames_of(bytes(data))[0].blocks
    at = data.index(blocks[position].raw)
    data[at + 1 : at + 5] = struct.pack("<HH", 50, 40)
    patch = Patch(x=44, y=38, pixels=plate())

    after, _ = painted(bytes(data), patch)

    shown = [
        picture.pixels.copy()
        for picture in ADAPTER.pictures(io.BytesIO(after), limits=DEFAULT_LIMITS)
    ]
    assert all(pixels.shape == (48, 64, 3) for pixels in shown)
    assert all(np.array_equal(pixels[38:46, 44:], patch.pixels) for pixels in shown)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20),
            st.sampled_from([0, 1, 2, 3, 4, 7]), st.booleans(),
        ),
        min_size=1, max_size=5,
    ),
    st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_animation_shows_the_plate_and_is_otherwise_the_same(
    shapes: list[tuple[int, int, int, int, int, bool]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    parts = [b"GIF89a", struct.pack("<HHBBB", 40, 30, 0x81, 0, 0), random.bytes(12)]
    for x, y, width, height, disposal, seethrough in shapes:
        indices = random.integers(0, 4, (max(height, 1), max(width, 1)), np.uint8)
        block = parse(save([Image.fromarray(indices)]), limits=DEFAULT_LIMITS).blocks[-1]
        assert isinstance(block, Block)
        parts.append(struct.pack("<4BHBB", 0x21, 0xF9, 4, disposal << 2 | seethrough, 5, 2, 0))
        parts.append(b"," + struct.pack("<HHHHB", x, y, width, height, 0) + block.data)
    data = b"".join([*parts, b";"])
    patch = Patch(x=12, y=9, pixels=plate(20, 8))

    after, notes = painted(data, patch)

    source = (io.BytesIO(data), io.BytesIO(after))
    before, later = (
        [p.pixels.copy() for p in ADAPTER.pictures(one, limits=DEFAULT_LIMITS)] for one in source
    )
    assert notes == []
    for old, new in zip(before, later, strict=True):
        assert np.array_equal(new[9:17, 12:32], patch.pixels)
        old[9:17, 12:32] = patch.pixels
        assert np.array_equal(old, new)


def test_pictures_give_just_the_wanted_part() -> None:
    data = sprites(2)
    whole = list(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=(0, 0, 64, 48)))
    (first, *_) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=(5, 3, 999, 9))

    assert (first.x, first.y, first.width, first.height) == (5, 3, 64, 48)
    assert first.pixels.shape == (9, 59, 3)
    assert [picture.index for picture in whole] == [0, 1, 2, 3, 4]


def test_transparent_pixels_are_shown_over_white() -> None:
    first, *_ = ADAPTER.pictures(io.BytesIO(sprites(2)), limits=DEFAULT_LIMITS)

    assert (first.pixels[40, 60] == 255).all()
    assert tuple(first.pixels[2, 2]) == (200, 0, 60)
