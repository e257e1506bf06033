"""Plain tables for terminals: columns as wide as they need be, the last one free."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TextIO

Paint = Callable[[str], str]

_HELD: Final = 500  # rows by which the width of the columns is chosen
_OUTLIERS: Final = 0.05  # share of them that may be longer: one odd name makes no wide table


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Mapping[int, Paint] | None = None,
) -> str:
    """Return a table as text, one line a row, without trailing space.

    Args:
        head: Names of the columns.
        rows: Their cells.
        paint: What gives the cells of a column, by its number, their colour; it takes no room.
    """
    widths = _widths(head, rows)
    lines = [head, ["─" * size for size in widths], *rows]
    return "\n".join(_line(line, widths, paint or {}) for line in lines)


class Listing:
    """A table of any length, printed as it grows.

    The first 500 rows wait, so that a table of up to that many stands in the order of its rows'
    places. The rows after them are printed at once, in the columns that those first ones need.

    Args:
        head: Names of the columns.
        out: Where it is printed.
        paint: As for `table`.
    """

    def __init__(
        self, head: Sequence[str], out: TextIO, paint: Mapping[int, Paint] | None = None
    ) -> None:
        self._head, self._out, self._paint = head, out, paint or {}
        self._held: list[tuple[int, Sequence[str]]] = []
        self._widths: list[int] = []

    def add(self, place: int, row: Sequence[str]) -> None:
        """Take a row in.

        Args:
            place: Where it stands among the others, as far as it can wait for them.
            row: Its cells.
        """
        if self._widths:
            print(_line(row, self._widths, self._paint), file=self._out)
            return
        self._held.append((place, row))
        if len(self._held) >= _HELD:
            self._print()

    def close(self) -> None:
        """Print what still waits."""
        if not self._widths:
            self._print()

    def _print(self) -> None:
        rows = [row for _, row in sorted(self._held, key=lambda held: held[0])]
        self._widths = _widths(self._head, rows, outliers=_OUTLIERS)
        for line in (self._head, ["─" * size for size in self._widths], *rows):
            print(_line(line, self._widths, self._paint), file=self._out)
        self._held = []


def width(text: str) -> int:
    """Return the columns a text takes on a terminal: wide letters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(letter)
        else 1 + (unicodedata.east_asian_width(letter) in {"W", "F"})
        for letter in text
    )


def _widths(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, outliers: float = 0
) -> list[int]:
    last = len(rows) - int(outliers * len(rows))
    columns = [sorted(width(row[column]) for row in rows)[:last] for column in range(len(head))]
    return [max([width(name), *sizes[-1:]]) for name, sizes in zip(head, columns, strict=True)]


def _line(cells: Sequence[str], widths: Sequence[int], paint: Mapping[int, Paint]) -> str:
    padded = [
        (paint[column](cell) if column in paint else cell) + " " * (size - width(cell))
        for column, (cell, size) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
