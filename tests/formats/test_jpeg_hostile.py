"""JPEG: whatever the bytes are, only a `MediaError` comes out, and soon."""

import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.formats.jpeg_samples import inserted, painted, patch, pillow, scene

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import (
    LimitExceededError,
    MalformedMediaError,
    MediaError,
    UnsupportedMediaError,
)
from kzmark.formats.jpeg import ADAPTER
from kzmark.formats.jpeg.segments import EOI, SOI, SOS, parse, segment_bytes

LIMITS = Limits(max_pixels=4_000_000, max_total_pixels=40_000_000)
CLEAN = pillow(scene(48, 40))
PROGRESSIVE = pillow(scene(48, 40), progressive=True)
DARK = patch(0, 0, 1, 1, (20, 20, 20))


def everything(data: bytes) -> list[MediaError]:
    """Do all an adapter can do; return what was raised."""
    calls: list[Callable[[], Any]] = [
        lambda: ADAPTER.read(io.BytesIO(data), limits=LIMITS),
        lambda: ADAPTER.sizes(io.BytesIO(data), limits=LIMITS),
        lambda: ADAPTER.write(io.BytesIO(data), io.BytesIO(), make_mark(), limits=LIMITS),
        lambda: list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS)),
        lambda: list(ADAPTER.pictures(io.BytesIO(data), limits=LIMITS, within=(0, 9, 9, 9))),
        lambda: ADAPTER.paint(io.BytesIO(data), io.BytesIO(), DARK, limits=LIMITS),
    ]
    raised = []
    for call in calls:
        try:
            call()
        except MediaError as error:
            raised.append(error)
    return raised


def frame_patched(data: bytes, at: int, new: bytes) -> bytes:
    """The file with bytes of its frame header changed, counted from its payload on."""
    stream = parse(data, limits=DEFAULT_LIMITS)
    body = next(stream.find(stream.frame.marker)).body + at
    return data[:body] + new + data[body + len(new) :]


def frame_marked(data: bytes, marker: int) -> bytes:
    stream = parse(data, limits=DEFAULT_LIMITS)
    at = next(stream.find(stream.frame.marker)).start + 1
    return data[:at] + bytes((marker,)) + data[at + 1 :]


@pytest.mark.parametrize("source", [CLEAN, PROGRESSIVE], ids=["baseline", "progressive"])
def test_a_file_cut_anywhere_is_refused_by_all_but_the_size(source: bytes) -> None:
    for length in range(0, len(source), 37):
        raised = everything(source[:length])

        assert len(raised) >= 5, length
        assert all("end" in str(e) or "not a JPEG" in str(e) for e in raised), length


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_picture_cut_and_closed_again_is_refused(share: float) -> None:
    stream = parse(CLEAN, limits=DEFAULT_LIMITS)
    scan = next(stream.find(SOS))
    cut = scan.end + int((scan.stop - scan.end) * share)
    source = CLEAN[:cut].rstrip(b"\xff") + EOI

    with pytest.raises(MalformedMediaError, match="cannot be decoded"):
        painted(source, DARK)


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 32), progressive=st.booleans(), restarts=st.booleans())
def test_flipped_bits_raise_only_media_errors(seed: int, progressive: bool, restarts: bool) -> None:
    chance = random.Random(seed)
    source = PROGRESSIVE if progressive else CLEAN
    if restarts and not progressive:
        source = pillow(scene(48, 40), restart_marker_rows=1)
    damaged = bytearray(source)
    for _ in range(chance.randint(1, 5)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)

    everything(bytes(damaged))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_raise_only_media_errors(data: bytes) -> None:
    everything(data)
    everything(SOI + data)
    everything(CLEAN[:160] + data + EOI)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 15, 17, 5_000, 65_535])
def test_segments_that_lie_about_their_length_raise_only_media_errors(size: int) -> None:
    stream = parse(CLEAN, limits=DEFAULT_LIMITS)
    for segment in stream.segments:
        lie = bytearray(CLEAN)
        lie[segment.body - 2 : segment.body] = size.to_bytes(2)

        everything(bytes(lie))


@pytest.mark.parametrize(
    ("marker", "kind"),
    [(0xC3, "lossless"), (0xC9, "arithmetic"), (0xCA, "arithmetic"), (0xC5, "hierarchical")],
)
def test_other_processes_are_named_and_refused(marker: int, kind: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=kind):
        painted(frame_marked(CLEAN, marker), DARK)


def test_twelve_bits_are_named_and_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match="12-bit"):
        painted(frame_patched(CLEAN, 0, b"\x0c"), DARK)


def test_a_height_behind_the_scan_is_named_and_refused() -> None:
    with pytest.raises(UnsupportedMediaError, match="DNL"):
        ADAPTER.sizes(io.BytesIO(frame_patched(CLEAN, 1, b"\0\0")), limits=LIMITS)


def test_marks_are_read_from_kinds_that_cannot_be_shown() -> None:
    target = io.BytesIO()
    source = frame_marked(CLEAN, 0xC9)

    ADAPTER.write(io.BytesIO(source), target, make_mark(), limits=LIMITS)

    found = ADAPTER.read(target, limits=LIMITS)
    assert [e.mark for e in found] == [make_mark()] * 2


def test_a_size_that_the_file_cannot_hold_is_refused() -> None:
    bomb = frame_patched(CLEAN, 1, (65_000).to_bytes(2) + (65_000).to_bytes(2))

    with pytest.raises(LimitExceededError):
        painted(bomb, DARK)
    with pytest.raises(LimitExceededError):
        ADAPTER.paint(
            io.BytesIO(frame_patched(CLEAN, 1, (9_000).to_bytes(2) + (9_000).to_bytes(2))),
            io.BytesIO(),
            DARK,
            limits=DEFAULT_LIMITS,
        )


def test_sixty_five_thousand_segments_are_refused() -> None:
    bomb = inserted(CLEAN, segment_bytes(0xFE, b"") * 65_536)

    raised = everything(bomb)

    assert [type(error) for error in raised] == [LimitExceededError] * 6


def test_a_progressive_file_of_endless_scans_is_refused() -> None:
    stream = parse(PROGRESSIVE, limits=DEFAULT_LIMITS)
    *_, last = stream.find(SOS)
    bomb = inserted(PROGRESSIVE, stream.raw(last) * 500, behind=last.stop)

    with pytest.raises(LimitExceededError, match="scans"):
        painted(bomb, DARK)


def test_scans_over_a_large_picture_are_counted_together() -> None:
    with pytest.raises(LimitExceededError, match="scans over"):
        ADAPTER.paint(
            io.BytesIO(PROGRESSIVE),
            io.BytesIO(),
            DARK,
            limits=Limits(max_total_pixels=48 * 40 * 5),
        )


@pytest.mark.parametrize(
    "filling",
    [b"\xff", b"\xff\x00", b"\x00", b"\xff\xd0", b"\xff\xd8", b"\xff\xfe\x00\x02", b"8BIM"],
    ids=repr,
)
def test_a_megabyte_of_anything_raises_only_media_errors(filling: bytes) -> None:
    much = filling * (1 << 20)
    scan = next(parse(CLEAN, limits=DEFAULT_LIMITS).find(SOS))
    app = segment_bytes(0xED, b"Photoshop 3.0\0" + (filling * 65_000)[:65_000])

    for data in (
        SOI + much,
        SOI + much + CLEAN[2:],
        CLEAN[: scan.end] + much + CLEAN[scan.end :],
        inserted(CLEAN, app * 10),
        CLEAN + much,
    ):
        everything(data)  # quadratic work would take hours here


def test_a_scan_before_its_frame_is_refused() -> None:
    stream = parse(CLEAN, limits=DEFAULT_LIMITS)
    scan = next(stream.find(SOS))
    frame = next(stream.find(stream.frame.marker))
    source = SOI + stream.raw(scan) + stream.raw(frame) + EOI

    with pytest.raises(MalformedMediaError, match="before the frame"):
        ADAPTER.read(io.BytesIO(source), limits=LIMITS)


def test_a_missing_quantisation_table_is_refused() -> None:
    source = frame_patched(CLEAN, 8, b"\3")

    with pytest.raises(MalformedMediaError):
        painted(source, DARK)
