"""The fast core against judges that know nothing of it: zlib, Pillow, libpng, ImageMagick."""

import io
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.formats.png_samples import GREY, MAGIC, RGB, chunk, ihdr, scanlines, split
from tests.native.png_cases import Case, case, plate_of

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MalformedMediaError
from kzmark.formats._base import Box, Patch
from kzmark.formats.png import ADAPTER
from kzmark.native import Refusal, png

pytestmark = pytest.mark.skipif(not png.available(), reason="the fast core was not built")

CASES = int(os.environ.get("KZMARK_CASES", "60"))  # a long run by hand takes thousands
Pixels = NDArray[np.uint8]


def painted(given: Case) -> bytes:
    target = io.BytesIO()
    patch = Patch(x=given.corner[0], y=given.corner[1], pixels=given.plate)
    ADAPTER.paint(io.BytesIO(given.data), target, lambda _w, _h: patch, limits=DEFAULT_LIMITS)
    return target.getvalue()


def plainly(given: Case, monkeypatch: pytest.MonkeyPatch) -> bytes:
    with monkeypatch.context() as patched:
        patched.setenv("KZMARK_PURE", "1")
        return painted(given)


def picture_data(data: bytes) -> bytes:
    return b"".join(whole[8:-4] for kind, whole in split(data) if kind == b"IDAT")


def inflated(data: bytes) -> bytes:
    """Inflate the picture data; asserts that the stream ends with them, checksum and all."""
    stream = zlib.decompressobj()
    raw = stream.decompress(picture_data(data))
    assert stream.eof
    assert not stream.unused_data
    return raw


def around(data: bytes) -> list[bytes]:
    return [whole for kind, whole in split(data) if kind not in {b"IDAT", b"PLTE"}]


def rgba(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


def by_libpng(data: bytes) -> Pixels:
    found: Pixels = pytest.importorskip("imagecodecs").png_decode(data)
    return found if found.ndim == 3 else found[..., None]


def shown(data: bytes, within: Box | None = None) -> Pixels:
    (picture,) = ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=within)
    return picture.pixels


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the core answered, call by call."""
    answers: list[Any] = []
    real = png.splice

    def noted(*args: Any, **more: Any) -> Any:
        answers.append(real(*args, **more))
        return answers[-1]

    monkeypatch.setattr(png, "splice", noted)
    return answers


@pytest.mark.parametrize("start", range(0, CASES, 10))
def test_a_splice_gives_the_rows_that_the_plain_path_gives(
    start: int, monkeypatch: pytest.MonkeyPatch, results: list[Any]
) -> None:
    for seed in range(start, start + 10):
        given = case(seed)
        results.clear()

        ours = painted(given)

        lifted = ours[24:26] != given.data[24:26]  # no room for the plate's colours: not spliced
        assert lifted or [type(answer) for answer in results] == [png.Splice], given.kind
        plain = plainly(given, monkeypatch)
        assert inflated(ours) == inflated(plain), given.kind
        assert around(ours) == around(plain), given.kind


@pytest.mark.parametrize("start", range(0, CASES, 20))
@pytest.mark.parametrize("judge", [rgba, by_libpng])
def test_other_decoders_see_the_plate_and_the_old_pixels(
    start: int, judge: Callable[[bytes], Pixels]
) -> None:
    for seed in range(start + 5, start + 10):
        given = case(seed)
        before, after = judge(given.data), judge(painted(given))
        x, y, width, height = given.box
        inside = np.zeros(before.shape[:2], np.bool_)
        inside[y : y + height, x : x + width] = True

        assert (before[~inside] == after[~inside]).all(), given.kind
        levels = after[inside].reshape(height * width, -1)[:, 0]
        top = int(np.iinfo(after.dtype).max)
        wanted = given.plate[..., 0].ravel().astype(int) // 255 * top
        near = 1 if b"tRNS" in given.data else 0  # a colour that is transparent is stepped over
        assert (np.abs(levels.astype(int) - wanted) <= near).all(), given.kind


@pytest.mark.parametrize("seed", range(3, 63, 12))
def test_imagemagick_reads_spliced_files_without_a_warning(seed: int, tmp_path: Path) -> None:
    magick = shutil.which("convert")
    if magick is None:
        pytest.skip("ImageMagick is not installed")
    (tmp_path / "out.png").write_bytes(painted(case(seed)))

    done = subprocess.run(
        [magick, "-regard-warnings", tmp_path / "out.png", "rgba:-"],
        capture_output=True,
        check=True,
    )

    assert not done.stderr


@pytest.mark.parametrize("start", range(0, CASES // 2, 10))
def test_a_part_is_what_the_whole_shows_there(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(start, start + 10):
        given = case(seed)
        x, y, width, height = given.box

        part = shown(given.data, given.box)

        assert (part == shown(given.data)[y : y + height, x : x + width]).all(), given.kind
        with monkeypatch.context() as patched:
            patched.setenv("KZMARK_PURE", "1")
            assert (part == shown(given.data, given.box)).all(), given.kind


def large(pack: Callable[[bytes], bytes], *, behind: bytes = b"", colour: int = RGB) -> bytes:
    """Return a picture of 600x700 noise whose rows this function packs."""
    noise = np.random.default_rng(5).integers(0, 60, (700, 600, 3 if colour == RGB else 1))
    rows = noise.astype(np.uint8).reshape(700, -1)
    raw = np.concatenate([np.zeros((700, 1), np.uint8), rows], axis=1).tobytes()
    data = pack(raw) + behind
    return MAGIC + ihdr(600, 700, 8, colour) + chunk(b"IDAT", data) + chunk(b"IEND")


def at_top(data: bytes) -> Case:
    return Case(data=data, plate=plate_of(200, 40), corner=(20, 10), kind="")


def test_what_stands_far_behind_the_plate_is_copied_byte_for_byte(results: list[Any]) -> None:
    given = at_top(large(zlib.compress))

    after = picture_data(painted(given))

    before, (done,) = picture_data(given.data), results
    kept = before[done.stop : -4]
    assert len(kept) > len(before) * 0.8
    assert after.endswith(kept + done.checksum)


def test_a_chunk_whose_data_stay_is_left_alone() -> None:
    whole = large(zlib.compress)
    data = picture_data(whole)
    pieces = [chunk(b"IDAT", data[at : at + 30_000]) for at in range(0, len(data), 30_000)]
    given = at_top(b"".join([whole[:33], *pieces, chunk(b"IEND")]))

    after = [chunk for kind, chunk in split(painted(given)) if kind == b"IDAT"]

    assert len(set(pieces) - set(after)) < len(pieces) // 4
    assert after[-2] == pieces[-2]


@pytest.mark.parametrize("behind", [bytes(9), b"\xff" * 5, b"\0\0\0\0"])
def test_bytes_behind_the_stream_leave_it_to_the_plain_path(
    behind: bytes, results: list[Any]
) -> None:
    given = at_top(large(zlib.compress, behind=behind))

    after = painted(given)

    assert results == [Refusal.UNSUPPORTED]
    assert len(inflated(after)) == 700 * 1801


def test_a_plate_near_the_end_refuses_a_wrong_checksum() -> None:
    given = large(lambda raw: zlib.compress(raw)[:-1] + b"\0")
    case_ = Case(data=given, plate=plate_of(600, 40), corner=(0, 660), kind="")

    with pytest.raises(MalformedMediaError, match="damaged"):
        painted(case_)


@pytest.mark.parametrize("header", [b"\x78\xbb", b"\x79\x9c", b"\x78\x9d"])
def test_a_header_that_is_none_is_left_to_the_plain_path(header: bytes, results: list[Any]) -> None:
    given = at_top(large(lambda raw: header + zlib.compress(raw)[2:]))

    with pytest.raises(MalformedMediaError):
        painted(given)

    assert results == [Refusal.UNSUPPORTED]


def test_matches_stay_within_the_window_that_the_header_declares() -> None:
    def narrow(raw: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, 9)
        return packer.compress(raw) + packer.flush()

    given = at_top(large(narrow, colour=GREY))

    after = picture_data(painted(given))

    reader = zlib.decompressobj(9)
    assert len(reader.decompress(after)) == 700 * 601
    assert reader.eof


def test_a_bottom_strip_keeps_the_bits_in_front(results: list[Any]) -> None:
    data = large(zlib.compress)
    given = Case(data=data, plate=plate_of(600, 40), corner=(0, 660), kind="")

    after = picture_data(painted(given))

    before, (done,) = picture_data(data), results
    assert done.start > len(before) * 0.9
    assert done.stop == len(before) - 4
    assert after.startswith(before[: done.start])


def test_sizes_that_contradict_each_other_are_refused() -> None:
    stream = png.Stream(b"x" * 99, np.array([[0, 99]], np.int64))
    shape = png.Shape(10, 30, 3)
    ink = png.Ink(top=8, left=0, rows=np.zeros((3, 6), np.uint8), full=False, indexed=False)

    with pytest.raises(ValueError, match="do not go together"):
        png.splice(stream, shape, ink=ink)
    with pytest.raises(ValueError, match="do not go together"):
        png.rows(stream, shape, first=0, last=11, width=30, whole=True)
    with pytest.raises(ValueError, match="do not go together"):
        astray = png.Stream(b"x" * 99, np.array([[90, 10]], np.int64))
        png.rows(astray, shape, first=0, last=5, width=30, whole=True)


def test_rows_with_a_filter_that_does_not_exist_are_refused() -> None:
    samples = np.zeros((4, 5, 1), np.uint8)
    raw = bytearray(scanlines(samples, 8, GREY, seed=None))
    raw[12] = 9
    data = MAGIC + ihdr(5, 4, 8, GREY) + chunk(b"IDAT", zlib.compress(bytes(raw))) + chunk(b"IEND")

    with pytest.raises(MalformedMediaError, match="filter type 9"):
        shown(data)
    with pytest.raises(MalformedMediaError, match="filter type 9"):
        painted(Case(data=data, plate=plate_of(2, 4), corner=(1, 0), kind=""))
