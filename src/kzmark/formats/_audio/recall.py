"""What was found out of a file a moment ago: whoever stamps asks several times about one file."""

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from kzmark._rope import Rope

T = TypeVar("T")


class Recall(threading.local, Generic[T]):
    """Remembers one answer in each thread, for as long as somebody holds the file it is about.

    Files are told apart by what their ropes are made of, which never changes.
    """

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._known: list[T] = []
        self._held: list[weakref.ref[object]] = []

    def of(self, rope: Rope, question: object, find: Callable[[], T]) -> T:
        """Return what `find` gives, or gave when the same was asked last.

        Args:
            rope: The file.
            question: What else the answer depends on.
            find: Finds it; what it raises is not remembered.
        """
        stretches = list(rope.stretches(0, rope.size))
        key = (question, *((id(one.ground), one.start, one.length) for one in stretches))
        if not self._known or key != self._key:
            found = find()
            self._key, self._known = key, [found]
            self._held = [weakref.ref(one.ground, self._forget) for one in stretches]
        return self._known[0]

    def _forget(self, _ground: object) -> None:
        self._known = []  # another file may get the same place in memory
