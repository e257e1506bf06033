"""Code of the caller's that we call at work: what it raises is not ours to word."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kzmark.errors import KzmarkError


class Caller:
    """Who gives us frames and is told of progress.

    Attributes:
        fault: What the caller's code raised.
    """

    def __init__(self) -> None:
        self.fault: Exception | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Remember what is raised inside the block."""
        try:
            yield
        except Exception as error:
            self.fault = error
            raise

    def frames(self, given: Iterable[Any]) -> Iterator[Any]:
        """Yield what the caller gives."""
        made, end = iter(given), object()
        while True:
            with self.at_work():
                frame = next(made, end)
            if frame is end:
                return
            yield frame

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Let the caller's error come out as it is, not as one of encoding or of the disk."""
        try:
            yield
        except KzmarkError:
            if self.fault is None:
                raise
        if self.fault is not None:
            before = self.fault.__context__
            try:
                raise self.fault
            finally:
                self.fault.__context__ = before  # ours was no cause of it
