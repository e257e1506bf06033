"""The bare notice on JPEG and PNG as parts of the page: one row a plate, one column a size."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

from benchmarks import tables
from benchmarks.pictures import SIZES, made, photo

_JPEG: Final = """Laying the plate on a JPEG from memory to memory, against Pillow's decode, paste
and save with `quality="keep"`, several new pictures in a row by each side in turn. Own is the plate
that `kzmark stamp` lays by default; the small one is a single line over half of the width (a strip:
all of it) and 6 % of the height."""
_LOOK: Final = """Decoding only the part of a JPEG in which the notice stands, against decoding all
of it with Pillow."""
_PNG: Final = """Laying the plate on a PNG from memory to memory, against Pillow's decode, paste and
save at its default level; both give the same pixels. The small plate is half as wide as the picture
(a strip: as wide) and 6 % as high. Size is that of the file afterwards, the largest of the
three."""


class Cell(NamedTuple):
    """One size of one row: seconds of CPU by the peer and by kzmark, and the file's growth."""

    theirs: float
    ours: float
    grown: float = 0.0

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours


Rows = Mapping[tuple[str, ...], Mapping[str, Cell]]  # words of a row → size → cell


def jpeg(rounds: int) -> str:
    """Return the parts of the page on painting JPEG and on looking at it."""
    bench: Any = import_module("benchmarks.bench_notice")
    few = max(1, rounds // 2)
    bars = {"top": 25.0, "bottom": 5.0, "strip": 5.0}
    painted, seen = (
        _by_size((_named(one), one.size, Cell(one.pillow, one.ours)) for one in found)
        for found in (bench.painting(few), bench.looking(few))
    )
    paint = table(("picture", "plate", "place"), painted, bars)
    look = table(("picture", "plate", "place"), seen, {})
    return "\n\n".join(
        (
            tables.section("The notice alone on a JPEG", _JPEG, paint),
            tables.section("Looking at the notice of a JPEG", _LOOK, look),
        )
    )


def png(rounds: int) -> str:
    """Return the part of the page on painting PNG."""
    bench: Any = import_module("benchmarks.bench_png_notice")
    found = []
    for size, (width, height) in SIZES.items():
        data = made("png", photo(width, height))
        few = 1 if width * height > 5e6 else max(1, rounds // 2)  # Pillow takes seconds there
        for place in bench.PLACES:
            patch = bench.patch_at(place, data, (width, height))
            one = bench.measured(size, place, data, patch, few)
            found.append(((place,), size, Cell(one.pillow / 1e3, one.ours / 1e3, one.grown)))
    bars = {"own plate": 40.0, "small plate at the top": 40.0, "strip at the bottom": 15.0}
    text = table(("plate",), _by_size(found), bars, grown=True)
    return tables.section("The notice alone on a PNG", _PNG, text)


def _named(one: Any) -> tuple[str, ...]:
    """Return the words of a row: `own, top, 1068x411 px` tells the plate and its place."""
    plate, place = one.plate.split(", ")[:2]
    return f"JPEG {one.picture}", plate, place


def _by_size(found: Iterable[tuple[tuple[str, ...], str, Cell]]) -> Rows:
    rows: dict[tuple[str, ...], dict[str, Cell]] = {}
    for words, size, cell in found:
        rows.setdefault(words, {})[size] = cell
    return rows


def table(
    head: tuple[str, ...], rows: Rows, bars: Mapping[str, float], *, grown: bool = False
) -> str:
    """Return a table; the last word of a row says which bar it is held to."""
    lines = []
    for words, cells in rows.items():
        bar = bars.get(words[-1])
        line = [*words, *(_cell(cells.get(size)) for size in SIZES)]
        if bars:
            line += [f"at least x{bar:g}", _met(cells, bar)] if bar else ["–", "–"]
        if grown:
            line.append(f"{max(cell.grown for cell in cells.values()):+.1%}")
        lines.append(line)
    columns = [*head, *SIZES, *(["bar", "met"] if bars else []), *(["size"] if grown else [])]
    return tables.table(columns, lines, words=len(head))


def _met(cells: Mapping[str, Cell], bar: float) -> str:
    """Say whether every size reaches the bar, or which do not."""
    short = [size for size, cell in cells.items() if cell.ratio < bar]
    if len(short) == len(cells):
        return "**no**"
    return f"**not at {', '.join(short)}**" if short else "yes"


def _cell(cell: Cell | None) -> str:
    return f"x{cell.ratio:.1f} ({cell.ours * 1e3:.1f} ms)" if cell else "–"
