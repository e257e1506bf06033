"""BMP: a plate on the pixels; every other byte of the file as it was."""

import contextlib
import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.conftest import make_mark
from tests.formats.tiff_samples import plate, scene

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import (
    LimitExceededError,
    MalformedMediaError,
    MediaError,
    UnknownFormatError,
    UnsupportedMediaError,
)
from kzmark.formats._base import Patch
from kzmark.formats.bmp import ADAPTER
from kzmark.sniff import sniff

SIZE = (61, 43)
magick = pytest.mark.skipif(not shutil.which("convert"), reason="ImageMagick is not installed")


def corner(width: int, height: int) -> Patch:
    across, down = min(31, width), min(15, height)
    return Patch(x=min(7, width - across), y=height - down, pixels=plate(across, down))


def band(width: int, height: int) -> Patch:
    return Patch(x=0, y=height, pixels=plate(width, 14), grow=14)


def pillow(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "BMP")
    return target.getvalue()


def bitmap(
    array: NDArray[np.uint8],
    *,
    header: int = 40,
    bits: int = 24,
    top_down: bool = False,
    packing: int = 0,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
    used: int = 0,
    behind: bytes = b"",
) -> bytes:
    """A file written here byte by byte; `array` holds the bytes of each row, the top one first."""
    height, width = array.shape[0], array.shape[1] * 8 // bits
    rows = np.pad(array, ((0, 0), (0, -array.shape[1] % 4)))
    stored = (rows if top_down else rows[::-1]).tobytes()
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        tall = -height if top_down else height
        info = struct.pack("<IiiHHIIiiII", header, width, tall, 1, bits, packing, 0, 1, 1, used, 0)
        mask_bytes = struct.pack(f"<{len(masks)}I", *masks)
        info = (
            info.ljust(header, b"\0") if header == 40 else (info + mask_bytes).ljust(header, b"\0")
        )
        info += mask_bytes if header == 40 else b""
    start = 14 + len(info) + len(palette)
    if header == 124 and behind:
        info = info[:112] + struct.pack("<II", start - 14 + len(stored), len(behind)) + info[120:]
    size = start + len(stored) + len(behind)
    return struct.pack("<2sIII", b"BM", size, 0, start) + info + palette + stored + behind


def _rgb(samples: int = 3) -> NDArray[np.uint8]:
    return np.ascontiguousarray(scene(*SIZE, samples)).reshape(SIZE[1], -1)


FILES: dict[str, Callable[[], bytes]] = {
    "1 bit": lambda: pillow(Image.fromarray(scene(*SIZE)).convert("1")),
    "grey": lambda: pillow(Image.fromarray(scene(*SIZE)).convert("L")),
    "palette with room": lambda: pillow(Image.fromarray(scene(*SIZE)).quantize(50)),
    "24 bits": lambda: bitmap(_rgb()),
    "24 bits, top down": lambda: bitmap(_rgb(), top_down=True),
    "24 bits, core header": lambda: bitmap(_rgb(), header=12),
    "24 bits, newest header": lambda: bitmap(_rgb(), header=124, behind=b"an ICC profile"),
    "32 bits": lambda: bitmap(_rgb(4), bits=32),
    "4 bits": lambda: bitmap(
        _rgb(1)[:, :30], bits=4, palette=bytes(range(0, 96, 2)) + bytes(16), used=16
    ),
    "8 bits, core header": lambda: bitmap(
        _rgb(1), bits=8, header=12, palette=bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
    ),
    "565": lambda: bitmap(_rgb(2), bits=16, packing=3, masks=(0xF800, 0x7E0, 0x1F)),
    "555": lambda: bitmap(_rgb(2), bits=16),
    "odd masks": lambda: bitmap(_rgb(4), bits=32, packing=3, masks=(0x3FF00000, 0xFFC00, 0x3FF)),
    "with alpha": lambda: bitmap(
        _rgb(4),
        bits=32,
        header=108,
        packing=3,
        masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    ),
}
TIGHT = {"1 bit", "4 bits"}  # every entry of their palettes is taken


def painted(
    data: bytes, patch_for: Callable[[int, int], Patch] = corner
) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, patch_for, limits=DEFAULT_LIMITS)
    return target.getvalue(), list(notes)


def shown(data: bytes) -> NDArray[np.uint8]:
    (picture,) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS)
    assert picture.pixels.shape == (picture.height, picture.width, 3)
    return picture.pixels


def outside(shape: tuple[int, ...], patch: Patch) -> NDArray[np.bool_]:
    mask = np.ones(shape[:2], np.bool_)
    x, y, width, height = patch.box
    mask[y : y + height, x : x + width] = False
    return mask


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("patch_for", [corner, band])
def test_every_pixel_outside_the_plate_stays(name: str, patch_for: Callable[..., Patch]) -> None:
    data = FILES[name]()

    result, notes = painted(data, patch_for)

    before, after = shown(data), shown(result)
    height, width = before.shape[:2]
    patch = patch_for(width, height)
    assert notes == (["bmp-palette-expanded"] if name in TIGHT else [])
    assert after.shape == (height + patch.grow, width, 3)
    assert np.array_equal(
        before[outside(before.shape, patch)], after[:height][outside(before.shape, patch)]
    )
    x, y, wide, tall = patch.box
    off = np.abs(after[y : y + tall, x : x + wide].astype(np.int16) - patch.pixels)
    assert off.max() <= 5
    assert int.from_bytes(result[2:6], "little") == len(result)


@pytest.mark.parametrize("name", [name for name in FILES if name != "odd masks"])
def test_pillow_shows_what_we_show(name: str) -> None:
    result, _ = painted(FILES[name]())

    with Image.open(io.BytesIO(result)) as image:
        theirs = Image.new("RGBA", image.size, "white")
        theirs.alpha_composite(image.convert("RGBA"))
    off = np.abs(np.asarray(theirs.convert("RGB")).astype(np.int16) - shown(result))
    assert off.max() <= 1


@magick
@pytest.mark.parametrize("name", FILES)
def test_imagemagick_reads_the_outcome_without_a_warning(name: str, tmp_path: Path) -> None:
    file = tmp_path / "a.bmp"
    file.write_bytes(painted(FILES[name](), band)[0])

    run = subprocess.run(
        ["identify", "-regard-warnings", file], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert f"x{shown(file.read_bytes()).shape[0]} " in run.stdout


@pytest.mark.parametrize("name", ["24 bits", "24 bits, top down", "32 bits", "565"])
def test_bytes_outside_the_touched_rows_are_the_same(name: str) -> None:
    data = FILES[name]()

    result, _ = painted(data)

    changed = [i for i, (a, b) in enumerate(zip(data, result, strict=True)) if a != b]
    stride = (len(data) - int.from_bytes(data[10:14], "little")) // SIZE[1]
    assert changed[-1] - changed[0] < 15 * stride


def test_an_unnamed_fourth_byte_is_filled_only_where_others_filled_it() -> None:
    array = scene(*SIZE, 4)
    array[:, :, 3] = 0
    empty = bitmap(array.reshape(SIZE[1], -1), bits=32)
    array[0, 0, 3] = 9
    filled = bitmap(array.reshape(SIZE[1], -1), bits=32)

    for data, fourth in ((empty, 0), (filled, 255)):
        rows = np.frombuffer(painted(data)[0][54:], np.uint8).reshape(SIZE[1], SIZE[0], 4)[::-1]
        assert set(rows[30:40, 10:30, 3].ravel().tolist()) == {fourth}


def test_a_profile_behind_the_pixels_is_found_where_the_header_says() -> None:
    result, _ = painted(FILES["24 bits, newest header"](), band)

    at, size = struct.unpack_from("<II", result, 14 + 112)
    assert result[14 + at : 14 + at + size] == b"an ICC profile"


def test_a_full_palette_gives_way_to_true_colour() -> None:
    colours = np.stack([np.arange(256), np.full(256, 200), np.full(256, 90)], axis=1)
    table = np.pad(colours.astype(np.uint8), ((0, 0), (0, 1))).tobytes()
    indices = (np.arange(SIZE[0] * SIZE[1]) % 256).astype(np.uint8).reshape(SIZE[1], -1)
    data = bitmap(indices, bits=8, palette=table)

    result, notes = painted(data)

    before, after = shown(data), shown(result)
    patch = corner(*SIZE)
    x, y, width, height = patch.box
    assert notes == ["bmp-palette-expanded"]
    assert np.array_equal(before[outside(before.shape, patch)], after[outside(after.shape, patch)])
    assert np.array_equal(after[y : y + height, x : x + width], patch.pixels)
    with Image.open(io.BytesIO(result)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), after)


@magick
def test_run_lengths_are_unpacked(tmp_path: Path) -> None:
    source, file = tmp_path / "a.png", tmp_path / "a.bmp"
    Image.fromarray(scene(*SIZE)).quantize(20).save(source)
    subprocess.run(["convert", source, "-compress", "RLE", f"bmp3:{file}"], check=True)
    data = file.read_bytes()
    assert data[30] == 1

    result, notes = painted(data, band)

    assert notes == ["bmp-rle-expanded"]
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), shown(data))
    assert np.array_equal(shown(result)[: SIZE[1]], shown(data))
    assert np.array_equal(shown(result)[SIZE[1] :], band(*SIZE).pixels)


def test_run_lengths_of_four_bits_are_unpacked() -> None:
    palette = bytes([0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 200, 0])
    packed = b"\x05\x12\0\0" + b"\0\x05\x12\x10\x20\0" + b"\0\0\0\1"
    info = struct.pack("<IiiHHIIiiII", 40, 5, 2, 1, 4, 2, len(packed), 1, 1, 3, 0)
    data = struct.pack("<2sIII", b"BM", 66 + len(packed), 0, 66) + info + palette + packed

    pixels = shown(data)
    result, _ = painted(data, lambda _w, _h: Patch(x=0, y=0, pixels=plate(5, 1)))

    white, red, black = [255, 255, 255], [200, 0, 0], [0, 0, 0]
    assert pixels[0].tolist() == [white, red, white, black, red]
    assert pixels[1].tolist() == [white, red, white, red, white]
    assert np.array_equal(shown(result)[1], pixels[1])


def test_a_part_is_that_part_of_the_picture() -> None:
    data = FILES["565"]()

    part = next(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=(20, 10, 9, 8)))

    assert (part.x, part.y, part.width, part.height) == (20, 10, *SIZE)
    assert np.array_equal(part.pixels, shown(data)[10:18, 20:29])


def test_writing_a_mark_copies_the_file() -> None:
    data = FILES["24 bits"]()
    target = io.BytesIO()

    ADAPTER.write(io.BytesIO(data), target, make_mark(), limits=DEFAULT_LIMITS)

    assert target.getvalue() == data
    assert list(ADAPTER.read(target, limits=DEFAULT_LIMITS)) == []


def test_two_letters_do_not_make_a_bitmap() -> None:
    assert sniff(io.BytesIO(FILES["24 bits"]())).info.name == "bmp"
    with pytest.raises(UnknownFormatError):
        sniff(io.BytesIO(b"BM, said the letter, and went on for a while"))


@pytest.mark.parametrize(
    ("at", "value", "error"),
    [
        (14, 41, MalformedMediaError),  # no such header
        (18, 0, LimitExceededError),  # no width
        (18, 1 << 30, LimitExceededError),
        (18, 0xFFFFFFFF, LimitExceededError),  # a negative width
        (22, 5000, MalformedMediaError),  # rows that are not there
        (10, 1 << 30, MalformedMediaError),  # pixels outside
        (10, 20, MalformedMediaError),  # pixels inside the header
        (30, 4, UnsupportedMediaError),  # a JPEG inside
        (30, 1, MalformedMediaError),  # run lengths of 24 bits
    ],
)
def test_headers_that_lie_are_refused(at: int, value: int, error: type[MediaError]) -> None:
    data = bytearray(FILES["24 bits"]())
    struct.pack_into("<I", data, at, value)

    for call in (
        ADAPTER.read,
        ADAPTER.sizes,
        lambda s, limits: list(ADAPTER.pictures(s, limits=limits)),
    ):
        with pytest.raises(error):
            call(io.BytesIO(data), limits=DEFAULT_LIMITS)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_bytes_of_any_kind_raise_only_media_errors(data: st.DataObject) -> None:
    whole = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))]())
    places = st.integers(0, len(whole) - 1) | st.integers(0, 70)
    for _ in range(data.draw(st.integers(0, 5))):
        whole[data.draw(places)] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    limits = Limits(max_pixels=1_000_000)

    for call in (
        lambda: ADAPTER.read(io.BytesIO(cut), limits=limits),
        lambda: list(ADAPTER.pictures(io.BytesIO(cut), limits=limits)),
        lambda: ADAPTER.paint(io.BytesIO(cut), io.BytesIO(), corner, limits=limits),
        lambda: ADAPTER.paint(io.BytesIO(cut), io.BytesIO(), band, limits=limits),
    ):
        with contextlib.suppress(MediaError):
            call()
