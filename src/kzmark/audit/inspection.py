"""Checking an audit log: whether its chain holds, and which stampings never ended."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark._io import cause
from kzmark.audit.chain import GENESIS, MAX_LINE
from kzmark.errors import OutputError

_ENDS: Final = ("done", "failed", "unchanged")
_INTERRUPTED: Final = "interrupted"  # code of the error of what a run did not do, since it ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A place where the chain does not hold.

    Attributes:
        line: Number of the line, from 1.
        cause: What is wrong with it.
    """

    line: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check of a log showed.

    Attributes:
        lines: Number of lines read.
        done: Stampings that ended well.
        failed: Stampings that ended without an output, for what the file or the machine is.
        interrupted: Stampings without an output because the run ended before or during them.
        unchanged: Files that carried the very mark already.
        broken: Places where the chain does not hold.
        unfinished: Intents without an end, as they were written.
        head: SHA-256 of the last line: compare it with one kept elsewhere.
    """

    lines: int
    done: int
    failed: int
    interrupted: int
    unchanged: int
    broken: tuple[Broken, ...]
    unfinished: tuple[Mapping[str, Any], ...]
    head: str


def check(path: Path) -> Check:
    """Check the chain of a log and list the intents that have no end.

    Raises:
        OutputError: If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return _check(stream)
    except OSError as error:
        raise OutputError(f"cannot be read: {cause(error)}", source=str(path)) from error


def _check(stream: BinaryIO) -> Check:
    head, number, ended = GENESIS, 0, dict.fromkeys((*_ENDS, _INTERRUPTED), 0)
    shift = 0  # what lines that are gone took from the count: told once, not on every line after
    broken: list[Broken] = []
    waiting: dict[str, Mapping[str, Any]] = {}
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        event, cause = _parse(raw, previous=head, number=number + shift)
        head = hashlib.sha256(raw).hexdigest()
        if cause:
            broken.append(Broken(line=number, cause=cause))
        if event is None:
            continue
        if cause and type(event.get("number")) is int:
            shift = event["number"] - number
        kind, mark_id = event.get("event"), str(event.get("mark_id"))
        if kind == "intent":
            waiting[mark_id] = event
        elif kind in ended:
            ended[_end(event)] += 1
            waiting.pop(mark_id, None)
    return Check(
        lines=number,
        done=ended["done"],
        failed=ended["failed"],
        interrupted=ended[_INTERRUPTED],
        unchanged=ended["unchanged"],
        broken=tuple(broken),
        unfinished=tuple(waiting.values()),
        head=head,
    )


def _end(event: Mapping[str, Any]) -> str:
    """Return how a stamping ended; an interruption is told from a failure."""
    error = event.get("error")
    if event["event"] == "failed" and isinstance(error, dict) and error.get("code") == _INTERRUPTED:
        return _INTERRUPTED
    return str(event["event"])


def _parse(raw: bytes, *, previous: str, number: int) -> tuple[dict[str, Any] | None, str]:
    if not raw.endswith(b"\n"):
        return None, "the line is cut off" if len(raw) <= MAX_LINE else "the line is too long"
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return None, "the line is not JSON"
    if not isinstance(event, dict):
        return None, "the line is not an object"
    if event.get("number") != number:
        return event, f"the line says it is number {event.get('number')!r}"
    if event.get("previous") != previous:
        return event, "it does not follow the line before it"
    return event, ""
