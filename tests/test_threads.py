"""What is kept between calls serves any number of threads at once."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from tests.notices.sounding import mark_of, style_of

THREADS, TURNS = 6, 400


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def together(work: Callable[[], object]) -> list[Exception]:
    """Do something often, in several threads; return what went wrong."""
    wrong: list[Exception] = []

    def turns() -> None:
        try:
            for _ in range(TURNS):
                work()
        except Exception as error:  # noqa: BLE001 - whatever it is
            wrong.append(error)

    threads = [threading.Thread(target=turns) for _ in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return wrong


def test_marks_are_spelt_in_any_number_of_threads() -> None:
    mark = mark_of(style_of())

    wrong = together(lambda: replace(mark, mark_id=uuid4()).to_json())

    assert wrong == []
