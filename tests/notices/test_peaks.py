"""Peaks of the blind search: the short way out gives what the whole way would."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from kzmark.notices import search, templates

FIXTURES = Path(__file__).parents[2] / "fixtures"


def plain(small: NDArray[np.uint8]) -> list[tuple[float, int, int]]:
    """Return match, row and column of every peak, looked for everywhere."""
    found = np.abs(cv2.matchTemplate(small, search._small_badge(), cv2.TM_CCOEFF_NORMED))
    found[~np.isfinite(found) | (found > 1.001)] = 0
    summit = cv2.dilate(found, np.ones((9, 9), np.uint8))
    rows, columns = np.nonzero((found >= search._LIKELY) & (found >= summit))
    order = np.argsort(-found[rows, columns])[: search._PER_STEP]
    return [
        (float(found[r, c]), int(r), int(c))
        for r, c in zip(rows[order], columns[order], strict=True)
    ]


def same(small: NDArray[np.uint8]) -> bool:
    ring = templates.RING * search._SMALL
    peaks = search._peaks(small, float(search._SMALL))
    return [(one.match, one.y, one.x) for one in peaks] == [
        (match, row + ring, column + ring) for match, row, column in plain(small)
    ]


@pytest.mark.parametrize("folder", ["clean", "marked"])
@pytest.mark.parametrize("name", ["photo.png", "photo.jpg", "palette.png", "grey.jpg"])
def test_pictures_have_the_peaks_of_the_plain_search(folder: str, name: str) -> None:
    with Image.open(FIXTURES / folder / name) as image:
        grey = np.asarray(image.convert("L"))

    for by in (0.4, 0.6, 0.8, 1.0, 1.3):
        size = round(grey.shape[1] * by), round(grey.shape[0] * by)
        assert same(np.asarray(cv2.resize(grey, size), np.uint8))


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 30.0, 90.0]), st.booleans())
def test_noise_has_them_too(seed: int, spread: float, with_badge: bool) -> None:
    chance = np.random.default_rng(seed)
    small = (128 + chance.normal(0, spread, (70, 90))).clip(0, 255).astype(np.uint8)
    if with_badge:
        badge = search._small_badge()
        y, x = chance.integers(0, (70 - badge.shape[0], 90 - badge.shape[1]))
        small[y : y + badge.shape[0], x : x + badge.shape[1]] = badge

    assert same(small)
    assert not with_badge or spread > 1 or plain(small)
