"""JPEG: the mark goes in and comes out, and every other byte stays."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import make_mark
from tests.formats.jpeg_samples import (
    direct_rgb,
    four_inks,
    inserted,
    opencv,
    pillow,
    scene,
    shown,
)

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.jpeg import ADAPTER
from kzmark.formats.jpeg.segments import SOS, parse, segment_bytes
from kzmark.formats.layers import exif, xmp
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.testing import AdapterContract
from kzmark.vocabulary import Layer

MAIN = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
JUMBF = segment_bytes(0xEB, b"JP\0\1\0\0\0\1" + bytes(40))
OTHERS = (
    segment_bytes(0xE2, b"ICC_PROFILE\0\1\1" + bytes(500)),
    segment_bytes(0xFE, b"made by hand"),
    JUMBF,
    segment_bytes(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0"),
    segment_bytes(0xE7, b"somebody's own"),
)
SMALL = scene(64, 48)
needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool here")


class TestContract(AdapterContract):
    adapter = ADAPTER
    clean = (
        pillow(SMALL),
        pillow(SMALL, progressive=True),
        pillow(SMALL, "L", restart_marker_rows=1),
        pillow(SMALL, "CMYK"),
        opencv(SMALL, "411"),
        direct_rgb(SMALL),
        four_inks(SMALL, transform=2, small_chroma=True),
        inserted(pillow(SMALL), *OTHERS),
    )


def written(data: bytes, mark: Mark) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def order(data: bytes) -> list[bytes]:
    """Marker and first bytes of every segment before the scan."""
    stream = parse(data, limits=DEFAULT_LIMITS)
    head = [s for s in stream.segments if s.marker != SOS]
    return [bytes((s.marker,)) + stream.payload(s)[:5] for s in head]


def packet(body: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">{body}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def with_packet(*packets: bytes) -> bytes:
    return inserted(pillow(SMALL), *(segment_bytes(0xE1, MAIN + one) for one in packets))


def layers(data: bytes) -> dict[Layer, Mark | None]:
    return {e.layer: e.mark for e in ADAPTER.read(io.BytesIO(data), limits=DEFAULT_LIMITS)}


def exiftool(file: Path, *options: str) -> dict[str, str]:
    run = subprocess.run(["exiftool", "-j", *options, file], capture_output=True, check=True)
    found: dict[str, str] = json.loads(run.stdout)[0]
    return found


def test_exif_then_xmp_come_right_behind_jfif(mark: Mark) -> None:
    done = written(pillow(SMALL, comment=b"mine"), mark)

    assert order(done)[:4] == [b"\xe0JFIF\0", b"\xe1Exif\0", b"\xe1http:", b"\xfemine"]


def test_without_jfif_they_come_first(mark: Mark) -> None:
    assert order(written(direct_rgb(SMALL), mark))[:2] == [b"\xe1Exif\0", b"\xe1http:"]


def test_segments_of_others_stay_byte_for_byte_and_in_order(mark: Mark) -> None:
    source = inserted(pillow(SMALL), *OTHERS) + b"trailer"

    done = written(source, mark)

    kept = [b"\xff\xe1Exif", b"\xff\xe1http"]
    assert all(other in done for other in OTHERS)
    assert [done.find(other) for other in OTHERS] == sorted(done.find(other) for other in OTHERS)
    stream = parse(done, limits=DEFAULT_LIMITS)
    ours = [s for s in stream.segments if s.marker == 0xE1]
    rest = bytearray(done)
    for segment in reversed(ours):
        del rest[segment.start : segment.stop]
    assert len(ours) == len(kept)
    assert bytes(rest) == source


def test_the_place_of_exif_and_xmp_of_others_is_kept(mark: Mark) -> None:
    tags = Image.Exif()
    tags[0x010F] = "Maker"
    block = segment_bytes(0xE1, b"Exif\0\0" + tags.tobytes().removeprefix(b"Exif\0\0"))
    theirs = segment_bytes(0xE1, MAIN + packet("<dc:format>image/jpeg</dc:format>"))
    source = inserted(pillow(SMALL), theirs, OTHERS[1], block)

    done = written(source, mark)

    assert order(done)[:4] == [b"\xe1http:", b"\xfemade ", b"\xe1Exif\0", b"\xe0JFIF\0"]
    assert b"<dc:format>image/jpeg</dc:format>" in done
    with Image.open(io.BytesIO(done)) as image:
        assert image.getexif()[0x010F] == "Maker"


def test_pixels_are_not_touched(mark: Mark) -> None:
    source = pillow(SMALL)

    assert (shown(written(source, mark)) == shown(source)).all()


@needs_exiftool
def test_exiftool_finds_nothing_to_complain_of(mark: Mark, tmp_path: Path) -> None:
    file = tmp_path / "marked.jpg"
    file.write_bytes(written(pillow(SMALL), mark))

    found = exiftool(file, "-DigitalSourceType", "-UserComment")
    words = subprocess.run(
        ["exiftool", "-s3", "-a", "-validate", "-warning", file], capture_output=True, check=True
    )

    assert found["DigitalSourceType"].endswith("trainedAlgorithmicMedia")
    assert str(mark.mark_id) in found["UserComment"]
    complaints = words.stdout.decode().splitlines()[1:]
    assert all(line.startswith("Missing required JPEG ") for line in complaints), complaints


def test_two_packets_with_our_mark_both_get_the_new_one(mark: Mark) -> None:
    old = make_mark(owner="Ескі иесі")
    theirs = packet("<dc:format>image/jpeg</dc:format>")
    ours = xmp.merge(b"", old, limits=DEFAULT_LIMITS)

    done = written(with_packet(ours, theirs, ours), mark)

    assert "Ескі иесі".encode() not in done
    assert theirs in done
    assert layers(done) == {Layer.XMP: mark, Layer.EXIF: mark}


def test_packets_that_differ_are_both_reported(mark: Mark) -> None:
    other = make_mark(owner="Басқа иесі")
    both = (xmp.merge(b"", one, limits=DEFAULT_LIMITS) for one in (mark, other))

    evidence = ADAPTER.read(io.BytesIO(with_packet(*both)), limits=DEFAULT_LIMITS)

    assert [e.mark for e in evidence if e.layer is Layer.XMP] == [mark, other]


def test_a_full_packet_of_others_moves_to_the_extension(mark: Mark, tmp_path: Path) -> None:
    theirs = packet(f"<dc:format>image/jpeg</dc:format><dc:source>{'s' * 64_000}</dc:source>")
    source = with_packet(theirs)

    done = written(source, mark)

    assert layers(done) == {Layer.XMP: mark, Layer.EXIF: mark}
    assert done.count(EXTENSION) == 1
    assert written(done, mark) == done
    if shutil.which("exiftool"):
        (tmp_path / "moved.jpg").write_bytes(done)
        found = exiftool(tmp_path / "moved.jpg", "-XMP-dc:all", "-warning")
        assert found["Source"] == "s" * 64_000
        assert found["Format"] == "image/jpeg"
        assert "Warning" not in found


def test_a_packet_that_has_an_extension_and_no_room_is_refused(mark: Mark) -> None:
    piece = segment_bytes(0xE1, EXTENSION + b"0" * 32 + bytes(8) + b"<x/>")
    source = inserted(with_packet(packet(f"<dc:source>{'s' * 64_000}</dc:source>")), piece)

    with pytest.raises(LimitExceededError, match="no room for the mark") as caught:
        written(source, mark)

    assert "shorten" in caught.value.hint


def test_a_mark_in_the_extension_alone_is_found(mark: Mark) -> None:
    moved = written(with_packet(packet(f"<dc:source>{'s' * 64_000}</dc:source>")), mark)
    stream = parse(moved, limits=DEFAULT_LIMITS)
    piece = stream.payload(next(stream.find(0xE1, EXTENSION)))
    name = piece[len(EXTENSION) : len(EXTENSION) + 32]
    key = f'xmpNote:HasExtendedXMP="{name.decode()}"'
    note = f'<x xmlns:xmpNote="http://ns.adobe.com/xmp/note/" {key}/>'
    whole = xmp.merge(b"", mark, limits=DEFAULT_LIMITS)
    head = EXTENSION + name + len(whole).to_bytes(4)
    half = len(whole) // 2
    pieces = [(half, whole[half:]), (0, whole[:half])]  # in any order

    source = inserted(
        with_packet(packet(note)),
        *(segment_bytes(0xE1, head + at.to_bytes(4) + part) for at, part in pieces),
    )

    assert layers(source)[Layer.XMP] == mark


def test_segments_of_an_extension_of_others_stay(mark: Mark) -> None:
    piece = segment_bytes(0xE1, EXTENSION + b"A" * 32 + (4).to_bytes(4) + bytes(4) + b"<x/>")

    assert piece in written(inserted(pillow(SMALL), piece), mark)


def test_exif_without_room_is_refused(mark: Mark) -> None:
    full = exif.merge(b"", mark, limits=DEFAULT_LIMITS)
    block = full + bytes(65_527 - len(full))
    source = inserted(pillow(SMALL), segment_bytes(0xE1, b"Exif\0\0" + block))

    with pytest.raises(LimitExceededError, match="EXIF"):
        written(source, make_mark(owner="Т" * 80))


def test_broken_layers_are_broken_and_not_absent() -> None:
    source = inserted(
        with_packet(b"<x:xmpmeta"), segment_bytes(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")
    )

    evidence = ADAPTER.read(io.BytesIO(source), limits=DEFAULT_LIMITS)

    assert {e.status for e in evidence} == {Status.BROKEN}


def test_sizes_take_the_orientation_into_account() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6

    assert ADAPTER.sizes(io.BytesIO(pillow(SMALL, exif=tags)), limits=DEFAULT_LIMITS) == [(48, 64)]


def test_fill_bytes_before_a_marker_are_allowed_and_kept(mark: Mark) -> None:
    source = pillow(SMALL)
    scan = next(parse(source, limits=DEFAULT_LIMITS).find(SOS))
    filled = inserted(source, b"\xff\xff\xff", behind=scan.start)

    assert b"\xff\xff\xff\xff\xda" in written(filled, mark)
    assert (shown(filled) == shown(source)).all()


def test_too_many_packets_are_refused() -> None:
    source = with_packet(*[b"<x/>"] * 40)

    with pytest.raises(LimitExceededError, match="40 XMP packets"):
        ADAPTER.read(io.BytesIO(source), limits=DEFAULT_LIMITS)


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceededError):
        ADAPTER.read(io.BytesIO(pillow(SMALL)), limits=Limits(max_bytes=100))


def test_an_unfinished_picture_is_no_jpeg_to_mark(mark: Mark) -> None:
    with pytest.raises(MalformedMediaError, match="ends"):
        written(pillow(SMALL)[:-2], mark)
