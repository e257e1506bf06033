"""The blind search: badges anywhere in a picture, at any size.

The picture is shrunk step by step and the badge, at one small size, is matched on every step; what
looks like one is then measured closely. Nothing here knows words: `reading` confirms.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.formats._base import Picture
from kzmark.notices import badge, templates
from kzmark.notices.templates import RING, SIZE

Check = Callable[[], None]  # raises when the time is up

_SMALL: Final = 8  # pixels a capital height at which badges are looked for
_STEP: Final = 1.1  # from one size to the next
_LEAST: Final = 4.0  # capital height, in pixels, below which nothing is looked for
_SHARES: Final = (0.02, 0.26)  # of the shortest side: capitals of badges that are looked for
_LIKELY: Final = 0.5  # correlation from which a closer look is taken
_MAYBE: Final = 0.58  # the same at the five sizes that the closer look starts with
_CLOSE: Final = 0.66  # the same after the closer look
_PER_STEP: Final = 16
_IN_ALL: Final = 24
_ROOM: Final = 1.5  # how far around a badge the closer look goes, in capital heights


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a badge.

    Attributes:
        match: Correlation with the badge, 0 to 1.
        x: Left edge of the badge, in displayed pixels.
        y: Top edge.
        across: Pixels a capital height, horizontally.
        down: The same vertically.
    """

    match: float
    x: float
    y: float
    across: float
    down: float


def badges(picture: Picture, check: Check) -> Iterator[Candidate]:
    """Yield what looks like a badge, the likeliest first.

    Args:
        picture: The picture, or the part of it that is searched.
        check: Called between steps; raises when the time is up.
    """
    rough: list[Candidate] = []
    for small, cap in _steps(picture):
        check()
        rough += _peaks(small, cap)
    rough.sort(key=lambda c: -c.match)
    taken: list[Candidate] = []
    for candidate in _apart(rough)[:_IN_ALL]:
        check()
        there = replace(candidate, x=candidate.x + picture.x, y=candidate.y + picture.y)
        found = closer(picture, there)
        if found.match >= _CLOSE and not _beside(found, taken):
            taken.append(found)
            yield found


def closer(picture: Picture, candidate: Candidate) -> Candidate:
    """Return a candidate with its place and size corrected by a closer look."""
    import cv2

    near = shrunk(picture, candidate, (-_ROOM, -_ROOM, 3 + _ROOM, 4 + _ROOM))
    grey = cv2.cvtColor(np.ascontiguousarray(near.pixels), cv2.COLOR_RGB2GRAY)
    view = _View(grey, near.x, near.y, shrink(candidate))
    best = view.best(candidate, [(s, s) for s in (0.9, 0.95, 1.0, 1.05, 1.1)], reach=6)
    if best.match < _MAYBE:
        return best
    best = view.best(best, [(s, s) for s in (0.975, 1.0, 1.025)], reach=3)
    best = view.best(best, [(s, 1.0) for s in (0.92, 0.96, 1.0, 1.04, 1.08)], reach=3)
    fine = (0.987, 1.0, 1.013)
    best = view.best(best, [(s, t) for s in fine for t in fine], reach=2)
    fine = (0.994, 1.0, 1.006)
    return view.best(best, [(s, t) for s in fine for t in fine], reach=2)


def shrunk(picture: Picture, candidate: Candidate, room: tuple[float, ...]) -> Picture:
    """Return the surroundings of a candidate, about as coarse as templates are.

    The result counts in the picture's own pixels divided by `shrink(candidate)`.

    Args:
        picture: The picture.
        candidate: Whose surroundings are wanted.
        room: Left, top, right, bottom from the badge's corner, in capital heights.
    """
    import cv2

    by = shrink(candidate)
    height, width = picture.pixels.shape[:2]
    left, right = _span(candidate.x, candidate.across, room[::2], (picture.x, width), by)
    top, bottom = _span(candidate.y, candidate.down, room[1::2], (picture.y, height), by)
    part = picture.pixels[
        top * by - picture.y : bottom * by - picture.y,
        left * by - picture.x : right * by - picture.x,
    ]
    size = right - left, bottom - top
    if by > 1:
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return replace(
        picture, width=picture.width // by, height=picture.height // by, pixels=part, x=left, y=top
    )


def _span(
    start: float, unit: float, room: tuple[float, ...], frame: tuple[int, int], by: int
) -> tuple[int, int]:
    """Return first and last of the shrunk pixels that lie in a frame (its start and length)."""
    first, last = -(-frame[0] // by), (frame[0] + frame[1]) // by
    left = min(max(first, math.floor((start + room[0] * unit) / by)), max(first, last - 1))
    right = max(left + 1, min(last, math.ceil((start + room[1] * unit) / by)))
    return left, right


def shrink(candidate: Candidate) -> int:
    """Return by what whole number a candidate's surroundings are shrunk."""
    return max(1, int(min(candidate.across, candidate.down) / SIZE))


def _steps(picture: Picture) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Yield the picture in grey, smaller and smaller, and the capitals' height then looked for."""
    import cv2

    grey: Any = cv2.cvtColor(np.ascontiguousarray(picture.pixels), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    shortest = min(picture.width, picture.height)
    cap = max(_LEAST, _SHARES[0] * shortest)
    last = max(2 * _LEAST, _SHARES[1] * min(width, height))
    least = templates.emblem().shape[0] * _SMALL / SIZE
    while cap <= last:
        by = _SMALL / cap
        size = round(width * by), round(height * by)
        if min(size) < least:
            return
        way = cv2.INTER_AREA if by < 1 else cv2.INTER_LINEAR
        small = cv2.resize(grey, size, interpolation=way)
        yield small, cap
        if 4 * size[0] < grey.shape[1]:  # later steps start from less
            grey = cv2.resize(grey, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_AREA)
        cap *= _STEP


def _peaks(small: NDArray[np.uint8], cap: float) -> list[Candidate]:
    import cv2

    found = np.abs(cv2.matchTemplate(small, _small_badge(), cv2.TM_CCOEFF_NORMED))
    found[~np.isfinite(found) | (found > 1.001)] = 0
    likely = found >= _LIKELY
    if not likely.any():  # as on most steps of most pictures
        return []
    summit = cv2.dilate(found, np.ones((9, 9), np.uint8))
    rows, columns = np.nonzero(likely & (found >= summit))
    order = np.argsort(-found[rows, columns])[:_PER_STEP]
    unit = cap / _SMALL
    return [
        Candidate(
            match=float(found[row, column]),
            x=(column + RING * _SMALL) * unit,
            y=(row + RING * _SMALL) * unit,
            across=cap,
            down=cap,
        )
        for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True)
    ]


@functools.cache
def _small_badge() -> NDArray[np.uint8]:
    import cv2

    emblem = templates.emblem()
    size = tuple(round(side * _SMALL / SIZE) for side in emblem.shape[::-1])
    small = cv2.resize(emblem, size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(small.clip(0, 1) * 255), np.uint8)


@dataclass(frozen=True, slots=True)
class _View:
    """The surroundings of a candidate in grey, shrunk by a whole number."""

    grey: Any
    left: int
    top: int
    by: int

    def best(
        self, candidate: Candidate, scales: list[tuple[float, float]], *, reach: int
    ) -> Candidate:
        """Return the best of several scales of a candidate, each moved to where it fits best."""
        tried = [self._tried(candidate, across, down, reach) for across, down in scales]
        return max(tried, key=lambda c: c.match)

    def _tried(self, candidate: Candidate, across: float, down: float, reach: int) -> Candidate:
        import cv2

        wide, high = candidate.across * across, candidate.down * down
        x = candidate.x + badge.WIDTH / 2 * (candidate.across - wide)
        y = candidate.y + badge.PITCH * (candidate.down - high)
        size = min(SIZE, math.ceil(2 * min(wide, high)) / 2)
        emblem = _emblem(size)
        unit = wide / self.by / SIZE, high / self.by / SIZE
        left = (x - RING * wide) / self.by - self.left - (reach - 0.5) * unit[0] - 0.5
        top = (y - RING * high) / self.by - self.top - (reach - 0.5) * unit[1] - 0.5
        room = emblem.shape[1] + 2 * reach, emblem.shape[0] + 2 * reach
        turn = np.array([[unit[0], 0, left], [0, unit[1], top]])
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(self.grey, turn, room, flags=way, borderMode=cv2.BORDER_REPLICATE)
        found = cv2.matchTemplate(seen, emblem, cv2.TM_CCOEFF_NORMED)
        found = np.where(np.isfinite(found), np.abs(found), 0)
        row, column = divmod(int(found.argmax()), found.shape[1])
        return Candidate(
            match=min(1.0, float(found[row, column])) if seen.std() > 2 else 0.0,
            x=x + (column - reach) * wide / SIZE,
            y=y + (row - reach) * high / SIZE,
            across=wide,
            down=high,
        )


@functools.lru_cache(maxsize=64)
def _emblem(size: float) -> NDArray[np.uint8]:
    return np.asarray(np.round(templates.emblem(size).clip(0, 1) * 255), np.uint8)


def _apart(candidates: list[Candidate]) -> list[Candidate]:
    """Keep the best of those that stand at the same place."""
    kept: list[Candidate] = []
    for one in candidates:
        if not _beside(one, kept):
            kept.append(one)
    return kept


def _beside(one: Candidate, others: list[Candidate]) -> bool:
    return any(max(abs(one.x - k.x), abs(one.y - k.y)) < k.across for k in others)
