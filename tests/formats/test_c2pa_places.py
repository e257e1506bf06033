"""Where a manifest store stands in a JPEG or PNG: put in, found again, and nothing else moved."""

import contextlib
import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.signing.store.samples import ADAPTERS, FILES

from kzmark._limits import DEFAULT_LIMITS, Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, MediaError

each_file = pytest.mark.parametrize("name", FILES)
SIZES = (60, 3_000, 65_517, 65_525, 65_526, 131_042, 131_043, 300_000)


def store(size: int) -> bytes:
    """Bytes with the head of a manifest store; nobody looks at the rest here."""
    head = struct.pack(">I4sI4s4s", size, b"jumb", 30, b"jumd", b"c2pa")
    return head + bytes(index % 251 for index in range(size - len(head)))


def put(data: bytes, kind: str, size: int) -> tuple[bytes, int, int]:
    room = ADAPTERS[kind].room(data, size)
    piece = room.wrap(store(size))
    assert len(piece) == room.size
    return data[: room.start] + piece + data[room.start :], room.start, room.size


@each_file
@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_in_is_found_again(name: str, size: int) -> None:
    kind, clean = FILES[name]
    data, start, length = put(clean, kind, size)
    found = ADAPTERS[kind].survey(data, limits=DEFAULT_LIMITS)

    assert (found.store, found.start, found.size) == (store(size), start, length)
    assert ADAPTERS[kind].unwrap(data[start : start + length]) == store(size)
    assert not any(b"jumb" in piece for piece in found.others)


@each_file
def test_the_picture_is_the_same_with_a_store(name: str) -> None:
    kind, clean = FILES[name]
    data, *_ = put(clean, kind, 150_000)

    with Image.open(io.BytesIO(clean)) as old, Image.open(io.BytesIO(data)) as new:
        assert old.tobytes() == new.tobytes()
        assert old.info.keys() == new.info.keys()


@each_file
def test_there_is_no_room_for_a_second_store(name: str) -> None:
    kind, clean = FILES[name]
    data, *_ = put(clean, kind, 3_000)
    with pytest.raises(MalformedMediaError, match="already"):
        ADAPTERS[kind].room(data, 3_000)


@each_file
def test_two_stores_are_no_store_but_are_told(name: str) -> None:
    kind, clean = FILES[name]
    data, start, length = put(clean, kind, 3_000)
    twice = data[: start + length] + data[start : start + length] + data[start + length :]
    found = ADAPTERS[kind].survey(twice, limits=DEFAULT_LIMITS)

    assert found.store == b""
    assert sum(b"c2pa" in piece for piece in found.others) >= 2


@each_file
def test_a_file_without_a_store_has_none(name: str) -> None:
    kind, clean = FILES[name]
    found = ADAPTERS[kind].survey(clean, limits=DEFAULT_LIMITS)

    assert (found.store, found.size) == (b"", 0)


@each_file
def test_a_store_over_the_limit_is_refused(name: str) -> None:
    kind, clean = FILES[name]
    data, *_ = put(clean, kind, 3_000)
    with pytest.raises(LimitExceededError):
        ADAPTERS[kind].survey(data, limits=Limits(max_metadata=2_000))


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_bytes_are_surveyed_or_refused(kind: str, data: st.DataObject) -> None:
    name = {"jpeg": "tiny", "png": "tiny-png"}[kind]
    whole = bytearray(put(FILES[name][1], kind, 70_000 if kind == "jpeg" else 300)[0])
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, 400)) % len(whole)] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for each in (bytes(whole), cut, data.draw(st.binary(max_size=60))):
        with contextlib.suppress(MediaError):
            ADAPTERS[kind].survey(each, limits=DEFAULT_LIMITS)
        with contextlib.suppress(MediaError):
            ADAPTERS[kind].room(each, 3_000)
        with contextlib.suppress(MediaError):
            ADAPTERS[kind].unwrap(each)


def segments(data: bytes) -> list[tuple[int, int]]:
    found, at = [], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((at, end))
        at = end
    return found


@pytest.mark.parametrize("name", ["baseline", "bare"])
def test_the_segments_stand_together_behind_jfif_and_are_numbered(name: str) -> None:
    data, start, _ = put(FILES[name][1], "jpeg", 200_000)
    own = [(a, b) for a, b in segments(data) if data[a + 1] == 0xEB]

    assert start == own[0][0] == (2 if name == "bare" else 20)
    assert [a for a, _ in own[1:]] == [b for _, b in own[:-1]]
    heads = [struct.unpack_from(">2sHI4s4s", data, a + 4) for a, _ in own]
    assert heads == [
        (b"JP", 0x211, number, struct.pack(">I", 200_000), b"jumb") for number in (1, 2, 3, 4)
    ]


def foreign(instance: int) -> bytes:
    body = struct.pack(">2sHI", b"JP", instance, 1) + struct.pack(">I4s", 60, b"jumb") + b"x" * 52
    return b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body


def test_the_number_of_somebody_elses_box_is_not_used() -> None:
    clean = FILES["baseline"][1]
    with_box = clean[:20] + foreign(0x211) + clean[20:]
    data, start, length = put(with_box, "jpeg", 3_000)
    found = ADAPTERS["jpeg"].survey(data, limits=DEFAULT_LIMITS)

    assert struct.unpack_from(">H", data, start + 6) == (0x212,)
    assert (found.store, found.size) == (store(3_000), length)


def test_a_box_of_the_same_number_makes_a_store_doubtful() -> None:
    data, start, length = put(FILES["baseline"][1], "jpeg", 3_000)
    end = start + length
    quant = data.index(b"\xff\xdb", end)
    quant_end = quant + 2 + int.from_bytes(data[quant + 2 : quant + 4], "big")
    doubtful = data[:quant_end] + foreign(0x211) + data[quant_end:]

    assert ADAPTERS["jpeg"].survey(doubtful, limits=DEFAULT_LIMITS).store == b""


def test_the_store_of_a_png_stands_before_its_picture() -> None:
    data, start, _ = put(FILES["apng"][1], "png", 3_000)

    assert start == 33
    assert data.index(b"caBX") < data.index(b"acTL") < data.index(b"IDAT")


def test_a_store_with_a_wrong_crc_is_refused() -> None:
    data, start, length = put(FILES["png"][1], "png", 3_000)
    changed = bytearray(data)
    changed[start + length - 1] ^= 1
    with pytest.raises(MalformedMediaError):
        ADAPTERS["png"].survey(bytes(changed), limits=DEFAULT_LIMITS)
