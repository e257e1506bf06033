"""AVIF against Pillow, exiftool, C2PA and imagecodecs: stills, depth, animations."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.formats.bmff_samples import (
    LIMITS,
    PACKET,
    avif,
    band,
    corner,
    exif,
    inside,
    moving_avif,
    outside,
    painted,
    scene,
    shown,
    told,
    written,
)
from tests.signing.outside import assert_valid_outside, trusting

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._bmff.boxes import pack, spans
from kzmark.formats._bmff.edit import open_file
from kzmark.formats._bmff.items import RDF, payload
from kzmark.formats._heif.layers import about
from kzmark.formats._heif.stills import Still, stills
from kzmark.formats._heif.tracks import FOREVER, Track, picture_track
from kzmark.formats.avif import ADAPTER
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import new_identity

P3 = b"nclx" + bytes([0, 12, 0, 13, 0, 6, 0x80])
SRGB = b"nclx" + bytes([0, 1, 0, 13, 0, 6, 0x80])
SAID_BY_PROFILE = b"nclx" + bytes([0, 2, 0, 2, 0, 6, 0x80])  # what libavif writes beside one


def still(data: bytes) -> Still:
    (found,) = stills(open_file(data, limits=LIMITS), limits=LIMITS)
    return found


def track(data: bytes) -> Track:
    found = picture_track(data, spans(data, 0, len(data), limits=LIMITS), limits=LIMITS)
    assert found is not None
    return found


def deep(bits: int, **options: Any) -> bytes:
    import imagecodecs

    array = options.pop("array", scene()).astype(np.uint16) << (bits - 8)
    level = options.pop("level", 90)
    if "pixelformat" in options:  # releases differ in the texts they take
        options["pixelformat"] = imagecodecs.AVIF.PIXEL_FORMAT[f"YUV{options['pixelformat']}"]
    return bytes(imagecodecs.avif_encode(array, level, speed=9, bitspersample=bits, **options))


# layers


def test_exiftool_reads_the_mark_and_what_others_wrote(mark: Mark, tmp_path: Path) -> None:
    seen = told(written(ADAPTER, avif(exif=exif(), xmp=PACKET), mark), tmp_path / "a.avif")

    assert seen["[IFD0] Artist"] == "theirs"
    assert seen["[XMP-dc] Format"] == "theirs"
    assert str(mark.mark_id) in seen["[XMP-kz] Record"]
    assert str(mark.mark_id) in seen["[ExifIFD] UserComment"]


@pytest.mark.parametrize("moving", [False, True])
def test_pillow_reads_the_same_pixels_and_the_new_packet(mark: Mark, *, moving: bool) -> None:
    data = moving_avif(xmp=PACKET, exif=exif()) if moving else avif(xmp=PACKET, exif=exif())
    after = written(ADAPTER, data, mark)

    with Image.open(io.BytesIO(data)) as a, Image.open(io.BytesIO(after)) as b:
        frames = getattr(a, "n_frames", 1)
        for index in range(frames):
            a.seek(index)
            b.seek(index)
            assert np.array_equal(np.asarray(a), np.asarray(b))
        assert str(mark.mark_id).encode() in b.info["xmp"]
        assert b"theirs" in b.info["xmp"]
        assert b.getexif()[0x013B] == "theirs"


def test_an_animation_still_plays_after_signing(mark: Mark, tmp_path: Path) -> None:
    data = written(ADAPTER, moving_avif(xmp=PACKET, exif=exif()), mark)
    identity = new_identity(tmp_path / "identity", organisation="ТОО Пример")
    target = io.BytesIO()
    signer = c2pa.Signer(identity)

    c2pa.sign(io.BytesIO(data), target, mark=mark, mime="image/avif", signer=signer)

    with Image.open(target) as image:
        assert getattr(image, "n_frames", 1) == 3
        assert str(mark.mark_id).encode() in image.info["xmp"]
    assert trusting(target.getvalue(), "image/avif", identity).status is Status.PRESENT
    assert_valid_outside(target.getvalue(), "image/avif", identity)
    assert {e.mark for e in ADAPTER.read(target, limits=LIMITS)} == {mark}


# paint


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_painted_as_it_is_shown(orientation: int) -> None:
    data = avif(exif=exif(orientation), quality=85)
    (before,) = shown(ADAPTER, data)
    after_bytes, notes = painted(ADAPTER, data, band)
    (after,) = shown(ADAPTER, after_bytes)

    assert (before.height, before.width) == ((160, 120) if orientation > 4 else (120, 160))
    assert (after.width, after.height) == (before.width, before.height + 24)
    assert outside(before, after, band(before.width, before.height)) > 44
    assert inside(after, band(before.width, before.height)) < 3
    assert notes == []
    assert still(after_bytes).turns == still(data).turns
    with Image.open(io.BytesIO(after_bytes)) as image:  # Pillow says what irot and imir say
        assert image.getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize(
    "options",
    [
        {"bits": 10, "pixelformat": "420"},
        {"bits": 10, "pixelformat": "444"},
        {"bits": 12, "pixelformat": "422"},
        {"bits": 12, "array": np.dstack([scene(), scene(seed=1)[..., 0]])},
        {"bits": 10, "array": scene()[..., 0]},
    ],
)
def test_deep_pictures_stay_deep(options: dict[str, Any]) -> None:
    data = deep(**options)
    before = still(data)

    after, notes = painted(ADAPTER, data)

    assert (still(after).bits, still(after).alpha) == (before.bits, before.alpha)
    assert still(after).chroma in {before.chroma, "4:4:4"}
    assert notes == []
    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) > 44


def test_a_deep_picture_becomes_shallow_without_its_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = deep(10)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)

    after, notes = painted(ADAPTER, data)

    assert (still(after).bits, notes) == (8, ["bit-depth-reduced"])


def test_a_lossless_picture_stays_lossless() -> None:
    import imagecodecs

    data = bytes(imagecodecs.avif_encode(scene(), speed=9))

    after, _ = painted(ADAPTER, data, band)

    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], band(160, 120)) == 99


@pytest.mark.parametrize("noise", [0, 6, 20])
def test_noisy_pictures_keep_44_db_too(noise: int) -> None:
    chance = np.random.default_rng(1)
    rough = scene() + chance.normal(0, noise, (120, 160, 3))
    data = avif(np.clip(rough, 0, 255).astype(np.uint8), quality=90, subsampling="4:4:4")

    after, _ = painted(ADAPTER, data)

    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) >= 43.9


def test_grey_and_transparent_pictures_stay_so() -> None:
    grey, _ = painted(ADAPTER, avif(scene()[..., 0]))
    clear, _ = painted(ADAPTER, avif(np.dstack([scene(), scene(seed=1)[..., 0]])))

    assert (still(grey).chroma, still(clear).alpha) == ("4:0:0", True)


def test_colour_exif_and_xmp_are_carried_over_byte_by_byte() -> None:
    profile = b"\0\0\1\0profile of theirs" * 9
    block = exif(6)
    data = avif(icc_profile=profile, exif=block, xmp=PACKET).replace(SAID_BY_PROFILE, P3)
    old = open_file(data, limits=LIMITS)

    new = open_file(painted(ADAPTER, data)[0], limits=LIMITS)

    assert still(new.data).colour() == (profile, P3)
    for name in ("", RDF):
        (a,), (b,) = about(old, name), about(new, name)
        raw = payload(old.data, old.meta, a.number, limits=LIMITS)
        assert payload(new.data, new.meta, b.number, limits=LIMITS) == raw


def test_boxes_of_others_are_carried_over() -> None:
    theirs = pack(b"uuid", bytes(range(16)), b"theirs")

    after, _ = painted(ADAPTER, avif() + theirs)

    assert after.count(theirs) == 1


# animations


def test_every_frame_gets_its_plate_and_keeps_its_time() -> None:
    data = moving_avif(4, duration=[40, 100, 70, 1000], quality=85)
    old, new = shown(ADAPTER, data), shown(ADAPTER, painted(ADAPTER, data, band)[0])

    assert len(new) == 4
    for before, after in zip(old, new, strict=True):
        assert outside(before, after, band(96, 64)) > 43.9
        assert inside(after, band(96, 64)) < 3
    made = track(painted(ADAPTER, data)[0])
    assert (made.durations, made.timescale) == (track(data).durations, track(data).timescale)


def test_a_timescale_of_their_own_is_kept() -> None:
    data = bytearray(moving_avif(duration=[1001, 1001, 2002]))
    for name in (b"mvhd", b"mdhd"):
        at = data.index(name) + 4
        data[at + 20 : at + 24] = (30_000).to_bytes(4, "big")

    made = track(painted(ADAPTER, bytes(data))[0])

    assert (made.timescale, made.durations) == (30_000, (1001, 1001, 2002))


@pytest.mark.parametrize("repeats", [0, 2, FOREVER])
def test_repeats_are_kept(repeats: int) -> None:
    data = bytearray(moving_avif(duration=[10, 20, 30]))
    old = track(bytes(data))
    assert old.repeats == FOREVER
    if repeats != FOREVER:
        head = old.clocks[1].duration
        data[head : head + 8] = (60 * (repeats + 1)).to_bytes(8, "big")
        data[old.edit + 2] = 1 if repeats else 0

    after = painted(ADAPTER, bytes(data))[0]

    assert track(bytes(data)).repeats == repeats
    assert track(after).repeats == repeats


def test_an_animation_under_a_still_brand_is_painted_whole() -> None:
    data = moving_avif()
    data = data[:8] + b"avif" + data[12:]

    after, _ = painted(ADAPTER, data)

    assert len(shown(ADAPTER, data)) == len(shown(ADAPTER, after)) == 3


def test_colours_and_metadata_of_an_animation_are_carried_over() -> None:
    data = moving_avif(exif=exif(), xmp=PACKET).replace(SRGB, P3)
    assert track(data).still.colour()[1] == P3

    after, _ = painted(ADAPTER, data)

    assert track(after).still.colour()[1] == P3
    assert b"theirs" in after


def test_too_many_frames_are_refused() -> None:
    data = moving_avif(4)

    for limits in (Limits(max_frames=3), Limits(max_total_pixels=96 * 64 * 3)):
        with pytest.raises(LimitExceededError):
            ADAPTER.sizes(io.BytesIO(data), limits=limits)


def test_a_time_table_that_counts_to_a_billion_is_refused() -> None:
    data = bytearray(moving_avif())
    at = data.index(b"stts") + 12
    data[at : at + 4] = b"\x3b\x9a\xca\0"

    with pytest.raises(LimitExceededError):
        ADAPTER.sizes(io.BytesIO(data), limits=LIMITS)


# refusals


def test_a_declared_size_beyond_the_limits_is_refused_before_decoding() -> None:
    data = avif()
    at = data.index(b"ispe") + 8
    huge = data[:at] + (60_000).to_bytes(4, "big") * 2 + data[at + 8 :]

    for sample, limits in ((huge, LIMITS), (data, Limits(max_pixels=10_000))):
        with pytest.raises(LimitExceededError):
            list(ADAPTER.pictures(io.BytesIO(sample), limits=limits))


def test_a_track_that_counts_other_frames_than_there_are_is_malformed() -> None:
    data = bytearray(moving_avif())
    at = data.index(b"stts") + 12
    data[at + 3] += 1

    with pytest.raises(MalformedMediaError):
        list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS))


def test_pillow_may_not_warn_of_a_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    assert len(shown(ADAPTER, avif())) == 1
    assert painted(ADAPTER, avif())


def test_brands_decide() -> None:
    def head(major: bytes, *others: bytes) -> bytes:
        return pack(b"ftyp", major, bytes(4), *others)

    assert ADAPTER.confirm(head(b"avif"))
    assert ADAPTER.confirm(head(b"avis", b"msf1"))
    assert ADAPTER.confirm(head(b"mif1", b"avif"))
    assert not ADAPTER.confirm(head(b"mif1", b"heic"))
    assert not ADAPTER.confirm(head(b"heic", b"avif"))
    assert not ADAPTER.confirm(b"\0\0\0\x18ftyp")


def test_a_file_cut_anywhere_raises_only_media_errors(mark: Mark) -> None:
    for whole in (avif(scene(64, 48), xmp=PACKET), moving_avif(2, exif=exif())):
        for length in range(0, len(whole) - 1, 37):
            try:
                list(ADAPTER.pictures(io.BytesIO(whole[:length]), limits=LIMITS))
                written(ADAPTER, whole[:length], mark)
            except MediaError:
                continue


def test_a_damaged_file_raises_only_media_errors(mark: Mark) -> None:
    chance = np.random.default_rng(5)
    for whole in (avif(scene(64, 48), xmp=PACKET, exif=exif()), moving_avif(2, exif=exif())):
        for _ in range(80):
            data = bytearray(whole)
            for _ in range(3):
                data[chance.integers(0, min(len(data), 1600))] = chance.integers(0, 256)
            try:
                list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS))
                written(ADAPTER, bytes(data), mark)
                painted(ADAPTER, bytes(data))
            except MediaError:
                continue


def test_an_animation_without_items_has_no_mark_and_takes_none(mark: Mark) -> None:
    whole = moving_avif()
    at = whole.index(b"meta")
    data = whole[:at] + b"free" + whole[at + 4 :]

    evidence = ADAPTER.read(io.BytesIO(data), limits=LIMITS)

    assert {e.status for e in evidence} == {Status.ABSENT}
    assert ADAPTER.sizes(io.BytesIO(data), limits=LIMITS) == [(96, 64)]
    with pytest.raises(MalformedMediaError):
        written(ADAPTER, data, mark)


def test_grain_does_not_double_a_picture() -> None:
    chance = np.random.default_rng(1)
    rough = np.kron(scene(), np.ones((5, 5, 1))) + chance.normal(0, 14, (600, 800, 3))
    data = avif(np.clip(rough, 0, 255).astype(np.uint8), quality=92)

    after, _ = painted(ADAPTER, data)

    assert len(data) > 150_000
    assert len(after) < 1.6 * len(data)
    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(800, 600)) >= 40
