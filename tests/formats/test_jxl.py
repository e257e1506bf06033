"""JPEG XL against djxl, jxlinfo, exiftool and C2PA: nothing lost where nothing was lost before."""

import dataclasses
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from tests.formats.bmff_samples import (
    LIMITS,
    PACKET,
    band,
    corner,
    exif,
    inside,
    jxl,
    outside,
    painted,
    scene,
    shown,
    told,
    tool,
    written,
)
from tests.signing.outside import assert_valid_outside, trusting

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats._bmff.boxes import pack
from kzmark.formats.jxl import ADAPTER
from kzmark.formats.jxl.bits import ENUM, Bits, Writer
from kzmark.formats.jxl.boxes import Box, codestream, header_of, join, read_boxes
from kzmark.formats.jxl.graft import graft, linear
from kzmark.formats.jxl.header import MAGIC, Header, read_header
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import new_identity
from kzmark.vocabulary import Layer

TYPE = Box(b"ftyp", b"jxl \0\0\0\0jxl ")


def code_of(data: bytes) -> bytes:
    return codestream(read_boxes(data, limits=LIMITS))


def header(data: bytes, *, whole: bool = True) -> Header:
    return header_of(read_boxes(data, limits=LIMITS), limits=LIMITS, whole=whole)


def stored(data: bytes) -> NDArray[Any]:
    import imagecodecs

    found: NDArray[Any] = imagecodecs.jpegxl_decode(data, index=0, keeporientation=True)
    return found


def turned(data: bytes, orientation: int) -> bytes:
    old = header(data)
    return graft(dataclasses.replace(old, orientation=orientation), old, alpha=bool(old.channels))


def made_by_cjxl(folder: Path, image: Path, *options: str) -> bytes:
    program = tool("cjxl")
    subprocess.run(
        [program, str(image), "made.jxl", *options], cwd=folder, check=True, capture_output=True
    )
    return (folder / "made.jxl").read_bytes()


def by_djxl(folder: Path, data: bytes) -> NDArray[Any]:
    program = tool("djxl")
    (folder / "in.jxl").write_bytes(data)
    subprocess.run([program, "in.jxl", "out.png"], cwd=folder, check=True, capture_output=True)
    found: NDArray[Any] | None = cv2.imread(str(folder / "out.png"), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found


def colours(folder: Path, data: bytes) -> str:
    program = tool("jxlinfo")
    (folder / "in.jxl").write_bytes(data)
    done = subprocess.run(
        [program, "in.jxl"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.split("Color space:")[1]


def png(folder: Path, array: NDArray[Any] | None = None, **options: Any) -> Path:
    Image.fromarray(scene() if array is None else array).save(folder / "in.png", **options)
    return folder / "in.png"


# layers


@pytest.mark.parametrize("container", [False, True])
def test_a_container_carries_the_mark_and_exiftool_reads_it(
    mark: Mark, tmp_path: Path, *, container: bool
) -> None:
    data = jxl(lossless=True, usecontainer=container)

    after = written(ADAPTER, data, mark)

    assert code_of(after) == code_of(data)
    seen = told(after, tmp_path / "a.jxl")
    assert str(mark.mark_id) in seen["[XMP-kz] Record"]
    assert str(mark.mark_id) in seen["[ExifIFD] UserComment"]
    assert written(ADAPTER, after, mark) == after
    assert np.array_equal(stored(after), scene())


def test_what_others_wrote_stays_compressed_or_not(mark: Mark, tmp_path: Path) -> None:
    import imagecodecs

    block = b"\0\0\0\0" + exif()[6:]
    for packed in (False, True):
        boxes = [Box(b"xml ", PACKET), Box(b"Exif", block)]
        if packed:
            boxes = [Box(b"brob", kind + imagecodecs.brotli_encode(d)) for kind, d in boxes]
        data = join([TYPE, *boxes, Box(b"jxlc", code_of(jxl()))])

        after = written(ADAPTER, data, mark)

        seen = told(after, tmp_path / "a.jxl")
        assert (seen["[IFD0] Artist"], seen["[XMP-dc] Format"]) == ("theirs", "theirs")
        assert {e.mark for e in ADAPTER.read(io.BytesIO(after), limits=LIMITS)} == {mark}
        assert written(ADAPTER, after, mark) == after


def test_a_signature_holds_outside(mark: Mark, tmp_path: Path) -> None:
    identity = new_identity(tmp_path / "identity", organisation="ТОО Пример")
    signer = c2pa.Signer(identity)
    first, second = io.BytesIO(), io.BytesIO()
    data = written(ADAPTER, jxl(), mark)
    c2pa.sign(io.BytesIO(data), first, mark=mark, mime="image/jxl", signer=signer)

    data = written(ADAPTER, painted(ADAPTER, first.getvalue())[0], mark)
    c2pa.sign(io.BytesIO(data), second, mark=mark, mime="image/jxl", signer=signer)

    seen = trusting(second.getvalue(), "image/jxl", identity)
    assert (seen.status, seen.facts["manifests"]) == (Status.PRESENT, "2")
    assert_valid_outside(second.getvalue(), "image/jxl", identity)
    assert {e.mark for e in ADAPTER.read(second, limits=LIMITS)} == {mark}


# lossless


@pytest.mark.parametrize(
    ("array", "bits"),
    [
        (scene(), 8),
        (scene()[..., 0], 8),
        (np.dstack([scene(), scene(seed=1)[..., :1]]), 8),
        (np.dstack([scene()[..., :1], scene(seed=1)[..., :1]]), 8),
        (scene().astype(np.uint16) * 4 + 1, 10),
        (scene().astype(np.uint16) * 257, 16),
        (np.dstack([scene(), scene()]).astype(np.uint16)[..., :4] * 255 + 7, 16),
        (scene() >> 7, 1),
        ((scene() / 255).astype(np.float32), 32),
        ((scene() / 255).astype(np.float16), 16),
    ],
)
@pytest.mark.parametrize("patch_for", [corner, band])
def test_no_sample_of_a_lossless_picture_changes_outside_the_plate(
    array: NDArray[Any], bits: int, patch_for: Any
) -> None:
    options = {"bitspersample": bits} if array.dtype.kind == "u" else {}
    data = jxl(array, lossless=True, **options)

    after, notes = painted(ADAPTER, data, patch_for)

    was, now = stored(data), stored(after)
    x, y, width, height = patch_for(160, 120).box
    keep = np.ones(now.shape[:2], np.bool_)
    keep[y : y + height, x : x + width] = False
    assert (now.dtype, header(after).bits, notes) == (was.dtype, bits, [])
    assert np.array_equal(now[:120][keep[:120]], was[keep[:120]])
    assert inside(shown(ADAPTER, after)[0], patch_for(160, 120)) < (25 if bits == 1 else 8)


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(8, 90),
    height=st.integers(8, 90),
    orientation=st.integers(1, 8),
    channels=st.sampled_from([1, 2, 3, 4]),
    seed=st.integers(0, 99),
)
def test_any_lossless_picture_keeps_every_pixel(
    width: int, height: int, orientation: int, channels: int, seed: int
) -> None:
    array = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    data = turned(jxl(array.squeeze() if channels == 1 else array, lossless=True), orientation)

    def dot(across: int, down: int) -> Patch:
        return Patch(x=across // 2, y=down // 2, pixels=np.full((3, 4, 3), 9, np.uint8))

    (before,), (after,) = shown(ADAPTER, data), shown(ADAPTER, painted(ADAPTER, data, dot)[0])
    (size,) = ADAPTER.sizes(io.BytesIO(data), limits=LIMITS)
    x, y, across, down = dot(*size).box
    keep = np.ones((size[1], size[0]), np.bool_)
    keep[y : y + down, x : x + across] = False

    assert size == (before.width, before.height) == (after.width, after.height)
    assert np.array_equal(before.pixels[keep], after.pixels[keep])
    assert (after.pixels[~keep] == 9).all()


# colour and lossy pictures, judged by djxl


@pytest.mark.parametrize("distance", ["0", "1"])
@pytest.mark.parametrize(
    "space",
    [
        "RGB_D65_SRG_Per_SRG",
        "RGB_D65_DCI_Rel_SRG",
        "RGB_D65_202_Rel_PeQ",
        "RGB_D65_SRG_Rel_Lin",
        "RGB_D65_SRG_Rel_g0.45455",
    ],
)
def test_colours_stay_what_they_were(space: str, distance: str, tmp_path: Path) -> None:
    data = made_by_cjxl(tmp_path, png(tmp_path), "-d", distance, "-x", f"color_space={space}")

    after, _ = painted(ADAPTER, data)

    assert colours(tmp_path, after) == colours(tmp_path, data)
    was, now = by_djxl(tmp_path, data), by_djxl(tmp_path, after)
    wrong = float((was[40:].astype(float) - now[40:]).__pow__(2).mean())
    assert (wrong == 0) if distance == "0" else 10 * np.log10(255**2 / wrong) > 40


@pytest.mark.parametrize("distance", ["0", "1"])
@pytest.mark.parametrize("effort", ["1", "7"])
def test_a_profile_is_copied_bit_by_bit(distance: str, effort: str, tmp_path: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[profile.index(b"XYZ ", 400) + 10] ^= 0x17  # a colour space that has no name
    image = png(tmp_path, icc_profile=bytes(profile))
    data = made_by_cjxl(tmp_path, image, "-d", distance, "-e", effort)
    assert header(data).colour.icc

    after, _ = painted(ADAPTER, data)

    assert colours(tmp_path, after) == colours(tmp_path, data)
    was, now = by_djxl(tmp_path, data), by_djxl(tmp_path, after)
    wrong = float((was[40:].astype(float) - now[40:]).__pow__(2).mean())
    assert (wrong == 0) if distance == "0" else 10 * np.log10(255**2 / wrong) > 44


def test_lossy_pictures_keep_44_db() -> None:
    clear = np.dstack([scene(), scene(seed=1)[..., :1]])
    for array in (scene(), scene()[..., 0], clear, scene().astype(np.uint16) * 257):
        data = jxl(array, distance=1.0)

        after, _ = painted(ADAPTER, data, band)

        assert header(after).bits == header(data).bits
        assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], band(160, 120)) >= 43.9
        assert inside(shown(ADAPTER, after)[0], band(160, 120)) < (3 if array.shape[2:] else 5)


def test_a_transcoded_jpeg_loses_its_way_back_and_says_so(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.jpg", quality=90, exif=exif())
    data = made_by_cjxl(tmp_path, tmp_path / "in.jpg")

    after, notes = painted(ADAPTER, data)

    assert notes == ["jpeg-reconstruction-dropped"]
    assert b"jbrd" not in after
    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) >= 43.9


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_orientation_stays_and_djxl_shows_it_upright(orientation: int, tmp_path: Path) -> None:
    data = turned(jxl(lossless=True), orientation)

    after, _ = painted(ADAPTER, data, band)

    assert header(after).orientation == orientation
    (ours,) = shown(ADAPTER, after)
    assert np.array_equal(by_djxl(tmp_path, after)[..., ::-1], ours.pixels)
    assert inside(ours, band(ours.width, ours.height - 24)) == 0


# headers


def test_fields_come_back_as_they_were_written() -> None:
    out = Writer()
    for value, count in ((5, 3), (0, 1), (1023, 10), (1, 40)):
        out.put(value, count)
    bits = Bits(out.getvalue())

    assert [bits.take(count) for count in (3, 1, 10, 40)] == [5, 0, 1023, 1]
    with pytest.raises(MalformedMediaError):
        bits.take(8)


@pytest.mark.parametrize(
    ("coded", "value"),
    [
        ([(0, 2)], 0),
        ([(1, 2), (15, 4)], 16),
        ([(2, 2), (255, 8)], 272),
        ([(3, 2), (4095, 12)], 4095),
    ],
)
def test_numbers_of_64_bits(coded: list[tuple[int, int]], value: int) -> None:
    out = Writer()
    for number, count in [*coded, (0, 8)]:
        out.put(number, count)

    assert Bits(out.getvalue()).u64() == value
    assert Bits(b"\x02").u32(ENUM) == 2


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_sizes_survive_new_headers(width: int, height: int) -> None:
    old = read_header(jxl(scene(16, 16), lossless=True), limits=LIMITS)
    changed = dataclasses.replace(old, width=width, height=height)

    new = read_header(graft(changed, changed, alpha=False), limits=LIMITS)

    assert (new.width, new.height) == (width, height)


def test_linear_headers_make_a_decoder_give_light() -> None:
    import imagecodecs

    data = jxl(distance=0.3)

    light = imagecodecs.jpegxl_decode(linear(read_header(data, limits=LIMITS)))

    assert light.dtype == np.float32
    back = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055)
    assert np.abs(back * 255 - stored(data)).max() < 1.5


# refusals


def test_an_animation_is_refused_in_words() -> None:
    data = jxl(np.stack([scene(), scene(seed=1)]), lossless=True)

    assert ADAPTER.sizes(io.BytesIO(data), limits=LIMITS) == [(160, 120)]
    with pytest.raises(MediaError, match="animated"):
        painted(ADAPTER, data)
    with pytest.raises(MediaError, match="animated"):
        shown(ADAPTER, data)


def test_a_missing_backend_is_named(monkeypatch: pytest.MonkeyPatch, mark: Mark) -> None:
    import imagecodecs

    data = join(
        [TYPE, Box(b"brob", b"xml " + imagecodecs.brotli_encode(PACKET)), Box(b"jxlc", jxl())]
    )
    monkeypatch.setitem(sys.modules, "imagecodecs", None)

    evidence = {e.layer: e for e in ADAPTER.read(io.BytesIO(data), limits=LIMITS)}
    assert evidence[Layer.XMP].status is Status.UNCHECKED
    assert evidence[Layer.EXIF].status is Status.ABSENT
    assert ADAPTER.sizes(io.BytesIO(data), limits=LIMITS) == [(160, 120)]
    for call in (lambda: painted(ADAPTER, data), lambda: written(ADAPTER, data, mark)):
        with pytest.raises(BackendMissingError) as caught:
            call()
        assert (caught.value.backend, caught.value.extra) == ("imagecodecs", "jxl")


def test_a_compressed_box_is_inflated_up_to_the_limit() -> None:
    import imagecodecs

    bomb = Box(b"brob", b"xml " + imagecodecs.brotli_encode(bytes(5_000_000)))
    data = join([TYPE, bomb, Box(b"jxlc", jxl())])
    limits = Limits(max_metadata=100_000)

    evidence = {e.layer: e.status for e in ADAPTER.read(io.BytesIO(data), limits=limits)}

    assert evidence[Layer.XMP] is Status.BROKEN


def test_a_declared_size_beyond_the_limits_is_refused_before_decoding() -> None:
    old = read_header(jxl(scene(16, 16), lossless=True), limits=LIMITS)
    changed = dataclasses.replace(old, width=1 << 28, height=1 << 28)
    data = graft(changed, changed, alpha=False)

    for call in (
        ADAPTER.sizes,
        ADAPTER.read,
        lambda s, limits: list(ADAPTER.pictures(s, limits=limits)),
    ):
        with pytest.raises(LimitExceededError):
            call(io.BytesIO(data), limits=LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\0\0\0\x0cJXL \r\n\x87\n" + pack(b"ftyp", b"jxl \0\0\0\0jxl "),
        b"\0\0\0\x0cJXL \r\n\x87\n" + pack(b"jxlc", MAGIC),
        join([TYPE, Box(b"jxlp", b"\0\0\0\1" + MAGIC)]),
        join([TYPE, Box(b"jxlp", b"")]),
    ],
)
def test_what_is_no_jpeg_xl_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        ADAPTER.read(io.BytesIO(data), limits=LIMITS)


def test_two_letters_alone_are_no_codestream() -> None:
    assert ADAPTER.confirm(jxl()[:4096])
    assert ADAPTER.confirm(jxl(usecontainer=True)[:4096])
    assert not ADAPTER.confirm(MAGIC)


def test_a_file_cut_anywhere_raises_only_media_errors(mark: Mark) -> None:
    whole = written(ADAPTER, jxl(scene(64, 48), lossless=True), mark)
    for length in range(0, len(whole) - 1, 37):
        cut = io.BytesIO(whole[:length])
        try:
            ADAPTER.read(cut, limits=LIMITS)
            list(ADAPTER.pictures(cut, limits=LIMITS))
        except MediaError:
            continue


def test_a_damaged_file_raises_only_media_errors(mark: Mark, tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[profile.index(b"XYZ ", 400) + 10] ^= 0x17
    samples = [jxl(scene(64, 48)), jxl(scene(64, 48), distance=1.0, usecontainer=True)]
    samples.append(
        made_by_cjxl(tmp_path, png(tmp_path, scene(64, 48), icc_profile=bytes(profile)), "-d", "0")
    )
    for whole in samples:
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(2):
                data[chance.integers(0, min(len(data), 300))] = chance.integers(0, 256)
            try:
                list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS))
                written(ADAPTER, bytes(data), mark)
                painted(ADAPTER, bytes(data))
            except MediaError:
                continue


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_bytes_after_the_magic_give_headers_or_a_media_error(data: bytes) -> None:
    try:
        found = read_header(MAGIC + data, limits=LIMITS, whole=True)
    except MediaError:
        return

    assert found.width > 0
    assert found.height > 0
