"""PNG: the mark goes in and comes out, and every chunk of others stays."""

import io
import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.conftest import make_mark
from tests.formats.layers.test_exif import block as directories
from tests.formats.png_samples import KINDS, MAGIC, PALETTE, RGB, chunk, colours, make, noise, split

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats.png import ADAPTER
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

OURS = {Layer.XMP, Layer.EXIF, Layer.TEXT}
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
    b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc='
    b'"http://purl.org/dc/elements/1.1/" dc:format="image/png"/></rdf:RDF></x:xmpmeta>'
)


def plain(**options: object) -> bytes:
    return make(noise(24, 18, RGB, 8), RGB, 8, **options)  # type: ignore[arg-type]


def written(data: bytes, mark: Mark) -> bytes:
    target = io.BytesIO()
    ADAPTER.write(io.BytesIO(data), target, mark, limits=DEFAULT_LIMITS)
    return target.getvalue()


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[Layer, Evidence]:
    return {e.layer: e for e in ADAPTER.read(io.BytesIO(data), limits=limits)}


def xmp_chunk(packet: bytes, *, compressed: bool = False) -> bytes:
    head = b"XML:com.adobe.xmp\0" + (b"\1" if compressed else b"\0") + b"\0\0\0"
    return chunk(b"iTXt", head + (zlib.compress(packet) if compressed else packet))


def exif_block(orientation: int = 1, *, thumbnail: bool = False) -> bytes:
    small = io.BytesIO()
    if thumbnail:
        Image.new("RGB", (32, 24), "red").save(small, "JPEG")
    return directories(">", {0x010F: b"Maker\0", 0x0112: orientation}, {}, small.getvalue())


def raw_profile(block: bytes, name: bytes = b"exif") -> bytes:
    body = b"Exif\0\0" + block
    digits = body.hex().encode()
    rows = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return b"\n" + name + b"\n%8d\n" % len(body) + rows + b"\n"


def zipped(keyword: bytes, text: bytes) -> bytes:
    return chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(text))


def exiftool(data: bytes, path: Path) -> dict[str, str]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed here")
    path.write_bytes(data)
    call = ["exiftool", "-json", "-G1", "-warning", "-error", "-a", "-all", str(path)]
    found = subprocess.run(call, capture_output=True, check=True)
    answer: dict[str, str] = json.loads(found.stdout)[0]
    return answer


@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_every_layer_gives_the_mark_back_for_every_kind(
    colour: int, depth: int, mark: Mark
) -> None:
    palette = colours(2) if colour == PALETTE else ()
    data = make(noise(9, 7, colour, depth, entries=2), colour, depth, palette=palette)

    found = read(written(data, mark))

    assert set(read(data)) == OURS
    assert {e.status for e in read(data).values()} == {Status.ABSENT}
    assert {layer: e.mark for layer, e in found.items()} == dict.fromkeys(OURS, mark)


def test_xmp_and_texts_stand_right_behind_the_header(mark: Mark) -> None:
    data = plain(after=[xmp_chunk(PACKET)])

    kinds = split(written(data, mark))

    assert [kind for kind, _ in kinds[:5]] == [b"IHDR", b"iTXt", b"iTXt", b"iTXt", b"eXIf"]
    assert kinds[1][1][8:].startswith(b"XML:com.adobe.xmp" + b"\0" * 5)
    assert kinds[2][1][8:].startswith(b"kzmark" + b"\0" * 5 + b'{"created"')
    assert kinds[3][1][8:].startswith(b"Description" + b"\0" * 5 + "ЖИ жасаған\n".encode())
    assert b"image/png" in kinds[1][1]
    assert sum(b"XML:com.adobe.xmp" in whole for _, whole in kinds) == 1


def test_chunks_of_others_stay_byte_for_byte_and_in_order(mark: Mark) -> None:
    others = [
        chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(500))),
        chunk(b"cICP", b"\1\15\0\1"),
        chunk(b"tEXt", b"parameters\0a prompt, as others write it"),
        zipped(b"Comment", b"so many words"),
        chunk(b"iTXt", b"Title\0\1\0ru\0\0" + zlib.compress("Имя".encode())),
        chunk(b"caBX", b"\0\0\0\x20jumb"),
        chunk(b"prVt", b"private"),
    ]
    late = [chunk(b"tEXt", b"Description\0by somebody else"), chunk(b"tIME", bytes(7))]
    data = plain(before=others, after=late) + b"after the end"

    once = written(data, mark)

    rest = [whole for kind, whole in split(once) if kind != b"eXIf"]
    assert rest[0] == split(data)[0][1]
    assert rest[3:] == [whole for _, whole in split(data)][1:]
    assert once.endswith(b"after the end")
    assert read(once)[Layer.TEXT].facts["after IEND"] == "13 bytes"
    assert read(once)[Layer.TEXT].facts["parameters"].startswith("a prompt")
    assert written(once, mark) == once


def test_a_new_mark_takes_the_place_of_the_old_words(mark: Mark) -> None:
    notice = mark.notice.__class__(languages=("en",), texts=("AI-generated",))
    new = make_mark("Other owner", notice=notice)

    data = written(written(plain(), mark), new)

    assert "ЖИ жасаған".encode() not in data
    assert data == written(plain(), new)
    assert {e.mark for e in read(data).values()} == {new}


def test_a_compressed_packet_and_a_second_one_are_read_and_kept(mark: Mark) -> None:
    data = plain(before=[xmp_chunk(PACKET, compressed=True)], after=[xmp_chunk(PACKET)])

    once = written(data, mark)
    found = list(ADAPTER.read(io.BytesIO(once), limits=DEFAULT_LIMITS))

    assert [e.mark for e in found if e.layer is Layer.XMP] == [mark, mark]
    assert once.count(b"image/png") == 2
    assert written(once, mark) == once


@pytest.mark.parametrize("kind", [b"eXIf", b"zTXt", b"tEXt"])
def test_exif_is_merged_where_it_stands(kind: bytes, mark: Mark, tmp_path: Path) -> None:
    if kind == b"eXIf":
        carrier = chunk(b"eXIf", exif_block())
    else:
        text = raw_profile(exif_block())
        name = b"Raw profile type exif"
        carrier = zipped(name, text) if kind == b"zTXt" else chunk(kind, name + b"\0" + text)
    data = plain(before=[carrier])

    once = written(data, mark)

    assert read(once)[Layer.EXIF].mark == mark
    assert [k for k, _ in split(once)].count(b"eXIf") == (kind == b"eXIf")
    assert written(once, mark) == once
    assert exiftool(once, tmp_path / "a.png")["IFD0:Make"] == "Maker"


def test_a_raw_profile_that_is_not_exif_stays(mark: Mark) -> None:
    body = b"http://ns.adobe.com/xap/1.0/\0" + PACKET
    text = b"\nAPP1\n%8d\n%s\n" % (len(body), body.hex().encode())
    data = plain(before=[zipped(b"Raw profile type APP1", text)])

    once = written(data, mark)

    assert split(data)[1] in split(once)
    assert [kind for kind, _ in split(once)].count(b"eXIf") == 1


def test_exiftool_reads_what_was_written(mark: Mark, tmp_path: Path) -> None:
    found = exiftool(written(plain(before=[xmp_chunk(PACKET)]), mark), tmp_path / "a.png")

    assert found["XMP-iptcExt:DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert json.loads(found["PNG:Kzmark"]) == mark.to_dict()
    assert "Создано ИИ" in found["PNG:Description"]
    assert "ExifTool:Warning" not in found
    assert "ExifTool:Error" not in found


def test_exiftool_reads_exif_beside_a_c2pa_manifest(mark: Mark, tmp_path: Path) -> None:
    label = b"c2pa\0"
    inner = b"jumd" + b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71" + b"\3" + label
    box = struct.pack(">I", len(inner) + 4) + inner
    manifest = chunk(b"caBX", struct.pack(">I", len(box) + 8) + b"jumb" + box)
    head, *rest = (whole for _, whole in split(written(plain(), mark)))

    found = exiftool(b"".join([MAGIC, head, manifest, *rest]), tmp_path / "a.png")

    assert found["IFD0:ImageDescription"] == "ЖИ жасаған / Создано ИИ"
    assert "ExifTool:Warning" not in found
    assert found["JUMBF:JUMDLabel"] == "c2pa"


def test_pillow_reads_the_texts_and_imagemagick_finds_no_fault(mark: Mark, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(written(plain(), mark))

    with Image.open(path) as image:
        image.load()

        assert Mark.from_json(image.info["kzmark"]) == mark
        assert image.info["Description"] == "ЖИ жасаған\nСоздано ИИ"
    if not shutil.which("identify"):
        pytest.skip("ImageMagick is not installed here")
    call = ["identify", "-regard-warnings", "-verbose", str(path)]
    subprocess.run(call, check=True, capture_output=True)


def test_a_file_that_pillow_wrote_with_texts_keeps_them(mark: Mark) -> None:
    info = PngInfo()
    info.add_text("Software", "Пайплайн 2", zip=True)
    info.add_itxt("Author", "Әлия", "kk", "Авторы")
    target = io.BytesIO()
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(target, "PNG", pnginfo=info, dpi=(72, 72))

    with Image.open(io.BytesIO(written(target.getvalue(), mark))) as image:
        image.load()

        assert image.info["Author"] == "Әлия"
        assert image.info["Software"] == "Пайплайн 2"
        assert round(image.info["dpi"][0]) == 72


def test_what_is_broken_is_told_from_what_is_absent(mark: Mark) -> None:
    broken = plain(
        before=[
            xmp_chunk(b"<x:xmpmeta"),
            chunk(b"iTXt", b"kzmark\0\0\0\0\0{"),
            chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"),
        ]
    )

    found = read(broken)

    assert {layer: e.status for layer, e in found.items()} == dict.fromkeys(OURS, Status.BROKEN)
    assert found[Layer.TEXT].code == "text.record"
    with pytest.raises(MalformedMediaError):
        written(broken, mark)


def test_texts_that_break_their_own_rules_are_nobodys(mark: Mark) -> None:
    odd = [
        chunk(b"iTXt", b"kzmark"),
        chunk(b"iTXt", b"kzmark\0\7\0\0\0{}"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0no end"),
        chunk(b"zTXt", b"kzmark\0\5x"),
        chunk(b"tEXt", b"\0text"),
        chunk(b"tEXt", b"k" * 80 + b"\0text"),
    ]
    data = plain(before=odd)

    assert {e.status for e in read(data).values()} == {Status.ABSENT}
    assert set(odd) <= {whole for _, whole in split(written(data, mark))}


@pytest.mark.parametrize("keyword", [b"XML:com.adobe.xmp", b"kzmark"])
def test_a_text_that_inflates_without_end_is_not_inflated(keyword: bytes, mark: Mark) -> None:
    bomb = zlib.compress(bytes(40 << 20), 9)
    data = plain(before=[chunk(b"iTXt", keyword + b"\0\1\0\0\0" + bomb)])

    layer = Layer.TEXT if keyword == b"kzmark" else Layer.XMP
    limits = Limits(max_metadata=1 << 20)

    assert read(data, limits)[layer].status is Status.BROKEN
    if layer is Layer.XMP:
        with pytest.raises(LimitExceededError, match="inflates to more"):
            ADAPTER.write(io.BytesIO(data), io.BytesIO(), mark, limits=limits)


def test_bombs_in_texts_of_others_are_left_alone(mark: Mark) -> None:
    bomb = zlib.compress(bytes(40 << 20), 9)
    others = [zipped(b"Comment", b"x"), chunk(b"iCCP", b"p\0\0" + bomb)]
    others.append(chunk(b"zTXt", b"Title\0\0" + bomb))
    data = plain(before=others)

    assert set(others) <= {whole for _, whole in split(written(data, mark))}


def test_the_magic_is_that_of_the_specification() -> None:
    assert ADAPTER.info.signatures[0].magic == MAGIC
