"""PNG: whatever the bytes, only a `MediaError` comes out, and soon."""

import contextlib
import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.formats.png_samples import (
    GREY,
    GREY_ALPHA,
    MAGIC,
    PALETTE,
    RGB,
    RGBA,
    animation,
    chunk,
    colours,
    ihdr,
    make,
    noise,
    split,
)
from tests.formats.test_png import plain, written

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats.png import ADAPTER
from kzmark.report import Status
from kzmark.testing import half_and_half

KEEP, BACKGROUND, PREVIOUS = 0, 1, 2
SOURCE, OVER = 0, 1
FULL = (0, 0, 20, 16)
SMALL = Limits(max_pixels=1_000_000, max_total_pixels=5_000_000, max_metadata=1 << 20)
FRAMES = [(FULL, KEEP, SOURCE), ((0, 0, 9, 5), BACKGROUND, OVER), ((2, 9, 9, 5), PREVIOUS, OVER)]
END = chunk(b"IEND")


def samples() -> list[bytes]:
    indices = noise(20, 16, PALETTE, 4, entries=9)
    return [
        written(plain(), make_mark()),
        make(noise(20, 16, RGBA, 16), RGBA, 16, interlace=1),
        make(indices, PALETTE, 4, palette=colours(9), before=[chunk(b"tRNS", b"\0\x80")]),
        animation(RGB, 8, (20, 16), FRAMES),
    ]


def everything(data: bytes, limits: Limits = SMALL) -> None:
    """Do all that an adapter can do."""
    source = io.BytesIO(data)
    ADAPTER.read(source, limits=limits)
    ADAPTER.sizes(source, limits=limits)
    list(ADAPTER.pictures(source, limits=limits))
    ADAPTER.paint(source, io.BytesIO(), half_and_half, limits=limits)
    ADAPTER.write(source, io.BytesIO(), make_mark(), limits=limits)


def file(*chunks: bytes) -> bytes:
    return b"".join((MAGIC, *chunks))


def still(raw: bytes, colour: int = RGB, *, interlace: int = 0) -> bytes:
    """Return a picture of 24 x 18 pixels with this raw data."""
    return file(ihdr(24, 18, 8, colour, interlace), chunk(b"IDAT", zlib.compress(raw)), END)


def spoilt(data: bytes, kind: bytes, at: int, value: bytes, *, which: int = 0) -> bytes:
    """Return the file with bytes of one chunk's data changed, and its CRC made good."""
    out, seen = [MAGIC], 0
    for name, whole in split(data):
        body = bytearray(whole[8:-4])
        if name == kind:
            if seen == which:
                body[at : at + len(value)] = value
            seen += 1
        out.append(chunk(name, bytes(body)))
    return b"".join(out)


@pytest.mark.parametrize("index", range(4))
def test_a_file_cut_anywhere_is_malformed(index: int) -> None:
    whole = samples()[index]
    for length in range(0, len(whole) - 1, 37):
        for call in (ADAPTER.read, ADAPTER.sizes):
            with pytest.raises(MalformedMediaError):
                call(io.BytesIO(whole[:length]), limits=SMALL)


@given(st.integers(0, 3), st.lists(st.integers(0, 1 << 20), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_seen_by_the_crc(index: int, flips: list[int]) -> None:
    data = bytearray(samples()[index])
    for flip in set(flips):
        data[flip // 8 % len(data)] ^= 1 << flip % 8

    with contextlib.suppress(MediaError):
        everything(bytes(data))
    if len(set(flips)) == 1:
        with pytest.raises(MediaError):
            ADAPTER.read(io.BytesIO(bytes(data)), limits=SMALL)


@given(st.integers(0, 3), st.integers(0, 60), st.binary(max_size=40), st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_any_chunk_with_any_data_ends_well_or_in_a_media_error(
    index: int, which: int, value: bytes, at: int
) -> None:
    chunks = split(samples()[index])
    name, whole = chunks[which % len(chunks)]
    body = whole[8:-4]
    place = at % (len(body) + 1)
    chunks[which % len(chunks)] = name, chunk(name, body[:place] + value + body[place + 3 :])

    with contextlib.suppress(MediaError):
        everything(file(*(one for _, one in chunks)))


@given(st.binary(min_size=1, max_size=400), st.sampled_from((GREY, RGB, GREY_ALPHA, RGBA)))
@settings(max_examples=100, deadline=None)
def test_any_rows_end_well_or_in_a_media_error(raw: bytes, colour: int) -> None:
    with contextlib.suppress(MediaError):
        everything(still((raw * 2_000)[:2_000], colour, interlace=len(raw) % 2))


def test_chunks_out_of_order_are_refused() -> None:
    head, idat, end = ihdr(24, 18, 8, RGB), split(plain(idats=1))[1][1], END
    plte, text = chunk(b"PLTE", bytes(6)), chunk(b"tEXt", b"a\0b")
    indexed = ihdr(24, 18, 8, PALETTE)
    wrong = [
        (idat, head, end),
        (head, end),
        (head, head, idat, end),
        (head, idat, text, idat, end),
        (head, idat),
        (head, chunk(b"ABCD"), idat, end),
        (head, chunk(b"12ab"), idat, end),
        (indexed, idat, end),
        (indexed, idat, plte, end),
        (indexed, plte, plte, idat, end),
        (indexed, chunk(b"PLTE", bytes(7)), idat, end),
        (indexed, chunk(b"PLTE", bytes(3 * 257)), idat, end),
        (indexed, chunk(b"tRNS", b"\0"), plte, idat, end),
        (indexed, plte, chunk(b"tRNS", bytes(3)), idat, end),
        (head, chunk(b"tRNS", bytes(5)), idat, end),
        (ihdr(24, 18, 8, RGBA), chunk(b"tRNS", bytes(6)), idat, end),
        (ihdr(24, 18, 8, GREY), plte, idat, end),
        (chunk(b"IHDR", bytes(12)), idat, end),
        (ihdr(24, 18, 4, RGB), idat, end),
        (ihdr(24, 18, 8, 5), idat, end),
        (ihdr(24, 18, 8, RGB, 2), idat, end),
    ]
    for chunks in wrong:
        with pytest.raises(MalformedMediaError):
            ADAPTER.sizes(io.BytesIO(file(*chunks)), limits=SMALL)


def test_a_length_beyond_the_file_allocates_nothing() -> None:
    for size in (b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"):
        with pytest.raises(MalformedMediaError):
            ADAPTER.read(io.BytesIO(file(ihdr(4, 4, 8, RGB), size + b"IDAT")), limits=SMALL)


@pytest.mark.parametrize("size", [(0, 9), (9, 0), (1 << 31, 1), (2_000, 2_000), (900_000, 1)])
def test_a_size_that_nothing_stands_behind_is_refused(size: tuple[int, int]) -> None:
    data = file(ihdr(*size, 8, RGB), chunk(b"IDAT", zlib.compress(b"x")), END)

    with pytest.raises(MediaError):
        ADAPTER.sizes(io.BytesIO(data), limits=SMALL)


def test_a_huge_picture_in_a_small_file_is_refused_before_it_is_inflated() -> None:
    packed = zlib.compress(bytes(3 << 20), 9)
    bomb = file(ihdr(10_000, 10_000, 8, RGB), chunk(b"IDAT", packed), END)
    liar = file(ihdr(3_000, 3_000, 8, RGB), chunk(b"IDAT", packed), END)

    with pytest.raises(LimitExceededError, match="bomb"):
        ADAPTER.sizes(io.BytesIO(bomb), limits=DEFAULT_LIMITS)
    with pytest.raises(MalformedMediaError, match="cannot hold"):
        list(ADAPTER.pictures(io.BytesIO(liar), limits=DEFAULT_LIMITS))


def test_data_beyond_the_picture_are_never_inflated() -> None:
    rows = bytes(18 * (1 + 24 * 3))
    data = still(rows + bytes(100 << 20))

    (picture,) = ADAPTER.pictures(io.BytesIO(data), limits=SMALL)

    assert not picture.pixels.any()


def test_data_that_end_early_or_are_damaged_are_malformed() -> None:
    rows = bytes(18 * (1 + 24 * 3))
    packed = zlib.compress(rows)
    wrong = [packed[:-4], packed[:-1], packed[:-1] + b"\xff", packed[:8], b"", b"\0" * 40]
    wrong += [zlib.compress(rows[:-1]), packed[:6] + b"\xff\xff" + packed[8:]]
    for data in wrong:
        png = file(ihdr(24, 18, 8, RGB), chunk(b"IDAT", data), END)
        with pytest.raises(MalformedMediaError):
            list(ADAPTER.pictures(io.BytesIO(png), limits=SMALL))
        with pytest.raises(MalformedMediaError):
            ADAPTER.paint(io.BytesIO(png), io.BytesIO(), half_and_half, limits=SMALL)


def test_a_filter_type_that_does_not_exist_is_malformed() -> None:
    rows = np.zeros((18, 1 + 24 * 3), np.uint8)
    rows[11, 0] = 5

    with pytest.raises(MalformedMediaError, match="filter type 5"):
        ADAPTER.paint(io.BytesIO(still(rows.tobytes())), io.BytesIO(), half_and_half, limits=SMALL)


def test_a_hundred_thousand_chunks_pass_and_very_many_do_not() -> None:
    head, *rest = (whole for _, whole in split(plain()))
    many = chunk(b"tEXt", b"k\0") * 100_000

    found = ADAPTER.read(io.BytesIO(file(head, many, *rest)), limits=SMALL)

    assert {one.status for one in found} == {Status.ABSENT}
    with pytest.raises(LimitExceededError, match="chunks"):
        ADAPTER.read(io.BytesIO(file(head, many * 3, *rest)), limits=SMALL)


@pytest.mark.parametrize("text", [b"iTXtkzmark\0\0\0\0\0{}", b"eXIfII*\0\0\0\0\0"])
def test_one_layer_in_very_many_chunks_is_refused(text: bytes) -> None:
    data = plain(before=[chunk(text[:4], text[4:])] * 65)

    with pytest.raises(LimitExceededError, match="metadata"):
        ADAPTER.read(io.BytesIO(data), limits=SMALL)


def test_a_picture_of_one_pixel_can_be_painted() -> None:
    data = make(noise(1, 1, RGB, 8), RGB, 8)
    patch = Patch(x=0, y=0, pixels=np.full((1, 1, 3), 77, np.uint8))
    target = io.BytesIO()
    ADAPTER.paint(io.BytesIO(data), target, lambda *_: patch, limits=SMALL)

    (picture,) = ADAPTER.pictures(target, limits=SMALL)

    assert (picture.pixels == 77).all()


@pytest.mark.parametrize(
    ("kind", "at", "value", "which"),
    [
        (b"acTL", 0, b"\0\0\0\0", 0),
        (b"acTL", 0, b"\0\0\0\2", 0),
        (b"acTL", 0, b"\xff\xff\xff\xff", 0),
        (b"fcTL", 0, b"\0\0\0\5", 0),
        (b"fcTL", 4, b"\0\0\0\x13", 0),  # the frame of the default picture must be of its size
        (b"fcTL", 4, b"\0\0\0\x15", 1),
        (b"fcTL", 12, b"\xff\xff\xff\xff", 1),
        (b"fcTL", 4, b"\0\0\0\0", 2),
        (b"fcTL", 24, b"\3", 2),
        (b"fcTL", 25, b"\2", 2),
        (b"fdAT", 0, b"\0\0\0\0", 1),
    ],
)
def test_an_animation_that_lies_is_refused(kind: bytes, at: int, value: bytes, which: int) -> None:
    frames = [(FULL, KEEP, SOURCE), ((0, 0, 9, 5), KEEP, OVER), ((2, 9, 9, 5), KEEP, OVER)]
    data = spoilt(animation(RGB, 8, (20, 16), frames), kind, at, value, which=which)

    for call in (ADAPTER.sizes, ADAPTER.read):
        with pytest.raises(MalformedMediaError):
            call(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_frame_chunks_out_of_place_are_refused() -> None:
    frames = [(FULL, KEEP, SOURCE), ((0, 0, 9, 5), KEEP, OVER)]
    chunks = [whole for _, whole in split(animation(RGB, 8, (20, 16), frames))]
    head, actl, first, idat, second, *rest = chunks
    wrong = [
        [head, first, idat, second, *rest],  # no acTL
        [head, first, idat, second, actl, *rest],
        [head, actl, idat, first, second, *rest],
        [head, actl, first, second, idat, *rest],
        [head, actl, first, idat, *rest],
        [head, actl, first, idat, second, rest[-1]],
        [head, actl, first, rest[0], idat, second, *rest[1:]],
    ]
    for order in wrong:
        with pytest.raises(MalformedMediaError):
            ADAPTER.sizes(io.BytesIO(MAGIC + b"".join(order)), limits=DEFAULT_LIMITS)


def test_too_many_frames_and_too_many_pixels_are_refused() -> None:
    data = animation(RGB, 8, (20, 16), [(FULL, KEEP, SOURCE)] * 6)
    for limits in (Limits(max_frames=5), Limits(max_total_pixels=1_900)):
        with pytest.raises(LimitExceededError):
            ADAPTER.sizes(io.BytesIO(data), limits=limits)
    small = animation(RGB, 8, (20, 16), [(FULL, KEEP, SOURCE)] + [((0, 0, 1, 1), KEEP, OVER)] * 5)
    with pytest.raises(LimitExceededError, match="canvas"):
        list(ADAPTER.pictures(io.BytesIO(small), limits=Limits(max_total_pixels=1_900)))
