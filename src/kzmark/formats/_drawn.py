"""At what size a drawing without pixels of its own is drawn when it is looked at."""

from typing import Final

_LEAST: Final = 800  # pixels of the long side: small letters can still be told apart
_MOST: Final = 2_000


def enlargement(longest: float) -> float:
    """Return how many times its displayed size a drawing is drawn.

    Once or a whole number of times, until its long side has 800 px; less where it has over 2,000.

    Args:
        longest: The longer displayed side, in pixels, over 0.
    """
    scale = float(-int(-_LEAST // longest)) if longest < _LEAST else 1.0
    return min(scale, _MOST / longest)
