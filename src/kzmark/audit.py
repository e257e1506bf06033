"""The audit log: JSON lines, each holding the SHA-256 of the line before it.

A stamping writes an *intent* line before anything else and a *done* or *failed* line at its end,
joined by `mark_id`; a crash leaves an intent without an end, which `check` lists. A changed,
removed or inserted line breaks the chain. Lines cut off at the very end cannot be seen from the
file alone: keep the head that `check` prints elsewhere, and compare. No content is ever stored.

One process appends at a time: every append holds a lock on the file. A file that is no log of ours
is never written on; the rest of a line that a crash cut off is moved to `<log>.torn`.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark._io import cause, sync_folder
from kzmark.errors import OutputError

GENESIS: Final = "0" * 64
MAX_LINE: Final = 64 << 10  # bytes
TORN: Final = ".torn"
_FIRST_KEYS: Final = (
    b'{"bytes_torn":',
    b'{"check":',
    b'{"error":',
    b'{"event":',
)  # keys are sorted
_LOCKED: Final = 0x7FFF_0000  # the byte that is locked on Windows: behind all that anybody reads


class AuditLog:
    """Appends events to one log file; safe for several threads and processes.

    Args:
        path: The file; made when the first event comes, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def intent(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping begins; the line is on disk when this returns."""
        self._append("intent", mark_id, facts, durable=True)

    def done(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping ended well; the line is on disk when this returns."""
        self._append("done", mark_id, facts, durable=True)

    def failed(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping ended without an output."""
        self._append("failed", mark_id, facts, durable=False)

    def _append(self, event: str, mark_id: str, facts: Mapping[str, Any], *, durable: bool) -> None:
        line = {"event": event, "mark_id": mark_id, "time": _now(), **facts}
        try:
            new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path) as stream:
                _write(stream, line, torn_to=self.path.with_name(self.path.name + TORN))
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            if new:
                sync_folder(self.path.parent)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise OutputError(
                f"the audit log cannot be written: {cause(error)}", source=str(self.path)
            ) from error
        except OutputError as error:
            error.source = str(self.path)
            raise


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
        failed: Stampings that ended without an output.
        broken: Places where the chain does not hold.
        unfinished: Intents without an end, as they were written.
        head: SHA-256 of the last line: compare it with one kept elsewhere.
    """

    lines: int
    done: int
    failed: int
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
    head, number, ended = GENESIS, 0, {"done": 0, "failed": 0}
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
            ended[kind] += 1
            waiting.pop(mark_id, None)
    return Check(
        lines=number,
        done=ended["done"],
        failed=ended["failed"],
        broken=tuple(broken),
        unfinished=tuple(waiting.values()),
        head=head,
    )


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


def _write(stream: BinaryIO, line: dict[str, Any], *, torn_to: Path) -> None:
    number, previous, torn = _tail(stream)
    if torn:  # a crash cut the last line: it recorded nothing, and the chain goes on without it
        with torn_to.open("ab") as kept:
            kept.write(torn + b"\n")
            kept.flush()
            os.fsync(kept.fileno())
        stream.truncate(stream.seek(0, os.SEEK_END) - len(torn))
        repair = {"event": "recovered", "time": _now(), "bytes_torn": len(torn)}
        previous, number = _put(stream, repair, number, previous)
    _put(stream, line, number, previous)


def _put(stream: BinaryIO, line: dict[str, Any], number: int, previous: str) -> tuple[str, int]:
    body = {**line, "number": number + 1, "previous": previous}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    raw = text.encode("utf-8", "backslashreplace") + b"\n"
    if len(raw) > MAX_LINE:
        raise OutputError(f"an audit line of {len(raw)} bytes")
    stream.seek(0, os.SEEK_END)
    stream.write(raw)
    return hashlib.sha256(raw).hexdigest(), number + 1


def _tail(stream: BinaryIO) -> tuple[int, str, bytes]:
    """Return the number and hash of the last whole line, and the torn bytes that follow it.

    Raises:
        OutputError: If what stands there was not written by us.
    """
    end = stream.seek(0, os.SEEK_END)
    start = max(0, end - 2 * MAX_LINE - 2)
    stream.seek(start)
    whole, newline, torn = stream.read().rpartition(b"\n")
    if not _begins_ours(torn) or (start and not newline):
        raise _foreign()
    if not newline:
        return 0, GENESIS, torn
    raw = whole.rpartition(b"\n")[2] + b"\n"
    try:
        event = json.loads(raw)
        number, previous, kind = event["number"], event["previous"], event["event"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _foreign() from error
    if not (type(number) is int and re.fullmatch("[0-9a-f]{64}", str(previous)) and kind):
        raise _foreign()
    return number, hashlib.sha256(raw).hexdigest(), torn


def _begins_ours(torn: bytes) -> bool:
    """Say whether bytes without a line's end can be the beginning of a line of ours."""
    return any(torn.startswith(key) or key.startswith(torn) for key in _FIRST_KEYS)


def _foreign() -> OutputError:
    return OutputError(
        "this is no audit log, or a damaged one",
        hint="name another file, or move this one away and see `kzmark audit check`",
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the log for reading and appending under an exclusive lock."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "r+b") as stream:
        if os.name == "nt":
            import msvcrt

            stream.seek(_LOCKED)
            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
            try:
                yield stream
                stream.flush()
            finally:
                stream.seek(_LOCKED)
                msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)  # closing the file lets it go
            yield stream


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
