"""The notice of a page: the badge in its frame, then the words, on a ground of its own.

The proportions are those of the plate on pictures (see docs/explanation/notice.md), in capital
heights. Everything is drawn in displayed points from the lower left corner of the plate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kzmark.formats._text import Colour, Inscription
from kzmark.formats.pdf.typeface import CAP, Typeface
from kzmark.formats.pdf.view import number as _n

_PITCH: Final = 1.8  # from one line of letters to the next, and the height of a cell
_BADGE: Final = 3.0  # width of the badge
_FRAME: Final = 0.13
_PAD: Final = 0.55  # ground around the badge
_GAP: Final = 0.7  # between the badge and the words
_TAIL: Final = 0.75  # ground behind the words
_SHEET: Final = 595.0  # points: width of A4, on which the least size of type is right


@dataclass(frozen=True, slots=True)
class Row:
    """One line of words."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Plate:
    """A notice laid out for a width.

    Attributes:
        width: In displayed points.
        height: In displayed points.
        cap: Height of capitals, in displayed points.
        rows: The words, from the top.
        badge: Letters of the badge, from the top.
        ink: Colour of the words.
        ground: Colour behind them.
    """

    width: float
    height: float
    cap: float
    rows: tuple[Row, ...]
    badge: tuple[str, ...]
    ink: Colour
    ground: Colour

    @property
    def margin(self) -> float:
        """What is kept free around it, in displayed points."""
        return 1.2 * self.cap

    def content(self, regular: Typeface, bold: Typeface) -> bytes:
        """Return the content stream that draws it, fonts named `/R` and `/B`."""
        cap, size = self.cap, self.cap / CAP
        pitch, pad, across = _PITCH * cap, _PAD * cap, _BADGE * cap
        top = self.height - pad
        ink, ground = _colour(self.ink), _colour(self.ground)
        cells = len(self.badge)
        frame, low = _FRAME * cap, top - cells * pitch - _FRAME * cap
        inner = " ".join(
            _n(one) for one in (pad + frame, low + frame, across - 2 * frame, (cells - 1) * pitch)
        )
        parts = [
            f"{ground} rg 0 0 {_n(self.width)} {_n(self.height)} re f",
            f"{ink} rg {_n(pad)} {_n(low)} {_n(across)} {_n(top - low)} re f",
            f"{ground} rg {inner} re f",
        ]
        lines: list[bytes] = []
        lead = (pitch - cap) / 2
        for index, text in enumerate(self.badge):
            left = pad + (across - bold.width(text) * size) / 2
            colour = ground if index == 0 else ink
            base = top - index * pitch - lead - cap
            row = Row(text, "kk" if index == 0 else "en")
            lines.append(_line(row, "B", bold, size, colour, (left, base)))
        for index, row in enumerate(self.rows):
            base = top - index * pitch - lead - cap
            left = pad + across + _GAP * cap
            lines.append(_line(row, "R", regular, size, ink, (left, base)))
        return "\n".join(parts).encode() + b"\n" + b"\n".join(lines) + b"\n"


def lay_out(inscription: Inscription, regular: Typeface, *, width: float, height: float) -> Plate:
    """Return the plate for a page of this displayed size, in points.

    Type grows with the page beyond A4. A plate that is too wide for the page has its words wrapped,
    and is wider than the page only if a single word is.
    """
    points = inscription.points * max(1.0, min(width, height) / _SHEET)
    cap = points * CAP
    around = (2 * _PAD + _BADGE + _GAP + _TAIL) * cap
    room = width - around - 2.4 * cap
    rows = tuple(
        Row(text, line.language)
        for line in inscription.lines
        for text in _wrapped(line.text, regular, points, room)
    )
    words = max(regular.width(row.text) for row in rows) * points
    badge = tuple(part for part in inscription.badge.replace("·", " ").split() if part)
    lines = max(len(rows), len(badge))
    return Plate(
        width=around - _PAD * cap + words,
        height=(lines * _PITCH + 2 * _PAD + _FRAME) * cap,
        cap=cap,
        rows=rows,
        badge=badge,
        ink=inscription.ink,
        ground=inscription.ground,
    )


def letters(inscription: Inscription) -> tuple[set[str], set[str]]:
    """Return the letters of the words, and those of the badge."""
    return {c for line in inscription.lines for c in line.text}, set(inscription.badge)


def _wrapped(text: str, face: Typeface, points: float, room: float) -> Sequence[str]:
    found: list[str] = []
    for word in text.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and face.width(longer) * points <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found


def _line(
    row: Row, name: str, face: Typeface, size: float, colour: str, place: tuple[float, float]
) -> bytes:
    at = f"{_n(place[0])} {_n(place[1])} Td"
    begun = f"/Span <</Lang ({row.language})>> BDC BT {colour} rg /{name} {_n(size)} Tf {at} "
    return begun.encode() + face.encoded(row.text) + b" Tj ET EMC"


def _colour(rgb: Colour) -> str:
    return " ".join(_n(one / 255) for one in rgb)
