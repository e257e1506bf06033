"""Print headers as they look: lines of three parts, laid over each other.

Spec: ISO 29500-1, 18.3.1.39. No program moves a part aside where another is too long: both are
printed in the same place.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kzmark.formats._text import Colour, Passage
from kzmark.profile import contrast

TOKEN: Final = re.compile(
    r'&(?:&|[LCR]|"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d{1,3}|[A-Za-z])|[^&]+|&'
)
SECTIONS: Final = frozenset({"&L", "&C", "&R"})
SIZE: Final = 10.0  # points, where nobody says it
_LETTER: Final = 0.5  # of the size of type: how wide a letter is
_TOUCH: Final = 6.0  # points that may be guessed wrong
# How many letters fields are taken for, a picture among them:
_FIELDS: Final = {"&P": 1, "&N": 2, "&D": 10, "&T": 5, "&A": 8, "&F": 12, "&Z": 30, "&G": 12}
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one look on one line.

    Attributes:
        part: L, C or R.
        line: Its level.
        text: The words; empty for a field.
        letters: How many they are, those of a field amply guessed.
        points: Size of type.
        contrast: To white paper.
    """

    part: str
    line: int
    text: str
    letters: int
    points: float
    contrast: float

    @property
    def width(self) -> float:
        """In points, guessed."""
        return self.letters * self.points * _LETTER


def lines(text: str, *, is_footer: bool = False) -> list[Run]:
    """Return the words of a header, in order.

    The first lines of its parts stand on one level, in a footer the last ones: their number is 0.
    """
    found: list[Run] = []
    at = dict.fromkeys("LCR", 0)
    part, size, ink = "C", SIZE, _BLACK
    for piece in TOKEN.findall(text):
        if piece in SECTIONS:
            part, size, ink = piece[1], SIZE, _BLACK
        elif piece[1:].isdigit() and piece.startswith("&"):
            size = float(piece[1:])
        elif re.fullmatch(r"&K[0-9A-Fa-f]{2}.{4}", piece):
            ink = _ink(piece)
        elif letters := _FIELDS.get(piece, 0):
            found.append(Run(part, at[part], "", letters, size, 1.0))
        elif not piece.startswith("&") or piece == "&&":
            for number, words in enumerate(["&"] if piece == "&&" else piece.split("\n")):
                at[part] += number > 0
                if words:
                    reached = contrast(ink, _WHITE)
                    found.append(Run(part, at[part], words, len(words), size, reached))
    if not is_footer:
        return found
    return [replace(one, line=one.line - at[one.part]) for one in found]


def _ink(code: str) -> Colour:
    """Return the colour that a code says: three numbers, or one of the theme and a shade."""
    if code[4] in "+-":
        return _WHITE if code[2:4] == "00" else _BLACK
    return int(code[2:4], 16), int(code[4:6], 16), int(code[6:], 16)


def passages(found: Sequence[Run], width: float) -> Iterator[Passage]:
    """Yield the words of a header, hidden where those of another part are printed over them.

    Args:
        found: Its words.
        width: Of the page between its margins, in points.
    """
    spans = _spans(found, width)
    for one in found:
        if not one.text.strip():
            continue
        start, stop = spans[one.part, one.line]
        over = any(
            part != one.part and line == one.line and min(stop, b) - max(start, a) > _TOUCH
            for (part, line), (a, b) in spans.items()
        )
        hidden = "other words of the print header are printed over it" if over else ""
        yield Passage(text=one.text, points=one.points, contrast=one.contrast, hidden=hidden)


def _spans(found: Sequence[Run], width: float) -> dict[tuple[str, int], tuple[float, float]]:
    """Return from where to where each line of each part reaches, in points."""
    long: dict[tuple[str, int], float] = {}
    for one in found:
        if one.text.strip() or not one.text:
            place = one.part, one.line
            long[place] = long.get(place, 0.0) + one.width
    starts = {"L": 0.0, "C": 0.5, "R": 1.0}
    return {
        (part, line): (starts[part] * (width - wide), starts[part] * (width - wide) + wide)
        for (part, line), wide in long.items()
    }
