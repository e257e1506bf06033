"""Pictures in memory: nothing of them is lost or damaged without a word."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import kzmark
from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MalformedMediaError, RequestError
from kzmark.signing.identity import Identity, new_identity
from kzmark.still import Still

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="theirs"/></rdf:RDF></x:xmpmeta>'
)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


@pytest.fixture
def stamper(identity: Identity) -> kzmark.Stamper:
    said = kzmark.Statement(
        system=kzmark.System(name="G"), responsible=kzmark.Responsible(name="ТОО")
    )
    return kzmark.Stamper(said, identity=identity)


def noise(width: int = 480, height: int = 320) -> Image.Image:
    rows = np.random.default_rng(7).integers(90, 160, (height // 16, width // 16, 3))
    return Image.fromarray(rows.astype("u1")).resize((width, height))


def reopened(image: Image.Image, kind: str, **options: Any) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return Image.open(stream)


def stamped(stamper: kzmark.Stamper, image: Any, name: str, **options: Any) -> Image.Image:
    done = stamper.stamp(image, format=name, **options)
    assert done.data is not None
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT
    return Image.open(io.BytesIO(done.data))


def test_a_picture_that_its_exif_turns_is_turned(stamper: kzmark.Stamper) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = reopened(noise(480, 320), "JPEG", exif=exif.tobytes())

    out = stamped(stamper, turned, "jpeg")

    assert out.size == (320, 480)
    assert out.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
def test_exif_and_xmp_come_along(stamper: kzmark.Stamper, name: str) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Aizhan"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:18 12:00:00"
    source = reopened(noise(), "JPEG", exif=exif.tobytes(), xmp=PACKET)

    out = stamped(stamper, source, name)

    assert out.getexif().get(0x013B) == "Aizhan"
    assert out.getexif().get_ifd(0x8769).get(0x9003) == "2026:01:18 12:00:00"
    assert "theirs" in str(out.info.get("xmp") or out.info.get("XML:com.adobe.xmp"))


def test_a_gif_takes_the_xmp_which_is_all_it_has_a_place_for(stamper: kzmark.Stamper) -> None:
    source = reopened(noise(), "JPEG", xmp=PACKET)

    done = stamper.stamp(source, format="gif")

    assert done.data is not None
    assert b'dc:source="theirs"' in done.data
    assert kzmark.verify(done.data).verdict is kzmark.Verdict.COMPLIANT


def test_the_words_of_a_tiff_come_along(stamper: kzmark.Stamper) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Aizhan"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:18 12:00:00"
    source = reopened(noise(), "TIFF", exif=exif.tobytes())

    out = stamped(stamper, source, "jpeg")

    assert out.getexif().get(0x013B) == "Aizhan"
    assert out.getexif().get_ifd(0x8769).get(0x9003) == "2026:01:18 12:00:00"


def test_a_preview_without_the_notice_is_left_behind_and_said_so(stamper: kzmark.Stamper) -> None:
    preview = io.BytesIO()
    noise(64, 48).save(preview, "JPEG")
    body = preview.getvalue()
    head = b"II*\0\x08\0\0\0" + b"\0\0" + (14).to_bytes(4, "little")  # IFD0 is empty, IFD1 follows
    rows = b"\x02\0"
    rows += b"\x01\x02\x04\0\x01\0\0\0" + (44).to_bytes(4, "little")
    rows += b"\x02\x02\x04\0\x01\0\0\0" + len(body).to_bytes(4, "little")
    block = b"Exif\0\0" + head + rows + bytes(4)
    block += bytes(6 + 44 - len(block)) + body
    source = reopened(noise(), "JPEG", exif=block)

    done = stamper.stamp(source, format="jpeg")

    assert "exif-thumbnail-dropped" in done.notes
    assert done.data is not None
    assert body[20:200] not in done.data


def test_cmyk_with_a_profile_becomes_srgb_without_it(stamper: kzmark.Stamper) -> None:
    profile = b"\0" * 16 + b"CMYK" + b"\0" * 200
    source = noise().convert("CMYK")
    source.info["icc_profile"] = profile

    for name in ("jpeg", "png"):
        out = stamped(stamper, source, name)
        assert out.mode == "RGB"
        assert b"CMYK" not in out.info.get("icc_profile", b"")


def test_a_profile_that_describes_the_pixels_stays(stamper: kzmark.Stamper) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = noise()
    source.info["icc_profile"] = profile

    assert stamped(stamper, source, "jpeg").info["icc_profile"] == profile
    grey = source.convert("L")
    assert "icc_profile" not in stamped(stamper, grey, "jpeg").info


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "I;16B"])
def test_depth_is_refused_and_not_clipped(stamper: kzmark.Stamper, mode: str) -> None:
    with pytest.raises(RequestError, match="depth"):
        stamper.stamp(Image.new(mode, (320, 240)), format="png")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "RGBA", "RGBa", "RGBX", "LAB", "HSV"])
@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_every_other_mode_is_stamped(stamper: kzmark.Stamper, mode: str, name: str) -> None:
    bands = len(Image.new(mode, (1, 1)).getbands())
    source = Image.frombytes(mode, (320, 240), b"\xff" * (320 * 240 * bands))

    assert stamped(stamper, source, name).mode in {"L", "RGB", "RGBA"}


def test_frames_are_not_thrown_away(stamper: kzmark.Stamper) -> None:
    for name in ("moving.gif", "moving.png", "moving.webp", "pages.tiff"):
        with Image.open(CLEAN / name) as source, pytest.raises(RequestError, match="frames") as e:
            stamper.stamp(source, format="png")
        assert "file itself" in e.value.hint


def test_one_frame_alone_is_stamped(stamper: kzmark.Stamper) -> None:
    with Image.open(CLEAN / "moving.gif") as source:
        out = stamped(stamper, source.copy(), "png")

    assert out.format == "PNG"


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "lossy.webp", "photo.tiff"])
def test_an_image_of_a_stamped_file_is_not_stamped_over(
    stamper: kzmark.Stamper, name: str, tmp_path: Path
) -> None:
    first = stamper.stamp(CLEAN / name, tmp_path / name)

    with Image.open(tmp_path / name) as source:
        for replace in (False, True):
            with pytest.raises(RequestError, match="stamped before") as caught:
                stamper.stamp(source, format=first.format, replace=replace)
    assert "file itself" in caught.value.hint


def test_a_truncated_image_is_malformed(stamper: kzmark.Stamper) -> None:
    data = (CLEAN / "photo.jpg").read_bytes()
    source = Image.open(io.BytesIO(data[: len(data) // 2]))

    with pytest.raises(MalformedMediaError):
        stamper.stamp(source, format="png")


def test_a_closed_image_is_malformed(stamper: kzmark.Stamper) -> None:
    source = Image.open(CLEAN / "photo.jpg")
    source.close()

    with pytest.raises(MalformedMediaError):
        stamper.stamp(source, format="png")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("jpeg", {"quality": "x"}),
        ("webp", {"quality": None}),
        ("avif", {"speed": "x"}),
        ("png", {"compress_level": 99}),
        ("tiff", {"dpi": "x"}),
        ("jpeg", {"exif": 5}),
        ("gif", {"save_all": True, "append_images": 5}),
    ],
)
def test_an_option_that_pillow_refuses_is_a_request_error(
    stamper: kzmark.Stamper, name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(RequestError, match=name):
        stamper.stamp(noise(), format=name, **options)


@pytest.mark.parametrize(("name", "width"), [("jpeg", 70_000), ("gif", 70_000), ("avif", 70_000)])
def test_a_size_that_the_format_cannot_hold_is_a_request_error(name: str, width: int) -> None:
    still = Still.of(np.zeros((10, width, 3), "u1"), name, limits=DEFAULT_LIMITS)

    with pytest.raises(RequestError, match=f"{width}x10"):
        still.encode(None)


def test_a_transparent_colour_becomes_alpha_and_not_a_hole_in_the_plate(
    stamper: kzmark.Stamper,
) -> None:
    source = reopened(noise(), "PNG", transparency=(255, 255, 255))

    assert stamped(stamper, source, "png").mode == "RGBA"


def test_the_image_of_the_caller_stays_as_it_was(stamper: kzmark.Stamper) -> None:
    source = noise()
    source.info["icc_profile"] = b"\0" * 16 + b"CMYK"
    before = (source.tobytes(), dict(source.info), source.size)

    stamper.stamp(source, format="jpeg")

    assert (source.tobytes(), dict(source.info), source.size) == before


def test_text_of_others_is_no_mark(stamper: kzmark.Stamper) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a caravan at dusk")
    source = reopened(noise(), "PNG", pnginfo=info)

    assert stamped(stamper, source, "png").format == "PNG"


def exif_with_preview(preview: bytes) -> bytes:
    """Return an EXIF block: an artist in the first directory, a JPEG behind the second."""
    name, first = b"Aizhan\0\0", 8
    behind = first + 2 + 12 + 4
    second = behind + len(name)
    at = second + 2 + 24 + 4
    block = struct.pack("<2sHIHHHIII", b"II", 42, first, 1, 0x13B, 2, 7, behind, second) + name
    entries = (0x201, 4, 1, at, 0x202, 4, 1, len(preview))
    return b"Exif\0\0" + block + struct.pack("<HHHIIHHIII", 2, *entries, 0) + preview


@pytest.mark.parametrize("name", ["jpeg", "png", "tiff", "webp"])
@pytest.mark.parametrize("kind", ["array", "image"])
def test_a_preview_in_the_exif_of_the_caller_is_left_behind(
    stamper: kzmark.Stamper, name: str, kind: str
) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (80, 60), "red").save(stream, "JPEG")
    preview = stream.getvalue()
    source = np.asarray(noise()) if kind == "array" else noise()

    done = stamper.stamp(source, format=name, exif=exif_with_preview(preview))

    assert done.data is not None
    assert preview[:200] not in done.data
    assert b"Aizhan" in done.data
    assert done.notes.count("exif-thumbnail-dropped") == 1
