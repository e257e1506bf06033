"""What was made of an array, kept for the next time that the very same array comes along."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Array = NDArray[Any]

_MOST: Final = 12 << 20  # bytes of arrays that one keeper holds on to


class Keeper(Generic[Value]):
    """The last things made of arrays, by the identity of the array; for any thread.

    Only arrays that nobody can write to are kept, directly or through the array they are a view of.
    At most 12 MB of arrays stay, and what was made of them.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[int, Hashable], tuple[Array, Value]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, array: Array, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what `make` gives for an array and the rest that it depends on."""
        name = id(array), key  # the array is held on to, so that its identity stays its own
        with self._lock:
            found = self._values.get(name)
            if found is not None:
                self._values.move_to_end(name)
                return found[1]
        value = make()
        if array.nbytes <= _MOST and _is_frozen(array):
            self._keep(name, array, value)
        return value

    def _keep(self, name: tuple[int, Hashable], array: Array, value: Value) -> None:
        with self._lock:
            if name in self._values:
                return
            self._values[name] = array, value
            self._size += array.nbytes
            while self._size > _MOST:
                _, (old, _) = self._values.popitem(last=False)
                self._size -= old.nbytes


def _is_frozen(array: Array) -> bool:
    """Say whether neither an array nor what it is a view of can be written to."""
    below: object = array
    while isinstance(below, np.ndarray):
        if below.flags.writeable:
            return False
        below = below.base
    return below is None or isinstance(below, bytes)
