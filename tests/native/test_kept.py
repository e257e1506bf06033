"""What is kept of arrays, and when it must not be."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from kzmark.native.kept import Keeper

Array = NDArray[np.uint8]


def frozen(size: int = 8) -> Array:
    array = np.arange(size, dtype=np.uint8)
    array.setflags(write=False)
    return array


def made_of(keeper: Keeper[bytes], array: Array, key: str = "") -> tuple[bytes, int]:
    """Return what the keeper gives, and how often it had to be made."""
    calls: list[int] = []

    def make() -> bytes:
        calls.append(1)
        return array.tobytes()

    return keeper.get(array, key, make), len(calls)


def test_the_same_array_is_worked_on_once_for_each_key() -> None:
    keeper, array = Keeper[bytes](), frozen()

    found = [made_of(keeper, array, key) for key in ("a", "a", "b", "a", "b")]

    assert [times for _, times in found] == [1, 0, 1, 0, 0]
    assert {value for value, _ in found} == {array.tobytes()}


def test_an_array_of_the_same_values_is_another_array() -> None:
    keeper = Keeper[bytes]()

    assert made_of(keeper, frozen())[1] == 1
    assert made_of(keeper, frozen())[1] == 1


def test_nothing_is_kept_of_an_array_that_can_change() -> None:
    keeper, array = Keeper[bytes](), np.zeros(8, np.uint8)
    view = array[2:]
    view.setflags(write=False)
    before = made_of(keeper, array)[0], made_of(keeper, view)[0]
    array[:] = 7

    after = made_of(keeper, array)[0], made_of(keeper, view)[0]

    assert before == (bytes(8), bytes(6))
    assert after == (b"\7" * 8, b"\7" * 6)


def test_an_array_over_memory_of_others_may_change() -> None:
    memory = bytearray(8)
    array = np.frombuffer(memory, np.uint8)
    array.setflags(write=False)
    keeper = Keeper[bytes]()
    made_of(keeper, array)
    memory[0] = 9

    assert made_of(keeper, array)[0] == memory


def test_the_oldest_go_when_there_is_too_much() -> None:
    keeper, large = Keeper[bytes](), 5 << 20
    first, second, third = frozen(large), frozen(large), frozen(large)
    for array in (first, second, first, third):
        made_of(keeper, array)

    assert made_of(keeper, first)[1] == 0
    assert made_of(keeper, second)[1] == 1


def test_threads_share_a_keeper() -> None:
    keeper = Keeper[bytes]()
    arrays = [frozen(size) for size in range(1, 9)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda at: made_of(keeper, arrays[at % 8])[0], range(400)))

    assert found == [arrays[at % 8].tobytes() for at in range(400)]
