"""Plain text: the notice is the first line, the mark stands in a sidecar.

A text has no place for a mark that a person who edits it would leave alone, so nothing is woven
into its letters.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats import _plain
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscription, Leaf
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Text:
    """The adapter."""

    info = FormatInfo(
        name="text",
        title="Plain text in any encoding",
        medium=Medium.TEXT,
        mime="text/plain",
        extensions=(".txt", ".text", ".asc"),
        signatures=(),
        layers=frozenset({Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every letter behind the first line; UTF-8 where the encoding lacks a letter",
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
        """Copy the file with the notice as its first line, an empty one behind it.

        Returns:
            `text.encoding-changed` if the encoding lacks a letter of the notice; the file is UTF-8
            with a byte order mark then.
        """
        plain = Plain.read(source, limits=limits)
        changed, notes = plain.begun_with(inscription.text, badge=inscription.badge)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first lines."""
        plain = Plain.read(source, limits=limits)
        yield Leaf(index=0, passages=_plain.passages(plain.text))


ADAPTER = Text()
