"""HEIC and JPEG XL out of pictures in memory, and colours where a format takes no profile."""

import io
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import kzmark
from kzmark import colours
from kzmark.errors import BackendMissingError
from kzmark.signing.identity import Identity, new_identity

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="theirs"/></rdf:RDF></x:xmpmeta>'
)
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
EXTRAS = ("heic", "jxl")
LIBRARY = {"heic": "pillow_heif", "jxl": "imagecodecs"}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    return kzmark.Stamper(said, identity=identity)


def soft(width: int = 480, height: int = 320) -> Image.Image:
    rows = np.random.default_rng(7).integers(90, 160, (height // 16, width // 16, 3))
    return Image.fromarray(rows.astype("u1")).resize((width, height))


def decoded(data: bytes, name: str) -> np.ndarray:
    """Return the pixels as another program decodes them."""
    if name == "jxl":
        import imagecodecs

        return np.asarray(imagecodecs.jpegxl_decode(data))
    if name == "heic":
        import pillow_heif

        return np.asarray(pillow_heif.open_heif(data).to_pillow())
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_picture_becomes_heic_and_jpeg_xl(
    stamper: kzmark.Stamper, name: str, mode: str, tmp_path: Path
) -> None:
    source = soft(481, 323).convert(mode)

    done = stamper.stamp(source, tmp_path / f"made.{name}")

    data = (tmp_path / f"made.{name}").read_bytes()
    assert done.format == name
    assert kzmark.verify(data).verdict is kzmark.Verdict.COMPLIANT
    corner = decoded(data, name)[-60:, -60:].reshape(60, 60, -1)[..., : 1 if mode == "L" else 3]
    wanted = np.asarray(source)[-60:, -60:].reshape(60, 60, -1)[..., : corner.shape[2]]
    assert np.abs(corner.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize("name", EXTRAS)
@pytest.mark.parametrize("shape", [(320, 480), (320, 480, 3), (320, 480, 4)])
def test_so_do_arrays(stamper: kzmark.Stamper, name: str, shape: tuple[int, ...]) -> None:
    done = stamper.stamp(np.full(shape, 120, np.uint8), format=name)

    assert done.data is not None
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT


@pytest.mark.parametrize("name", EXTRAS)
def test_exif_and_xmp_come_along(stamper: kzmark.Stamper, name: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Aizhan"
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2026:01:18 12:00:00"
    stream = io.BytesIO()
    soft(320, 480).save(stream, "JPEG", exif=exif.tobytes(), xmp=PACKET)

    stamper.stamp(Image.open(stream), tmp_path / f"made.{name}")

    data = (tmp_path / f"made.{name}").read_bytes()
    assert decoded(data, name).shape[:2] == (320, 480)
    assert b"Aizhan" in data
    assert b"theirs" in data
    if shutil.which("exiftool"):
        words = ["exiftool", "-s3", "-Artist", "-DateTimeOriginal", "-XMP-dc:Source"]
        ran = subprocess.run(
            [*words, str(tmp_path / f"made.{name}")], capture_output=True, check=True
        )
        assert ran.stdout.decode().split("\n")[:3] == ["Aizhan", "2026:01:18 12:00:00", "theirs"]


@pytest.mark.parametrize("name", EXTRAS)
def test_without_its_extra_it_is_said_what_to_install(
    stamper: kzmark.Stamper, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARY[name], None)

    with pytest.raises(BackendMissingError) as caught:
        stamper.stamp(soft(), format=name)

    assert f"kzmark[{name}]" in caught.value.hint


def test_a_lossless_wish_loses_nothing(stamper: kzmark.Stamper) -> None:
    source = Image.fromarray(np.random.default_rng(1).integers(0, 256, (240, 320, 3)).astype("u1"))
    for name, options in (("heic", {"quality": -1}), ("jxl", {"lossless": True})):
        done = stamper.stamp(source, format=name, **options)

        assert done.data is not None
        found = decoded(done.data, name)
        x, y, width, height = done.mark.notice.places[0].box
        keep = np.ones(found.shape[:2], np.bool_)
        keep[y : y + height, x : x + width] = False
        assert np.array_equal(found[keep], np.asarray(source)[keep]), name


@pytest.mark.parametrize("options", [{"distance": 4}, {"quality": 40}, {"effort": 1}])
def test_options_of_jpeg_xl_have_an_effect(
    stamper: kzmark.Stamper, options: dict[str, Any]
) -> None:
    plain, wished = (stamper.stamp(soft(), format="jxl", **one).data for one in ({}, options))

    assert plain is not None
    assert wished is not None
    assert len(plain) != len(wished)


def test_quality_is_no_worse_where_it_is_higher(stamper: kzmark.Stamper) -> None:
    for name in EXTRAS:
        made = [stamper.stamp(soft(), format=name, quality=q).data or b"" for q in (20, 60, 95)]

        assert len(made[0]) < len(made[1]) < len(made[2]), name


def test_heic_keeps_a_profile_and_jpeg_xl_gif_and_bmp_become_srgb(stamper: kzmark.Stamper) -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = Image.new("RGB", (480, 320), (60, 200, 90))
    source.info["icc_profile"] = wide(plain)

    heic = stamper.stamp(source, format="heic")

    assert heic.data is not None
    assert wide(plain) in heic.data
    assert "colours-now-srgb" not in heic.notes
    wanted = as_srgb((60, 200, 90), plain)
    for name in ("jxl", "gif", "bmp"):
        done = stamper.stamp(source, format=name)
        assert done.data is not None
        assert done.notes == ("colours-now-srgb",), name
        assert np.abs(decoded(done.data, name)[300, 470].astype(int) - wanted).max() <= 3, name


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_that_is_srgb_changes_nothing(stamper: kzmark.Stamper, mode: str) -> None:
    source = soft().convert(mode)
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source.info["icc_profile"] = plain

    done = stamper.stamp(source, format="jxl", lossless=True)

    assert done.data is not None
    assert done.notes == ()
    assert np.array_equal(decoded(done.data, "jxl")[300, 470], np.asarray(source)[300, 470])


def test_a_profile_that_cannot_be_read_changes_nothing(stamper: kzmark.Stamper) -> None:
    source = soft()
    source.info["icc_profile"] = b"\0" * 16 + b"RGB " + b"\0" * 200

    done = stamper.stamp(source, format="jxl", lossless=True)

    assert done.notes == ()
    assert np.array_equal(decoded(done.data or b"", "jxl")[300, 470], np.asarray(source)[300, 470])


def wide(profile: bytes) -> bytes:
    """Return a profile with the primaries of Display P3 in the place of its own."""
    changed = bytearray(profile)
    for at, values in zip(primaries(profile), P3, strict=True):
        changed[at : at + 12] = struct.pack(">3i", *(round(v * 65536) for v in values))
    return bytes(changed)


def primaries(profile: bytes) -> list[int]:
    """Return where the three primaries of a matrix profile stand (ICC.1, 7.3 and 10.31)."""
    (count,) = struct.unpack_from(">I", profile, 128)
    rows = [struct.unpack_from(">4sII", profile, 132 + 12 * row) for row in range(count)]
    found = {tag: at for tag, at, _ in rows}
    return [found[tag] + 8 for tag in (b"rXYZ", b"gXYZ", b"bXYZ")]


def as_srgb(colour: tuple[int, int, int], profile: bytes) -> np.ndarray:
    """Return a colour of Display P3 as sRGB, by the matrices."""
    number = np.array(colour) / 255
    light = np.where(number <= 0.04045, number / 12.92, ((number + 0.055) / 1.055) ** 2.4)
    own = np.array([struct.unpack_from(">3i", profile, at) for at in primaries(profile)]) / 65536
    light = np.clip(np.linalg.solve(own.T, np.array(P3).T @ light), 0, 1)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(shown * 255).astype(int)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_by_its_own_profile_is_shown_as_that_says(mode: str) -> None:
    image = Image.new(mode, (400, 300), 128 if mode == "L" else (128, 60))
    image.info["icc_profile"] = grey_profile(gamma=1.0)

    fitted = colours.fit(image, "webp")
    kept = colours.fit(image.convert("L"), "jpeg")

    assert (fitted.notes, fitted.profile) == (("colours-now-srgb",), None)
    shown = np.asarray(fitted.image)[9, 9]
    assert np.abs(shown[:3].astype(int) - 188).max() <= 2  # half of the light
    assert shown[3:].tolist() == ([60] if mode == "LA" else [])
    assert (kept.notes, np.asarray(kept.image)[9, 9]) == ((), 128)


def grey_profile(*, gamma: float) -> bytes:
    """Return a profile of grey (ICC.1, 8.3.4): a header, the white of the medium, a curve."""
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": b"XYZ " + bytes(4) + white, b"kTRC": curve}
    at, table = 132 + 12 * len(tags), struct.pack(">I", len(tags))
    for name, data in tags.items():
        table += struct.pack(">4sII", name, at, len(data))
        at += len(data)
    head = struct.pack(">II4x4s4s4s12x4s28x", at, 0, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    head = head[:8] + struct.pack(">I", 0x02400000) + head[12:]
    return (head + white).ljust(128, b"\0") + table + b"".join(tags.values())
