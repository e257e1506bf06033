"""What the stretches of a rope are stretches of: bytes in memory, and open files."""

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol

from kzmark.errors import InputError

_OPENED: ContextVar["list[weakref.ref[File]] | None"] = ContextVar("opened", default=None)


class Ground(Protocol):
    """What a stretch is a stretch of."""

    def read(self, start: int, length: int) -> bytes | memoryview:
        """Return a stretch of it, a view where that costs no copy."""
        ...


class Memory:
    """Bytes; may grow at its end, and never changes what it holds.

    Attributes:
        data: All of them.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data

    def read(self, start: int, length: int) -> bytes | memoryview:
        if isinstance(self.data, bytearray):  # a view would forbid it to grow
            return bytes(self.data[start : start + length])
        return memoryview(self.data)[start : start + length]


class File:
    """An open file that others may read at the same time, from other places."""

    _handle = -1  # none, should opening fail
    _turn = threading.Lock()  # of all: handles made of one another share a position

    def __init__(self, handle: int) -> None:
        self._handle = os.dup(handle)  # open for as long as anybody refers to it
        opened = _OPENED.get()
        if opened is not None:
            opened.append(weakref.ref(self))

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; nothing reads it any more."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):
                os.close(handle)

    def is_file(self, found: os.stat_result) -> bool:
        """Return whether it is the very file that somebody looked at."""
        return self._handle >= 0 and os.path.samestat(os.fstat(self._handle), found)

    def read(self, start: int, length: int) -> bytes:
        """Return a stretch of it.

        Raises:
            InputError: If it is not there any more.
        """
        if self._handle < 0:
            raise InputError("the file was replaced while it was read", hint="read it anew")
        found = b""
        while len(found) < length and (part := self._part(start + len(found), length - len(found))):
            found = found + part if found else part
        if len(found) != length:
            raise InputError(
                "the file became shorter while it was read",
                hint="let nobody write to it meanwhile",
            )
        return found

    def _part(self, start: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._handle, length, start)
        with self._turn:  # Windows reads at the position alone, and whoever opened it uses that
            before = os.lseek(self._handle, 0, os.SEEK_CUR)
            try:
                os.lseek(self._handle, start, os.SEEK_SET)
                return os.read(self._handle, length)
            finally:
                os.lseek(self._handle, before, os.SEEK_SET)


@contextlib.contextmanager
def closed_after() -> Iterator[None]:
    """Close at the end of the block what was opened in it, in this thread.

    An error refers to all that was at work when it was raised. Who keeps the error would keep the
    file open, and Windows would let nobody remove it.
    """
    opened: list[weakref.ref[File]] = []
    before = _OPENED.set(opened)
    try:
        yield
    finally:
        _OPENED.reset(before)
        for one in opened:
            if (file := one()) is not None:
                file.close()
