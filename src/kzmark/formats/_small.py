"""What a format adds to the contract where its pictures cost less to decode at a smaller size."""

from typing import BinaryIO, Protocol, runtime_checkable

from kzmark._limits import Limits
from kzmark.formats._base import Box, Picture, Pixels


@runtime_checkable
class Shrinks(Protocol):
    """What an adapter can do whose pictures cost less to decode at a fraction of their size."""

    def shrunk(self, source: BinaryIO, within: Box, by: int, *, limits: Limits) -> Picture | None:
        """Return a part of the one picture at a half, a quarter or an eighth of its size.

        Args:
            source: The file.
            within: The part, in displayed pixels; its left and top are multiples of `by`.
            by: 2, 4 or 8.
            limits: What it may cost.

        Returns:
            The part, or nothing where the picture does not divide so.

        Raises:
            MediaError: If the picture cannot be decoded.
        """
        ...


@runtime_checkable
class Glances(Protocol):
    """For formats that can be decoded small at less cost than whole."""

    def glance(self, source: BinaryIO, side: int, *, limits: Limits) -> Pixels:
        """Return the first picture as displayed, coarsely: its longest side at least `side`.

        For people who look through many files; nothing is measured on it.
        """
        ...
