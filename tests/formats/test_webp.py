"""WebP: the mark goes in and comes out, and every other chunk stays."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from tests.formats.webp_samples import (
    animation,
    chunks,
    each_kind,
    kinds,
    lossless,
    lossless_alpha,
    lossy,
    oriented,
    written,
)

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.webp import ADAPTER
from kzmark.formats.webp.riff import Chunk, WebP, parse
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.vocabulary import Layer, SourceType


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
