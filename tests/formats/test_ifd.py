"""Directories: read within bounds, changed without moving what others may point at."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError
from kzmark.formats import _previews
from kzmark.formats._ifd import ASCII, LONG, SHORT, Layout
from kzmark.formats._ifd_draft import Draft

forms = pytest.mark.parametrize(
    ("order", "big"), [("<", False), (">", False), ("<", True), (">", True)]
)


def block(order: str = "<", *, big: bool = False, following: int = 0) -> bytes:
    """A directory with Make (long), Orientation (inside the entry) and Software (long)."""
    word, size = ("Q", 8) if big else ("L", 4)
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42)
    first = len(head) + size
    table_end = first + (8 if big else 2) + 3 * (12 + 2 * (size - 4)) + size
    values = b"Canon, no less\0\0" + b"Painter 5.0\0"
    rows = [
        struct.pack(order + "HH" + word * 2, 0x010F, 2, 15, table_end),
        struct.pack(order + "HH" + word, 0x0112, 3, 1)
        + struct.pack(order + "H", 6).ljust(size, b"\0"),
        struct.pack(order + "HH" + word * 2, 0x0131, 2, 12, table_end + 16),
    ]
    table = struct.pack(order + ("Q" if big else "H"), 3) + b"".join(rows)
    return (
        head
        + struct.pack(order + word, first)
        + table
        + struct.pack(order + word, following)
        + values
    )


def layout(data: bytes, **limits: Any) -> Layout:
    return Layout(data, limits=Limits(**limits))


@forms
def test_entries_are_read_in_every_form(order: str, big: bool) -> None:
    found = layout(block(order, big=big))

    directory = found.directory(found.first)
    make = directory.get(0x010F)
    assert make is not None
    assert found.value(make) == b"Canon, no less\0"
    assert found.number(directory, 0x0112, 1) == 6
    assert found.number(directory, 0x0100, 77) == 77
    assert directory.get(0x0100) is None


@forms
def test_a_new_entry_moves_the_directory_and_nothing_else(order: str, big: bool) -> None:
    data = block(order, big=big)
    draft = Draft(data, limits=DEFAULT_LIMITS)

    wide = draft.widen(draft.slot, {0x0110, 0x0001})
    draft.store(wide, 0x0110, ASCII, b"a model of some length\0")

    assert draft.data[16 : len(data)] == data[16:]
    directory = draft.directory(draft.first)
    assert [entry.tag for entry in directory.entries] == [0x0001, 0x010F, 0x0110, 0x0112, 0x0131]
    model, software = directory.get(0x0110), directory.get(0x0131)
    assert model is not None
    assert software is not None
    assert draft.value(model) == b"a model of some length\0"
    assert draft.value(software) == b"Painter 5.0\0"


@forms
def test_a_value_that_fits_takes_the_place_of_an_erased_one(order: str, big: bool) -> None:
    draft = Draft(block(order, big=big) + b"something behind", limits=DEFAULT_LIMITS)
    directory = draft.directory(draft.first)
    size = len(draft.data)
    make = directory.get(0x010F)
    assert make is not None

    draft.erase(draft.outline([make]))
    draft.store(directory, 0x010F, ASCII, b"Other maker\0")

    assert len(draft.data) == size
    assert b"Canon" not in draft.data
    changed = draft.directory(draft.first).get(0x010F)
    assert changed is not None
    assert draft.value(changed) == b"Other maker\0"


def test_what_is_erased_at_the_end_is_cut_off() -> None:
    data = block()
    draft = Draft(data, limits=DEFAULT_LIMITS)

    draft.erase([(len(data) - 12, 12), (20, 0), (len(data) + 50, 9)])

    assert draft.data == data[:-12]


def test_narrowing_keeps_the_directory_in_place() -> None:
    data = block(following=0)
    draft = Draft(data, limits=DEFAULT_LIMITS)

    directory = draft.narrow(draft.directory(draft.first), {0x010F})

    assert [entry.tag for entry in directory.entries] == [0x0112, 0x0131]
    assert directory.at == 8
    assert len(draft.data) == len(data)


def test_numbers_that_do_not_fit_their_type_get_a_wider_one() -> None:
    draft = Draft(block(), limits=DEFAULT_LIMITS)
    directory = draft.directory(draft.first)

    draft.renumber(directory, 0x0112, [5], shared=())
    narrow = draft.directory(draft.first).get(0x0112)
    draft.renumber(draft.directory(draft.first), 0x0112, [70_000], shared=())
    wide = draft.directory(draft.first).get(0x0112)

    assert narrow is not None
    assert wide is not None
    assert (narrow.kind, wide.kind) == (SHORT, LONG)
    assert draft.integers(wide).tolist() == [70_000]


def test_values_that_share_bytes_are_known() -> None:
    data = bytearray(block())
    make_at, software_at = 10 + 8, 10 + 24 + 8
    data[software_at : software_at + 4] = data[make_at : make_at + 4]

    assert layout(bytes(data)).shared() == {int.from_bytes(data[make_at : make_at + 4], "little")}
    assert layout(block()).shared() == set()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II\x2b\0\x04\0\0\0\x10\0\0\0\0\0\0\0",
        b"II\x2b\0\x08\0\0\0",
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        found = layout(data)
        found.directory(found.first)


@pytest.mark.parametrize("at", [0, 4, 7, 60, 1 << 31, (1 << 32) - 1])
def test_a_directory_outside_the_data_is_refused(at: int) -> None:
    data = bytearray(block()[:50])

    with pytest.raises(MalformedMediaError):
        layout(bytes(data)).directory(at)


def test_a_count_of_four_milliards_costs_nothing() -> None:
    data = bytearray(block())
    data[10 + 4 : 10 + 8] = b"\xff\xff\xff\xff"
    found = layout(bytes(data))
    make = found.directory(8).get(0x010F)
    assert make is not None

    with pytest.raises(MalformedMediaError, match="outside"):
        found.value(make)


def test_too_many_entries_are_refused() -> None:
    data = b"II*\0\x08\0\0\0" + b"\xff\xff" + bytes(12 * 65535 + 4)

    with pytest.raises(LimitExceededError):
        layout(data).directory(8)
    assert len(layout(data, max_elements=70_000).directory(8).entries) == 65535


def test_a_chain_that_comes_back_is_refused_and_ends() -> None:
    found = layout(block(following=8))

    with pytest.raises(MalformedMediaError, match="comes back"):
        list(found.chain(found.slot))
    assert len(list(found.readable_chain(found.slot))) == 1
    assert len(found.tree()) == 1


def test_a_pointer_to_its_own_directory_ends() -> None:
    data = bytearray(block())
    data[10:12] = (0x014A).to_bytes(2, "little")  # SubIFDs
    data[12:22] = struct.pack("<HLL", 4, 1, 8)

    assert len(layout(bytes(data)).tree()) == 1


def test_a_classic_file_never_points_beyond_four_gigabytes() -> None:
    draft = Draft(block(), limits=DEFAULT_LIMITS)

    with pytest.raises(LimitExceededError):
        draft.point(draft.slot, 1 << 32)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_raise_only_media_errors(tail: bytes) -> None:
    for head in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"):
        try:
            found = layout(head + tail)
            for entry in found.directory(found.first).entries:
                found.integers(entry)
        except MediaError:
            continue


def test_only_whole_jpeg_streams_count_as_previews() -> None:
    whole = bytes.fromhex(
        "ffd8 ffe00004abcd ffc0000b080010001001011100 ffda0008010100003f00 1234 ffd9"
    )
    chance = b"\xff\xd8\xff\xe0 not one"

    found = list(_previews.jpegs(b"MAKER" + chance + whole + b"tail" + whole[:-2]))

    assert found == [(5 + len(chance), len(whole))]
