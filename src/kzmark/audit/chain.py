"""The lines of an audit log: each holds the SHA-256 of the line before it."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from kzmark import _system
from kzmark.errors import OutputError

GENESIS: Final = "0" * 64
MAX_LINE: Final = 64 << 10  # bytes
_USUAL: Final = 4 << 10  # bytes at the end of a log that mostly hold its last line
_FIRST_KEYS: Final = (
    b'{"bytes_torn":',
    b'{"carries":',
    b'{"check":',
    b'{"error":',
    b'{"event":',
)  # keys are sorted
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def write(stream: BinaryIO, events: Sequence[Mapping[str, Any]], *, torn_to: Path) -> None:
    """Append events; the rest of a line that a crash cut off is moved away, and that is said.

    Raises:
        OutputError: If what stands there was not written by us, or a line is too long.
    """
    number, previous, torn = _tail(stream)
    now = _now()
    if torn:  # a crash cut the last line: it recorded nothing, and the chain goes on without it
        with open(torn_to, "ab", opener=_private) as kept:
            kept.write(torn + b"\n")
            kept.flush()
            os.fsync(kept.fileno())
        stream.truncate(stream.seek(0, os.SEEK_END) - len(torn))
        events = [{"event": "recovered", "bytes_torn": len(torn)}, *events]
    lines = []
    for body in events:
        number += 1
        raw = _spelt({**body, "time": now, "number": number, "previous": previous})
        previous = hashlib.sha256(raw).hexdigest()
        lines.append(raw)
    stream.seek(0, os.SEEK_END)
    stream.write(b"".join(lines))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # it names files, as the log does


def _spelt(body: Mapping[str, Any]) -> bytes:
    raw = _JSON.encode(body).encode("utf-8", "backslashreplace") + b"\n"
    if len(raw) > MAX_LINE:
        raise OutputError(f"an audit line of {len(raw)} bytes")
    return raw


def _tail(stream: BinaryIO) -> tuple[int, str, bytes]:
    """Return the number and hash of the last whole line, and the torn bytes that follow it.

    Raises:
        OutputError: If what stands there was not written by us.
    """
    end = stream.seek(0, os.SEEK_END)
    for reach in (_USUAL, 2 * MAX_LINE + 2):
        start = max(0, end - reach)
        stream.seek(start)
        whole, newline, torn = stream.read().rpartition(b"\n")
        if not start or b"\n" in whole:  # then the last line is whole here
            break
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
    if not (type(number) is int and _DIGEST.fullmatch(str(previous)) and kind):
        raise _foreign()
    return number, hashlib.sha256(raw).hexdigest(), torn


def _begins_ours(torn: bytes) -> bool:
    """Say whether bytes without a line's end can be the beginning of a line of ours."""
    return not torn or any(torn.startswith(key) or key.startswith(torn) for key in _FIRST_KEYS)


def _foreign() -> OutputError:
    return OutputError(
        "this is no audit log, or a damaged one",
        hint="name another file, or move this one away and see `kzmark audit check`",
    )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Open the log for reading and appending under an exclusive lock."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "r+b") as stream, _system.locked(stream):
        yield stream


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
