"""JPEG: no preview of the picture survives without the notice, all else does."""

import hashlib
import io
import json
import shutil
import struct
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.formats.jpeg_samples import inserted, painted, patch, pillow, scene, shown

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats.jpeg import ADAPTER
from kzmark.formats.jpeg.segments import EOI, SOI, parse, segment_bytes

SMALL = scene(96, 64)
DARK = patch(8, 40, 48, 16, (20, 20, 20))
THUMBNAIL = pillow(scene(40, 24, seed=3), quality=70)
JFIF = SOI + b"\xff\xe0\x00\x10JFIF\0"
MAIN = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
IMAGES = (
    '<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource" '
    'xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"><xmpGImg:format>JPEG</xmpGImg:format>'
    f"<xmpGImg:image>{b64encode(THUMBNAIL).decode()}</xmpGImg:image></rdf:li></rdf:Alt>"
    "</xmp:Thumbnails>"
)
CLEAN = pillow(SMALL)


def packet(body: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/">{body}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def resource(number: int, data: bytes) -> bytes:
    size = len(data).to_bytes(4)
    return b"8BIM" + number.to_bytes(2) + b"\0\0" + size + data + bytes(len(data) % 2)


def photoshop(*resources: bytes) -> bytes:
    return segment_bytes(0xED, b"Photoshop 3.0\0" + b"".join(resources))


def whole_scan(data: bytes) -> bytes:
    """What stands in the file up to and with its end of image."""
    return data[: parse(data, limits=DEFAULT_LIMITS).end]


def test_a_plain_file_has_no_notes_and_keeps_its_header() -> None:
    head = (
        segment_bytes(0xFE, b"by hand"),
        photoshop(resource(0x0404, b"iptc!")),
        segment_bytes(0xE2, b"ICC_PROFILE\0\1\1" + bytes(90)),
        segment_bytes(0xEB, b"JP\0\1\0\0\0\1" + bytes(30)),
        segment_bytes(0xE4, b"my \xff\xd8\xff bytes"),
    )
    source = inserted(CLEAN, *head, behind=20)

    done, notes = painted(source, DARK)

    assert notes == []
    assert done.startswith(source[: 20 + sum(map(len, head))])


def exif_block() -> bytes:
    """IFD0 with Make, IFD1 with a thumbnail."""
    first = struct.pack("<HHHI4sI", 1, 0x010F, 2, 4, b"Abc\0", 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(THUMBNAIL), 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second + THUMBNAIL


def test_the_exif_thumbnail_goes_and_exif_stays() -> None:
    source = inserted(CLEAN, segment_bytes(0xE1, exif_block()))

    done, notes = painted(source, DARK)

    assert notes == ["exif-thumbnail-dropped"]
    assert THUMBNAIL[30:200] not in done
    with Image.open(io.BytesIO(done)) as image:
        assert image.getexif()[0x010F] == "Abc"


def test_a_jfif_thumbnail_goes_and_the_density_stays() -> None:
    plain = b"\1\2\1\0\x48\0\x48"
    pixels = bytes(2 * 2 * 3)
    source = SOI + segment_bytes(0xE0, b"JFIF\0" + plain + b"\2\2" + pixels) + CLEAN[20:]

    done, notes = painted(source, DARK)

    assert notes == ["jfif-thumbnail-dropped"]
    assert done.startswith(SOI + segment_bytes(0xE0, b"JFIF\0" + plain + b"\0\0"))


def test_a_jfxx_thumbnail_goes() -> None:
    jfxx = segment_bytes(0xE0, b"JFXX\0\x10" + THUMBNAIL)

    done, notes = painted(inserted(CLEAN, jfxx, behind=20), DARK)

    assert notes == ["jfif-thumbnail-dropped"]
    assert jfxx not in done


def test_photoshop_loses_its_thumbnails_only() -> None:
    iptc, other = resource(0x0404, b"iptc data"), resource(0x03ED, bytes(16))
    source = inserted(
        CLEAN, photoshop(iptc, resource(1036, THUMBNAIL), other, resource(1033, THUMBNAIL))
    )

    done, notes = painted(source, DARK)

    assert notes == ["photoshop-thumbnail-dropped"]
    assert photoshop(iptc, other) in done
    assert THUMBNAIL[30:200] not in done


def test_a_photoshop_thumbnail_over_two_segments_goes() -> None:
    iptc, other = resource(0x0404, b"iptc data"), resource(0x03ED, bytes(16))
    whole = iptc + resource(1036, THUMBNAIL) + other
    cut = len(iptc) + 300
    source = inserted(CLEAN, photoshop(whole[:cut]), photoshop(whole[cut:]))

    done, notes = painted(source, DARK)

    assert notes == ["photoshop-thumbnail-dropped"]
    assert done.count(b"Photoshop 3.0\0") == 1
    assert photoshop(iptc, other) in done


@pytest.mark.parametrize("lost", [1, 40, 500])
def test_a_broken_photoshop_thumbnail_goes_too(lost: int) -> None:
    iptc = resource(0x0404, b"iptc data")
    source = inserted(CLEAN, photoshop(iptc + resource(1036, THUMBNAIL)[:-lost]))

    done, notes = painted(source, DARK)

    assert notes == ["photoshop-thumbnail-dropped"]
    assert photoshop(iptc) in done


def test_thumbnails_in_xmp_go() -> None:
    source = inserted(
        CLEAN, segment_bytes(0xE1, MAIN + packet(IMAGES + "<xmp:Label>a</xmp:Label>"))
    )

    done, notes = painted(source, DARK)

    assert notes == ["xmp-thumbnail-dropped"]
    assert b"xmpGImg:image" not in done
    assert b"<xmp:Label>a</xmp:Label>" in done


def test_thumbnails_in_extended_xmp_go_and_the_rest_is_found_again(tmp_path: Path) -> None:
    whole = packet(IMAGES + f"<xmp:Nickname>{'n' * 90_000}</xmp:Nickname>")
    name = hashlib.md5(whole).hexdigest().upper().encode()
    head = EXTENSION + name + len(whole).to_bytes(4)
    pieces = [
        segment_bytes(0xE1, head + at.to_bytes(4) + whole[at : at + 60_000])
        for at in range(0, len(whole), 60_000)
    ]
    note = f"<xmpNote:HasExtendedXMP>{name.decode()}</xmpNote:HasExtendedXMP>"
    source = inserted(CLEAN, segment_bytes(0xE1, MAIN + packet(note)), *pieces)

    done, notes = painted(source, DARK)

    assert notes == ["xmp-thumbnail-dropped"]
    assert b"xmpGImg:image" not in done
    if shutil.which("exiftool"):
        file = tmp_path / "extended.jpg"
        file.write_bytes(done)
        words = ["exiftool", "-j", "-XMP:all", "-warning", str(file)]
        found: dict[str, Any] = json.loads(subprocess.check_output(words))[0]
        assert found["Nickname"] == "n" * 90_000
        assert "Warning" not in found


def test_mpf_and_the_pictures_behind_go(tmp_path: Path) -> None:
    target = io.BytesIO()
    images = [Image.fromarray(scene(96, 64, seed)) for seed in (1, 2)]
    images[0].save(target, "MPO", save_all=True, append_images=images[1:])
    source = target.getvalue()
    assert b"MPF\0" in source

    done, notes = painted(source, DARK)

    assert notes == ["mpf-dropped", "trailer-dropped"]
    assert b"MPF\0" not in done
    assert done.endswith(EOI)
    with Image.open(io.BytesIO(done)) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    "trailer",
    [
        THUMBNAIL,
        bytes(24) + THUMBNAIL,
        bytes.fromhex("00000018") + b"ftypmp42" + bytes(60),
        b"MotionPhoto_Data" + bytes.fromhex("00000018") + b"ftypmp42",
    ],
    ids=["picture", "padded picture", "film", "motion photo"],
)
def test_media_behind_the_picture_goes(trailer: bytes) -> None:
    done, notes = painted(CLEAN + trailer, DARK)

    assert notes == ["trailer-dropped"]
    assert whole_scan(done) == done


def test_other_bytes_behind_the_picture_stay() -> None:
    done, notes = painted(CLEAN + b"\0\0my own notes", DARK)

    assert notes == []
    assert done.endswith(EOI + b"\0\0my own notes")


@pytest.mark.parametrize("lead", [b"", b"QVGA\0", b"BGTH"])
def test_a_maker_s_preview_segment_goes(lead: bytes) -> None:
    source = inserted(CLEAN, segment_bytes(0xE3, lead + THUMBNAIL))

    done, notes = painted(source, DARK)

    assert notes == ["preview-dropped"]
    assert THUMBNAIL[30:200] not in done


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_finds_no_preview_left(tmp_path: Path) -> None:
    source = inserted(
        CLEAN,
        segment_bytes(0xE1, exif_block()),
        photoshop(resource(1036, bytes(28) + THUMBNAIL)),
        segment_bytes(0xE3, THUMBNAIL),
    )
    file = tmp_path / "painted.jpg"
    file.write_bytes(source + THUMBNAIL)
    look = ["exiftool", "-j", "-preview:all", str(file)]
    assert len(json.loads(subprocess.check_output(look))[0]) > 2

    done, _ = painted(file.read_bytes(), DARK)

    file.write_bytes(done)
    assert len(json.loads(subprocess.check_output(look))[0]) == 1  # the file's own name
    assert (shown(done)[44:52, 12:52] < 60).all()


def test_writing_alone_drops_nothing(mark: Any) -> None:
    source = inserted(CLEAN, segment_bytes(0xE3, THUMBNAIL)) + THUMBNAIL
    target = io.BytesIO()

    ADAPTER.write(io.BytesIO(source), target, mark, limits=DEFAULT_LIMITS)

    assert target.getvalue().count(THUMBNAIL) == 2
