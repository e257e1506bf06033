"""Two marks side by side: the short way out says what the long way would."""

from uuid import UUID

import pytest
from tests.conftest import make_mark

from kzmark import comparison
from kzmark.comparison import differences
from kzmark.mark import Mark, System

MARKS = (
    make_mark(),
    make_mark(),
    make_mark(owner="Another"),
    make_mark(mark_id=UUID("11234567-89ab-4cde-8f01-23456789abcd")),
    make_mark(system=System(name="ImageGen", version="2.2")),
    make_mark(system=System(name="ImageGen", version="2.1", provider="P")),
)


@pytest.mark.parametrize("second", MARKS)
@pytest.mark.parametrize("first", MARKS)
def test_equal_marks_are_told_by_the_long_way_too(first: Mark, second: Mark) -> None:
    spelt = sorted(comparison._walk(first.to_dict(), second.to_dict(), ""))

    assert differences(first, second) == spelt
    assert (differences(first, second) == []) == (first.to_json() == second.to_json())
