"""Room for a plate's colours in a palette."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmark.formats._palette import fit

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def colours(*entries: tuple[int, int, int]) -> np.ndarray:
    return np.array(entries, np.uint8).reshape(-1, 3)


def test_colours_that_stand_already_take_no_room() -> None:
    palette, index, exact = fit(
        colours(WHITE, BLACK), np.array([True, False]), colours(BLACK, WHITE, BLACK), room=9
    )

    assert index.tolist() == [1, 0, 1]
    assert palette.tolist() == [list(WHITE), list(BLACK)]
    assert exact


def test_new_entries_come_before_unused_ones() -> None:
    palette, index, exact = fit(
        colours((9, 9, 9), (8, 8, 8)), np.array([True, False]), colours(WHITE, BLACK), room=1
    )

    assert exact
    assert sorted(index.tolist()) == [1, 2]
    assert palette[0].tolist() == [9, 9, 9]
    assert {tuple(entry) for entry in palette[1:].tolist()} == {WHITE, BLACK}


def test_little_room_goes_to_the_colour_that_is_worst_off() -> None:
    greys = colours(*((level, level, level) for level in range(0, 256, 15)))

    palette, index, exact = fit(colours((20, 20, 20)), np.array([True]), greys, room=1)

    assert not exact
    assert palette.tolist() == [[20, 20, 20], [255, 255, 255]]
    assert index.tolist() == [0] * 10 + [1] * 8


def test_without_room_the_nearest_entry_serves() -> None:
    palette, index, exact = fit(
        colours((250, 0, 0), (0, 0, 250)), np.ones(2, np.bool_), colours((9, 9, 200)), room=0
    )

    assert (palette.shape, index.tolist(), exact) == ((2, 3), [1], False)


def test_an_empty_palette_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="0 entries"):
        fit(colours(), np.zeros(0, np.bool_), colours(BLACK), room=0)
    with pytest.raises(ValueError, match="200 entries"):
        fit(np.zeros((200, 3), np.uint8), np.ones(200, np.bool_), colours(BLACK), room=57)


@given(st.data())
def test_entries_in_use_never_change_and_exact_means_exact(data: st.DataObject) -> None:
    level = st.integers(0, 3).map(lambda step: step * 85)
    some = st.tuples(level, level, level)
    old = data.draw(st.lists(some, min_size=1, max_size=16))
    used = np.array([data.draw(st.booleans()) for _ in old])
    wanted = colours(*data.draw(st.lists(some, min_size=1, max_size=12)))
    room = data.draw(st.integers(0, 4))

    palette, index, exact = fit(colours(*old), used, wanted, room=room)

    assert len(old) <= len(palette) <= len(old) + room
    assert (palette[: len(old)][used] == colours(*old)[used]).all()
    assert exact == bool((palette[index] == wanted).all())
    free = room + int((~used).sum())
    assert exact or len(np.unique(wanted, axis=0)) > free
