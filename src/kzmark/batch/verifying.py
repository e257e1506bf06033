"""Verifying in a batch: the tasks, and what a worker does with them."""

import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from kzmark import api
from kzmark.batch.engine import Ended
from kzmark.batch.executor import SupportsSubmit, shares_memory
from kzmark.batch.jobs import Result, died, unforeseen
from kzmark.batch.processes import pickled
from kzmark.errors import KzmarkError
from kzmark.places import Named, place

_choices: dict[str, Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """A file to verify.

    Attributes:
        source: Path or URL.
        size: In bytes, 0 if it is not known.
    """

    source: Named
    size: int = 0


def question(source: Named) -> Question:
    """Return a file to verify, with its size if that costs no request."""
    try:
        where = place(source)
        facts = where.facts() if where.is_local else None
    except KzmarkError:  # the worker says what is wrong
        facts = None
    return Question(source, facts.size if facts else 0)


class Verifying:
    """The work of `verify_many`; it leaves no traces, so there is nothing to record.

    Args:
        choices: As `verify` takes them.
    """

    def __init__(self, choices: Mapping[str, Any]) -> None:
        self._choices = choices
        self._packed = b""
        self._token = uuid4().hex

    def submit(
        self, executor: SupportsSubmit, tasks: Sequence[Question], *, again: bool
    ) -> "Future[list[Result]]":
        """Hand a unit to an executor."""
        del again  # looking twice harms nobody
        if shares_memory(executor):
            return executor.submit(verify_tasks, self._choices, tasks)
        self._packed = self._packed or pickled(self._choices)
        return executor.submit(verify_unit, self._token, self._packed, tasks)

    def record(self, ended: Sequence[Ended[Question, Result]], begun: Sequence[Question]) -> None:
        """Nothing is written."""

    def dropped(self, tasks: Sequence[Question]) -> None:
        """Nothing is written."""

    def lost(self, task: Question) -> Result:
        """Return what to say of a file on which workers die."""
        return Result(source=task.source, error=died(task.source), size=task.size)

    def unrecorded(self, ended: Ended[Question, Result], error: KzmarkError) -> Result:
        """Return the result: it is as good as any."""
        del error
        return ended.done


def verify_unit(token: str, packed: bytes, tasks: Sequence[Question]) -> list[Result]:
    """Do a unit in a worker, which keeps what was chosen by its token."""
    if token not in _choices:
        _choices.clear()
        _choices[token] = pickle.loads(packed)  # noqa: S301 - from our own coordinator
    return verify_tasks(_choices[token], tasks)


def verify_tasks(choices: Mapping[str, Any], tasks: Sequence[Question]) -> list[Result]:
    """Do a unit; one odd file never ends it."""
    return [_verify(choices, task) for task in tasks]


def _verify(choices: Mapping[str, Any], task: Question) -> Result:
    try:
        report = api.verify(task.source, **choices)
    except KzmarkError as error:
        return Result(source=task.source, error=error, size=task.size)
    except Exception as error:  # noqa: BLE001 - one odd file never ends a batch
        return Result(source=task.source, error=unforeseen(error, task.source), size=task.size)
    return Result(source=task.source, report=report, size=task.size)
