"""Asking a run to stop: nothing more is begun, and what is in flight is finished and told."""

from queue import SimpleQueue
from typing import Any


class Stop:
    """A request that a running batch hears of at once, also from a signal handler or a thread."""

    def __init__(self) -> None:
        self._asked = False
        self._listeners: list[SimpleQueue[Any]] = []

    def __bool__(self) -> bool:
        return self._asked

    def ask(self) -> None:
        """Ask it to stop; asking again changes nothing."""
        self._asked = True
        for listener in self._listeners:
            listener.put(None)  # made so that a signal handler may call it

    def heard_by(self, listener: "SimpleQueue[Any]") -> None:
        """Wake a queue up with `None` when somebody asks."""
        self._listeners.append(listener)
