"""What a run has measured, as a file: the plot is drawn from it, and readers can do sums."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.bench_stamp import Row
from benchmarks.clock import Spent

FILE: Final = Path(__file__).with_name("measured.json")


class Measured(NamedTuple):
    """Whole stamps, and where and when they were measured, in words."""

    machine: str
    date: str
    rows: list[Row]


def save(measured: Measured, path: Path = FILE) -> None:
    """Write a run down; times are in seconds."""
    rows = [
        row._asdict() | {"spent": {peer: one._asdict() for peer, one in row.spent.items()}}
        for row in measured.rows
    ]
    lines = ",\n  ".join(json.dumps(_rounded(row)) for row in rows)
    head = json.dumps({"machine": measured.machine, "date": measured.date})[1:-1]
    path.write_text(f'{{{head},\n "rows": [\n  {lines}\n]}}\n', encoding="utf-8")


def load(path: Path = FILE) -> Measured:
    """Read a run."""
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(**row | {"spent": {peer: Spent(**one) for peer, one in row["spent"].items()}})
        for row in told["rows"]
    ]
    return Measured(told["machine"], told["date"], rows)


def _rounded(value: Any) -> Any:
    """Return the same with times of six digits behind the point: microseconds."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value
