"""PNG: what a plate changes beside pixels: palettes, previews, and what depends on them."""

import struct
from pathlib import Path

import numpy as np
from tests.formats.png_samples import (
    GREY,
    PALETTE,
    RGB,
    RGBA,
    chunk,
    colours,
    ihdr,
    make,
    noise,
    split,
)
from tests.formats.test_png import exif_block, exiftool, plain, raw_profile, xmp_chunk, zipped
from tests.formats.test_png_paint import GROUND, INK, decoded, painted, plate


def test_a_thumbnail_is_dropped_wherever_exif_stands(tmp_path: Path) -> None:
    block = exif_block(thumbnail=True)
    for carrier in (
        chunk(b"eXIf", block),
        zipped(b"Raw profile type exif", raw_profile(block)),
    ):
        out, notes = painted(plain(before=[carrier]), (2, 2, 8, 6))
        found = exiftool(out, tmp_path / "a.png")

        assert notes == ["exif-thumbnail-dropped"]
        assert not any("Thumbnail" in name for name in found)
        assert found["IFD0:Make"] == "Maker"
        assert painted(out, (2, 2, 8, 6))[1] == []


def test_a_preview_in_xmp_is_dropped() -> None:
    picture = (
        '<xmpGImg:image xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/">AAAA</xmpGImg:image>'
    )
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f'<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">{picture}</rdf:li></rdf:Alt>'
        "</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
    )

    out, notes = painted(plain(before=[xmp_chunk(packet.encode())]), (2, 2, 8, 6))

    assert notes == ["xmp-thumbnail-dropped"]
    assert b"Thumbnails" not in out


def test_chunks_of_others_and_what_follows_the_end_stay() -> None:
    others = [chunk(b"gAMA", bytes(4)), chunk(b"caBX", b"x"), chunk(b"iDOT", bytes(28))]
    data = plain(before=others, after=[chunk(b"prVt", b"y")]) + b"tail"

    out, notes = painted(data, (2, 2, 8, 6))

    kept = [whole for kind, whole in split(out) if kind != b"IDAT"]
    dropped = {b"IDAT", b"iDOT"}
    assert kept == [whole for kind, whole in split(data) if kind not in dropped]
    assert out.endswith(b"tail")
    assert notes == ["idot-dropped", "trailing-data-kept"]


def test_a_full_palette_without_fitting_colours_becomes_true_colour_exactly() -> None:
    every = np.arange(40 * 30).reshape(30, 40, 1) % 256
    data = make(
        every,
        PALETTE,
        8,
        palette=colours(256),
        before=[chunk(b"bKGD", b"\7"), chunk(b"hIST", bytes(512)), chunk(b"sBIT", b"\5\6\5")],
    )

    out, notes = painted(data, (4, 4, 20, 9))

    assert notes == ["colour-type-raised"]
    assert split(out)[0][1] == ihdr(40, 30, 8, RGB)
    wanted = struct.pack(">3H", *colours(256)[21:24])
    ancillary = [chunk(b"bKGD", wanted), chunk(b"sBIT", b"\5\6\5")]
    assert [whole for kind, whole in split(out) if kind not in {b"IHDR", b"IDAT", b"IEND"}] == (
        ancillary
    )
    assert np.array_equal(decoded(out)[4:13, 4:24, :3], plate(20, 9))


def test_a_palette_grows_with_its_histogram_and_transparency() -> None:
    data = make(
        noise(20, 15, PALETTE, 4, entries=9),
        PALETTE,
        4,
        palette=colours(9),
        before=[chunk(b"tRNS", b"\0\x80"), chunk(b"hIST", bytes(18))],
    )

    out, notes = painted(data, (1, 1, 12, 8))

    found = dict(split(out))
    assert not notes
    assert len(found[b"PLTE"]) == 12 + 3 * 11
    assert len(found[b"hIST"]) == 12 + 2 * 11
    assert found[b"tRNS"] == chunk(b"tRNS", b"\0\x80")


def test_an_unused_transparent_entry_that_the_plate_takes_becomes_opaque() -> None:
    samples = noise(20, 15, PALETTE, 2, entries=2)
    data = make(
        samples, PALETTE, 2, palette=colours(4), before=[chunk(b"tRNS", b"\xff\xff\x40\x40")]
    )

    out, notes = painted(data, (1, 1, 12, 8))

    assert not notes
    assert b"tRNS" not in dict(split(out))
    assert np.array_equal(decoded(out)[1:9, 1:13, :3], plate(12, 8))


def test_one_bit_with_a_transparent_level_still_gets_both_colours() -> None:
    data = make(noise(20, 15, GREY, 1), GREY, 1, before=[chunk(b"tRNS", b"\0\1")])

    out, notes = painted(data, (1, 1, 12, 8))

    assert notes == ["colour-type-raised"]
    assert split(out)[0][1] == ihdr(20, 15, 8, RGBA)
    assert np.array_equal(decoded(out)[1:9, 1:13, :3], plate(12, 8))


def test_a_plate_of_many_colours_keeps_its_two_main_ones_in_a_small_palette() -> None:
    greys = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (10, 1))
    greys[:4], greys[4:8] = GROUND, INK
    data = make(noise(60, 30, PALETTE, 4, entries=12), PALETTE, 4, palette=colours(12))

    out, notes = painted(data, (1, 1, 40, 10), pixels=greys[..., None].repeat(3, 2))

    assert not notes
    assert np.abs(decoded(out)[1:9, 1:41, 0].astype(int) - greys[:8]).max() <= 40
