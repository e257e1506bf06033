"""Where a plate stands on slides: in the first corner where it covers nothing."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kzmark.vocabulary import Corner

Box = tuple[float, float, float, float]  # left, top, right, bottom

COVERED: Final = "slide-covered"  # the note where no corner is free
_BACKDROP: Final = 0.6  # of a slide: what is larger covers every corner, as a backdrop does
_CORNERS: Final = (Corner.TOP_LEFT, Corner.TOP_RIGHT, Corner.BOTTOM_LEFT, Corner.BOTTOM_RIGHT)
_TOUCH: Final = 0.01  # of the plate: rounding


class Plate(NamedTuple):
    """A plate, in the unit of lengths of the format.

    Attributes:
        width: Of the plate.
        height: Of the plate.
        size: Of its type, in points.
        rows: Lines.
    """

    width: float
    height: float
    size: int
    rows: int


class Spot(NamedTuple):
    """A place for a plate.

    Attributes:
        x: From the left of the slide.
        y: From its top.
        plate: What stands there.
    """

    x: float
    y: float
    plate: Plate

    def covers(self, boxes: Sequence[Box]) -> float:
        """Return how much of boxes it lies over, as a share of itself."""
        right, bottom = self.x + self.plate.width, self.y + self.plate.height
        total = 0.0
        for one in boxes:
            wide = min(right, one[2]) - max(self.x, one[0])
            high = min(bottom, one[3]) - max(self.y, one[1])
            total += max(0.0, wide) * max(0.0, high)
        return total / max(1.0, self.plate.width * self.plate.height)


def spots(
    slides: Sequence[Sequence[Box]],
    plates: Sequence[Plate],
    *,
    corner: Corner,
    size: tuple[float, float],
) -> tuple[list[Spot], bool]:
    """Return where the plate stands on each slide: in one place on all where that is free.

    Args:
        slides: For each, the boxes of what stands on it; backdrops are left out of account.
        plates: Forms of the plate, the best first.
        corner: The place that is wanted.
        size: Width and height of a slide.

    Returns:
        A place for each slide, and whether anything is covered anywhere.
    """
    area = _BACKDROP * size[0] * size[1]
    clear = [[one for one in boxes if (one[2] - one[0]) * (one[3] - one[1]) < area]
             for boxes in slides]  # fmt: skip
    known = list(_places(plates, corner, size))
    for one in known:
        if all(one.covers(boxes) <= _TOUCH for boxes in clear):
            return [one] * len(slides), False
    found, covered = [], False
    for boxes in clear:
        shares = [(share if (share := one.covers(boxes)) > _TOUCH else 0.0) for one in known]
        least = min(shares)
        covered |= least > 0
        found.append(known[shares.index(least)])
    return found, covered


def _places(plates: Sequence[Plate], corner: Corner, size: tuple[float, float]) -> Iterator[Spot]:
    if corner is Corner.BOTTOM_STRIP:
        strip = plates[0]._replace(width=size[0])
        yield Spot(0, size[1] - strip.height, strip)
    order = sorted(_CORNERS, key=lambda one: one is not corner)
    if corner is Corner.BOTTOM_STRIP:
        order.reverse()
    for plate in plates:
        for one in order:
            right = one in {Corner.TOP_RIGHT, Corner.BOTTOM_RIGHT}
            bottom = one in {Corner.BOTTOM_LEFT, Corner.BOTTOM_RIGHT}
            x, y = (size[0] - plate.width) * right, (size[1] - plate.height) * bottom
            yield Spot(max(0.0, x), max(0.0, y), plate)
