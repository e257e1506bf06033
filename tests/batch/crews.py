"""Functions of a module for worker processes to call, and executors that behave badly."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzmark.batch.engine import Ended
from kzmark.batch.executor import SupportsSubmit
from kzmark.errors import KzmarkError, WorkerLostError


@dataclass(frozen=True)
class Piece:
    """A task of the tests: a number and a size."""

    number: int
    size: int = 1
    where: str = ""
    poison: bool = False


def double(pieces: Sequence[Piece], again: bool) -> list[int]:
    return [2 * piece.number for piece in pieces]


def note(pieces: Sequence[Piece], again: bool) -> list[int]:
    """Leave a file for every number that was begun; die on poison."""
    for piece in pieces:
        path = Path(piece.where, str(piece.number))
        path.write_text("again" if path.exists() else "once")
        if piece.poison:
            os.kill(os.getpid(), signal.SIGKILL)
    return double(pieces, again)


def die_once(pieces: Sequence[Piece], again: bool) -> list[int]:
    if not again:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(pieces, again)


def chatter(word: str) -> str:
    print("a library that prints", flush=True)
    os.system("echo a child that prints")
    return word


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def explode(message: str) -> None:
    raise ZeroDivisionError(message)


def lambda_of(_: int) -> Callable[[], int]:
    return lambda: 1


class Doubling:
    """A work that remembers what it was told to write down."""

    def __init__(self, call: Callable[..., Any] = double) -> None:
        self.call = call
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.left: list[int] = []
        self.refuses = False

    def submit(
        self, executor: SupportsSubmit, tasks: Sequence[Piece], *, again: bool
    ) -> "Future[list[int]]":
        return executor.submit(self.call, tasks, again)

    def record(self, ended: Sequence[Ended[Piece, int]], begun: Sequence[Piece]) -> None:
        if self.refuses and ended:
            raise KzmarkError("no room")
        self.ended += [one.task.number for one in ended]
        self.begun += [piece.number for piece in begun]

    def dropped(self, tasks: Sequence[Piece]) -> None:
        self.left += [piece.number for piece in tasks]

    def lost(self, task: Piece) -> int:
        return -task.number

    def unrecorded(self, ended: Ended[Piece, int], error: KzmarkError) -> int:
        assert error.message
        return -ended.done


class Sudden:
    """An executor in this thread whose worker dies on calls that somebody names."""

    shares_memory = False

    def __init__(self, deaths: Callable[[Sequence[Piece], bool], bool], workers: int = 2) -> None:
        self.workers, self._deaths = workers, deaths
        self.units: list[tuple[int, ...]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        tasks, again = args
        self.units.append(tuple(piece.number for piece in tasks))
        if self._deaths(tasks, again):
            future.set_exception(WorkerLostError("a worker died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future
