"""Items of a meta box: every way to store them, edited, with everything else as it was."""

import itertools
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.bmff_samples import LIMITS, PACKET, ItemsFile

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats._bmff.boxes import Cursor, full, pack, spans
from kzmark.formats._bmff.edit import File, open_file, rewrite
from kzmark.formats._bmff.items import decoded, payload
from kzmark.formats._bmff.put import Put
from kzmark.formats._heif.stills import stills

WAYS: list[dict[str, Any]] = [
    {},
    {"iloc": 0},
    {"iloc": 2, "infe": 3, "first": 70_000},
    {"base_size": 0},
    {"base_size": 8, "base": 40},
    {"base": 100},
    {"idat": True},
    {"idat": True, "base": 33},
    {"meta_last": True},
    {"open_end": True},
    {"large": True},
    {"chunks": b"stco"},
    {"chunks": b"co64", "meta_last": True},
    {"chunks": b"stco", "open_end": True, "base": 10},
]
each_way = pytest.mark.parametrize("way", WAYS, ids=str)


def everything(file: File) -> dict[int, bytes]:
    return {
        number: payload(file.data, file.meta, number, limits=LIMITS) for number in file.meta.places
    }


@each_way
def test_items_are_found_wherever_they_lie(way: dict[str, Any]) -> None:
    made = ItemsFile(**way)

    file = open_file(made.build(), limits=LIMITS)

    assert file.meta.primary == made.numbers[0]
    assert everything(file) == dict(
        zip(made.numbers, (made.picture, made.exif, PACKET), strict=True)
    )
    assert file.meta.targets(b"cdsc", made.numbers[2]) == (made.numbers[0],)


@each_way
@pytest.mark.parametrize("size", [3, 5000])
def test_a_replaced_item_changes_and_the_others_do_not(way: dict[str, Any], size: int) -> None:
    made = ItemsFile(**way)
    file = open_file(made.build(), limits=LIMITS)
    new = b"<" + bytes(size)

    after = open_file(
        rewrite(file, [Put(data=new, number=made.numbers[2])], limits=LIMITS), limits=LIMITS
    )

    assert everything(after) == {**everything(file), made.numbers[2]: new}
    assert PACKET not in after.data or way.get("idat")
    assert after.meta.normal
    assert b"keep me" in after.data
    assert b"theirs" in after.data or way.get("meta_last")


@each_way
def test_a_new_item_gets_a_number_a_place_and_a_reference(way: dict[str, Any]) -> None:
    made = ItemsFile(**way)
    file = open_file(made.build(), limits=LIMITS)
    put = Put(data=b"new", content_type="text/plain", describes=(made.numbers[0],))

    after = open_file(rewrite(file, [put], limits=LIMITS), limits=LIMITS)
    (number,) = after.meta.items.keys() - file.meta.items.keys()

    assert everything(after) == {**everything(file), number: b"new"}
    assert after.meta.items[number].content_type == "text/plain"
    assert after.meta.targets(b"cdsc", number) == (made.numbers[0],)


@pytest.mark.parametrize("chunks", [b"stco", b"co64"])
@pytest.mark.parametrize("meta_last", [False, True])
def test_chunk_tables_follow_the_bytes(chunks: bytes, *, meta_last: bool) -> None:
    made = ItemsFile(chunks=chunks, meta_last=meta_last)
    file = open_file(made.build(), limits=LIMITS)

    data = rewrite(file, [Put(data=b"x" * 999, number=made.numbers[1])], limits=LIMITS)
    table = data.index(chunks) + 12
    at = int.from_bytes(data[table : table + (8 if chunks == b"co64" else 4)], "big")

    assert data[at : at + len(made.picture)] == made.picture


@each_way
def test_iloc_has_no_base_offsets_after_a_write(way: dict[str, Any]) -> None:
    file = open_file(ItemsFile(**way).build(), limits=LIMITS)

    after = open_file(rewrite(file, [], limits=LIMITS), limits=LIMITS)
    span = next(one for one in after.meta.children if one.kind == b"iloc")

    assert after.data[span.body + 5] >> 4 == 0
    assert everything(after) == everything(file)


def test_writing_the_same_twice_gives_the_same_bytes() -> None:
    for way in WAYS:
        made = ItemsFile(**way)
        puts = [Put(data=b"new" * 50, number=made.numbers[2])]
        once = rewrite(open_file(made.build(), limits=LIMITS), puts, limits=LIMITS)

        assert rewrite(open_file(once, limits=LIMITS), puts, limits=LIMITS) == once


def test_numbers_above_65535_fill_a_gap_below() -> None:
    made = ItemsFile(iloc=2, infe=3, first=70_000)
    file = open_file(made.build(), limits=LIMITS)

    after = open_file(rewrite(file, [Put(data=b"new")], limits=LIMITS), limits=LIMITS)

    assert after.meta.items.keys() - file.meta.items.keys() == {1}


def test_bytes_that_two_items_share_are_not_cut_out() -> None:
    made = ItemsFile()
    data = made.build()
    file = open_file(data, limits=LIMITS)
    span = next(one for one in file.meta.children if one.kind == b"iloc")
    row = span.body + 8
    shared = bytearray(data)
    width = 20  # ID, method, reference, base, count; then offset and length
    shared[row + 12 : row + width] = shared[row + 2 * width + 12 : row + 3 * width]
    file = open_file(bytes(shared), limits=LIMITS)
    assert everything(file)[1] == PACKET

    after = open_file(rewrite(file, [Put(data=b"new", number=3)], limits=LIMITS), limits=LIMITS)

    assert everything(after)[1] == PACKET
    assert everything(after)[3] == b"new"


def test_compressed_items_are_inflated_up_to_the_limit() -> None:
    packed = zlib.compress(b"a" * 1000)

    assert decoded(packed, "deflate", limits=LIMITS) == b"a" * 1000
    with pytest.raises(LimitExceededError):
        decoded(packed, "deflate", limits=Limits(max_metadata=999))
    for raw, encoding in ((packed[:-4], "deflate"), (b"no", "compress_zlib"), (b"", "rot13")):
        with pytest.raises(MalformedMediaError):
            decoded(raw, encoding, limits=LIMITS)


# hostile files


def build(*boxes: bytes) -> bytes:
    return pack(b"ftyp", b"heic\0\0\0\0mif1") + full(b"meta", 0, 0, *boxes)


def test_extents_that_take_no_byte_are_counted() -> None:
    row = b"\0\1" + b"\0\0" + b"\xff\xff"
    iloc = full(b"iloc", 0, 0, b"\0\0", (1).to_bytes(2, "big"), row)

    with pytest.raises(LimitExceededError):
        open_file(build(iloc), limits=LIMITS)


def test_a_hundred_thousand_items_are_too_many() -> None:
    infe = full(b"infe", 2, 0, b"\0\1\0\0hvc1\0")
    iinf = full(b"iinf", 1, 0, (100_000).to_bytes(4, "big"), infe * 100_000)

    with pytest.raises(LimitExceededError):
        open_file(build(iinf), limits=LIMITS)


def test_items_that_lead_to_each_other_do_no_harm() -> None:
    links = [
        pack(kind, a.to_bytes(2, "big"), b"\0\1", b.to_bytes(2, "big"))
        for kind, a, b in itertools.product((b"cdsc", b"dimg", b"thmb"), (1, 2), (1, 2))
    ]
    infe = [full(b"infe", 2, 0, bytes([0, n]), b"\0\0hvc1\0") for n in (1, 2)]
    data = build(
        full(b"pitm", 0, 0, b"\0\1"),
        full(b"iinf", 0, 0, b"\0\2", *infe),
        full(b"iref", 0, 0, *links),
    )

    file = open_file(data, limits=LIMITS)

    assert len(file.meta.references) == 12
    assert file.meta.targets(b"dimg", 1) == (1,)


def test_many_items_and_references_are_gone_through_once() -> None:
    count = 20_000
    infe = b"".join(
        full(b"infe", 2, 0, n.to_bytes(2, "big"), b"\0\0hvc1\0") for n in range(1, count)
    )
    iref = b"".join(pack(b"auxl", n.to_bytes(2, "big"), b"\0\1\0\1") for n in range(1, count))
    data = build(
        full(b"pitm", 0, 0, b"\0\1"),
        full(b"iinf", 1, 0, count.to_bytes(4, "big"), infe),
        full(b"iref", 0, 0, iref),
    )
    with pytest.raises(MalformedMediaError):  # a square of 20,000 would take minutes
        stills(open_file(data, limits=LIMITS), limits=LIMITS)


@pytest.mark.parametrize("field", [0x44, 0x14, 0x41, 0x55])
def test_offsets_of_strange_widths_are_malformed(field: int) -> None:
    iloc = full(b"iloc", 1, 0, bytes([field, 0x30]), b"\0\0")

    with pytest.raises(MalformedMediaError):
        open_file(build(iloc), limits=LIMITS)


def test_an_item_outside_the_file_is_malformed_on_reading_and_on_writing() -> None:
    made = ItemsFile(base_size=0)
    data = bytearray(made.build())
    at = data.index(b"iloc") + 12 + 8
    assert Cursor(bytes(data), at, at + 4, what="").number(4) > 0
    data[at : at + 4] = b"\x7f\0\0\0"
    file = open_file(bytes(data), limits=LIMITS)

    with pytest.raises(MalformedMediaError):
        payload(file.data, file.meta, 1, limits=LIMITS)
    with pytest.raises(MalformedMediaError):
        rewrite(file, [Put(data=b"new")], limits=LIMITS)


def test_a_fragmented_file_is_refused() -> None:
    data = ItemsFile().build() + pack(b"moof", b"")

    with pytest.raises(MalformedMediaError):
        rewrite(open_file(data, limits=LIMITS), [], limits=LIMITS)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WAYS), st.data())
def test_a_damaged_file_gives_items_or_a_media_error(way: dict[str, Any], draw: Any) -> None:
    data = bytearray(ItemsFile(**way).build())
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, 400))] = draw.draw(st.integers(0, 255))
    try:
        file = open_file(bytes(data), limits=LIMITS)
        everything(file)
        after = rewrite(file, [Put(data=b"new", describes=(1,))], limits=LIMITS)
    except MediaError:
        return

    assert spans(after, 0, len(after), limits=LIMITS)


def test_a_file_cut_anywhere_raises_only_media_errors() -> None:
    whole = ItemsFile(chunks=b"stco").build()
    for length in range(0, len(whole) - 1, 37):
        try:
            file = open_file(whole[:length], limits=LIMITS)
            rewrite(file, [Put(data=b"new")], limits=LIMITS)
        except MediaError:
            continue
