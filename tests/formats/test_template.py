"""The template works: it runs under the contract like any registered adapter."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kzmark.formats import NAMES, _template
from kzmark.testing import LIMITS, AdapterContract, example_mark, half_and_half


def ppm(width: int = 64, height: int = 48, *, comment: bytes = b"") -> bytes:
    rows = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return b"P6\n" + comment + b"%d %d\n255\n" % (width, height) + rows.tobytes()


class TestPpm(AdapterContract):
    adapter = _template.ADAPTER
    clean = (ppm(), ppm(65, 33, comment=b"# by GIMP\n"))

    def test_it_is_recognised_by_its_content(self) -> None:
        assert "ppm" not in NAMES
        assert all(self.adapter.confirm(data) for data in self.clean)
        assert not self.adapter.confirm(b"P6 is a name")


@given(st.integers(16, 90), st.integers(16, 90))
def test_pillow_sees_the_patch_and_every_other_pixel_as_it_was(width: int, height: int) -> None:
    data, target = ppm(width, height, comment=b"# kept\n"), io.BytesIO()
    _template.ADAPTER.paint(io.BytesIO(data), target, half_and_half, limits=LIMITS)
    patch = half_and_half(width, height)
    expected = np.array(Image.open(io.BytesIO(data)))
    x, y, across, down = patch.box
    expected[y : y + down, x : x + across] = patch.pixels

    assert np.array_equal(np.array(Image.open(target)), expected)
    assert b"# kept\n" in target.getvalue()


def test_a_comment_by_others_stays_beside_the_mark() -> None:
    target = io.BytesIO()
    mark = example_mark(_template.ADAPTER)
    source = io.BytesIO(ppm(comment=b"# by GIMP\n"))
    _template.ADAPTER.write(source, target, mark, limits=LIMITS)

    assert b"# by GIMP\n" in target.getvalue()
    assert Image.open(target).size == (64, 48)
