"""JPEG: files that begin alike share what is known of it, and are read as if they did not."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.jpeg_samples import pillow, scene

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MediaError
from kzmark.formats.jpeg import colour, segments
from kzmark.formats.jpeg.segments import Stream, parse
from kzmark.formats.jpeg.splice import scan_of

FILES = (
    pillow(scene(48, 40)),
    pillow(scene(64, 24), quality=60),
    pillow(scene(48, 40), progressive=True),
    pillow(scene(48, 40), "L"),
    pillow(scene(48, 40), "CMYK"),
)


def told(stream: Stream) -> Any:
    scan = scan_of(stream)
    coding = None if scan is None else (scan.start, scan.stop, scan.coding)
    return stream.frame, stream.segments, stream.header, stream.end, colour.model(stream), coding


def read(data: bytes, *, header_only: bool) -> Any:
    """Return everything that is known of a file, or what is wrong with it."""
    try:
        stream = parse(data, limits=DEFAULT_LIMITS, header_only=header_only)
        return told(stream) if not header_only else (stream.frame, stream.segments, stream.end)
    except MediaError as error:
        return type(error), str(error)


def forget() -> None:
    segments._LAST.heads, segments._LAST.parsed = (), None


@settings(max_examples=400)
@given(
    file=st.sampled_from(FILES),
    other=st.sampled_from(FILES),
    change=st.tuples(st.floats(0, 1), st.binary(max_size=3)),
    cut=st.one_of(st.none(), st.floats(0, 1)),
    header_only=st.booleans(),
)
def test_a_file_is_read_the_same_whatever_was_read_before(
    *, file: bytes, other: bytes, change: tuple[float, bytes], cut: float | None, header_only: bool
) -> None:
    at = int(change[0] * len(file))
    damaged = file[:at] + change[1] + file[at + len(change[1]) :]
    damaged = damaged[: None if cut is None else int(cut * len(damaged))]
    forget()
    fresh = read(damaged, header_only=header_only)
    forget()
    for before in (other, file, file[:-2] + b"\xff\xd9 "):
        read(before, header_only=False)

    assert read(bytes(bytearray(damaged)), header_only=header_only) == fresh


def test_files_that_begin_alike_share_their_head() -> None:
    forget()
    one, two = FILES[0], FILES[0] + b" "

    first, second = (parse(data, limits=DEFAULT_LIMITS) for data in (one, two))

    assert first.head is second.head
    assert (first.data, second.data) == (one, two)


def test_large_heads_are_not_kept() -> None:
    forget()
    large = segments.segment_bytes(segments.COM, bytes(60_000)) * 2
    data = segments.SOI + large + FILES[0][2:]

    first, second = (parse(bytes(bytearray(data)), limits=DEFAULT_LIMITS) for _ in range(2))

    assert first.head is not second.head
    assert told(first) == told(second)
