"""JSON and JSON lines: data stays as it is; mark and notice stand in a sidecar.

JSON has no comments.
"""

from collections.abc import Sequence
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.formats._base import C2PABinding, FormatInfo
from kzmark.formats._plain import Plain
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer, Medium


class Json:
    """The adapter."""

    notice_beside = True
    info = FormatInfo(
        name="json",
        title="JSON and JSON lines",
        medium=Medium.TEXT,
        mime="application/json",
        extensions=(".json", ".jsonl", ".ndjson", ".geojson"),
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


ADAPTER = Json()
