"""WebP: the mark goes in and comes out, and every other chunk stays."""

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageSequence
from tests.conftest import make_mark

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats._webp_riff import Chunk, WebP, parse
from kzmark.formats.webp import ADAPTER
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.vocabulary import Layer, SourceType

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(2).integers(0, 256, (23, 37, 3), np.uint8))


def lossy() -> bytes:
    return save(noise(), quality=70)


def lossy_alpha() -> bytes:
    image = noise()
    image.putalpha(Image.linear_gradient("L").resize((37, 23)))
    return save(image, quality=70)


def lossless() -> bytes:
    return save(noise(), lossless=True)


def lossless_alpha() -> bytes:
    image = noise()
    image.putalpha(Image.linear_gradient("L").resize((37, 23)))
    return save(image, lossless=True, exact=True)


def animation() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    for index, frame in enumerate(frames):
        frame.paste((9, 9, 9), (index * 5, 0, index * 5 + 8, 8))
    return save(
        frames[0], save_all=True, append_images=frames[1:], duration=[70, 80, 90], loop=3,
        background=(1, 2, 3, 4),
    )  # fmt: skip


def oriented(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    return save(Image.new("RGB", (40, 20), "teal"), exif=exif, icc_profile=ICC)


each_kind = pytest.mark.parametrize(
    "make", [lossy, lossy_alpha, lossless, lossless_alpha, animation, oriented]
)


def written(data: bytes, mark: Mark) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def chunks(data: bytes) -> list[Chunk]:
    return parse(data, limits=DEFAULT_LIMITS).chunks


def kinds(data: bytes) -> list[bytes]:
    return [chunk.kind for chunk in chunks(data)]


def everything(data: bytes, mark: Mark, limits: Limits = DEFAULT_LIMITS) -> None:
    """Do with a file all that an adapter can do."""
    plate = np.full((4, 6, 3), 200, np.uint8)
    source = io.BytesIO(data)
    ADAPTER.read(source, limits=limits)
    ADAPTER.write(source, io.BytesIO(), mark, limits=limits)
    ADAPTER.sizes(source, limits=limits)
    for picture in ADAPTER.pictures(source, limits=limits, within=(0, 0, 9, 9)):
        assert picture.pixels.shape[2] == 3
    ADAPTER.paint(
        source, io.BytesIO(), lambda w, h: Patch(x=0, y=0, pixels=plate[:h, :w]), limits=limits
    )


@each_kind
def test_the_mark_comes_back_from_both_layers(make: Callable[[], bytes], mark: Mark) -> None:
    found = ADAPTER.read(io.BytesIO(written(make(), mark)), limits=DEFAULT_LIMITS)

    assert [one.layer for one in found] == [Layer.XMP, Layer.EXIF]
    assert all(one.status is Status.PRESENT and one.mark == mark for one in found)


def test_a_file_without_metadata_says_so() -> None:
    found = ADAPTER.read(io.BytesIO(lossy()), limits=DEFAULT_LIMITS)

    assert [(one.layer, one.status) for one in found] == [
        (Layer.XMP, Status.ABSENT),
        (Layer.EXIF, Status.ABSENT),
    ]


@each_kind
def test_writing_twice_is_writing_once(make: Callable[[], bytes], mark: Mark) -> None:
    once = written(make(), mark)

    assert written(once, mark) == once


@each_kind
def test_pixels_are_not_touched_by_a_mark(make: Callable[[], bytes], mark: Mark) -> None:
    before, after = (Image.open(io.BytesIO(data)) for data in (make(), written(make(), mark)))

    assert getattr(before, "n_frames", 1) == getattr(after, "n_frames", 1)
    assert (before.mode, before.info.get("loop")) == (after.mode, after.info.get("loop"))
    assert before.info.get("background") == after.info.get("background")
    for old, new in zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True):
        assert np.array_equal(np.asarray(old), np.asarray(new))
        assert old.info.get("duration") == new.info.get("duration")


@pytest.mark.parametrize(
    ("make", "flags"),
    [(lossy, 0x0C), (lossless, 0x0C), (lossless_alpha, 0x1C), (animation, 0x0E), (oriented, 0x2C)],
)
def test_the_extended_header_states_canvas_and_features(
    make: Callable[[], bytes], flags: int, mark: Mark
) -> None:
    first = chunks(written(make(), mark))[0]

    width, height = Image.open(io.BytesIO(make())).size
    assert first.kind == b"VP8X"
    assert first.data[0] & ~0x10 == flags & ~0x10
    assert flags & 0x10 <= first.data[0] & 0x10
    assert first.data[4:] == (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def test_chunks_stand_in_the_order_of_the_specification(mark: Mark) -> None:
    data = parse(oriented(), limits=DEFAULT_LIMITS)
    data.chunks.extend([Chunk(b"junk", b"odd"), Chunk(b"C2PA", b"a manifest of somebody")])

    marked = written(data.raw, mark)

    assert kinds(marked) == [b"VP8X", b"ICCP", b"VP8 ", b"EXIF", b"XMP ", b"junk", b"C2PA"]


@each_kind
def test_chunks_of_others_stay_byte_for_byte(make: Callable[[], bytes], mark: Mark) -> None:
    file = parse(make(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, Chunk(b"odd!", b"123")], b"after the end").raw

    marked = written(data, mark)

    ours = {b"VP8X", b"EXIF", b"XMP "}
    before, after = ([c for c in chunks(raw) if c.kind not in ours] for raw in (data, marked))
    assert before == after
    assert marked.endswith(b"after the end")


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_the_prefix_of_an_exif_block_stays_as_it_was(prefix: bytes, mark: Mark) -> None:
    file = parse(oriented(), limits=DEFAULT_LIMITS)
    at = file.find(b"EXIF")
    assert at is not None
    file.chunks[at] = Chunk(b"EXIF", prefix + file.chunks[at].data)

    marked = written(file.raw, mark)

    data = chunks(marked)[at].data
    assert data[len(prefix) :].startswith((b"II*\0", b"MM\0*"))
    assert data.startswith(prefix)
    assert ADAPTER.sizes(io.BytesIO(marked), limits=DEFAULT_LIMITS) == [(20, 40)]


def exiftool(path: Path) -> dict[str, Any]:
    out = subprocess.run(["exiftool", "-j", "-G1", "-n", path], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(out.stdout)[0]
    return found


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@each_kind
def test_exiftool_finds_both_layers(make: Callable[[], bytes], mark: Mark, tmp_path: Path) -> None:
    path = tmp_path / "marked.webp"
    path.write_bytes(written(make(), mark))

    found = exiftool(path)

    assert found["XMP-iptcExt:DigitalSourceType"] == SourceType.TRAINED.uri
    assert "ЖИ жасаған" in found["IFD0:ImageDescription"]
    assert str(mark.mark_id) in found["ExifIFD:UserComment"]
    assert "ExifTool:Warning" not in found


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_what_exiftool_wrote_before_stays(mark: Mark, tmp_path: Path) -> None:
    path = tmp_path / "theirs.webp"
    path.write_bytes(oriented())
    subprocess.run(["exiftool", "-q", "-XMP-dc:Creator=Abai", "-Artist=Abai", path], check=True)

    path.write_bytes(written(path.read_bytes(), mark))

    found = exiftool(path)
    assert (found["XMP-dc:Creator"], found["IFD0:Artist"]) == ("Abai", "Abai")
    assert (found["IFD0:Make"], found["IFD0:Orientation"]) == ("Maker", 6)


@pytest.mark.skipif(not shutil.which("webpinfo"), reason="webpinfo is not installed")
@each_kind
def test_webpinfo_finds_no_fault(make: Callable[[], bytes], mark: Mark, tmp_path: Path) -> None:
    path = tmp_path / "marked.webp"
    path.write_bytes(written(make(), mark))

    run = subprocess.run(["webpinfo", path], capture_output=True, check=True, text=True)

    assert "No error detected" in run.stdout
    assert not run.stderr


@pytest.mark.skipif(not shutil.which("webpmux"), reason="webpmux is not installed")
def test_webpmux_takes_the_packet_out_again(mark: Mark, tmp_path: Path) -> None:
    path, packet = tmp_path / "marked.webp", tmp_path / "packet.xmp"
    path.write_bytes(written(animation(), mark))

    subprocess.run(["webpmux", "-get", "xmp", path, "-o", packet], capture_output=True, check=True)

    data = packet.read_bytes()
    assert data == next(c.data for c in chunks(path.read_bytes()) if c.kind == b"XMP ")


@each_kind
def test_a_file_cut_anywhere_ends_in_a_media_error(make: Callable[[], bytes], mark: Mark) -> None:
    data = written(make(), mark)

    for length in range(0, len(data) - 1, 37):
        with pytest.raises(MediaError):
            ADAPTER.read(io.BytesIO(data[:length]), limits=DEFAULT_LIMITS)


@given(st.integers(0, 5), st.lists(st.integers(0, 1 << 30), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_flipped_bits_end_well_or_in_a_media_error(kind: int, flips: list[int]) -> None:
    makers = [lossy, lossy_alpha, lossless, lossless_alpha, animation, oriented]
    data = bytearray(written(makers[kind](), make_mark()))
    for flip in flips:
        data[flip // 8 % len(data)] ^= 1 << flip % 8

    try:
        everything(bytes(data), make_mark(), Limits(max_pixels=1_000_000))
    except MediaError:
        return


@given(st.binary(max_size=200), st.sampled_from([b"VP8X", b"VP8 ", b"VP8L", b"ANMF"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_in_a_chunk_end_well_or_in_a_media_error(body: bytes, kind: bytes) -> None:
    header = b"\x12\0\0\0\x27\0\0\x1d\0\0"
    data = WebP([Chunk(b"VP8X", header), Chunk(b"ANIM", bytes(6)), Chunk(kind, body)]).raw

    try:
        everything(data, make_mark(), Limits(max_pixels=1_000_000))
    except MediaError:
        return


@pytest.mark.parametrize("declared", [0, 3, 5_000, 0xFFFFFFFF])
def test_a_riff_size_that_lies_is_refused(declared: int) -> None:
    data = lossy()

    with pytest.raises(MalformedMediaError):
        ADAPTER.read(
            io.BytesIO(data[:4] + struct.pack("<I", declared) + data[8:]), limits=DEFAULT_LIMITS
        )


def test_a_huge_canvas_in_a_small_file_is_refused() -> None:
    file = parse(animation(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(16_000, 7_000))

    with pytest.raises(LimitExceededError, match="bomb"):
        ADAPTER.sizes(io.BytesIO(file.raw), limits=DEFAULT_LIMITS)


def test_a_canvas_of_another_size_than_its_picture_is_refused() -> None:
    file = parse(oriented(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(41, 20))

    with pytest.raises(MalformedMediaError, match="canvas"):
        ADAPTER.read(io.BytesIO(file.raw), limits=DEFAULT_LIMITS)


def test_a_frame_that_leaves_its_canvas_is_refused(mark: Mark) -> None:
    file = parse(animation(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(39, 30))

    with pytest.raises(MalformedMediaError, match="leaves"):
        everything(file.raw, mark)


def test_a_bomb_of_tiny_chunks_is_refused() -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, *[Chunk(b"tiny", b"")] * 60_000]).raw

    with pytest.raises(LimitExceededError, match="chunks"):
        ADAPTER.read(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_more_frames_than_allowed_are_refused(mark: Mark) -> None:
    with pytest.raises(LimitExceededError, match="frames"):
        everything(animation(), mark, Limits(max_frames=2))
    with pytest.raises(LimitExceededError, match="together"):
        everything(animation(), mark, Limits(max_total_pixels=2_000))


@pytest.mark.parametrize("kind", [b"XMP ", b"EXIF"])
def test_metadata_over_the_limit_are_refused(kind: bytes, mark: Mark) -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, Chunk(kind, bytes(5_000))]).raw

    with pytest.raises(LimitExceededError, match="over the limit"):
        ADAPTER.read(io.BytesIO(data), limits=Limits(max_metadata=4_000))
    with pytest.raises(LimitExceededError, match="over the limit"):
        everything(data, mark, Limits(max_metadata=4_000))


def test_a_missing_last_padding_byte_is_forgiven(mark: Mark) -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, Chunk(b"odd!", b"123")]).raw

    assert written(data[:-1], mark) == written(data, mark)
