"""WebP: whatever the bytes, they are read or refused, at no great cost."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.formats.webp_samples import (
    animation,
    each_kind,
    everything,
    lossless,
    lossless_alpha,
    lossy,
    lossy_alpha,
    oriented,
    written,
)

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._base import Patch
from kzmark.formats.webp import ADAPTER
from kzmark.formats.webp.riff import Chunk, WebP, parse
from kzmark.mark import Mark


@each_kind
def test_a_file_cut_anywhere_ends_in_a_media_error(make: Callable[[], bytes], mark: Mark) -> None:
    data = written(make(), mark)

    for length in range(0, len(data) - 1, 37):
        with pytest.raises(MediaError):
            ADAPTER.read(io.BytesIO(data[:length]), limits=DEFAULT_LIMITS)


@given(st.integers(0, 5), st.lists(st.integers(0, 1 << 30), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_flipped_bits_end_well_or_in_a_media_error(kind: int, flips: list[int]) -> None:
    makers = [lossy, lossy_alpha, lossless, lossless_alpha, animation, oriented]
    data = bytearray(written(makers[kind](), make_mark()))
    for flip in flips:
        data[flip // 8 % len(data)] ^= 1 << flip % 8

    try:
        everything(bytes(data), make_mark(), Limits(max_pixels=1_000_000))
    except MediaError:
        return


@given(st.binary(max_size=200), st.sampled_from([b"VP8X", b"VP8 ", b"VP8L", b"ANMF"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_in_a_chunk_end_well_or_in_a_media_error(body: bytes, kind: bytes) -> None:
    header = b"\x12\0\0\0\x27\0\0\x1d\0\0"
    data = WebP([Chunk(b"VP8X", header), Chunk(b"ANIM", bytes(6)), Chunk(kind, body)]).raw

    try:
        everything(data, make_mark(), Limits(max_pixels=1_000_000))
    except MediaError:
        return


@pytest.mark.parametrize("declared", [0, 3, 5_000, 0xFFFFFFFF])
def test_a_riff_size_that_lies_is_refused(declared: int) -> None:
    data = lossy()

    with pytest.raises(MalformedMediaError):
        ADAPTER.read(
            io.BytesIO(data[:4] + struct.pack("<I", declared) + data[8:]), limits=DEFAULT_LIMITS
        )


def test_a_huge_canvas_in_a_small_file_is_refused() -> None:
    file = parse(animation(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(16_000, 7_000))

    with pytest.raises(LimitExceededError, match="bomb"):
        ADAPTER.sizes(io.BytesIO(file.raw), limits=DEFAULT_LIMITS)


def test_a_canvas_of_another_size_than_its_picture_is_refused() -> None:
    file = parse(oriented(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(41, 20))

    with pytest.raises(MalformedMediaError, match="canvas"):
        ADAPTER.read(io.BytesIO(file.raw), limits=DEFAULT_LIMITS)


def test_a_picture_without_width_is_refused(mark: Mark) -> None:
    data = bytearray(lossy())
    data[26:28] = b"\0\0"

    with pytest.raises(MalformedMediaError, match="without its header"):
        written(bytes(data), mark)


def test_a_canvas_that_cannot_grow_further_is_refused() -> None:
    file = parse(animation(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(40, 1 << 24))
    plate = np.zeros((8, 40, 3), np.uint8)

    with pytest.raises(LimitExceededError, match="cannot be"):
        ADAPTER.paint(
            io.BytesIO(file.raw),
            io.BytesIO(),
            lambda _, h: Patch(x=0, y=h, pixels=plate, grow=8),
            limits=Limits(max_pixels=1 << 40, max_ratio=1 << 40),
        )


def test_a_frame_that_leaves_its_canvas_is_refused(mark: Mark) -> None:
    file = parse(animation(), limits=DEFAULT_LIMITS)
    file.announce(0, size=(39, 30))

    with pytest.raises(MalformedMediaError, match="leaves"):
        everything(file.raw, mark)


def test_a_bomb_of_tiny_chunks_is_refused() -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, *[Chunk(b"tiny", b"")] * 60_000]).raw

    with pytest.raises(LimitExceededError, match="chunks"):
        ADAPTER.read(io.BytesIO(data), limits=DEFAULT_LIMITS)


def test_more_frames_than_allowed_are_refused(mark: Mark) -> None:
    with pytest.raises(LimitExceededError, match="frames"):
        everything(animation(), mark, Limits(max_frames=2))
    with pytest.raises(LimitExceededError, match="together"):
        everything(animation(), mark, Limits(max_total_pixels=2_000))


@pytest.mark.parametrize("kind", [b"XMP ", b"EXIF"])
def test_metadata_over_the_limit_are_refused(kind: bytes, mark: Mark) -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, Chunk(kind, bytes(5_000))]).raw

    with pytest.raises(LimitExceededError, match="over the limit"):
        ADAPTER.read(io.BytesIO(data), limits=Limits(max_metadata=4_000))
    with pytest.raises(LimitExceededError, match="over the limit"):
        everything(data, mark, Limits(max_metadata=4_000))


def test_a_missing_last_padding_byte_is_forgiven(mark: Mark) -> None:
    file = parse(lossy(), limits=DEFAULT_LIMITS)
    data = WebP([*file.chunks, Chunk(b"odd!", b"123")]).raw

    assert written(data[:-1], mark) == written(data, mark)
