"""The measured pictures as Markdown: all peers, ratios, bars, and what a stamp is made of."""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from benchmarks import peers
from benchmarks.bench_stamp import SPLICED, Row

_PEERS = {
    peers.STAMP: "**kzmark, whole stamp**",
    peers.BY_HAND: "Pillow + exiftool + c2pa-python",
    peers.PAINT: "**kzmark, notice only**",
    peers.LIBRARY: "Pillow",
    peers.OPENCV: "OpenCV",
    peers.DRAWTEXT: "ffmpeg drawtext",
    peers.FILE: "SHA-256 + read + write",
    peers.COPY_PIXELS: "memcpy, pixels",
    peers.COPY_FILE: "memcpy, file",
}
_ALL: Final = """The whole stamp against the pipeline people build by hand: Pillow decode, draw,
save (`quality="keep"`; other formats at the library's default), exiftool kept open, c2pa-python as
it comes. The notice alone against Pillow (the same save), OpenCV (the source's own quality; PNG at
its default) and a process of ffmpeg: decode, lay a plate, encode. The limits: SHA-256 with reading,
writing, fsync and rename of the same file, and copying its pixels or its bytes in memory. In each
turn a side takes several pictures in a row, as pipelines do: six where it takes milliseconds."""
_RATIOS: Final = """How many times as long the peer takes, CPU unless the column says wall; for
SHA-256 + read + write, how many times as long the stamp takes."""
_MADE_OF: Final = """The library behind each format decodes, pastes a plate and encodes, with the
settings that kzmark asks it for first. The rest is everything but the painting (XMP, EXIF, C2PA,
check, atomic write, audit log), in brackets as a share of the library's time. By hand saves at the
library's default quality; kzmark keeps lossy pictures at 44 dB outside the notice, tries again
where its first setting misses that, and so may take longer and give a larger file; this grainy
picture is a hard one. AVIF and HEIC encoders use several cores: this is their sum."""


class Bar(NamedTuple):
    """Something that must be reached: at least, or at most, so many times."""

    what: str
    limit: float
    reached: float
    at_least: bool

    @property
    def met(self) -> bool:
        return self.reached >= self.limit if self.at_least else self.reached <= self.limit


def section(title: str, *parts: str) -> str:
    """Return a section of the page: a heading, words, a table."""
    return "\n\n".join((f"### {title}", *parts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a Markdown table whose first columns are words and whose others are numbers."""
    lines = [head, ["---"] * words + ["---:"] * (len(head) - words), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def all_peers(rows: Sequence[Row]) -> str:
    shown = [row for row in rows if row.kind in SPLICED]
    cells = [[row.title, *[_number(row.cpu(peer)) for peer in _PEERS]] for row in shown]
    title = "One picture, CPU of one core, ms"
    return section(title, _ALL, table(["picture", *_PEERS.values()], cells))


def ratios(rows: Sequence[Row]) -> str:
    head = ["picture", "stamp to by hand", "wall", "stamp to SHA-256 + read + write", "wall"]
    head += ["notice to Pillow", "to OpenCV", "to ffmpeg", "file", "stamped"]
    cells = [
        [
            row.title,
            _times(row.ratio(peers.BY_HAND, peers.STAMP)),
            _times(row.ratio(peers.BY_HAND, peers.STAMP, wall=True)),
            _times(row.ratio(peers.STAMP, peers.FILE)),
            _times(row.ratio(peers.STAMP, peers.FILE, wall=True)),
            _times(row.ratio(peers.LIBRARY, peers.PAINT)),
            _times(row.ratio(peers.OPENCV, peers.PAINT)),
            _times(row.ratio(peers.DRAWTEXT, peers.PAINT)),
            f"{row.bytes / 1e6:.2f} MB",
            f"{row.added / row.bytes:+.1%}",
        ]
        for row in rows
        if row.kind in SPLICED
    ]
    return section("The same as ratios", _RATIOS, table(head, cells))


def bars(rows: Sequence[Row]) -> str:
    cells = [
        [
            bar.what,
            f"at {'least' if bar.at_least else 'most'} x{bar.limit:g}",
            _times(bar.reached),
            "yes" if bar.met else "**no**",
        ]
        for bar in found_bars(rows)
    ]
    return section("Bars", table(["what", "bar", "reached", "met"], cells))


def found_bars(rows: Sequence[Row]) -> list[Bar]:
    """Return the bars of whole stamps, as far as their pictures were measured."""
    at = {(row.kind, row.size): row for row in rows}
    found = []
    if jpeg := at.get(("jpeg", "4 MP")):
        by_hand, file = jpeg.ratio(peers.BY_HAND, peers.STAMP), jpeg.ratio(peers.STAMP, peers.FILE)
        library, paint, stamp = map(jpeg.cpu, (peers.LIBRARY, peers.PAINT, peers.STAMP))
        around = (stamp - paint) / library
        found += [
            Bar("whole stamp of a 4 MP JPEG: by hand takes", 4, by_hand, at_least=True),
            Bar("the same, to SHA-256 + read + write of the file", 4, file, at_least=False),
            Bar("all but the painting, to Pillow's decode + encode", 0.25, around, at_least=False),
        ]
    if png := at.get(("png", "4 MP")):
        by_hand = png.ratio(peers.BY_HAND, peers.STRIP)
        found.append(
            Bar("whole stamp of a 4 MP PNG with a strip: by hand takes", 10, by_hand, at_least=True)
        )
    return found


def made_of(rows: Sequence[Row]) -> str:
    head = ["picture", "library: decode + encode", "our painting", "whole stamp", "the rest"]
    head += ["stamp above library", "by hand", "by hand to stamp", "file", "stamped"]
    cells = []
    for row in rows:
        library, paint, stamp = map(row.cpu, (peers.LIBRARY, peers.PAINT, peers.STAMP))
        cells.append(
            [
                row.title,
                _number(library),
                _number(paint),
                _number(stamp),
                f"{_number(stamp - paint)} ({(stamp - paint) / library:.0%})",
                f"{(stamp - library) / library:+.0%}",
                _number(row.cpu(peers.BY_HAND)),
                _times(row.ratio(peers.BY_HAND, peers.STAMP)),
                f"{row.bytes / 1e6:.2f} MB",
                f"{row.added / row.bytes:+.1%}",
            ]
        )
    title = "Every format: what a whole stamp is made of, CPU of one core, ms"
    return section(title, _MADE_OF, table(head, cells))


def _number(value: float) -> str:
    if math.isnan(value):  # the peer cannot do it
        return "–"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _times(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"x{value:.{0 if value >= 100 else 1 if value >= 1 else 2}f}"
