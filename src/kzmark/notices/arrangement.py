"""Arrangements: which words of a notice stand on which line, beside or under the badge."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kzmark.notices import letters
from kzmark.notices.badge import BELOW, GAP, PAD, TAIL, WIDTH, Metrics
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Wording


class Form(StrEnum):
    """How much the notice says."""

    FULL = "full"
    SHORT = "short"

    def text(self, wording: Wording) -> str:
        """Return the words of this form."""
        return wording.full if self is Form.FULL else wording.short


@dataclass(frozen=True, slots=True)
class Line:
    """One line of words.

    Attributes:
        text: The words.
        language: BCP 47 code.
    """

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Lines of words and where they stand to the badge.

    Attributes:
        form: Full or short.
        lines: One language after the other.
        under: Whether the words stand under the badge, as in a narrow caption band.
    """

    form: Form
    lines: tuple[Line, ...]
    under: bool = False

    def core(self, metrics: Metrics) -> tuple[float, float]:
        """Return the width and height of badge and words with the plate around them."""
        words = max(letters.width(line.text) for line in self.lines) * metrics.cap
        left, height = self.offset(metrics)
        height += len(self.lines) * metrics.pitch
        across = max(left + words, metrics.of(WIDTH))
        width = metrics.of(PAD) + across + metrics.of(TAIL)
        if metrics.whole:
            width = -(-width // 1)
        return width, max(height, metrics.height) + 2 * metrics.of(PAD)

    def offset(self, metrics: Metrics) -> tuple[float, float]:
        """Return where the first line's row starts, from the upper left corner of the badge."""
        if self.under:
            return 0, metrics.height + metrics.of(BELOW)
        left = metrics.of(WIDTH) + metrics.of(GAP)
        middle = metrics.pitch / 2 if len(self.lines) == 1 else 0
        return left, middle // 1 if metrics.whole else middle


def inside(style: NoticeStyle, form: Form | None = None) -> Iterator[Arrangement]:
    """Yield the arrangements for a plate inside the picture, the best first."""
    if form is not Form.SHORT:
        yield _arrange(style, Form.FULL)
        yield _arrange(style, Form.FULL, wrapped=True)
    if form is not Form.FULL:
        yield _arrange(style, Form.SHORT)


def outside(style: NoticeStyle, form: Form | None = None) -> Iterator[Arrangement]:
    """Yield the arrangements for a caption band: low ones before high ones."""
    yield from (_arrange(style, wanted) for wanted in Form if form in {None, wanted})
    for wanted in (Form.SHORT, Form.FULL):
        if form in {None, wanted}:
            yield _arrange(style, wanted, wrapped=True)
            yield _arrange(style, wanted, under=True)
            yield _arrange(style, wanted, under=True, wrapped=True)


def wrap(text: str) -> tuple[str, ...]:
    """Break a text in two lines as even as its words allow; one word stays one line."""
    words = text.split(" ")
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return min(breaks, key=lambda pair: max(map(letters.width, pair)), default=(text,))


def _arrange(
    style: NoticeStyle, form: Form, *, under: bool = False, wrapped: bool = False
) -> Arrangement:
    lines = []
    for language, wording in zip(style.languages, style.wordings, strict=True):
        text = form.text(wording)
        parts = wrap(text) if wrapped else (text,)
        lines += [Line(part, language) for part in parts]
    return Arrangement(form, tuple(lines), under)
