"""What was found out of a file is remembered as long as the file is at hand."""

import io
from collections.abc import Callable

import pytest

from kzmark._rope import Rope
from kzmark.errors import MalformedMediaError
from kzmark.formats._audio.recall import Recall


def asked(rope: Rope, times: list[int]) -> Callable[[], int]:
    """Return what counts how often it is asked, and answers with the size of the file."""

    def find() -> int:
        times.append(rope.size)
        return rope.size

    return find


def test_the_same_file_is_looked_at_once() -> None:
    recall, times = Recall[int](), list[int]()
    rope = Rope.over(io.BytesIO(b"one"))

    found = [recall.of(one, 0, asked(one, times)) for one in (rope, Rope.over(rope))]

    assert found == [3, 3]
    assert times == [3]


def test_another_file_and_another_question_are_looked_at_anew() -> None:
    recall, times = Recall[int](), list[int]()
    one, two = (Rope.over(io.BytesIO(data)) for data in (b"one", b"other"))
    part = Rope()
    part.write(b"x")

    found = [recall.of(rope, at, asked(rope, times)) for rope, at in ((one, 0), (one, 1), (two, 1))]
    found.append(recall.of(part, 1, asked(part, times)))
    part.write(b"y")
    found.append(recall.of(part, 1, asked(part, times)))

    assert found == [3, 3, 5, 1, 2]
    assert times == found


def test_a_file_that_is_gone_is_forgotten() -> None:
    recall, times = Recall[int](), list[int]()
    for size in (3, 5, 7):
        rope = Rope.over(io.BytesIO(bytes(size)))
        recall.of(rope, 0, asked(rope, times))
        del rope

    assert times == [3, 5, 7]
    assert not recall._known


def test_what_fails_is_tried_again() -> None:
    recall, rope = Recall[int](), Rope.over(io.BytesIO(b"one"))

    def fail() -> int:
        raise MalformedMediaError("cut off")

    for _ in range(2):
        with pytest.raises(MalformedMediaError):
            recall.of(rope, 0, fail)
