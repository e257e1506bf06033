"""The mark in Vorbis comments: fields of others stay as they are, and where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_mark

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MediaError
from kzmark.formats.layers import vorbis
from kzmark.formats.layers.vorbis import Comments
from kzmark.report import Status

LIMITS = Limits()


def theirs(*more: bytes) -> Comments:
    return Comments(b"Lavf", [b"title=\xd3\x98\xd0\xbd", b"ARTIST=Somebody", *more], b"\1")


def test_fields_of_others_stay_as_they_are() -> None:
    comments = theirs()
    vorbis.put(comments, make_mark())

    again = Comments.parse(comments.pack(), limits=LIMITS)

    assert again == comments
    assert again.fields[:2] == theirs().fields
    assert (again.vendor, again.tail) == (b"Lavf", b"\1")
    assert vorbis.judge(again).mark == make_mark()


@pytest.mark.parametrize("name", [b"comment", b"DESCRIPTION"])
def test_a_comment_of_somebody_else_is_left_alone(name: bytes) -> None:
    comments = theirs(name + b"=Theirs")
    vorbis.put(comments, make_mark())

    told = comments.values(b"COMMENT") + comments.values(b"DESCRIPTION")
    assert told == ["Theirs"]


def test_a_new_mark_takes_the_place_of_the_old_one() -> None:
    comments = theirs()
    vorbis.put(comments, make_mark("Ескі иесі"))
    vorbis.put(comments, make_mark())
    once = theirs()
    vorbis.put(once, make_mark())

    assert comments == once


def test_two_records_that_differ_are_broken() -> None:
    comments = theirs()
    vorbis.put(comments, make_mark("one"))
    comments.fields.append(b"kzmark_record=" + make_mark("two").to_json())

    assert vorbis.judge(comments).status is Status.BROKEN


def test_chapters_move_and_what_cannot_be_moved_is_told() -> None:
    comments = theirs(b"CHAPTER001=00:59:58.500", b"CHAPTER001NAME=One", b"cuesheet=FILE ...")

    notes = vorbis.shift(comments, 3.25)

    assert comments.fields[2:4] == [b"CHAPTER001=01:00:01.750", b"CHAPTER001NAME=One"]
    assert notes == ["times-not-shifted"]


def test_more_fields_than_any_file_has_are_refused() -> None:
    data = Comments(b"", [b"A=1"] * 60_000).pack()

    with pytest.raises(LimitExceededError):
        Comments.parse(data, limits=LIMITS)


@given(st.binary(max_size=200))
def test_any_bytes_are_comments_or_a_media_error(data: bytes) -> None:
    try:
        found = Comments.parse(data, limits=LIMITS)
    except MediaError:
        return
    assert found.pack() == data
