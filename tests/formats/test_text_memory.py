"""Shortcuts with texts: each says what the long way says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmark.errors import MalformedMediaError, MediaError
from kzmark.formats import _plain, _wrapper
from kzmark.formats._plain import Plain
from kzmark.formats._text import Leaf, Passage
from kzmark.notices import words
from kzmark.profile import load

LINES = st.sampled_from(
    [
        *("жел", "", " " * 130 + "far", "\u202eturned", "\x1b[8m", "a\tb", "\t" * 200 + "x", "İ"),
        *("Жасанды интеллект жүйесі жасаған.", "Создано системой искусственного интеллекта."),
    ]
)


def told(data: bytes, codec: str, *, anew: bool) -> object:
    try:
        return Plain.fresh(data, codec=codec) if anew else Plain.of(data, codec=codec)
    except MediaError as error:
        return type(error), error.message


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=60),
        st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text("жел мен дала\n", max_size=40).map(lambda text: text.encode("cp1251")),
        st.text("ab\n", max_size=9).map(lambda text: text.encode("utf-16")),
    ),
    codec=st.sampled_from(["", "utf-8", "cp1251"]),
)
def test_a_text_is_taken_apart_the_second_time_as_the_first(data: bytes, codec: str) -> None:
    first = told(data, codec, anew=True)

    assert told(data, codec, anew=False) == first
    assert told(bytes(bytearray(data)), codec, anew=False) == first
    if isinstance(first, Plain):
        assert first.spell() == data


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(LINES, max_size=40))
def test_lines_that_are_alike_are_judged_together_as_one_by_one(lines: list[str]) -> None:
    text = "\n".join(lines)
    apart = tuple(Passage(text=line, hidden=why) for line, why in _plain._lines(text, 200))
    joined = _plain.passages(text)

    seen = [
        words.find([Leaf(index=0, passages=one)], profile=load(), mark=None)
        for one in (apart, joined)
    ]
    assert seen[0] == seen[1]
    assert [one.text for one in joined[:8]] == [one.text for one in apart[:8]]
    assert "\n".join(one.text for one in joined) == "\n".join(one.text for one in apart)


@settings(max_examples=150, deadline=None)
@given(store=st.binary(min_size=1, max_size=600))
def test_a_store_that_was_wrapped_a_moment_ago_is_the_one_that_its_letters_spell(
    store: bytes,
) -> None:
    piece = _wrapper.wrap(store)
    known = _wrapper.unwrap(piece)
    _wrapper._LAST.pair = b"", b""

    assert known == store == _wrapper.unwrap(piece)


@pytest.mark.parametrize("piece", [b"", b"-", _wrapper.wrap(b""), _wrapper.wrap(b"ab")[:-1]])
def test_what_is_no_whole_wrapper_is_refused_after_any_other(piece: bytes) -> None:
    _wrapper.wrap(b"ab")
    with pytest.raises(MalformedMediaError):
        _wrapper.unwrap(piece)
    _wrapper.wrap(b"")
    with pytest.raises(MalformedMediaError):
        _wrapper.unwrap(piece)


def test_an_empty_text_has_no_place_for_a_manifest_in_a_note() -> None:
    from kzmark.formats.vtt import NOTED

    with pytest.raises(MalformedMediaError):
        NOTED.room(b"", 3_000)
