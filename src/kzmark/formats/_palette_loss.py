"""When a palette serves a plate too badly. Shared by TIFF and BMP."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_NEAR: Final = 32  # levels that an important colour may be off in one channel
_IMPORTANT: Final = 0.02  # share of the plate from which a colour is important


def is_far(found: NDArray[np.uint8], wanted: NDArray[np.uint8], weights: NDArray[np.int64]) -> bool:
    """Say whether an important colour of a plate is off by more than 32 levels of a channel.

    Args:
        found: Colours of the palette, (n, 3).
        wanted: The plate's colours that they stand for, (n, 3).
        weights: Pixels of the plate in each colour, (n,).
    """
    off = np.abs(found.astype(np.int16) - wanted).max(axis=1)
    return bool(off[weights >= weights.sum() * _IMPORTANT].max(initial=0) > _NEAR)
