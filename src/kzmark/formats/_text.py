"""The contract of formats made of words: how a notice of real text is laid down and read back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, runtime_checkable

from kzmark._limits import Limits
from kzmark.mark import Mark
from kzmark.vocabulary import Corner

Colour = tuple[int, int, int]  # sRGB
_OTHERS: Final = 400  # letters that a notice in other words may be longer
_MARKUP: Final = " >*_"  # of Markdown, before the badge


@dataclass(frozen=True, slots=True)
class Line:
    """What the notice says in one language.

    Attributes:
        text: The words, one line.
        language: BCP 47 code.
    """

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inscription:
    """The notice as words, for formats that hold text.

    Attributes:
        badge: Letters that stand before the words, the same in every language.
        lines: One for each language, in the order shown.
        pages: "all" or "first": on which pages, slides or sheets it stands.
        points: Least size of type, in points, as displayed.
        seconds: How long it stands where words come and go, in seconds.
        ink: Colour of the words, where the format has colours.
        ground: Colour behind them.
        corner: Where a plate stands on slides, if it covers nothing there.
    """

    badge: str
    lines: tuple[Line, ...]
    pages: str
    points: float
    seconds: float
    ink: Colour
    ground: Colour
    corner: Corner = Corner.TOP_LEFT

    @property
    def text(self) -> str:
        """The whole notice as one line of plain text."""
        return " ".join(self.rows)

    @property
    def rows(self) -> tuple[str, ...]:
        """The notice as plain text, one row for each language, the badge before the first."""
        first, *rest = (_sentence(line.text) for line in self.lines)
        return (f"[{self.badge}] {first}", *rest)

    def begins(self, text: str) -> bool:
        """Say whether a text begins with a notice of ours: the badge in its brackets.

        Others write of the same letters, and a headline of theirs must not be taken for it; nor a
        story whose lines somebody joined to that of the notice.
        """
        is_short = len(text) <= 2 * len(self.text) + _OTHERS
        return is_short and text.lstrip(_MARKUP).startswith(f"[{self.badge}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Words that stand together, as a reader meets them.

    Attributes:
        text: The words, as Unicode, ligatures and hyphens as found.
        points: Size of type as displayed, in points (1/72 inch); None where the reader's own
            program decides.
        contrast: WCAG 2.2 contrast of the words to what is behind them, 1 to 21; None where the
            reader's own program decides.
        hidden: Why a reader does not see them, in words; empty if nothing hides them.
    """

    text: str
    points: float | None = None
    contrast: float | None = None
    seconds: float | None = None
    begin: float | None = None
    hidden: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A page, a slide, a sheet; a format without any of these is one leaf.

    Attributes:
        index: Number from 0.
        passages: In reading order, hidden ones among them. An adapter may leave out what cannot be
            a notice, and may stop after the first ones of a long text.
    """

    index: int
    passages: tuple[Passage, ...]


@runtime_checkable
class Inscribes(Protocol):
    """What the adapters of documents and texts can do: lay down a notice of real words."""

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy `source` to `target` with the notice where a reader begins, on every leaf meant.

        An earlier notice of ours is replaced, everything else stays as `info.exact` promises.

        Returns:
            Notes on what else changed, as stable codes.
        """
        ...


@runtime_checkable
class Impresses(Inscribes, Protocol):
    """What an adapter can do besides that spares a writing: notice and mark in one go."""

    def impress(
        self,
        source: BinaryIO,
        target: BinaryIO,
        inscription: Inscription,
        mark: Mark,
        *,
        limits: Limits,
    ) -> Sequence[str]:
        """Copy `source` to `target` as `inscribe` and then `write` would, to the byte."""
        ...


@runtime_checkable
class Legible(Protocol):
    """What an adapter can do whose files a person reads: show every leaf."""

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield every leaf as a reader meets it, in order."""
        ...


@runtime_checkable
class Beside(Protocol):
    """For data that words would break: the notice stands in the sidecar, and reports say so."""

    @property
    def notice_beside(self) -> bool:
        """Return true."""
        ...


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
