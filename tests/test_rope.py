"""A rope is a file like any other: whatever is done to both, both hold the same."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark import _rope
from kzmark._rope import Rope, copy
from kzmark.errors import InputError

GROUND = bytes(range(256)) * 4

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.binary(max_size=40)),
        st.tuples(st.just("seek"), st.integers(0, 400)),
        st.tuples(st.just("read"), st.integers(0, 80)),
        st.tuples(st.just("truncate"), st.integers(0, 400)),
        st.tuples(st.just("splice"), st.integers(0, 900), st.integers(0, 120)),
    ),
    max_size=30,
)


@pytest.fixture(autouse=True)
def _every_stretch_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rope, "_SMALL", 4)


@given(steps=STEPS)
def test_it_does_what_a_file_in_memory_does(steps: list[tuple[str, ...]]) -> None:
    rope, plain, ground = Rope(), io.BytesIO(), Rope.over(io.BytesIO(GROUND))
    for name, *given_to in steps:
        if name == "splice":
            start, length = (int(number) for number in given_to)
            rope.splice(ground, start, length)
            plain.write(GROUND[start : start + length])
        else:
            assert getattr(rope, name)(*given_to) == getattr(plain, name)(*given_to)
        assert rope.tell() == plain.tell()

    assert b"".join(rope.pieces()) == plain.getvalue()
    assert rope.size == len(plain.getvalue())


def test_a_rope_of_ropes_stays_when_those_grow(tmp_path: Path) -> None:
    first = Rope()
    first.write(b"0123456789")
    second = Rope.over(first)
    first.write(b"more")
    first.seek(2)
    first.write(b"XX")

    assert second.read() == b"0123456789"
    first.seek(0)
    assert first.read() == b"01XX456789more"


def test_a_long_file_is_copied_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(GROUND * 1000)
    with path.open("rb") as stream:
        rope, target = Rope.over(stream), Rope()
        copy(rope, target, 256, 999 * len(GROUND))
        held = sum(len(s.ground.data) for s in target._stretches if hasattr(s.ground, "data"))

        assert held == 0
        assert b"".join(target.pieces()) == (GROUND * 1000)[256 : 256 + 999 * len(GROUND)]


def test_a_file_that_became_shorter_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(GROUND)
    with path.open("rb") as stream:
        rope = Rope.over(stream)
        path.write_bytes(b"")

        with pytest.raises(InputError, match="shorter"):
            rope.read()


@pytest.mark.parametrize("target", [io.BytesIO(), Rope()])
def test_more_than_there_is_cannot_be_copied(target: io.BytesIO | Rope) -> None:
    with pytest.raises(ValueError, match="bytes at"):
        copy(io.BytesIO(b"abc"), target, 1, 5)


def test_a_position_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        Rope().seek(-1)
