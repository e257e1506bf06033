"""What was seen in some pixels, kept for the next time that the very same pixels are looked at.

A plate that a pipeline lays on picture after picture of one size comes out the same in each of
them, wherever the format is exact under it. Judging it once is enough; that the pixels are the same
is looked at each time.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Pixels = NDArray[np.uint8]

_MOST: Final = 8 << 20  # bytes of pixels that are held on to
_FEW: Final = 32  # values of `Same`


class Memory(Generic[Value]):
    """The last things seen, one for each key; for any thread."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, tuple[Pixels, Value]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, pixels: Pixels) -> Value | None:
        """Return what was put under this key, if it was seen in the same pixels."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
        return found[1] if np.array_equal(found[0], pixels) else None

    def put(self, key: Hashable, pixels: Pixels, value: Value) -> None:
        """Keep what was seen in these pixels, in place of what the key stood for."""
        if pixels.nbytes > _MOST:
            return
        own = pixels.copy()
        with self._lock:
            old = self._values.pop(key, None)
            self._size += own.nbytes - (old[0].nbytes if old else 0)
            self._values[key] = own, value
            while self._size > _MOST:
                _, (gone, _) = self._values.popitem(last=False)
                self._size -= gone.nbytes


class Same(Generic[Value]):
    """Values that follow from a key and from objects that nobody changes; for any thread.

    The objects count as the same only if they are the very ones.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, tuple[tuple[object, ...], Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, objects: tuple[object, ...]) -> Value | None:
        """Return what was put under this key, if it followed from these very objects."""
        with self._lock:
            found = self._values.get(key)
        if found is None or len(found[0]) != len(objects):
            return None
        same = all(one is other for one, other in zip(found[0], objects, strict=True))
        return found[1] if same else None

    def put(self, key: Hashable, objects: tuple[object, ...], value: Value) -> None:
        """Keep what followed, in place of what the key stood for; the oldest go first."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = objects, value
            while len(self._values) > _FEW:
                self._values.popitem(last=False)
