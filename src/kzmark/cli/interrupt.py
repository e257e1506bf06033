"""Ctrl-C and SIGTERM: what is in flight is finished and told; asked twice, the run ends at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kzmark.batch import Stop

_KILLED: Final = 130


@contextlib.contextmanager
def interruptible(stop: "Stop") -> Iterator[None]:
    """Ask a run to stop at the first signal; end the process, and its workers, at the second.

    Nothing is half-written either way: what is unfinished has no name yet, and journal and audit
    log are made for a kill at any moment.

    Args:
        stop: The request that the run hears.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(*_: object) -> None:
        if stop:
            os._exit(_KILLED)
        stop.ask()
        print("kzmark: finishing what is in flight; once more ends it at once", file=sys.stderr)

    names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Windows': a console that is closed
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
