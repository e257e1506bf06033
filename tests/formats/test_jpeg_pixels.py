"""JPEG: a plate on the picture, everything else as near as the format allows."""

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from tests.formats.jpeg_samples import (
    Array,
    every_kind,
    inserted,
    opencv,
    painted,
    patch,
    pillow,
    scene,
    seen,
    shown,
    table_bytes,
)

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._base import Patch
from kzmark.formats.jpeg import ADAPTER, pixels, rows
from kzmark.formats.jpeg.segments import Stream, parse

KINDS = dict(every_kind(150, 101))
each_kind = pytest.mark.parametrize("kind", KINDS)
DARK = (24, 24, 24)
WIDE = patch(16, 64, 96, 16, DARK)


def noise(ours: Array, theirs: Array) -> float:
    """Mean square difference beside the plate of `WIDE`, its blocks left out."""
    gap = (ours.astype(np.float64) - theirs) ** 2
    return float(np.delete(gap, slice(46, 98), axis=0).mean())


def kept(data: bytes) -> bytes:
    """The same change as `WIDE`, by Pillow's own means."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        image.paste(Image.new("RGB", (96, 16), DARK).convert(image.mode), (16, 64))
        image.save(target, "JPEG", quality="keep", progressive="progressive" in image.info)
    return target.getvalue()


def opened(data: bytes) -> Stream:
    return parse(data, limits=DEFAULT_LIMITS)


@each_kind
def test_the_plate_is_seen_where_it_was_laid(kind: str) -> None:
    done, _ = painted(KINDS[kind], WIDE)

    inner = shown(done)[66:78, 18:110].astype(int)
    most = 60 if kind == "coarse" else 24
    assert np.abs(inner - DARK).max() <= most
    assert np.abs(inner.mean(axis=(0, 1)) - DARK).max() < most / 4


@each_kind
def test_the_rest_is_at_least_as_near_as_pillow_keeps_it(kind: str) -> None:
    source = KINDS[kind]
    before = shown(source)

    ours = noise(shown(painted(source, WIDE)[0]), before)

    assert ours <= noise(shown(kept(source)), before) + 1e-9
    assert ours < 0.25


@each_kind
def test_tables_sampling_and_mode_stay(kind: str) -> None:
    old, new = KINDS[kind], painted(KINDS[kind], WIDE)[0]

    assert table_bytes(new) == table_bytes(old)
    assert opened(new).frame.ratios == opened(old).frame.ratios
    assert opened(new).frame.progressive == opened(old).frame.progressive
    assert [c.identifier for c in opened(new).frame.components] == [
        c.identifier for c in opened(old).frame.components
    ]


@each_kind
def test_our_pictures_are_those_of_pillow(kind: str) -> None:
    done, _ = painted(KINDS[kind], WIDE)

    for data in (KINDS[kind], done):
        assert np.abs(seen(data).astype(int) - shown(data)).max() <= 1


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
@each_kind
def test_ffmpeg_decodes_the_output_without_a_word(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "painted.jpg"
    file.write_bytes(painted(KINDS[kind], WIDE)[0])

    words = ["ffmpeg", "-v", "error", "-err_detect", "explode", "-threads", "1", "-i"]
    done = subprocess.run([*words, file, "-f", "null", "-"], capture_output=True, check=False)

    if kind == "YCCK 4:2:0" and b"Unhandled pixel format" in done.stderr:
        pytest.skip("this ffmpeg knows no such sampling")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("djpeg"), reason="djpeg is not installed")
@each_kind
def test_djpeg_decodes_the_output_without_a_warning(kind: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["djpeg", "-outfile", tmp_path / "out.ppm"],
        input=painted(KINDS[kind], WIDE)[0],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "4:2:0" in kind])
def test_small_chroma_comes_out_as_it_was_stored(kind: str) -> None:
    again = KINDS[kind]
    first = np.asarray(pixels.canvas(opened(again)))

    for _ in range(3):
        again, _ = painted(again, patch(0, 80, 150, 21, DARK))

    late = np.asarray(pixels.canvas(opened(again)))
    assert (late[:64, ..., 1:3] != first[:64, ..., 1:3]).mean() < 0.02


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("grow", [0, 24])
def test_the_plate_is_upright_in_every_orientation(orientation: int, grow: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = pillow(scene(150, 101), subsampling=0, quality=95, exif=exif)
    width, height = ADAPTER.sizes(io.BytesIO(source), limits=DEFAULT_LIMITS)[0]
    plate = np.zeros((24, width if grow else 80, 3), np.uint8)
    plate[:12, : plate.shape[1] // 2] = 255  # top left is white: no turn or mirror looks like it
    x, y = (0, height) if grow else (8, height - 32)

    done, _ = painted(source, lambda _w, _h: Patch(x=x, y=y, pixels=plate, grow=grow))

    with Image.open(io.BytesIO(done)) as image:
        assert image.getexif()[0x0112] == orientation
        displayed = np.asarray(ImageOps.exif_transpose(image))
    part = displayed[y : y + 24, x : x + plate.shape[1]].astype(int)
    assert displayed.shape == (height + grow, width, 3)
    assert np.abs(part - plate).mean() < 8
    assert np.abs(seen(done).astype(int) - displayed).max() <= 1
    with Image.open(io.BytesIO(source)) as image:
        before = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    assert np.abs(displayed[: height - 48].astype(int) - before[: height - 48]).mean() < 1


def test_a_patch_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="a patch of"):
        painted(pillow(scene(40, 30)), patch(20, 20, 16, 16, DARK))


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("each", [1, 3])
def test_rows_between_restart_markers_stay_bit_exact(sampling: int, each: int) -> None:
    source = pillow(scene(160, 240), subsampling=sampling, restart_marker_rows=each)
    old = rows.intervals(opened(source))

    new = rows.intervals(opened(painted(source, patch(8, 176, 64, 24, DARK))[0]))

    assert old is not None
    assert new is not None
    first, last = old.span(176, 200)
    assert new.pieces(0, first) == old.pieces(0, first)
    assert new.pieces(last, new.count) == old.pieces(last, old.count)
    assert new.pieces(first, last) != old.pieces(first, last)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "progressive" not in kind])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_part_is_exactly_that_part_of_the_whole(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    done, _ = painted(KINDS[kind], WIDE)
    done = inserted(done, b"\xff\xe1" + (len(exif.tobytes()) + 2).to_bytes(2) + exif.tobytes())
    whole = seen(done)

    for box in ((3, 40, 50, 9), (0, 0, 9, 9), (60, 90, 500, 500), (-5, 63, 20, 18), (7, 16, 1, 1)):
        part = next(ADAPTER.pictures(io.BytesIO(done), limits=DEFAULT_LIMITS, within=box))
        high, wide = part.pixels.shape[:2]

        assert (part.height, part.width) == whole.shape[:2]
        assert np.array_equal(part.pixels, whole[part.y : part.y + high, part.x : part.x + wide]), (
            box
        )
        assert (part.x, part.y) == (max(0, box[0]), max(0, box[1]))


def test_a_part_is_decoded_without_the_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    source = pillow(scene(64, 640), subsampling=2, restart_marker_rows=1)
    heights: list[int] = []
    whole = pixels.rgb

    def measured(stream: Stream) -> Array:
        heights.append(stream.frame.height)
        return whole(stream)

    monkeypatch.setattr(pixels, "rgb", measured)
    monkeypatch.setenv("KZMARK_PURE", "1")
    list(ADAPTER.pictures(io.BytesIO(source), limits=DEFAULT_LIMITS, within=(0, 300, 64, 40)))

    assert heights == [64]


def test_rows_with_misnumbered_restart_markers_are_not_trusted() -> None:
    source = pillow(scene(64, 160), restart_marker_rows=1)
    assert rows.intervals(opened(source)) is not None

    for other in (
        source.replace(b"\xff\xd3", b"\xff\xd4", 1),
        source.replace(b"\xff\xd3", b"", 1),
        source.replace(b"\xff\xd3", b"\xff\xd3\xff\xd4", 1),
    ):
        assert rows.intervals(opened(other)) is None


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    quality=st.integers(1, 100),
    sampling=st.sampled_from(["0", "1", "2", "440", "411"]),
    progressive=st.booleans(),
    restarts=st.sampled_from(["smooth", "restart_marker_rows", "restart_marker_blocks"]),
    seed=st.integers(0, 99),
)
def test_any_size_and_sampling_is_painted(
    width: int,
    height: int,
    quality: int,
    sampling: str,
    progressive: bool,
    restarts: str,
    seed: int,
) -> None:
    array = scene(width, height, seed)
    if sampling in {"440", "411"}:
        source = opencv(array, sampling, 1, quality, 2, int(progressive))
    else:
        source = pillow(
            array,
            subsampling=int(sampling),
            quality=quality,
            progressive=progressive,
            **{restarts: 2},
        )
    wide, high = max(1, width // 2), max(1, height // 3)

    done, notes = painted(source, patch(width - wide, height - high, wide, high, DARK))

    assert notes == []
    assert opened(done).frame.ratios == opened(source).frame.ratios
    assert np.abs(seen(done).astype(int) - shown(done)).max() <= 1
    assert shown(done).shape == (height, width, 3)


def test_a_picture_of_pure_noise_has_room_enough(capfd: pytest.CaptureFixture[str]) -> None:
    array = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    source = opencv(array, "444", 1, 100, 3, 1)  # optimised

    done, _ = painted(source, patch(0, 0, 16, 16, DARK))

    assert shown(done).shape == (256, 256, 3)
    assert capfd.readouterr().err == ""


def test_a_black_plate_on_cmyk_is_printed_with_black_ink_alone() -> None:
    done, _ = painted(KINDS["CMYK"], patch(16, 64, 96, 16, (0, 0, 0)))

    with Image.open(io.BytesIO(done)) as image:
        inks = np.asarray(image)[68:76, 24:104]
    assert inks[..., :3].max() < 12
    assert inks[..., 3].min() > 243
