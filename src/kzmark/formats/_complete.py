"""What a format adds to the contract where plate and mark are cheaper in one go than in two."""

from collections.abc import Sequence
from typing import BinaryIO, Protocol, runtime_checkable

from kzmark._limits import Limits
from kzmark.formats._base import Paints, PatchFor
from kzmark.mark import Mark


@runtime_checkable
class Completes(Paints, Protocol):
    """What an adapter of pictures can do besides that spares a writing and a reading."""

    def complete(
        self,
        source: BinaryIO,
        target: BinaryIO,
        patch_for: PatchFor,
        mark: Mark,
        *,
        limits: Limits,
    ) -> Sequence[str]:
        """Copy `source` to `target` as `paint` and then `write` would, to the byte.

        Raises:
            MediaError: If the picture cannot be read or decoded, or has no room for the mark.
        """
        ...
