"""Plain text: the notice is the first line, the mark stands in a sidecar.

A text has no place for a mark that a person who edits it would leave alone, so nothing is woven
into its letters, unless a caller asks for it: then a C2PA manifest of letters that nobody sees
stands behind the last one, and goes along where the text is copied (`WrappedText`).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats import _plain, _wrapper
from kzmark.formats._base import Adapter, C2PABinding, FormatInfo
from kzmark.formats._embedding import Room, Survey
from kzmark.formats._normal import normal
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
        changed, notes = plain.begun_with(inscription.text, instead_of=inscription.begins)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first lines."""
        plain = Plain.read(source, limits=limits)
        yield Leaf(index=0, passages=_plain.passages(plain.text))

    @property
    def embedding(self) -> Adapter:
        """Plain text with its manifest in it."""
        return WRAPPED

    def carries(self, data: bytes) -> bool:
        """Say whether a manifest, whole or damaged, stands in the text."""
        return _wrapper.begins_in(data)


class WrappedText:
    """The same for a text with its C2PA manifest in it (2.4, A.8); it is UTF-8 in the form NFC."""

    info = dataclasses.replace(Text.info, layers=frozenset({Layer.C2PA}), c2pa=C2PABinding.EMBEDDED)
    unaided = True

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return nothing: the manifest alone holds the mark."""
        Plain.read(source, limits=limits)
        return []

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file as it is: signing puts `mark` into it."""
        del mark
        target.write(Plain.read(source, limits=limits).spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the text, less an earlier manifest, with the notice as its first line.

        Returns:
            `text.encoding-changed` if it was not UTF-8, `text.normalised` if it was not NFC.
        """
        fresh, notes = freed(source, limits=limits)
        changed, _ = fresh.begun_with(inscription.text, instead_of=inscription.begins)
        target.write(changed.spell())
        return notes

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first lines, as far as they are seen."""
        text = Plain.read(source, limits=limits).text
        yield Leaf(index=0, passages=_plain.passages(text.partition(_wrapper.BEGINS)[0]))

    def room(self, data: bytes, size: int) -> Room:
        """Return the place at the end of the text."""
        return _wrapper.room(data, size)

    def unwrap(self, piece: bytes) -> bytes:
        """Return the store that the letters spell."""
        return _wrapper.unwrap(piece)

    def survey(self, data: bytes, *, limits: Limits) -> Survey:
        """Look for the letters that spell a store."""
        return _wrapper.survey(data, limits=limits)

    def covered(self, data: bytes, place: tuple[int, int]) -> bytes:
        """Return the SHA-256 of the text less a place, in form NFC."""
        return _wrapper.covered(data, place)


ADAPTER = Text()
WRAPPED = WrappedText()


def freed(source: BinaryIO, *, limits: Limits) -> tuple[Plain, tuple[str, ...]]:
    """Return a text less a manifest behind it, in UTF-8 and NFC, and notes on what that changed."""
    bare = Plain.read(source, limits=limits)
    plain = Plain.of(_wrapper.without(bare.spell()), codec=bare.codec)
    text = normal(plain.text)
    utf8 = plain.codec == "utf-8"
    fresh = dataclasses.replace(plain, text=text, codec="utf-8", bom=plain.bom if utf8 else b"")
    found = {"text.encoding-changed": not utf8, "text.normalised": text != plain.text}
    return fresh, tuple(code for code, so in found.items() if so)
