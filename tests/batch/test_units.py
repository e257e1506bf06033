"""Units: nothing is lost or doubled, and nobody waits for more than there is."""

import itertools
import time
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from tests.batch.crews import Piece

from kzmark.batch.units import MAX_BYTES, MAX_FILES, Units


def drained(units: Units[Piece], workers: int, most: int) -> Iterator[tuple[Piece, ...]]:
    while not units.ended:
        units.gather(most, patience=5)
        yield from units.cut(workers, most)


@given(
    sizes=st.lists(st.integers(0, 2 * MAX_BYTES), max_size=300),
    workers=st.integers(1, 9),
    most=st.integers(1, 20),
    largest=st.integers(1, MAX_FILES),
)
def test_every_task_comes_out_once_in_order_and_no_unit_is_too_large(
    sizes: list[int], workers: int, most: int, largest: int
) -> None:
    tasks = [Piece(number, size) for number, size in enumerate(sizes)]
    units = list(drained(Units(iter(tasks), largest=largest), workers, most))

    assert list(itertools.chain(*units)) == tasks
    assert all(1 <= len(unit) <= largest for unit in units)
    assert all(len(unit) == 1 or sum(p.size for p in unit) <= MAX_BYTES for unit in units)


def test_few_tasks_are_shared_between_all_workers() -> None:
    units = Units(map(Piece, range(8)))
    units.gather(8)

    assert [len(unit) for unit in units.cut(4, 8)] == [1] * 8


def test_many_tasks_make_full_units() -> None:
    units = Units(map(Piece, itertools.count()))
    units.gather(8, patience=5)

    assert [len(unit) for unit in units.cut(2, 3)] == [MAX_FILES] * 3


def test_tasks_that_come_slowly_are_handed_out_as_they_come() -> None:
    def slowly() -> Iterator[Piece]:
        for number in itertools.count():
            time.sleep(0.03)
            yield Piece(number)

    units = Units(slowly())
    units.gather(100, patience=0.01)

    assert [len(unit) for unit in units.cut(2, 100)] == [1]


def test_only_so_much_is_looked_at_as_the_workers_can_use() -> None:
    taken = 0

    def counted() -> Iterator[Piece]:
        nonlocal taken
        for taken in itertools.count(1):
            yield Piece(taken)

    Units(counted()).gather(4, patience=5)

    assert taken == 4 * MAX_FILES


def test_jobs_without_work_let_others_speak() -> None:
    units: Units[Piece] = Units(itertools.repeat(None))
    units.gather(1, patience=0.01)

    assert not units.ended
    assert units.cut(1, 1) == []
