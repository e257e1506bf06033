"""Throughput of whole stamps by format and size, as a picture for the README.

    python -m benchmarks.plot [TARGET]

Drawn from `measured.json`, which `make bench` writes. Letters become paths, so that the picture
looks the same everywhere; it brings its own ground, so that it reads on light and dark pages.
"""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import peers
from benchmarks.bench_stamp import Row
from benchmarks.measured import Measured, load
from benchmarks.pictures import KINDS

PICTURE: Final = Path(__file__).parents[1] / "docs" / "pictures" / "throughput.svg"
_ORDER: Final = ("jpeg", "jpeg444", "png", "tiff", "webp", "gif", "avif", "heic", "jxl")
_GROUND, _BAND, _INK, _SOFT, _FAINT = "#FBFAF7", "#F1EFE8", "#1B2430", "#5C6672", "#DAD7CD"
_OURS, _HAND, _LIMIT = "#0B7A75", "#D9822B", "#8A929B"
_GAP: Final = 0.5  # rows between two formats
_INCHES: Final = 0.235  # a row
_WIDTH, _HEAD, _FOOT = 9.2, 1.48, 1.25  # inches
_LEFT, _RIGHT = 0.215, 0.915  # of the width: where the scale begins and ends
_EDGE, _MARGIN = 0.007, 0.027  # of the width: where bands and where words end
_TICKS: Final = tuple(digit * 10**power for power in range(-2, 5) for digit in (1, 2, 5))
_TOLD: Final = (
    "Notice, XMP, EXIF, signed C2PA manifest, the file checked and safe on disk. "
    "To the right is faster; the scale is logarithmic."
)
_FOOTNOTES: Final = """\
By hand: Pillow decode, draw, save at its default quality (JPEG: keep); exiftool kept open;
c2pa-python as it comes. kzmark keeps lossy pictures at 44 dB outside the notice.
CPU time of all processes and threads, medians of one run, every peer in turn."""


class _Line(NamedTuple):
    """One row of the picture: where it stands, counted downwards, and what it shows."""

    y: float
    row: Row

    def speed(self, peer: str) -> float:
        """Megapixels for each second of CPU."""
        return self.row.megapixels / self.row.spent[peer].cpu


def draw(measured: Measured, target: Path = PICTURE) -> None:
    """Draw a run into an SVG, or a PNG by the ending of its name."""
    from matplotlib.figure import Figure

    lines = _lines(measured.rows)
    height = _HEAD + _FOOT + _INCHES * (lines[-1].y + 1)
    with _style():
        figure = Figure(figsize=(_WIDTH, height), facecolor="none")
        _card(figure)
        bottom, top = _FOOT / height, 1 - _HEAD / height
        axes = figure.add_axes((_LEFT, bottom, _RIGHT - _LEFT, top - bottom), facecolor="none")
        _scale(axes, lines)
        for line in lines:
            _pair(axes, line)
        _names(axes, lines)
        _words(figure, measured, height)
        target.parent.mkdir(parents=True, exist_ok=True)
        plain: Any = {"Date": None} if target.suffix == ".svg" else None
        figure.savefig(target, metadata=plain, dpi=160)


def _lines(rows: list[Row]) -> list[_Line]:
    """Return the rows in their order, a gap between formats."""
    shown = [row for kind in _ORDER for row in rows if row.kind == kind]
    lines: list[_Line] = []
    y = 0.0
    for row in shown:
        if lines:
            y += 1.0 if lines[-1].row.kind == row.kind else 1.0 + _GAP
        lines.append(_Line(y, row))
    return lines


def _style() -> AbstractContextManager[None]:
    import matplotlib as mpl
    from matplotlib import font_manager

    from kzmark.notices import letters

    for bold in (False, True):
        font_manager.fontManager.addfont(letters.face(bold=bold))
    return mpl.rc_context(
        {
            "font.family": "PT Sans",
            "font.size": 10,
            "text.color": _INK,
            "svg.fonttype": "path",
            "svg.hashsalt": "kzmark",
        }
    )


def _card(figure: Any) -> None:
    """Lay the ground: a sheet with round corners."""
    from matplotlib.patches import FancyBboxPatch

    width, height = figure.get_size_inches()
    sheet = FancyBboxPatch(
        (0.06, 0.06),
        width - 0.12,
        height - 0.12,
        boxstyle="round,pad=0,rounding_size=0.12",
        transform=figure.dpi_scale_trans,
        facecolor=_GROUND,
        edgecolor=_FAINT,
        linewidth=0.8,
        zorder=-1,
    )
    figure.add_artist(sheet)


def _scale(axes: Any, lines: list[_Line]) -> None:
    """Draw the logarithmic scale and a band behind every second format."""
    speeds = [line.speed(peer) for line in lines for peer in line.row.spent if peer in _SHOWN]
    low, high = min(speeds) / 1.35, max(speeds) * 1.35
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(lines[-1].y + 0.5 + _GAP / 2, -0.5 - _GAP / 2)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks], color=_SOFT, fontsize=9)
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=5)
    axes.grid(axis="x", color=_FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for index, kind in enumerate(_kinds(lines)):
        if not index % 2:
            own = [line.y for line in lines if line.row.kind == kind]
            edges = own[0] - 0.5 - _GAP / 2, own[-1] + 0.5 + _GAP / 2
            ends = {"xmin": _across(_EDGE), "xmax": _across(1 - _EDGE)}
            axes.axhspan(*edges, **ends, color=_BAND, zorder=0, clip_on=False, lw=0)


def _pair(axes: Any, line: _Line) -> None:
    """Draw one picture: what kzmark does, what the pipeline by hand does, the limit."""
    ours = line.speed(peers.STAMP)
    limit = line.speed(peers.FILE)
    axes.plot([limit], [line.y], marker="|", markersize=9, color=_LIMIT, mew=1.6)
    if peers.BY_HAND in line.row.spent:
        hand = line.speed(peers.BY_HAND)
        colour = _OURS if ours >= hand else _HAND
        axes.plot(
            [hand, ours], [line.y, line.y], color=colour, lw=2.4, alpha=0.32, solid_capstyle="butt"
        )
        axes.plot([hand], [line.y], "o", markersize=6.2, mfc=_GROUND, mec=_HAND, mew=1.8)
        ratio = ours / hand
        axes.text(
            _across(1 - _MARGIN),
            line.y,
            f"×{ratio:.1f}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=9.5,
            color=_OURS if ratio >= 1 else _HAND,
            fontweight="bold",
        )
    axes.plot([ours], [line.y], "o", markersize=7.2, color=_OURS)


def _names(axes: Any, lines: list[_Line]) -> None:
    """Write formats and sizes to the left of the scale."""
    place = axes.get_yaxis_transform()
    for line in lines:
        axes.text(
            -0.02,
            line.y,
            line.row.size,
            transform=place,
            ha="right",
            va="center",
            color=_SOFT,
            fontsize=9,
        )
    for kind in _kinds(lines):
        first = next(line.y for line in lines if line.row.kind == kind)
        axes.text(
            _across(_MARGIN),
            first,
            KINDS[kind].title,
            transform=place,
            ha="left",
            va="center",
            fontweight="bold",
            fontsize=10,
        )


def _words(figure: Any, measured: Measured, height: float) -> None:
    """Write the title, the legend, and where and when it was measured."""

    def at(inches: float) -> float:
        return 1 - inches / height

    title = "Whole stamps: megapixels a second, on one core"
    figure.text(_MARGIN, at(0.47), title, fontsize=16, weight="bold")
    figure.text(_MARGIN, at(0.75), _TOLD, color=_SOFT, fontsize=10)
    _legend(figure, _MARGIN, at(1.15))
    soft = {"color": _SOFT, "fontsize": 9}
    figure.text(1 - _MARGIN, at(1.15), "times as fast", ha="right", va="center", **soft)
    figure.text(_MARGIN, (_FOOT - 0.165) / height, "megapixels a second", va="center", **soft)
    where = f"{measured.machine}; {measured.date}."
    for line, words in enumerate((where, *reversed(_FOOTNOTES.splitlines()))):
        figure.text(_MARGIN, (0.2 + 0.17 * line) / height, words, color=_SOFT, fontsize=8.5)


def _legend(figure: Any, left: float, y: float) -> None:
    from matplotlib.lines import Line2D

    entries: tuple[tuple[str, dict[str, Any]], ...] = (
        ("kzmark", {"marker": "o", "markersize": 7.2, "color": _OURS}),
        (
            "the pipeline built by hand",
            {"marker": "o", "markersize": 6.2, "mfc": _GROUND, "mec": _HAND, "mew": 1.8},
        ),
        (
            "limit: SHA-256, read and write of the same file",
            {"marker": "|", "markersize": 9, "color": _LIMIT, "mew": 1.6},
        ),
    )
    for words, look in entries:
        figure.add_artist(Line2D([left + 0.008], [y], linestyle="none", **look))
        text = figure.text(left + 0.022, y, words, va="center", fontsize=10)
        box = text.get_window_extent()
        left = figure.transFigure.inverted().transform((box.x1, 0))[0] + 0.028


def _across(share: float) -> float:
    """Return a share of the figure's width as a share of the scale's."""
    return (share - _LEFT) / (_RIGHT - _LEFT)


def _kinds(lines: list[_Line]) -> list[str]:
    return list(dict.fromkeys(line.row.kind for line in lines))


_SHOWN: Final = (peers.STAMP, peers.BY_HAND, peers.FILE)


def main() -> None:
    draw(load(), Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)


if __name__ == "__main__":
    main()
