"""SubRip subtitles: the notice is a cue before all others, the mark stands in a sidecar.

There is no standard: a number, a line `00:00:01,000 --> 00:00:04,000`, the words, an empty line.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._cues import clock, cues, shown
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription, Leaf
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Srt:
    """The adapter."""

    info = FormatInfo(
        name="srt",
        title="SubRip subtitles",
        medium=Medium.TEXT,
        mime="application/x-subrip",
        extensions=(".srt",),
        signatures=(),
        layers=frozenset({Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every cue of others, its number and its times",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return nothing: the sidecar is no part of the file."""
        Plain.read(source, limits=limits)
        return []

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file as it is: `mark` has no place in it."""
        del mark
        target.write(Plain.read(source, limits=limits).spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the file with a cue of number 0 at its start; an earlier one of ours is replaced."""
        plain = Plain.read(source, limits=limits)
        rest = _without_ours(plain.text, inscription)
        end = plain.newline
        span = f"{clock(0, ',')} --> {clock(inscription.seconds, ',')}"
        cue = end.join(["0", span, *inscription.rows, "", ""])
        changed, notes = plain.with_text(cue + rest)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first cues, each with the time that it is shown."""
        yield shown(Plain.read(source, limits=limits).text)


ADAPTER = Srt()


def _without_ours(text: str, inscription: Inscription) -> str:
    first = next(cues(text), None)
    if first is None or not inscription.begins(first.text) or first.block.start:
        return text
    return text[first.block.stop :]
