"""Answers of a service: Markdown or HTML whose mark does not stand in it.

An answer is no file: its mark stands in the record that its maker keeps, as that of plain text
does, or in a manifest of letters that nobody sees behind its last word (C2PA 2.4, A.8).
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MediaError, RecordError
from kzmark.formats import _armour, _wrapper
from kzmark.formats._base import Adapter, C2PABinding
from kzmark.formats._plain import Plain
from kzmark.formats._text import Inscribes, Inscription, Leaf, Legible
from kzmark.formats.layers.sidecar import Sidecar
from kzmark.formats.text import WrappedText, freed
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

# UTF-8 of a last variation selector, as a manifest ends: one in the middle is that of a quotation
_BEHIND: Final = re.compile(rb"(?:\xef\xb8[\x80-\x8f]|\xf3\xa0[\x84-\x87][\x80-\xbf])\s*\Z")
_TAIL: Final = 64  # bytes in which it ends
_STORE: Final = b"application/c2pa"


class Spoken:
    """A format of words, its mark beside it."""

    def __init__(self, written: Adapter) -> None:
        assert isinstance(written, Inscribes) and isinstance(written, Legible)  # noqa: PT018 - for types
        self._written = written
        self.info = replace(
            written.info, layers=frozenset({Layer.SIDECAR}), c2pa=C2PABinding.SIDECAR
        )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return nothing: the record is no part of the words."""
        Plain.read(source, limits=limits)
        return []

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the words as they are: `mark` has no place in them."""
        del mark
        target.write(Plain.read(source, limits=limits).spell())

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the words with the notice as their format has it."""
        return self._written.inscribe(source, target, inscription, limits=limits)

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first words as their format shows them."""
        return self._written.leaves(source, limits=limits)


class Wrapped(WrappedText):
    """The same with its manifest behind it, as letters that nobody sees."""

    def __init__(self, written: Adapter) -> None:
        assert isinstance(written, Inscribes) and isinstance(written, Legible)  # noqa: PT018 - for types
        self._written = written
        self.info = replace(written.info, layers=frozenset({Layer.C2PA}), c2pa=C2PABinding.EMBEDDED)

    def inscribe(
        self, source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
    ) -> Sequence[str]:
        """Copy the words, less an earlier manifest, with the notice as their format has it."""
        fresh, notes = freed(source, limits=limits)
        bare = io.BytesIO(fresh.spell())
        return (*notes, *self._written.inscribe(bare, target, inscription, limits=limits))

    def leaves(self, source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
        """Yield the first words as their format shows them."""
        return self._written.leaves(source, limits=limits)


def spoken(adapter: Adapter, data: bytes, *, record: bytes | None, limits: Limits) -> Adapter:
    """Return how a text is worked on: as an answer, if it is one, else as the file that it is.

    Args:
        adapter: That of its format, Markdown or HTML.
        data: The whole text.
        record: The record that came with it, if one did.
        limits: What it may cost.
    """
    behind = _BEHIND.search(data[-_TAIL:]) is not None and _wrapper.begins_in(data)
    if not (behind or (record is not None and _is_record(record))):
        return adapter
    if _carries(adapter, data, limits):
        return adapter
    return Wrapped(adapter) if behind else Spoken(adapter)


def _is_record(record: bytes) -> bool:
    try:
        Sidecar.from_json(record)
    except RecordError:
        return False
    return True


def _carries(adapter: Adapter, data: bytes, limits: Limits) -> bool:
    """Say whether a mark or a manifest stands where those of a file do."""
    if _STORE in data or _armour.begins_in(data):
        return True
    try:
        found = adapter.read(io.BytesIO(data), limits=limits)
    except MediaError:
        return True  # whoever reads it next says why
    return any(piece.status is not Status.ABSENT for piece in found)
