"""Comma- and tab-separated tables: data stays as it is; mark and notice stand in a sidecar.

A table has no place for words: programs would read them as data.
"""

from collections.abc import Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._plain import Plain
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Csv:
    """The adapter."""

    notice_beside = True
    info = FormatInfo(
        name="csv",
        title="Comma- and tab-separated tables",
        medium=Medium.TEXT,
        mime="text/csv",
        extensions=(".csv", ".tsv"),
        signatures=(),
        layers=frozenset({Layer.SIDECAR}),
        c2pa=C2PABinding.SIDECAR,
        exact="every byte",
    )

    def read(self, source: BinaryIO, *, limits: Limits) -> Sequence[Evidence]:
        """Return nothing: the sidecar is no part of the file."""
        Plain.read(source, limits=limits)
        return []

    def write(self, source: BinaryIO, target: BinaryIO, mark: Mark, *, limits: Limits) -> None:
        """Copy the file as it is: `mark` has no place in it."""
        del mark
        target.write(Plain.read(source, limits=limits).spell())


ADAPTER = Csv()
