"""Letters of the shipped font (PT Sans): what they measure, and their coverage in pixels.

Everything scales: widths are measured once at 1,000 units an em and never from hinted advances,
and letters are drawn several times too large and averaged down, so the words of a thumbnail are a
small picture of the words of a poster. The finder relies on that.
"""

import functools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import ProfileError

if TYPE_CHECKING:
    from PIL import ImageFont

CAP: Final = 0.7  # height of capitals to the em, both faces
ASCENT: Final = 0.9  # above the baseline to the em: capitals with breve or diaeresis
DESCENT: Final = 0.25  # below the baseline to the em: descenders of Қ, р, ү and of brackets
_UNITS: Final = 1000  # size at which widths are measured, in pixels an em
_NO_LETTER: Final = "\uffff"  # a noncharacter: drawn as the font's box for missing letters
_FINE: Final = 200  # pixels an em from which rounded advances and hinting no longer show
SMALL: Final = 12  # height of capitals, in pixels, below which strokes are thinner than a pixel
BOOST: Final = 0.8  # exponent that keeps such strokes from looking faint


def face(*, bold: bool = False) -> Path:
    """Return the file of the shipped regular or bold face."""
    import fontpkg_pt_sans

    root: Path = fontpkg_pt_sans.ROOT
    return root / "files" / f"PT_Sans-Web-{'Bold' if bold else 'Regular'}.ttf"


def missing(text: str, font_file: Path) -> list[str]:
    """Return the letters of a text that a font does not have, each once, sorted."""
    font = _font(font_file, 64)
    box = bytes(font.getmask(_NO_LETTER))
    letters = {letter for letter in text if not letter.isspace()}
    return sorted(letter for letter in letters if bytes(font.getmask(letter)) == box)


def check(texts: Iterable[str]) -> None:
    """Refuse texts that the shipped font cannot show, before anything is drawn.

    Raises:
        ProfileError: If a letter is missing.
    """
    for text in texts:
        if lacking := _lacking(text):
            raise ProfileError(
                f"the notice's font has no {' '.join(lacking)} for the text {text!r}",
                hint="word the text in letters of PT Sans: Latin, Russian and Kazakh",
            )


@functools.lru_cache(maxsize=256)
def width(text: str, *, bold: bool = False) -> float:
    """Return the width of a line of letters, in capital heights."""
    return _font(face(bold=bold), _UNITS).getlength(text) / _UNITS / CAP


@functools.lru_cache(maxsize=64)
def coverage(text: str, cap: int, *, bold: bool = False) -> tuple[NDArray[np.uint8], int]:
    """Draw a line of letters.

    Args:
        text: The letters.
        cap: Height of capitals, in pixels.
        bold: Whether the bold face is meant.

    Returns:
        How much of each pixel the letters cover, 0 to 255, read-only; and the row on which they
        stand. The left edge is the start of the first letter's advance.
    """
    from PIL import Image, ImageDraw

    em = cap / CAP
    times = max(1, min(16, round(_FINE / em)))
    up, down = math.ceil(ASCENT * em), math.ceil(DESCENT * em)
    across = math.ceil(width(text, bold=bold) * cap) + 1
    canvas = Image.new("L", (across * times, (up + down) * times))
    font = _font(face(bold=bold), em * times)
    ImageDraw.Draw(canvas).text((0, up * times), text, fill=255, font=font, anchor="ls")
    pixels = np.asarray(canvas.reduce(times) if times > 1 else canvas)
    if cap < SMALL:
        pixels = np.round(255 * (pixels / 255) ** BOOST).astype(np.uint8)
    pixels.setflags(write=False)
    return pixels, up


@functools.lru_cache(maxsize=512)
def _lacking(text: str) -> list[str]:
    return sorted({*missing(text, face()), *missing(text, face(bold=True))})


@functools.lru_cache(maxsize=32)
def _font(path: Path, size: float) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont  # here, or sounds and texts would load it too

    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
