"""Plain tables for terminals: columns as wide as they need be, the last one free."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence

Paint = Callable[[str], str]


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
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["─" * size for size in widths])
    return "\n".join(_line(line, widths, paint or {}) for line in lines)


def width(text: str) -> int:
    """Return the columns a text takes on a terminal: wide letters two, combining marks none."""
    return sum(
        0
        if unicodedata.combining(letter)
        else 1 + (unicodedata.east_asian_width(letter) in {"W", "F"})
        for letter in text
    )


def _line(cells: Sequence[str], widths: Sequence[int], paint: Mapping[int, Paint]) -> str:
    padded = [
        (paint[column](cell) if column in paint else cell) + " " * (size - width(cell))
        for column, (cell, size) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
