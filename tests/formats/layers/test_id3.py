"""The mark in ID3 tags: frames of others stay byte for byte, and mutagen reads ours."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_mark
from tests.formats.sound_samples import mutagen

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats._tags import tag_size
from kzmark.formats.layers import id3
from kzmark.formats.layers._id3_tag import Frame, Tag, syncsafe
from kzmark.formats.layers._id3_times import shift
from kzmark.report import Status

LIMITS = Limits()
PICTURE = b"\0image/png\0\3\0" + bytes(range(256)) * 4


def theirs(version: int) -> Tag:
    title = Frame("TIT2", b"\1" + "Ән".encode("utf-16"))
    return Tag(version, [title, Frame("APIC", PICTURE), Frame("TCOP", b"\x00Theirs")])


def parsed(data: bytes) -> Tag:
    return Tag.parse(data, limits=LIMITS)


@pytest.mark.parametrize("version", [3, 4])
def test_frames_of_others_stay_as_they_are_and_where_they_are(version: int) -> None:
    tag = theirs(version)
    id3.put(tag, make_mark(), limits=LIMITS)

    again = parsed(tag.pack())

    assert again.version == version
    assert again.frames[:3] == theirs(version).frames


@pytest.mark.parametrize("version", [3, 4])
def test_mutagen_reads_the_record_and_the_sentence(version: int) -> None:
    tag = theirs(version)
    id3.put(tag, make_mark(), limits=LIMITS)

    found = mutagen("id3.ID3", tag.pack())

    assert found.version[:2] == (2, version)
    assert str(found["TXXX:kzmark.record"]) == make_mark().to_json().decode()
    assert str(found["COMM::XXX"]) == "ЖИ жасаған / Создано ИИ"
    assert found["TXXX:DigitalSourceType"].text[0].endswith("trainedAlgorithmicMedia")
    assert str(found["TIT2"]) == "Ән"
    assert any(one.owner == "XMP" and b"kz:Record" in one.data for one in found.getall("PRIV"))


def test_a_comment_of_somebody_else_is_left_alone() -> None:
    tag = Tag(4, [Frame("COMM", b"\3eng\0Theirs")])
    id3.put(tag, make_mark(), limits=LIMITS)

    assert tag.texts("COMM") == [("", "Theirs")]


def test_putting_the_same_mark_twice_changes_nothing() -> None:
    tag = theirs(4)
    id3.put(tag, make_mark(), limits=LIMITS)
    once = tag.pack()
    again = parsed(once)

    id3.put(again, make_mark(), limits=LIMITS)

    assert again.pack() == once


def test_two_records_that_differ_are_broken() -> None:
    tag = Tag()
    for owner in ("one", "two"):
        tag.frames.append(tag.text("TXXX", id3.RECORD, make_mark(owner).to_json().decode()))

    assert id3.judge(tag).status is Status.BROKEN


def test_a_tag_of_version_2_2_becomes_one_of_2_3_that_says_the_same() -> None:
    def old(name: bytes, body: bytes) -> bytes:
        return name + len(body).to_bytes(3, "big") + body

    body = old(b"TT2", b"\0Song") + old(b"PIC", b"\0PNG\3\0picture") + old(b"ZZZ", b"kept")
    data = b"ID3\2\0\0" + syncsafe(len(body)) + body

    tag = parsed(data)
    found = mutagen("id3.ID3", tag.pack())

    assert str(found["TIT2"]) == "Song"
    assert (found["APIC:"].mime, found["APIC:"].data) == ("image/png", b"picture")
    assert found["PRIV:ID3v2.2/ZZZ:kept"].data == b"kept"


def test_a_tag_that_hides_false_starts_of_frames_is_read_in_the_clear() -> None:
    hidden = b"PRIV" + (6).to_bytes(4, "big") + b"\0\0" + b"a\0\xff\0\xe0\xff\0\0"
    data = b"ID3\3\0\x80" + syncsafe(len(hidden)) + hidden

    (found,) = parsed(data).frames

    assert found.body == b"a\0\xff\xe0\xff\0"


def test_sizes_of_programs_that_forgot_the_free_bits_are_understood() -> None:
    long = b"\3" + b"x" * 299
    frames = b"TIT2" + (300).to_bytes(4, "big") + b"\0\0" + long
    frames += b"TPE1" + syncsafe(2) + b"\0\0" + b"\3a"
    data = b"ID3\4\0\0" + syncsafe(len(frames)) + frames

    assert [one.name for one in parsed(data).frames] == ["TIT2", "TPE1"]


def test_times_move_and_tables_of_bytes_go() -> None:
    chapter = b"ch1\0" + struct.pack(">IIII", 1_000, 2_000, 5, 9) + b"TIT2" + bytes(6)
    lyrics = b"\0eng\2\1\0" + b"la\0" + (500).to_bytes(4, "big")
    events = b"\2" + b"\1" + (700).to_bytes(4, "big")
    tag = Tag(
        4,
        [
            Frame("CHAP", chapter),
            Frame("SYLT", lyrics),
            Frame("ETCO", events),
            Frame("TLEN", b"\x0060000"),
            Frame("MLLT", bytes(10)),
        ],
    )

    notes = shift(tag, 8_000)

    assert notes == ["time-table-dropped"]
    assert [one.name for one in tag.frames] == ["CHAP", "SYLT", "ETCO", "TLEN"]
    assert struct.unpack(">IIII", tag.frames[0].body[4:20]) == (9_000, 10_000, *(0xFFFFFFFF,) * 2)
    assert tag.frames[1].body.endswith((8_500).to_bytes(4, "big"))
    assert tag.frames[2].body.endswith((8_700).to_bytes(4, "big"))
    assert tag.frames[3].body == b"\x0068000"


def test_times_that_cannot_be_moved_are_told() -> None:
    tag = Tag(4, [Frame("ETCO", b"\1\1" + bytes(4))])  # counted in frames

    assert shift(tag, 8_000) == ["times-not-shifted"]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_tag_or_a_media_error(body: bytes) -> None:
    for version in (2, 3, 4):
        data = b"ID3" + bytes((version, 0, 0)) + syncsafe(len(body)) + body
        try:
            found = parsed(data)
        except MediaError:
            continue
        assert parsed(found.pack()).frames == found.frames


def test_a_tag_that_is_cut_off_is_malformed() -> None:
    whole = theirs(4).pack()

    assert tag_size(whole) == len(whole)
    with pytest.raises(MalformedMediaError):
        parsed(whole[:-1])
