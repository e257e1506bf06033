"""A worker process: calls come in by one pipe, answers go out by another, until the first ends.

It must not outlive its coordinator: a thread of its own reads the pipe, so that the end of the
coordinator, even by `kill -9`, ends the worker at once, in the midst of a file. What it was writing
has no name yet.
"""

import os
import pickle
import sys
import threading
from queue import SimpleQueue
from typing import Final

from kzmark.batch import frames

READY: Final = b"ready"


def main() -> None:
    """Serve calls; the process ends inside."""
    calls, answers = _private_pipes()
    waiting: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(calls, waiting), daemon=True).start()
    frames.send(answers, READY)
    while True:
        frames.send(answers, perform(waiting.get()))


def perform(call: bytes) -> bytes:
    """Make a pickled call; return whether it went well, and its result or error, pickled."""
    try:
        fn, args, kwargs = pickle.loads(call)  # noqa: S301 - from our own coordinator
        answer = True, fn(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - the coordinator decides what it means
        answer = False, error
    try:
        return pickle.dumps(answer)
    except Exception as error:  # noqa: BLE001 - a result, or an error, that cannot travel
        told = RuntimeError(f"{answer[1]!r} cannot travel to the coordinator: {error}")
        return pickle.dumps((False, told))


def _read(calls: int, waiting: "SimpleQueue[bytes]") -> None:
    try:
        while True:
            waiting.put(frames.receive(calls))
    except (EOFError, OSError):
        os._exit(0)


def _private_pipes() -> tuple[int, int]:
    """Keep both pipes for ourselves: what a library prints must not stand between answers."""
    calls, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if os.name == "nt":
        import msvcrt

        for handle in (calls, answers):
            msvcrt.setmode(handle, os.O_BINARY)  # type: ignore[attr-defined,unused-ignore]
    return calls, answers
