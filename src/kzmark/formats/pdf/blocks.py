"""The words of a page in the order in which a reader meets them: its head and foot first.

What stands together stays together, whatever stands beside it on the same level: a line ends at a
wide gap, lines of one size and pitch above one another make a block. A notice that another program
printed anew is known by nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Final

from kzmark.formats.pdf.runs import Run
from kzmark.formats.pdf.view import Box, union
from kzmark.formats.pdf.weave import are_apart, lines

_WIDE: Final = 0.7  # ems between words of one line at most; beyond, others stand beside it
_LIKE: Final = 1.1  # ratio of two sizes of type that count as one
_ASKEW: Final = 1.0  # ems by which edges or middles of lines may differ that make a block
_HIGH: Final = 2.2  # ems from one line of a block to the next at most
_EVEN: Final = 1.15  # ratio of the pitches of a block
_WHOLE: Final = 8  # lines of a block that is met as a whole
_PIECE: Final = 4  # lines of a longer one that are met together, counted from both its ends


@dataclass(frozen=True, slots=True)
class _Row:
    """Words of one line that stand close to each other.

    Attributes:
        runs: By number, in the order in which they are read.
        box: Around them, upright.
        points: Their size of type.
    """

    runs: Sequence[int]
    box: Box
    points: float

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2


def ordered(found: Sequence[Run], size: tuple[float, float]) -> list[Run]:
    """Return the runs of a page as a reader meets them, what is nearest to head or foot first.

    Args:
        found: Runs in the order in which they are painted, the gaps in them filled: see `weave`.
        size: Width and height of the page, in displayed points.
    """
    met: list[tuple[float, float, Sequence[int]]] = []
    for group in _groups(found):
        turn = found[group[0]].turn
        stood = [_upright(found[n], size) for n in group]
        high = size[turn // 90 % 2 == 0]
        for block in _blocks(_rows(stood)):
            for piece in _pieces(block):
                top, foot = piece[0].box[3], piece[-1].box[1]
                runs = [group[n] for row in piece for n in row.runs]
                met.append((min(abs(foot), abs(high - top)), -top, runs))
    met.sort(key=lambda piece: (piece[0], piece[1], piece[2][0]))
    return [found[n] for _, _, runs in met for n in runs]


def _groups(found: Sequence[Run]) -> Iterator[list[int]]:
    """Yield the runs of one direction and about one size, by number."""
    group: list[int] = []
    last: tuple[int, float] = (-1, 0.0)
    for n in sorted(range(len(found)), key=lambda n: (found[n].turn, found[n].points, n)):
        turn, points = found[n].turn, found[n].points
        if group and (turn != last[0] or points > _LIKE * last[1]):
            yield sorted(group)
            group = []
        group.append(n)
        last = turn, points
    if group:
        yield sorted(group)


def _upright(run: Run, size: tuple[float, float]) -> Run:
    """Return a run as it stands on the page turned so that its words are upright."""
    if not run.turn:
        return run
    (across, high), (left, foot, right, top) = size, run.box
    box = {
        90: (foot, across - right, top, across - left),
        180: (across - right, high - top, across - left, high - foot),
        270: (high - top, left, high - foot, right),
    }[run.turn]
    return replace(run, box=box, level=(box[1] + box[3]) / 2)


def _rows(found: Sequence[Run]) -> list[_Row]:
    """Return the lines of runs, cut at wide gaps, from the top."""
    rows = []
    for line in lines(found):
        row: list[int] = []
        right = 0.0
        for n in sorted(line, key=lambda n: (found[n].box[0], n)):
            run = found[n]
            if row and run.box[0] - right > _WIDE * run.points:
                rows.append(_row(found, row))
                row = []
            right = max(right, run.box[2]) if row else run.box[2]
            row.append(n)
        rows.append(_row(found, row))
    return sorted(rows, key=lambda row: -row.middle)


def _row(found: Sequence[Run], row: list[int]) -> _Row:
    """Return a row; runs that lie over each other are read as they are painted."""
    if not all(are_apart(found[one], found[other]) for one, other in pairwise(row)):
        row = sorted(row)
    box = reduce(union, (found[n].box for n in row))
    return _Row(row, box, max(found[n].points for n in row))


def _blocks(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Yield rows that stand above one another, from the top of each block."""
    below = dict(_neighbours(rows))
    for first in sorted(set(range(len(rows))) - set(below.values())):
        column = [first]
        while column[-1] in below:
            column.append(below[column[-1]])
        yield from _even([rows[n] for n in column])


def _neighbours(rows: Sequence[_Row]) -> Iterator[tuple[int, int]]:
    """Yield rows with the next one below, each at most once from above and from below."""
    taken: set[int] = set()
    for n, row in enumerate(rows):
        for below in range(n + 1, len(rows)):
            pitch = row.middle - rows[below].middle
            if pitch > _HIGH * row.points:
                break
            if below not in taken and _are_aligned(row, rows[below]):
                taken.add(below)
                yield n, below
                break


def _are_aligned(one: _Row, other: _Row) -> bool:
    near = _ASKEW * min(one.points, other.points)
    if other.box[3] > one.middle:
        return False  # beside it rather than below
    left, right = one.box[0] - other.box[0], one.box[2] - other.box[2]
    return abs(left) <= near or abs(left + right) / 2 <= near


def _even(column: list[_Row]) -> Iterator[list[_Row]]:
    """Yield the parts of a column of one pitch; a wider gap parts what stands above and below."""
    pitches = [one.middle - other.middle for one, other in pairwise(column)]
    start = 0
    for n, pitch in enumerate(pitches):
        beside = [*pitches[max(start, n - 1) : n], *pitches[n + 1 : n + 2]]
        if beside and pitch > _EVEN * min(beside):
            yield column[start : n + 1]
            start = n + 1
    yield column[start:]


def _pieces(block: list[_Row]) -> Iterable[list[_Row]]:
    """Return a block whole, or parts of a long one: its ends are met before its middle."""
    if len(block) <= _WHOLE:
        return [block]
    half = len(block) // 2
    upper, lower = block[:half], block[half:]
    heads = [upper[at : at + _PIECE] for at in range(0, len(upper), _PIECE)]
    feet = [lower[max(0, at - _PIECE) : at] for at in range(len(lower), 0, -_PIECE)]
    return [*heads, *feet]
