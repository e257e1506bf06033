"""A JPEG painted and marked in one go is, to the byte, one painted and then marked."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.conftest import make_mark
from tests.formats.jpeg_samples import Array, every_kind, inserted, patch

from kzmark._limits import DEFAULT_LIMITS
from kzmark.errors import MediaError
from kzmark.formats.jpeg import ADAPTER
from kzmark.formats.jpeg.segments import SOS, parse, segment_bytes
from kzmark.formats.layers import exif, xmp

KINDS = dict(every_kind(96, 64))
MARK = make_mark()
OTHER = make_mark(owner="ЖШС Мысал")
_EXIF = segment_bytes(0xE1, b"Exif\0\0" + exif.merge(b"", OTHER, limits=DEFAULT_LIMITS))
_XMP = segment_bytes(
    0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp.merge(b"", OTHER, limits=DEFAULT_LIMITS)
)
EXTRAS = (
    segment_bytes(0xE0, b"JFXX\0\x10" + bytes(20)),
    segment_bytes(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    segment_bytes(0xE1, b"Exif\0\0nonsense"),
    segment_bytes(0xE2, b"MPF\0" + bytes(12)),
    segment_bytes(0xFE, b"made by hand"),
    b"\xff\xff" + segment_bytes(0xEB, b"somebody's own"),
    _EXIF,
    _XMP,
    segment_bytes(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"),
)


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.sampled_from(EXTRAS), max_size=3),
    st.lists(st.sampled_from(EXTRAS), max_size=2),
    st.tuples(st.integers(-4, 60), st.integers(-4, 50)),
    st.sampled_from([b"", b"\xff", b"\0" * 5]),
)
def test_one_go_gives_the_bytes_the_notes_or_the_error_of_two(
    kind: str,
    before: list[bytes],
    behind: list[bytes],
    corner: tuple[int, int],
    tail: bytes,
) -> None:
    data = inserted(KINDS[kind], *before)
    if behind:  # between the scan and the end of the image
        data = data[:-2] + b"".join(behind) + data[-2:]

    assert once(data + tail, corner) == twice(data + tail, corner)


@pytest.mark.parametrize("fill", [b"", b"\xff", b"\xff\xff\xff"])
def test_fill_bytes_in_front_of_the_scan_stay(fill: bytes) -> None:
    plain = KINDS["4:2:0"]
    scan = next(parse(plain, limits=DEFAULT_LIMITS).find(SOS)).start
    data = plain[:scan] + fill + plain[scan:]

    done = once(data, (8, 8))

    assert done == twice(data, (8, 8))
    assert isinstance(done, tuple)
    assert shown(done[0])[20, 20].tolist() != shown(data)[20, 20].tolist()


def once(data: bytes, corner: tuple[int, int]) -> object:
    target = io.BytesIO()
    laid = patch(*corner, 40, 20, (20, 20, 20))
    try:
        notes = ADAPTER.complete(io.BytesIO(data), target, laid, MARK, limits=DEFAULT_LIMITS)
    except (MediaError, ValueError) as error:
        return type(error), str(error)
    return target.getvalue(), list(notes)


def twice(data: bytes, corner: tuple[int, int]) -> object:
    middle, target = io.BytesIO(), io.BytesIO()
    laid = patch(*corner, 40, 20, (20, 20, 20))
    try:
        notes = ADAPTER.paint(io.BytesIO(data), middle, laid, limits=DEFAULT_LIMITS)
        ADAPTER.write(io.BytesIO(middle.getvalue()), target, MARK, limits=DEFAULT_LIMITS)
    except (MediaError, ValueError) as error:
        return type(error), str(error)
    return target.getvalue(), list(notes)


def shown(data: bytes) -> Array:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
