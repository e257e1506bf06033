"""The badge: «ЖИ» over «AI», the same in every language, colour and profile.

People learn it, and the finder looks for it, so its proportions are part of the format: change one
and plates stamped before are no longer found. All are in capital heights.
"""

from dataclasses import dataclass
from typing import Final

from kzmark.formats._base import Rectangle, Words
from kzmark.notices import letters
from kzmark.profile import Colour

ROWS: Final = (("ЖИ", "kk"), ("AI", "en"))
PITCH: Final = 1.8  # from one line of letters to the next, and the height of a cell
WIDTH: Final = 3.0
FRAME: Final = 0.13
PAD: Final = 0.55  # plate around the badge
GAP: Final = 0.7  # between the badge and the words
BELOW: Final = 0.35  # between the badge and words that stand under it
TAIL: Final = 0.75  # plate after the words: more than PAD, because their right edge is ragged


@dataclass(frozen=True, slots=True)
class Metrics:
    """The proportions at one capital height.

    Attributes:
        cap: Height of capitals.
        whole: Whether every edge falls on a whole pixel.
    """

    cap: float
    whole: bool

    def of(self, share: float) -> float:
        """Return a share of the capital height, in whole pixels if edges are to be crisp."""
        return max(1, round(share * self.cap)) if self.whole else share * self.cap

    @property
    def pitch(self) -> float:
        """From one line to the next; of the same parity as the capitals, to centre them."""
        if not self.whole:
            return PITCH * self.cap
        lead = round((PITCH - 1) * self.cap / 2)
        return self.cap + 2 * max(1, lead)

    @property
    def lead(self) -> float:
        """Between the edge of a row and its capitals."""
        return (self.pitch - self.cap) / 2

    @property
    def height(self) -> float:
        """Height of the badge: two rows and the lower edge of its frame."""
        return 2 * self.pitch + self.of(FRAME)


def draw(
    x: float, y: float, metrics: Metrics, *, ink: Colour, plate: Colour
) -> tuple[tuple[Rectangle, ...], tuple[Words, ...]]:
    """Return the shapes and letters of a badge whose upper left corner is given."""
    across, frame, pitch = metrics.of(WIDTH), metrics.of(FRAME), metrics.pitch
    shapes = (
        Rectangle(box=(x, y, across, metrics.height), fill=ink),
        Rectangle(box=(x + frame, y + pitch, across - 2 * frame, pitch), fill=plate),
    )
    words = []
    for row, ((text, language), fill) in enumerate(zip(ROWS, (plate, ink), strict=True)):
        width = letters.width(text, bold=True) * metrics.cap
        left = x + (across - width) / 2
        words.append(
            Words(
                text=text,
                language=language,
                x=round(left) if metrics.whole else left,
                baseline=y + row * pitch + metrics.lead + metrics.cap,
                width=width,
                size=metrics.cap / letters.CAP,
                bold=True,
                fill=fill,
            )
        )
    return shapes, tuple(words)
