"""HEIC against libheif, exiftool and C2PA: what stays, what is shown, what is refused."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.formats.bmff_samples import (
    LIMITS,
    PACKET,
    ItemsFile,
    band,
    corner,
    exif,
    heic,
    inside,
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
from kzmark.formats._bmff.boxes import full, pack
from kzmark.formats._bmff.edit import open_file, rewrite
from kzmark.formats._bmff.items import payload
from kzmark.formats._bmff.put import Put
from kzmark.formats._heif.layers import EXIF_LEAD, about, join_exif, split_exif, without_exif
from kzmark.formats._heif.stills import stills
from kzmark.formats.heic import ADAPTER
from kzmark.mark import Mark
from kzmark.report import Status
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity, new_identity
from kzmark.vocabulary import Layer


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("heic") / "identity", organisation="ТОО Пример")


def signed(data: bytes, mark: Mark, identity: Identity) -> bytes:
    target = io.BytesIO()
    signer = c2pa.Signer(identity)
    c2pa.sign(io.BytesIO(data), target, mark=mark, mime="image/heic", signer=signer)
    return target.getvalue()


def with_packet(data: bytes, packet: bytes = PACKET) -> bytes:
    file = open_file(data, limits=LIMITS)
    return rewrite(file, [Put(data=packet, describes=(file.meta.primary,))], limits=LIMITS)


def properties(data: bytes) -> list[tuple[bytes, bytes]]:
    (still,) = stills(open_file(data, limits=LIMITS), limits=LIMITS)
    return [(one.kind, one.data) for one in still.properties]


def with_property(data: bytes, kind: bytes, content: bytes) -> bytes:
    """Give item 1 of a file by libheif one more property."""
    file = open_file(data, limits=LIMITS)
    at = data.index(b"iprp") - 4
    end = at + int.from_bytes(data[at : at + 4], "big")
    ipco = data.index(b"ipco", at) - 4
    size = int.from_bytes(data[ipco : ipco + 4], "big")
    ipma = bytearray(data[ipco + size : end])
    count = 0
    where = ipco + 8
    while where < ipco + size:
        where += int.from_bytes(data[where : where + 4], "big")
        count += 1
    ipma[18] += 1
    ipma[19:19] = bytes([0x80 | count + 1])
    ipma[:4] = len(ipma).to_bytes(4, "big")
    inner = data[ipco + 8 : ipco + size] + pack(kind, content)
    box = pack(b"iprp", pack(b"ipco", inner), bytes(ipma))
    return rewrite(file, [], limits=LIMITS, replace={b"iprp": box})


# layers


def test_exiftool_reads_the_mark_and_what_others_wrote(mark: Mark, tmp_path: Path) -> None:
    data = written(ADAPTER, with_packet(heic(exif_block=exif())), mark)

    seen = told(data, tmp_path / "a.heic")

    assert seen["[IFD0] Artist"] == "theirs"
    assert seen["[XMP-dc] Format"] == "theirs"
    assert seen["[XMP-iptcExt] DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert str(mark.mark_id) in seen["[ExifIFD] UserComment"]


def test_writing_touches_no_pixel_and_no_other_item(mark: Mark) -> None:
    data = heic(scene(), scene(96, 64, 1), exif_block=exif())

    before, after = shown(ADAPTER, data), shown(ADAPTER, written(ADAPTER, data, mark))

    assert [np.array_equal(a.pixels, b.pixels) for a, b in zip(before, after, strict=True)] == [
        True,
        True,
    ]


def test_the_same_mark_again_changes_nothing(mark: Mark) -> None:
    once = written(ADAPTER, with_packet(heic(exif_block=exif())), mark)

    assert written(ADAPTER, once, mark) == once


def test_a_compressed_packet_is_read_and_replaced_uncompressed(mark: Mark) -> None:
    name = b"application/rdf+xml\0"
    data = with_packet(heic(), zlib.compress(PACKET))
    file = open_file(data, limits=LIMITS)
    (item,) = about(file, name[:-1].decode())
    box = item.box[:-1] + b"\0deflate\0"
    box = len(box).to_bytes(4, "big") + box[4:]
    iinf = full(
        b"iinf", 0, 0, b"\0\2", *(one.box for n, one in file.meta.items.items() if n == 1), box
    )
    once = rewrite(file, [], limits=LIMITS)
    at = once.index(b"iinf") - 4
    end = at + int.from_bytes(once[at : at + 4], "big")
    grown = open_file(once, limits=LIMITS)
    packed = _replaced(once, at, end, iinf, grown.meta.span.start)

    evidence = {e.layer: e.status for e in ADAPTER.read(io.BytesIO(packed), limits=LIMITS)}
    after = written(ADAPTER, packed, mark)

    assert evidence[Layer.XMP] is Status.ABSENT  # ours is not in it, but it could be read
    assert b"theirs" not in packed
    assert b"theirs" in after
    assert {e.mark for e in ADAPTER.read(io.BytesIO(after), limits=LIMITS)} == {mark}


def _replaced(data: bytes, at: int, end: int, box: bytes, meta: int) -> bytes:
    """Put another `iinf` box in, and move what `iloc` says by the difference."""
    more = len(box) - (end - at)
    result = bytearray(data[:at] + box + data[end:])
    size = int.from_bytes(result[meta : meta + 4], "big") + more
    result[meta : meta + 4] = size.to_bytes(4, "big")
    file = open_file(bytes(result), limits=LIMITS)
    span = next(one for one in file.meta.children if one.kind == b"iloc")
    for place in file.meta.places.values():
        for extent in place.extents:
            old = extent.start.to_bytes(4, "big")
            where = result.index(old, span.body)
            result[where : where + 4] = (extent.start + more).to_bytes(4, "big")
    return bytes(result)


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0\0\6Exif\0\0II*\0rest",
        b"\0\0\0\0Exif\0\0II*\0rest",
        b"\0\0\0\0II*\0rest",
        b"\0\0\0\x05extraMM\0*rest",
    ],
)
def test_the_exif_block_is_found_behind_any_lead(raw: bytes) -> None:
    lead, blob = split_exif(raw)

    assert blob.endswith(b"rest")
    assert blob[:2] in {b"II", b"MM"}
    again = split_exif(join_exif(lead, blob))
    assert again[1] == blob


def test_metadata_of_another_picture_is_left_alone(mark: Mark) -> None:
    data = heic(scene(), scene(96, 64, 1))
    file = open_file(data, limits=LIMITS)
    other = max(file.meta.items)
    data = rewrite(file, [Put(data=PACKET, describes=(other,))], limits=LIMITS)

    after = open_file(written(ADAPTER, data, mark), limits=LIMITS)

    kept = [n for n in after.meta.items if after.meta.targets(b"cdsc", n) == (other,)]
    assert payload(after.data, after.meta, kept[0], limits=LIMITS) == PACKET


# C2PA


@pytest.mark.parametrize("base_size", [0, 4, 8])
def test_exif_and_xmp_survive_signing_whatever_iloc_looked_like(
    base_size: int, mark: Mark, identity: Identity, tmp_path: Path
) -> None:
    data = written(ADAPTER, ItemsFile(base_size=base_size).build(), mark)
    before = told(data, tmp_path / "before.heic")

    after = told(signed(data, mark, identity), tmp_path / "after.heic")

    names = [name for name in before if name.startswith(("[IFD0]", "[XMP", "[ExifIFD]"))]
    assert len(names) > 5
    assert {name: after.get(name) for name in names} == {name: before[name] for name in names}


def test_a_file_by_heif_enc_survives_signing(
    mark: Mark, identity: Identity, tmp_path: Path
) -> None:
    program = tool("heif-enc")
    Image.fromarray(scene(200, 120)).save(
        tmp_path / "a.jpg", quality=90, exif=exif(), xmp=PACKET, subsampling=0
    )
    subprocess.run(
        [program, "-q", "80", "-t", "64", "a.jpg", "-o", "a.heic"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    data = written(ADAPTER, (tmp_path / "a.heic").read_bytes(), mark)

    done = signed(data, mark, identity)

    assert {e.mark for e in ADAPTER.read(io.BytesIO(done), limits=LIMITS)} == {mark}
    seen = told(done, tmp_path / "b.heic")
    assert (seen["[IFD0] Artist"], seen["[XMP-dc] Format"]) == ("theirs", "theirs")
    assert trusting(done, "image/heic", identity).status is Status.PRESENT
    assert_valid_outside(done, "image/heic", identity)


def test_an_earlier_manifest_survives_painting_and_writing(mark: Mark, identity: Identity) -> None:
    first = signed(written(ADAPTER, heic(), mark), mark, identity)

    data, _ = painted(ADAPTER, first)

    assert c2pa.has_manifest(io.BytesIO(written(ADAPTER, data, mark)), "image/heic")


# paint


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_painted_as_it_is_shown(orientation: int) -> None:
    data = heic(exif_block=exif(orientation))
    (before,) = shown(ADAPTER, data)
    after_bytes, notes = painted(ADAPTER, data)
    (after,) = shown(ADAPTER, after_bytes)

    assert (before.height, before.width) == ((160, 120) if orientation > 4 else (120, 160))
    assert outside(before, after, corner(before.width, before.height)) > 44
    assert inside(after, corner(before.width, before.height)) < 3
    assert notes == []
    turns = {b"irot", b"imir"}
    assert [one for one in properties(after_bytes) if one[0] in turns] == [
        one for one in properties(data) if one[0] in turns
    ]


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_heif_convert_shows_it_upright(orientation: int, tmp_path: Path) -> None:
    program = tool("heif-convert")
    data = heic(exif_block=exif(orientation))
    after, _ = painted(ADAPTER, data, band)
    (tmp_path / "a.heic").write_bytes(written(ADAPTER, after, _any_mark()))

    subprocess.run([program, "a.heic", "a.png"], cwd=tmp_path, check=True, capture_output=True)
    with Image.open(tmp_path / "a.png") as image:
        seen = np.asarray(image.convert("RGB"))

    (ours,) = shown(ADAPTER, after)
    assert seen.shape == ours.pixels.shape
    assert np.abs(seen.astype(int) - ours.pixels).mean() < 3
    assert seen[-24:, 24:].mean() < 40


def _any_mark() -> Mark:
    from tests.conftest import make_mark

    return make_mark()


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_pictures_stay_deep(bits: int) -> None:
    deep = scene().astype(np.uint16) << (bits - 8)
    data = heic(deep, bits=bits)

    after, notes = painted(ADAPTER, data)

    (still,) = stills(open_file(after, limits=LIMITS), limits=LIMITS)
    (a,), (b,) = shown(ADAPTER, data), shown(ADAPTER, after)
    assert (still.bits, notes) == (bits, [])
    assert outside(a, b, corner(160, 120)) > 44


@pytest.mark.parametrize("chroma", [420, 422, 444])
def test_subsampling_stays(chroma: int) -> None:
    after, _ = painted(ADAPTER, heic(chroma=chroma))

    (still,) = stills(open_file(after, limits=LIMITS), limits=LIMITS)
    assert still.chroma == ":".join(str(chroma))


def test_grey_and_transparent_pictures_stay_so() -> None:
    grey, _ = painted(ADAPTER, heic(scene()[..., 0]))
    clear = np.dstack([scene(), scene(seed=1)[..., 0]])
    data = heic(clear)
    after, _ = painted(ADAPTER, data)

    (a,) = stills(open_file(grey, limits=LIMITS), limits=LIMITS)
    (b,) = stills(open_file(after, limits=LIMITS), limits=LIMITS)
    assert (a.chroma, b.alpha) == ("4:0:0", True)
    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) > 44


def test_a_lossless_picture_stays_lossless() -> None:
    data = heic(quality=-1, chroma=444, matrix_coefficients=0)

    after, _ = painted(ADAPTER, data)

    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) == 99


def test_every_picture_of_a_file_gets_its_plate() -> None:
    data = heic(scene(), scene(96, 64, 1), scene(128, 80, 2), primary_index=1)
    sizes = ADAPTER.sizes(io.BytesIO(data), limits=LIMITS)

    after, _ = painted(ADAPTER, data, band)

    assert sizes == [(160, 120), (96, 64), (128, 80)]
    for before, now in zip(shown(ADAPTER, data), shown(ADAPTER, after), strict=True):
        patch = band(before.width, before.height)
        assert now.height == before.height + 24
        assert outside(before, now, patch) > 44
        assert inside(now, patch) < 3
    old, new = (open_file(one, limits=LIMITS) for one in (data, after))
    assert old.meta.primary != min(old.meta.items)
    assert new.meta.primary == stills(new, limits=LIMITS)[1].number


def test_a_grid_is_one_picture() -> None:
    data = heic(scene(), tile_size=64)
    assert any(i.kind == b"grid" for i in open_file(data, limits=LIMITS).meta.items.values())

    after, notes = painted(ADAPTER, data)

    assert (len(shown(ADAPTER, after)), notes) == (1, [])
    assert outside(shown(ADAPTER, data)[0], shown(ADAPTER, after)[0], corner(160, 120)) > 44


def test_colour_exif_and_xmp_are_carried_over_byte_by_byte(tmp_path: Path) -> None:
    profile = b"\0\0\1\0profile of theirs" * 9
    nclx = b"nclx" + bytes([0, 12, 0, 13, 0, 6, 0x80])
    data = with_property(heic(exif_block=exif(6)), b"pasp", b"\0\0\0\1\0\0\0\1")
    data = with_property(with_packet(data), b"colr", b"prof" + profile)
    data = data.replace(b"nclx" + bytes([0, 1, 0, 13, 0, 6, 0x80]), nclx)

    after, _ = painted(ADAPTER, data)

    kept = properties(after)
    assert (b"colr", b"prof" + profile) in kept
    assert (b"colr", nclx) in kept
    assert (b"pasp", b"\0\0\0\1\0\0\0\1") in kept
    for name in ("", "application/rdf+xml"):
        old, new = open_file(data, limits=LIMITS), open_file(after, limits=LIMITS)
        (a,), (b,) = about(old, name), about(new, name)
        raw = payload(old.data, old.meta, a.number, limits=LIMITS)
        assert payload(new.data, new.meta, b.number, limits=LIMITS) == raw
    assert told(after, tmp_path / "a.heic")["[IFD0] Artist"] == "theirs"


def test_a_clean_aperture_is_applied() -> None:
    clap = [100, 1, 80, 1, 0, 1, 0, 1]
    content = b"".join(n.to_bytes(4, "big") for n in clap)
    data = with_property(heic(), b"clap", content)
    (before,) = shown(ADAPTER, data)

    after, notes = painted(ADAPTER, data)

    assert ADAPTER.sizes(io.BytesIO(data), limits=LIMITS) == [(100, 80)]
    assert notes == ["clean-aperture-applied"]
    assert outside(before, shown(ADAPTER, after)[0], corner(100, 80)) > 44


def test_previews_are_dropped_and_told_of(tmp_path: Path) -> None:
    import pillow_heif

    file = pillow_heif.from_pillow(Image.fromarray(scene()))
    file[0].info["thumbnails"] = [64]
    target = io.BytesIO()
    file.save(target)
    assert b"thmb" in target.getvalue()

    after, notes = painted(ADAPTER, target.getvalue())

    assert notes == ["heif-thumbnail-dropped"]
    assert b"thmb" not in after


# refusals


def test_a_missing_backend_is_named(monkeypatch: pytest.MonkeyPatch, mark: Mark) -> None:
    data = heic()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    assert written(ADAPTER, data, mark)
    assert ADAPTER.sizes(io.BytesIO(data), limits=LIMITS) == [(160, 120)]
    with pytest.raises(BackendMissingError) as caught:
        painted(ADAPTER, data)
    assert (caught.value.backend, caught.value.extra) == ("pillow_heif", "heic")


def test_a_declared_size_beyond_the_limits_is_refused_before_decoding() -> None:
    data = heic()
    at = data.index(b"ispe") + 8
    huge = data[:at] + (60_000).to_bytes(4, "big") * 2 + data[at + 8 :]

    for limits, sample in ((LIMITS, huge), (Limits(max_pixels=10_000), data)):
        with pytest.raises(LimitExceededError):
            list(ADAPTER.pictures(io.BytesIO(sample), limits=limits))


def test_a_coded_size_beyond_the_limits_is_refused_before_decoding() -> None:
    from kzmark.formats._heif.coded import coded_size

    data = heic(scene(640, 480))
    file = open_file(data, limits=LIMITS)
    (still,) = stills(file, limits=LIMITS)
    assert coded_size(still.properties) == (640, 480)
    at = data.index(b"ispe") + 8
    small = data[:at] + (8).to_bytes(4, "big") * 2 + data[at + 8 :]

    with pytest.raises(LimitExceededError):
        ADAPTER.sizes(io.BytesIO(small), limits=Limits(max_pixels=100_000))


def test_sequences_and_fragments_are_refused() -> None:
    with pytest.raises(MalformedMediaError):
        painted(ADAPTER, heic() + pack(b"moov", b""))
    with pytest.raises(MalformedMediaError):
        ADAPTER.read(io.BytesIO(pack(b"ftyp", b"heic\0\0\0\0heic")), limits=LIMITS)


def test_brands_decide() -> None:
    def head(major: bytes, *others: bytes) -> bytes:
        return pack(b"ftyp", major, bytes(4), *others)

    assert ADAPTER.confirm(head(b"heic"))
    assert ADAPTER.confirm(head(b"mif1", b"heic", b"avif"))
    assert ADAPTER.confirm(head(b"mif1", b"mif1"))
    assert not ADAPTER.confirm(head(b"mif1", b"avif"))
    assert not ADAPTER.confirm(head(b"avif", b"heic"))
    assert not ADAPTER.confirm(head(b"isom", b"mp42"))


def test_items_hidden_from_a_decoder_are_renamed_in_place() -> None:
    data = heic(exif_block=exif())

    hidden = without_exif(data, limits=LIMITS)

    assert len(hidden) == len(data)
    assert about(open_file(hidden, limits=LIMITS), "") == []
    assert EXIF_LEAD.startswith(b"\0\0\0\6")


def test_a_file_cut_anywhere_raises_only_media_errors(mark: Mark) -> None:
    whole = written(ADAPTER, with_packet(heic(scene(64, 48), exif_block=exif())), mark)
    for length in range(0, len(whole) - 1, 37):
        cut = io.BytesIO(whole[:length])
        for call in (ADAPTER.read, ADAPTER.sizes):
            try:
                call(cut, limits=LIMITS)
            except MediaError:
                continue


def test_a_damaged_file_raises_only_media_errors(mark: Mark) -> None:
    chance = np.random.default_rng(5)
    whole = with_packet(heic(scene(64, 48), exif_block=exif()))
    for _ in range(60):
        data = bytearray(whole)
        data[chance.integers(0, 900)] = chance.integers(0, 256)
        try:
            list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS))
            written(ADAPTER, bytes(data), mark)
        except MediaError:
            continue


def test_pictures_that_viewers_leave_out_are_left_out_and_told_of() -> None:
    data = heic(scene(), scene(96, 64, 1))
    file = open_file(data, limits=LIMITS)
    gain = Put(data=bytes(62), kind=b"tmap", content_type="", describes=(1, 2))
    data = rewrite(file, [gain], limits=LIMITS).replace(b"cdsc", b"dimg")

    _, notes = painted(ADAPTER, data)

    assert notes == ["gain-map-dropped"]
    assert len(shown(ADAPTER, data)) == 2
