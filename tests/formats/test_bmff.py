"""Boxes: what is read with suspicion, what is written whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._bmff.boxes import Cursor, brands, first, full, pack, spans

LIMITS = Limits()


def test_boxes_come_back_as_they_were_packed() -> None:
    data = pack(b"aaaa", b"1", b"23") + full(b"bbbb", 2, 5, b"x") + pack(b"cccc")

    found = spans(data, 0, len(data), limits=LIMITS)

    assert [(one.kind, data[one.body : one.end]) for one in found] == [
        (b"aaaa", b"123"),
        (b"bbbb", b"\x02\0\0\x05x"),
        (b"cccc", b""),
    ]
    assert first(found, b"bbbb") == found[1]
    assert first(found, b"dddd") is None


def test_a_size_of_64_bits_is_read() -> None:
    data = b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + b"body" + pack(b"free")

    found = spans(data, 0, len(data), limits=LIMITS)

    assert [data[one.body : one.end] for one in found] == [b"body", b""]


def test_a_size_of_0_reaches_to_the_end() -> None:
    data = pack(b"free") + b"\0\0\0\0mdatall of this"

    found = spans(data, 0, len(data), limits=LIMITS)[-1]

    assert (found.open_end, data[found.body : found.end]) == (True, b"all of this")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",
        b"\0\0\0\7free",
        b"\0\0\0\x09free",
        b"\0\0\0\1mdat",
        b"\0\0\0\1mdat" + (15).to_bytes(8, "big"),
        b"\0\0\0\1mdat" + (1 << 63).to_bytes(8, "big"),
        pack(b"free") + b"\0",
    ],
)
def test_a_box_that_lies_about_its_size_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        spans(data, 0, len(data), limits=LIMITS)


def test_a_hundred_thousand_boxes_are_too_many() -> None:
    data = pack(b"free") * 100_000

    with pytest.raises(LimitExceededError):
        spans(data, 0, len(data), limits=LIMITS)


def test_a_cursor_never_passes_its_end() -> None:
    cursor = Cursor(b"\1\2\3name", 0, 3, what="box")

    assert cursor.number(2) == 0x0102
    assert cursor.number(0) == 0
    with pytest.raises(MalformedMediaError):
        cursor.number(2)
    assert cursor.text() == b"\3"
    assert cursor.left == 0


def test_brands_are_those_of_the_type_box_alone() -> None:
    data = pack(b"ftyp", b"mif1\0\0\0\0avifmiaf") + pack(b"free", b"heic")

    assert brands(data) == (b"mif1", frozenset({b"mif1", b"avif", b"miaf"}))
    assert brands(data[:15]) == (b"", frozenset())
    assert brands(b"\xff\xff\xff\xffftypheic\0\0\0\0he") == (b"heic", frozenset({b"heic"}))


@given(st.binary(max_size=200))
def test_any_bytes_give_boxes_or_a_media_error(data: bytes) -> None:
    try:
        found = spans(data, 0, len(data), limits=LIMITS)
    except MediaError:
        return

    assert sum(one.end - one.start for one in found) == len(data)
