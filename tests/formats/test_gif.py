"""GIF: the mark goes in and comes out, and every other byte stays."""

import io
import json
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats.gif import ADAPTER
from kzmark.formats.gif.blocks import Extension, parse
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.report import Status
from kzmark.vocabulary import Layer, Medium, Operation, SourceType

MARK = Mark(
    mark_id=UUID(int=7),
    operation=Operation.CREATED,
    source_type=SourceType.TRAINED,
    medium=Medium.IMAGE,
    system=System(name="Сурет", version="2"),
    responsible=Responsible(name="ТОО Үлгі"),
    created=datetime(2026, 3, 1, tzinfo=UTC),
    profile="kz-2026.1",
    notice=NoticeRecord(languages=("kk", "ru"), texts=("ЖИ жасаған", "Создано ИИ")),
)
OTHERS = b"!\xff\x0bC2PA_GIF\1\0\0\3abc\0"
ADOBE = b"!\xff\x0bICCRGBG1012\5other\0"


def animation() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue", "white")]
    for index, frame in enumerate(frames):
        frame.paste((9, 9, 9), (index * 5, 0, index * 5 + 8, 8))
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[70, 80, 90, 100],
        loop=3,
        comment=b"by hand",
    )
    return buffer.getvalue()


def still(version: bytes = b"GIF87a") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((21, 13), 90).save(buffer, "GIF")
    return version + buffer.getvalue()[6:]


def written(data: bytes, mark: Mark = MARK) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def others(data: bytes) -> list[bytes]:
    blocks = parse(data, limits=DEFAULT_LIMITS).blocks
    return [block.raw for block in blocks if b"XMP DataXMP" not in block.raw]


def everything(data: bytes, limits: Limits = DEFAULT_LIMITS) -> None:
    """Do with a file all that an adapter can do."""
    plate = np.full((4, 6, 3), 200, np.uint8)
    source = io.BytesIO(data)
    ADAPTER.read(source, limits=limits)
    ADAPTER.write(source, io.BytesIO(), MARK, limits=limits)
    ADAPTER.sizes(source, limits=limits)
    for picture in ADAPTER.pictures(source, limits=limits, within=(0, 0, 9, 9)):
        assert picture.pixels.shape[2] == 3
    ADAPTER.paint(
        source, io.BytesIO(), lambda w, h: Patch(x=0, y=0, pixels=plate[:h, :w]), limits=limits
    )


@pytest.mark.parametrize("data", [animation(), still(), still(b"GIF89a")])
def test_the_mark_comes_back_as_it_was_written(data: bytes) -> None:
    (evidence,) = ADAPTER.read(io.BytesIO(written(data)), limits=DEFAULT_LIMITS)

    assert evidence.status is Status.PRESENT
    assert evidence.mark == MARK


def test_a_file_without_xmp_says_so() -> None:
    (evidence,) = ADAPTER.read(io.BytesIO(animation()), limits=DEFAULT_LIMITS)

    assert (evidence.layer, evidence.status) == (Layer.XMP, Status.ABSENT)


def test_writing_twice_is_writing_once() -> None:
    once = written(animation())

    assert written(once) == once


def test_every_other_block_stays_byte_for_byte() -> None:
    data = animation()[:-1] + OTHERS + ADOBE + b"\0\0;and some more"

    marked = written(data)

    assert others(marked) == others(data)
    assert marked.endswith(b";and some more")


def test_the_version_becomes_89a_because_extensions_need_it() -> None:
    assert still().startswith(b"GIF87a")
    assert written(still()).startswith(b"GIF89a")


def test_the_packet_stands_after_the_loop_count_and_before_an_earlier_manifest() -> None:
    data = animation()
    first = data.index(b"!\xf9")

    blocks = parse(written(data[:first] + OTHERS + data[first:]), limits=DEFAULT_LIMITS).blocks

    names = [b.raw[3:11] for b in blocks if isinstance(b, Extension) and b.label == 0xFF]
    assert names == [b"NETSCAPE", b"XMP Data", b"C2PA_GIF"]


def test_pillow_shows_a_marked_animation_as_before() -> None:
    before, after = (
        Image.open(io.BytesIO(animation())),
        Image.open(io.BytesIO(written(animation()))),
    )

    assert after.info["loop"] == before.info["loop"] == 3
    for old, new in zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True):
        assert old.info.get("duration") == new.info.get("duration")
        assert np.array_equal(np.asarray(old.convert("RGBA")), np.asarray(new.convert("RGBA")))


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_finds_the_packet_and_the_animation(tmp_path: Path) -> None:
    path = tmp_path / "marked.gif"
    path.write_bytes(written(animation()))

    out = subprocess.run(["exiftool", "-j", "-G1", "-n", path], capture_output=True, check=True)

    found = json.loads(out.stdout)[0]
    assert found["XMP-iptcExt:DigitalSourceType"] == SourceType.TRAINED.uri
    assert found["GIF:FrameCount"] == 4
    assert "ExifTool:Warning" not in found


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_what_exiftool_wrote_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gif"
    path.write_bytes(animation())
    subprocess.run(["exiftool", "-q", "-XMP-dc:Creator=Abai", path], check=True)

    path.write_bytes(written(path.read_bytes()))

    out = subprocess.run(["exiftool", "-j", "-XMP:all", path], capture_output=True, check=True)
    found = json.loads(out.stdout)[0]
    assert found["Creator"] == "Abai"
    assert found["DigitalSourceType"] == SourceType.TRAINED.uri


def test_a_packet_that_was_stored_in_sub_blocks_is_understood() -> None:
    data = written(still())
    (block,) = (b for b in parse(data, limits=DEFAULT_LIMITS).blocks if b"XMP Data" in b.raw)
    packet = block.raw[14:-258]
    pieces = [packet[at : at + 255] for at in range(0, len(packet), 255)]
    wrapped = b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"

    (evidence,) = ADAPTER.read(
        io.BytesIO(data.replace(block.raw, block.raw[:14] + wrapped)), limits=DEFAULT_LIMITS
    )

    assert evidence.mark == MARK


def test_a_canvas_smaller_than_the_first_frame_grows_as_in_browsers() -> None:
    data = bytearray(still())
    data[6:10] = struct.pack("<HH", 0, 5)
    at = data.index(b",", 13 + 768)
    data[at + 1 : at + 5] = struct.pack("<HH", 10, 0)

    assert ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS) == [(31, 13)]


def test_a_missing_trailer_is_forgiven_after_a_whole_frame_and_added() -> None:
    assert written(animation()[:-1]) == written(animation())


def test_a_file_cut_anywhere_else_ends_in_a_media_error() -> None:
    data = animation()
    ends = {0, len(data)}
    position = len(data) - 1
    for block in reversed(parse(data, limits=DEFAULT_LIMITS).blocks):
        if not isinstance(block, Extension):
            ends.add(position)
        position -= len(block.raw)

    for length in set(range(0, len(data), 37)) - ends:
        with pytest.raises(MediaError):
            ADAPTER.read(io.BytesIO(data[:length]), limits=DEFAULT_LIMITS)
        with pytest.raises(MediaError):
            everything(data[:length])


@given(st.integers(0, 1 << 30), st.lists(st.integers(0, 1 << 30), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_flipped_bits_end_well_or_in_a_media_error(start: int, flips: list[int]) -> None:
    data = bytearray([animation(), still()][start % 2])
    for flip in flips:
        data[flip // 8 % len(data)] ^= 1 << flip % 8

    try:
        everything(bytes(data), Limits(max_pixels=1_000_000, max_total_pixels=5_000_000))
    except MediaError:
        return


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_after_the_header_end_well_or_in_a_media_error(tail: bytes) -> None:
    try:
        everything(still()[:13] + tail, Limits(max_pixels=1_000_000))
    except MediaError:
        return


def test_endless_and_starved_pixel_data_are_told_from_each_other() -> None:
    data = still()
    blocks = parse(data, limits=DEFAULT_LIMITS)
    image = blocks.blocks[-1].raw
    endless = data.replace(image, image[:-1] + b"\xff" * 25_600 + b"\0")
    starved = data.replace(image, image[:11] + b"\1\0\0")

    everything(endless)

    with pytest.raises(MalformedMediaError, match="cannot be decoded"):
        everything(starved)


@pytest.mark.parametrize("size", [(65535, 65535), (20000, 9000)])
def test_a_huge_canvas_in_a_small_file_is_refused(size: tuple[int, int]) -> None:
    data = still()
    data = data[:6] + struct.pack("<HH", *size) + data[10:]

    with pytest.raises(LimitExceededError):
        ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_a_bomb_of_tiny_blocks_is_refused() -> None:
    data = still()[:-1]

    with pytest.raises(LimitExceededError, match="extensions"):
        ADAPTER.read(io.BytesIO(data + b"!\xfe\0" * 60_000 + b";"), limits=DEFAULT_LIMITS)
    frames = data + b",\0\0\0\0\1\0\1\0\0\2\0" * 6_000 + b";"
    with pytest.raises(LimitExceededError, match="frames"):
        ADAPTER.read(io.BytesIO(frames), limits=DEFAULT_LIMITS)


def test_an_xmp_packet_over_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceededError, match="XMP"):
        ADAPTER.read(io.BytesIO(written(still())), limits=Limits(max_metadata=1_000))


def test_a_gif_without_an_image_is_no_picture() -> None:
    with pytest.raises(MalformedMediaError, match="no image"):
        ADAPTER.sizes(io.BytesIO(b"GIF89a\1\0\1\0\0\0\0!\xfe\0;"), limits=DEFAULT_LIMITS)
