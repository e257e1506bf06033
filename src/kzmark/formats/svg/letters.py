"""Where each letter of a line stands in the shipped font.

Letters that are placed one by one stay on the plate in a viewer without that font, even in one
that does not know `textLength` (librsvg).
"""

import functools
import unicodedata
from typing import Final, NamedTuple

from PIL import ImageFont

_UNITS: Final = 1000  # size at which widths are measured, in pixels an em


class Letter(NamedTuple):
    """One letter with its accents.

    Attributes:
        text: The letter.
        middle: Where the middle of its advance falls, as a share of the width of the line.
    """

    text: str
    middle: float


@functools.lru_cache(maxsize=64)
def letters(line: str, *, bold: bool) -> tuple[Letter, ...]:
    """Return the letters and blanks of a line, from left to right."""
    font = _font(bold=bold)
    whole = font.getlength(line) or 1.0
    found = []
    end = 0
    for text in _clusters(line):
        end += len(text)
        middle = font.getlength(line[:end]) - font.getlength(text) / 2
        found.append(Letter(text, middle / whole))
    return tuple(found)


def _clusters(line: str) -> list[str]:
    """Return the letters of a line, accents that combine with one kept beside it."""
    found: list[str] = []
    for letter in line:
        if found and unicodedata.combining(letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


@functools.lru_cache(maxsize=2)
def _font(*, bold: bool) -> ImageFont.FreeTypeFont:
    import fontpkg_pt_sans

    file = fontpkg_pt_sans.ROOT / "files" / f"PT_Sans-Web-{'Bold' if bold else 'Regular'}.ttf"
    return ImageFont.truetype(file, _UNITS, layout_engine=ImageFont.Layout.BASIC)
