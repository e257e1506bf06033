"""TIFF: the mark in the first page, a plate on every page, and every other pixel as it was."""

import contextlib
import dataclasses
import io
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import encypher_c2pa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.conftest import make_mark
from tests.formats.tiff_samples import Form, one, page, pillow, plate, scene, tiff

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import (
    LimitExceededError,
    MalformedMediaError,
    MediaError,
    UnsupportedMediaError,
)
from kzmark.formats import _orient
from kzmark.formats._base import Patch, Picture
from kzmark.formats.tiff import ADAPTER
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity, new_identity
from kzmark.vocabulary import Layer

SIZE = (61, 47)
FORMS = {
    "plain": Form(),
    "motorola": Form(order=">", compression=5),
    "big": Form(big=True, compression=8, predictor=2),
    "big motorola": Form(big=True, order=">", compression=32773),
    "tiles": Form(tile=(32, 16), compression=5),
    "planes": Form(planar=2, compression=8, predictor=2),
    "planes in tiles": Form(planar=2, tile=(16, 32)),
    "16 bits": Form(bits=16, compression=8, predictor=2),
    "16 bits, motorola": Form(bits=16, order=">", compression=5, predictor=2),
    "mirrored bits": Form(compression=8, fill_order=2),
    "alpha": Form(extras=(2,), compression=8),
    "premultiplied alpha": Form(extras=(1,), tile=(16, 16)),
    "two extras": Form(extras=(2, 0)),
    "CMYK": Form(photometric=5, compression=5),
    "grey": Form(photometric=1, compression=32773),
    "grey 4 bits": Form(photometric=1, bits=4, compression=8),
    "grey 2 bits": Form(photometric=0, bits=2),
    "grey 16 bits": Form(photometric=0, bits=16),
    "grey 32 bits": Form(photometric=1, bits=32, compression=8, predictor=2),
    "black and white": Form(photometric=1, bits=1, compression=5),
    "one strip": Form(rows=47, compression=8),
    "single rows": Form(rows=1),
}
FOR_OPENCV = (
    *("plain", "motorola", "big", "big motorola", "tiles", "planes", "alpha", "one strip"),
    *("16 bits", "16 bits, motorola", "grey", "grey 16 bits", "black and white", "single rows"),
)


def stored(form: Form, width: int = SIZE[0], height: int = SIZE[1]) -> NDArray[np.unsignedinteger]:
    count = {2: 3, 5: 4}.get(form.photometric, 1) + len(form.extras)
    values = scene(width, height, count).astype(np.uint64)
    full = (1 << form.bits) - 1
    return (values * full // 255).astype(f"u{max(1, form.bits // 8)}")


def corner(width: int, height: int) -> Patch:
    across, down = min(width - 2, 30), min(height - 2, 14)
    return Patch(x=1, y=height - down - 1, pixels=plate(across, down))


def band(width: int, height: int) -> Patch:
    return Patch(x=0, y=height, pixels=plate(width, 12), grow=12)


def painted(data: bytes, patch_for: object = corner) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    notes = ADAPTER.paint(io.BytesIO(data), target, patch_for, limits=DEFAULT_LIMITS)  # type: ignore[arg-type]
    return target.getvalue(), list(notes)


def shown(data: bytes) -> list[Picture]:
    return list(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS))


def written(data: bytes, owner: str = "ТОО Пример", **fields: object) -> bytes:
    target = io.BytesIO()
    mark = make_mark(owner, **fields)
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def outside(picture: Picture, patch: Patch) -> NDArray[np.bool_]:
    mask = np.ones(picture.pixels.shape[:2], np.bool_)
    x, y, width, height = patch.box
    mask[y : y + height, x : x + width] = False
    return mask


def signed_by(identity: Identity, data: bytes) -> bytes:
    target = io.BytesIO()
    signer = c2pa.Signer(identity)
    c2pa.sign(io.BytesIO(data), target, mark=make_mark(), mime="image/tiff", signer=signer)
    return target.getvalue()


def assert_valid(signed: bytes, identity: Identity) -> None:
    told = encypher_c2pa.verify(
        signed,
        "image/tiff",
        trust_pem=identity.root,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert told["validation_results"]["failure"] == []
    assert (told["integrity"], told["hard_binding"]) == ("valid", "match")


def frames(data: bytes) -> Iterator[NDArray[np.uint8]]:
    """The pages as Pillow shows them."""
    with Image.open(io.BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield np.array(image if image.mode in {"I;16", "LAB", "I"} else image.convert("RGBA"))


@pytest.mark.parametrize("orientation", [1, 6, 7])
@pytest.mark.parametrize("name", FORMS)
def test_every_pixel_outside_the_plate_stays_what_it_was(name: str, orientation: int) -> None:
    form = dataclasses.replace(FORMS[name], orientation=orientation)
    array = stored(form)
    data = one(array, form)

    result, notes = painted(data)

    before, after = shown(data)[0], shown(result)[0]
    patch = corner(before.width, before.height)
    assert notes == []
    assert (after.width, after.height) == _orient.displayed(*SIZE, orientation)
    assert np.array_equal(
        before.pixels[outside(before, patch)], after.pixels[outside(after, patch)]
    )
    x, y, width, height = patch.box
    seen = after.pixels[y : y + height, x : x + width].astype(np.int16)
    off = np.abs(seen - patch.pixels)
    assert off.max() <= {1: 255, 2: 63}.get(form.bits, 11)
    assert off.mean() <= 30


@pytest.mark.parametrize("name", FOR_OPENCV)
def test_samples_outside_the_plate_are_exact_for_opencv(name: str) -> None:
    form = FORMS[name]
    array = stored(form)
    data = one(array, form)

    result, _ = painted(data)

    read = [cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_UNCHANGED) for d in (data, result)]
    before, after = (np.asarray(one) for one in read)
    assert before.shape == after.shape
    patch = corner(*SIZE)
    x, y, width, height = patch.box
    mask = np.ones(after.shape[:2], np.bool_)
    mask[y : y + height, x : x + width] = False
    assert np.array_equal(before[mask], after[mask])
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "LAB"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_pillow_sees_nothing_change_outside_the_plate(mode: str, compression: str) -> None:
    data = pillow(_image(mode), compression=compression, tiffinfo={278: 10})

    result, notes = painted(data)

    patch = corner(*SIZE)
    for before, after in zip(frames(data), frames(result), strict=True):
        mask = np.ones(after.shape[:2], np.bool_)
        mask[patch.y : patch.y + patch.box[3], patch.x : patch.x + patch.box[2]] = False
        assert np.array_equal(before[mask], after[mask])
    assert notes == []


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4"])
@pytest.mark.parametrize("orientation", [1, 8])
def test_a_fax_page_takes_the_plate(compression: str, orientation: int) -> None:
    data = pillow(_image("1"), compression=compression, tiffinfo={278: 9, 274: orientation})

    result, notes = painted(data)

    before, after = shown(data)[0], shown(result)[0]
    patch = corner(before.width, before.height)
    assert notes == []
    assert np.array_equal(
        before.pixels[outside(before, patch)], after.pixels[outside(after, patch)]
    )
    inside = after.pixels[patch.y : patch.y + 14, patch.x : patch.x + 30]
    assert np.array_equal(inside > 127, patch.pixels[: inside.shape[0], : inside.shape[1]] > 127)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["plain", "tiles", "planes", "16 bits", "one strip"])
def test_a_caption_band_leaves_the_picture_above_it_alone(name: str, orientation: int) -> None:
    form = dataclasses.replace(FORMS[name], orientation=orientation)
    data = one(stored(form), form)

    result, notes = painted(data, band)

    before, after = shown(data)[0], shown(result)[0]
    assert notes == []
    assert (after.width, after.height) == (before.width, before.height + 12)
    assert np.array_equal(after.pixels[: before.height], before.pixels)
    assert np.array_equal(after.pixels[before.height :], band(before.width, 0).pixels)
    (theirs,) = frames(result) if form.bits == 8 and form.planar == 1 else [None]
    if theirs is not None:
        assert np.array_equal(theirs[:, :, :3], after.pixels)


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr", "CMYK"])
@pytest.mark.parametrize("patch_for", [corner, band])
def test_jpeg_strips_without_the_plate_keep_their_bytes(mode: str, patch_for: object) -> None:
    data = pillow(_image(mode, 96, 80), compression="jpeg", quality=92, tiffinfo={278: 16})

    result, notes = painted(data, patch_for)

    assert notes == ["tiff-jpeg-reencoded"]
    before, after = shown(data)[0], shown(result)[0]
    top = 48 if patch_for is corner else 64
    assert np.array_equal(before.pixels[:top], after.pixels[:top])
    patch = patch_for(96, 80)  # type: ignore[operator]
    x, y, width, height = patch.box
    off = np.abs(after.pixels[y : y + height, x : x + width].astype(np.int16) - patch.pixels)
    assert off.mean() < 8
    same = outside(after, patch)[: before.height]
    assert np.abs(before.pixels.astype(np.int16) - after.pixels[: before.height])[same].mean() < 2
    for theirs, mine in zip(frames(result), shown(result), strict=True):
        assert np.abs(theirs[:, :, :3].astype(np.int16) - mine.pixels).max() <= 4


def test_a_page_of_bare_ycbcr_is_rewritten_without_loss() -> None:
    image = _image("YCbCr")
    data = pillow(image, compression="raw", tiffinfo={274: 6})

    result, notes = painted(data)

    before, after = shown(data)[0], shown(result)[0]
    patch = corner(before.width, before.height)
    assert notes == ["tiff-page-recompressed"]
    assert np.array_equal(
        before.pixels[outside(before, patch)], after.pixels[outside(after, patch)]
    )
    assert np.array_equal(next(frames(data))[:, :, :3], before.pixels)
    assert np.array_equal(next(frames(result))[:, :, :3], after.pixels)


def test_jpeg_of_the_old_kind_is_rewritten_without_loss() -> None:
    stream = io.BytesIO()
    image = _image("RGB", 48, 40)
    image.save(stream, "JPEG", quality=95)
    head = page(scene(48, 40), Form(rows=40, photometric=6, compression=6))[0]
    blank = tiff((head, [stream.getvalue()]))
    at = blank.index(b"\xff\xd8")
    head |= {513: [at, at][:1], 514: len(stream.getvalue())}
    data = tiff((head, [stream.getvalue()]))
    assert data.index(b"\xff\xd8") == at

    result, notes = painted(data)

    before, after = shown(data)[0], shown(result)[0]
    assert notes == ["tiff-page-recompressed"]
    patch = corner(48, 40)
    assert np.array_equal(
        before.pixels[outside(before, patch)], after.pixels[outside(after, patch)]
    )
    assert np.array_equal(next(frames(result))[:, :, :3], after.pixels)


def test_a_full_palette_gives_way_to_true_colour() -> None:
    image = _image("RGB", 120, 100).quantize(256)
    table = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    table[table.max(axis=1) < 90] = (90, 200, 90)
    image.putpalette(table.tobytes())
    full = np.arange(12000).reshape(100, 120) % 256
    data = pillow(_with_indices(image, full), compression="tiff_adobe_deflate")

    result, notes = painted(data)

    before, after = shown(data)[0], shown(result)[0]
    patch = corner(120, 100)
    x, y, width, height = patch.box
    assert notes == ["tiff-palette-expanded"]
    assert np.array_equal(
        before.pixels[outside(before, patch)], after.pixels[outside(after, patch)]
    )
    assert np.array_equal(after.pixels[y : y + height, x : x + width], patch.pixels)
    assert np.array_equal(next(frames(result))[:, :, :3], after.pixels)


def test_a_palette_with_room_takes_the_plates_colours_in_place() -> None:
    data = pillow(_image("RGB").quantize(60), compression="raw")

    result, notes = painted(data)

    patch = corner(*SIZE)
    x, y, width, height = patch.box
    assert notes == []
    assert len(result) == len(data)
    inside = shown(result)[0].pixels[y : y + height, x : x + width]
    assert np.array_equal(inside, patch.pixels)


def test_every_page_gets_its_plate() -> None:
    first, second = Form(compression=5), Form(photometric=1, orientation=6, tile=(16, 16))
    data = tiff(page(stored(first), first), page(stored(second, 40, 90), second))
    asked = []

    def patch_for(width: int, height: int) -> Patch:
        asked.append((width, height))
        return corner(width, height)

    result, _ = painted(data, patch_for)

    assert asked == [(61, 47), (90, 40)]
    sizes = ADAPTER.sizes(io.BytesIO(result), limits=DEFAULT_LIMITS)
    assert list(sizes) == asked
    for picture in shown(result):
        patch = corner(picture.width, picture.height)
        x, y, width, height = patch.box
        off = picture.pixels[y : y + height, x : x + width].astype(np.int16) - patch.pixels
        assert np.abs(off).max() <= 7


def test_smaller_copies_are_gone_after_painting() -> None:
    whole, small = Form(), Form()
    picture = scene(*SIZE)
    thumbnail = picture[::4, ::4]
    data = tiff(
        page(picture, whole), page(thumbnail, small, t254=1), page(scene(20, 20, seed=4), whole)
    )

    result, notes = painted(data)

    assert notes == ["tiff-thumbnail-dropped"]
    assert list(ADAPTER.sizes(io.BytesIO(result), limits=DEFAULT_LIMITS)) == [SIZE, (20, 20)]
    assert thumbnail.tobytes()[:100] not in result
    assert len(list(frames(result))) == 2


def test_photoshops_layers_and_thumbnail_are_gone_after_painting() -> None:
    thumbnail = b"\0" * 28 + b"\xff\xd8\xff\xe0jpeg"
    kept = b"8BIM\x03\xed\0\0\0\0\0\x04abcd"
    resources = kept + b"8BIM\x04\x0c\0\0" + len(thumbnail).to_bytes(4, "big") + thumbnail + kept
    data = one(
        scene(*SIZE),
        Form(),
        t34377=(1, resources),
        t37724=b"Adobe Photoshop Document Data Block\0" * 9,
    )

    result, notes = painted(data)

    assert notes == ["tiff-layers-dropped", "tiff-thumbnail-dropped"]
    assert thumbnail not in result
    assert b"Data Block" not in result
    assert kept + kept in result


def test_a_page_that_would_leave_much_unused_is_written_compactly() -> None:
    flat = np.zeros((400, 400, 3), np.uint8)
    form = Form(rows=400, compression=8)
    data = one(flat, form, t305=b"somebody\0")
    noise = np.random.default_rng(3).integers(0, 255, (60, 120, 3)).astype(np.uint8)

    result, _ = painted(data, lambda _w, _h: Patch(x=9, y=9, pixels=noise))
    again, _ = painted(result, lambda _w, _h: Patch(x=9, y=9, pixels=noise[::-1]))

    assert np.array_equal(shown(result)[0].pixels[9:69, 9:129], noise)
    assert len(again) <= len(result) * 1.02
    assert b"somebody" in again
    assert len(list(frames(again))) == 1


def test_a_strip_that_shrinks_or_fits_takes_the_place_of_the_old_one() -> None:
    form = Form(compression=8, rows=16)
    data = one(scene(400, 300), form)

    result, _ = painted(data)

    assert len(result) <= len(data)


@pytest.mark.parametrize("name", ["plain", "motorola", "big", "big motorola", "tiles", "CMYK"])
def test_the_mark_comes_back_from_every_layer(name: str) -> None:
    form = FORMS[name]
    data = one(stored(form), form, t270=b"a yurt\0", t305=b"Painter 5\0")

    result = written(data)

    evidence = ADAPTER.read(io.BytesIO(result), limits=DEFAULT_LIMITS)
    assert {(e.layer, e.status) for e in evidence} == {
        (Layer.XMP, Status.PRESENT),
        (Layer.EXIF, Status.PRESENT),
    }
    assert {e.mark for e in evidence} == {make_mark()}
    assert evidence[1].facts == {"ImageDescription": "a yurt", "Software": "Painter 5"}
    assert written(result) == result
    end = data.index(b"Painter 5")
    assert result[16:end] == data[16:end]


def test_another_mark_takes_the_place_of_the_first_without_growth() -> None:
    data = one(scene(*SIZE), Form())
    first = written(data, "ТОО Ескі атауы мен ұзын мекенжайы")

    second = written(first, "ТОО Жаңа")

    assert second == written(data, "ТОО Жаңа")
    assert b"\\u0415\\u0441\\u043a\\u0456" not in second
    assert "Ескі".encode() not in second


def test_pixels_are_not_touched_by_writing_the_mark() -> None:
    form = Form(compression=5)
    data = tiff(page(stored(form), form), page(stored(form, 30, 20), form))

    result = written(data)

    assert all(np.array_equal(a, b) for a, b in zip(frames(data), frames(result), strict=True))


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_reads_the_mark_and_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "marked.tif"
    file.write_bytes(written(painted(one(scene(*SIZE), Form(order=">")))[0]))
    asked = ("-ExifIFD:UserComment", "-IFD0:ImageDescription", "-XMP-iptcExt:DigitalSourceType")

    run = subprocess.run(
        ["exiftool", "-a", "-s", *asked, "-Error", "-Warning", file],
        capture_output=True,
        text=True,
        check=True,
    )

    comment, description, source = run.stdout.splitlines()
    assert '"mark_id":"01234567-89ab-4cde-8f01-23456789abcd"' in comment
    assert description.endswith(": ЖИ жасаған / Создано ИИ")
    assert source.endswith("/trainedAlgorithmicMedia")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("tiff") / "identity", organisation="ТОО Пример")


@pytest.mark.parametrize(
    ("name", "count"),
    [("plain", 1), ("plain", 3), ("motorola", 3), ("big", 1), ("tiles", 2)],
)
def test_a_signed_file_is_valid_and_every_reader_counts_its_pages(
    name: str, count: int, identity: Identity
) -> None:
    form = FORMS[name]
    data = tiff(*[page(stored(form, 50 + n, 40), form) for n in range(count)], form=form)
    marked = written(painted(data)[0])

    signed = signed_by(identity, marked)

    assert_valid(signed, identity)
    assert len(list(frames(signed))) == count
    assert [p.size for p in map(np.asarray, frames(signed))] == [
        p.size for p in map(np.asarray, frames(data))
    ]
    evidence = ADAPTER.read(io.BytesIO(signed), limits=DEFAULT_LIMITS)
    assert {e.mark for e in evidence} == {make_mark()}


@pytest.mark.parametrize("name", ["big", "big motorola"])
def test_many_pages_of_bigtiff_are_valid_too(name: str, identity: Identity) -> None:
    form = FORMS[name]
    data = tiff(*[page(stored(form, 50 + n, 40), form) for n in range(3)], form=form)

    signed = signed_by(identity, written(painted(data)[0]))

    assert_valid(signed, identity)
    assert len(shown(signed)) == 3


def test_a_manifest_that_stands_alone_moves_into_the_last_page(identity: Identity) -> None:
    form = Form()
    data = tiff(*[page(stored(form, 50 + n, 40), form) for n in range(2)])
    foreign = signed_by(identity, data)
    with pytest.raises(TypeError, match="Missing dimensions"):
        list(frames(foreign))

    marked = written(foreign)

    assert len(list(frames(marked))) == 2
    assert written(marked) == marked
    assert_valid(signed_by(identity, marked), identity)
    assert len(list(frames(signed_by(identity, marked)))) == 2


def test_a_directory_for_a_manifest_alone_is_no_page() -> None:
    form = Form()
    data = tiff(page(scene(*SIZE), form), ({52545: b"\0\0\0\x0bjumbsome"}, []))

    sizes = ADAPTER.sizes(io.BytesIO(painted(data)[0]), limits=DEFAULT_LIMITS)

    assert list(sizes) == [SIZE]


def test_offsets_inside_a_maker_note_are_never_moved() -> None:
    form = Form(rows=400, compression=8)
    fields, segments = page(np.zeros((400, 400, 3), np.uint8), form)
    head = tiff((fields | {34665: 1 << 20}, segments))
    note = b"Maker note with offsets " * 20
    exif = len(head).to_bytes(4, "little")
    table = struct.pack("<HHHLLL", 1, 0x927C, 7, len(note), len(head) + 18, 0) + note
    data = head.replace((1 << 20).to_bytes(4, "little"), exif) + table
    noise = np.random.default_rng(3).integers(0, 255, (60, 120, 3)).astype(np.uint8)

    result, _ = painted(data, lambda _w, _h: Patch(x=9, y=9, pixels=noise))

    assert result.index(note) == data.index(note)
    assert np.array_equal(shown(result)[0].pixels[9:69, 9:129], noise)


@pytest.mark.skipif(not shutil.which("identify"), reason="ImageMagick is not installed")
@pytest.mark.parametrize("name", FORMS)
def test_imagemagick_reads_the_outcome_without_a_warning(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    file = tmp_path / "marked.tif"
    file.write_bytes(written(painted(one(stored(form), form))[0]))

    run = subprocess.run(
        ["identify", "-regard-warnings", file], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0
    assert run.stderr == ""
    assert f"{SIZE[0]}x{SIZE[1]}" in run.stdout


def test_a_part_is_decoded_from_its_own_strips_only() -> None:
    form = Form(compression=8, rows=8)
    data = bytearray(one(scene(64, 64), form))
    whole = shown(bytes(data))[0].pixels
    data[8:40] = bytes(32)  # the first strip is no longer Deflate

    part = next(ADAPTER.pictures(io.BytesIO(data), limits=DEFAULT_LIMITS, within=(10, 40, 20, 9)))

    assert (part.x, part.y, part.width, part.height) == (10, 40, 64, 64)
    assert np.array_equal(part.pixels, whole[40:49, 10:30])
    with pytest.raises(MalformedMediaError):
        shown(bytes(data))


def test_strips_that_a_sparse_file_leaves_out_are_black() -> None:
    fields, segments = page(scene(32, 32), Form(rows=16))
    data = tiff((fields, [segments[0], b""]))

    assert not shown(data)[0].pixels[16:].any()
    after = shown(painted(data)[0])[0]
    assert after.pixels[18:].any()


def test_alpha_is_laid_over_white() -> None:
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0] = (10, 20, 30, 255)
    array[0, 1] = (100, 100, 100, 51)

    pixels = shown(one(array, Form(extras=(2,))))[0].pixels

    assert pixels[0].tolist() == [[10, 20, 30], [224, 224, 224]]
    assert pixels[1].tolist() == [[255, 255, 255]] * 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"t50706": b"\1\4\0\0"}, UnsupportedMediaError),  # DNGVersion
        ({"t339": [3, 3, 3]}, UnsupportedMediaError),  # floating point
        ({"t259": 50001}, UnsupportedMediaError),  # WebP
        ({"t262": 32803}, UnsupportedMediaError),  # a sensor's pattern
        ({"t317": 3, "t259": 8}, UnsupportedMediaError),
        ({"t257": 0}, MalformedMediaError),
        ({"t256": 1 << 31}, LimitExceededError),
        ({"t257": 4000}, MalformedMediaError),
        ({"t258": [8, 8, 16]}, UnsupportedMediaError),
    ],
)
def test_what_cannot_be_painted_is_refused_in_words(
    fields: dict[str, int], error: type[MediaError]
) -> None:
    data = one(scene(20, 20), Form(), **fields)

    with pytest.raises(error, match=r"^[a-zA-Z0-9]"):
        painted(data)


def test_a_float_page_still_takes_the_mark() -> None:
    data = one(scene(20, 20).astype(np.uint32), Form(bits=32), t339=[3, 3, 3])

    evidence = ADAPTER.read(io.BytesIO(written(data)), limits=DEFAULT_LIMITS)

    assert {e.status for e in evidence} == {Status.PRESENT}


def test_a_cyclic_chain_of_pages_is_refused() -> None:
    data = bytearray(one(scene(20, 20), Form()))
    first = int.from_bytes(data[4:8], "little")
    data[-4:] = first.to_bytes(4, "little")

    with pytest.raises(MalformedMediaError, match="comes back to itself"):
        ADAPTER.sizes(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_limits_are_kept() -> None:
    form = Form()
    data = tiff(*[page(scene(20, 20), form) for _ in range(5)])

    for limits in (Limits(max_pages=4), Limits(max_pixels=399), Limits(max_total_pixels=1999)):
        with pytest.raises(LimitExceededError):
            ADAPTER.sizes(io.BytesIO(data), limits=limits)


def test_strips_lying_over_each_other_are_refused() -> None:
    fields, segments = page(scene(20, 20), Form(rows=1))
    data = tiff((fields | {279: [1 << 22] * 20}, segments))
    data += bytes(1 << 22)
    table = b"".join(len(segment).to_bytes(4, "little") for segment in segments)
    assert table in data

    with pytest.raises(LimitExceededError, match="over each other"):
        painted(data.replace(table, (1 << 22).to_bytes(4, "little") * 20))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bytes_of_any_kind_raise_only_media_errors(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FORMS)))
    form = FORMS[name]
    whole = bytearray(one(stored(form, 20, 18), form))
    table = int.from_bytes(whole[4:8], "little" if form.order == "<" else "big")
    places = st.integers(0, len(whole) - 1) | st.integers(
        min(table, len(whole) - 9), len(whole) - 1
    )
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(places)] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    limits = Limits(max_pixels=1_000_000, max_total_pixels=2_000_000)

    for call in (
        lambda: ADAPTER.read(io.BytesIO(cut), limits=limits),
        lambda: list(ADAPTER.pictures(io.BytesIO(cut), limits=limits)),
        lambda: ADAPTER.paint(io.BytesIO(cut), io.BytesIO(), corner_of_any, limits=limits),
        lambda: ADAPTER.write(io.BytesIO(cut), io.BytesIO(), make_mark(), limits=limits),
    ):
        with contextlib.suppress(MediaError):
            call()


def corner_of_any(width: int, height: int) -> Patch:
    return Patch(x=0, y=0, pixels=plate(min(width, 9), min(height, 6)))


def _image(mode: str, width: int = SIZE[0], height: int = SIZE[1]) -> Image.Image:
    image = Image.fromarray(scene(width, height))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 200)
    if mode == "P":
        return image.quantize(60)
    if mode == "LAB":
        return Image.frombytes("LAB", image.size, image.tobytes())
    if mode in {"RGBA", "LA"}:
        image = image.convert(mode)
        image.putalpha(Image.fromarray(scene(width, height)[:, :, 0]))
        return image
    return image.convert(mode)


def _with_indices(image: Image.Image, indices: NDArray[np.int64]) -> Image.Image:
    made = Image.fromarray(indices.astype(np.uint8))
    made = made.convert("P")
    made.putpalette(image.getpalette("RGB") or [])
    return made
