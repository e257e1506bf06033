"""Holding back what native code says on the standard error before it gives up."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

_STDERR: Final = 2
_PANIC: Final = b"\nthread '"  # how Rust begins to tell of a panic
_lock = threading.Lock()  # there is one standard error for all threads


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold back what is said, and say it afterwards, but for the words of a panic.

    Rust tells of a panic before it raises; the error that comes of it says the same.
    """
    with _lock, contextlib.ExitStack() as stack:
        try:
            before = os.dup(_STDERR)
        except OSError:  # nobody listens
            yield
            return
        stack.callback(os.close, before)
        held = stack.enter_context(tempfile.TemporaryFile(buffering=0))
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(before, _STDERR)
            held.seek(0)
            said = held.read().partition(_PANIC)[0]
            if said:
                with contextlib.suppress(OSError):
                    os.write(_STDERR, said)
