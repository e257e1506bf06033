"""The plate in pixels: what the drawing says, crisp, and in two colours only where it is flat."""

import numpy as np
import pytest
from tests.notices.conftest import MakeStyle

from kzmark.notices import plate
from kzmark.notices.layout import lay_out
from kzmark.profile import contrast
from kzmark.vocabulary import Corner


@pytest.mark.parametrize("size", [(128, 128), (800, 600), (3000, 2000), (64, 64), (300, 20)])
def test_rectangles_have_crisp_edges(size: tuple[int, int], style: MakeStyle) -> None:
    chosen = style()
    drawing = lay_out(*size, chosen).drawing(chosen)

    pixels = plate.paint(drawing)

    assert pixels.shape == (drawing.height, drawing.width, 3)
    x, y, width, height = map(int, drawing.rectangles[1].box)
    badge = pixels[y : y + height, x : x + width]
    assert (badge[0] == chosen.profile.ink).all()
    assert (badge[-1] == chosen.profile.ink).all()
    assert (badge[:, [0, -1]] == chosen.profile.ink).all()
    assert (pixels[y - 1] == chosen.profile.plate).all()
    assert (pixels[:, x - 1] == chosen.profile.plate).all()


@pytest.mark.parametrize("side", [128, 300, 1000])
def test_the_strongest_pixels_of_every_line_reach_the_contrast(side: int, style: MakeStyle) -> None:
    chosen = style(corner=Corner.TOP_LEFT)
    drawing = lay_out(side, side, chosen).drawing(chosen)
    pixels = plate.paint(drawing)

    for words in drawing.words[2:]:
        cap = round(words.size * 0.7)
        base = int(words.baseline)
        row = pixels[base - cap : base, int(words.x) : int(words.x + words.width)]
        ink = np.percentile(row.reshape(-1, 3), 97, axis=0).tolist()
        assert contrast((ink[0], ink[1], ink[2]), chosen.profile.plate) > 7


def test_a_plate_is_painted_once_and_cannot_be_changed(style: MakeStyle) -> None:
    chosen = style()
    drawing = lay_out(640, 480, chosen).drawing(chosen)

    pixels = plate.paint(drawing)

    assert plate.paint(drawing) is pixels
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 0


def test_every_letter_stays_on_the_plate(style: MakeStyle) -> None:
    chosen = style(languages=("kk", "ru", "en"))
    for size in [(100, 100), (128, 128), (80, 80), (2000, 100)]:
        drawing = lay_out(*size, chosen).drawing(chosen)

        for words in drawing.words:
            assert words.x >= 0
            assert words.x + words.width <= drawing.width
            assert words.baseline + 0.25 * words.size <= drawing.height
