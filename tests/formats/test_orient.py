import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kzmark.formats import _orient


def _stored(width: int, height: int) -> NDArray[np.uint8]:
    return np.arange(width * height, dtype=np.uint8).reshape(height, width)


def _as_pillow_shows(array: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    image = Image.fromarray(array)
    image.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(image))


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 8))
def test_upright_shows_what_pillow_shows(width: int, height: int, orientation: int) -> None:
    array = _stored(width, height)

    shown = _orient.upright(array, orientation)

    assert np.array_equal(shown, _as_pillow_shows(array, orientation))
    assert _orient.displayed(width, height, orientation) == shown.shape[::-1]
    assert np.shares_memory(shown, array)


@given(st.data(), st.integers(1, 12), st.integers(1, 12), st.integers(1, 8))
def test_a_displayed_box_covers_the_same_pixels_when_stored(
    data: st.DataObject, width: int, height: int, orientation: int
) -> None:
    array = _stored(width, height)
    shown = _orient.upright(array, orientation)
    x, y = (
        data.draw(st.integers(0, shown.shape[1] - 1)),
        data.draw(st.integers(0, shown.shape[0] - 1)),
    )
    w, h = (
        data.draw(st.integers(1, shown.shape[1] - x)),
        data.draw(st.integers(1, shown.shape[0] - y)),
    )

    left, top, across, down = _orient.stored_box((x, y, w, h), shown.shape[::-1], orientation)

    part = _orient.upright(array[top : top + down, left : left + across], orientation)
    assert np.array_equal(part, shown[y : y + h, x : x + w])


def test_writing_into_the_view_writes_into_the_stored_pixels() -> None:
    array = np.zeros((4, 6, 3), dtype=np.uint8)

    _orient.upright(array, 6)[0, 0] = 255

    assert array[3, 0].tolist() == [255, 255, 255]
    assert array.sum() == 3 * 255


@pytest.mark.parametrize("orientation", [-1, 0, 9, 65535])
def test_an_unknown_orientation_is_taken_as_upright(orientation: int) -> None:
    array = _stored(3, 2)

    assert np.array_equal(_orient.upright(array, orientation), array)
    assert _orient.displayed(3, 2, orientation) == (3, 2)
    assert _orient.stored_box((0, 1, 2, 1), (3, 2), orientation) == (0, 1, 2, 1)
