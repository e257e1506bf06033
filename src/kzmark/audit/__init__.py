"""The audit log: JSON lines, each holding the SHA-256 of the line before it.

A stamping writes an *intent* line before anything else and a *done*, *failed* or *unchanged* line
at its end, joined by `mark_id`; a crash leaves an intent without an end, which `check` lists. A
changed, removed or inserted line breaks the chain. Lines cut off at the very end cannot be seen
from the file alone: keep the head that `check` prints elsewhere, and compare. No content is ever
stored.

One process appends at a time: every append holds a lock on the file. A file that is no log of ours
is never written on; the rest of a line that a crash cut off is moved to `<log>.torn`.
"""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kzmark._io import cause, sync_folder
from kzmark.audit import chain
from kzmark.audit.chain import GENESIS, MAX_LINE
from kzmark.audit.inspection import Broken, Check, check
from kzmark.errors import OutputError

__all__ = ["GENESIS", "MAX_LINE", "AuditLog", "Broken", "Check", "check", "event"]

TORN: Final = ".torn"


class AuditLog:
    """Appends events to one log file; safe for several threads and processes.

    Args:
        path: The file; made when the first event comes, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def intent(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping begins; the line is on disk when this returns."""
        self.append([event("intent", mark_id, **facts)])

    def done(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping ended well; the line is on disk when this returns."""
        self.append([event("done", mark_id, **facts)])

    def failed(self, mark_id: str, **facts: Any) -> None:
        """Say that a stamping ended without an output."""
        self.append([event("failed", mark_id, **facts)], durable=False)

    def append(self, events: Sequence[Mapping[str, Any]], *, durable: bool = True) -> None:
        """Write events one after another; they are on disk when this returns.

        However many they are, they cost one lock and one wait for the disk.

        Args:
            events: As `event` makes them.
            durable: Whether to wait for the disk.

        Raises:
            OutputError: If the log is none of ours, or the system refuses.
        """
        if not events:
            return
        try:
            new = not self.path.exists()
            if new:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            with chain.locked(self.path) as stream:
                chain.write(stream, events, torn_to=self.path.with_name(self.path.name + TORN))
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            if new:
                sync_folder(self.path.parent)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise OutputError(
                f"the audit log cannot be written: {cause(error)}",
                source=str(self.path),
                hint="name another with --audit-log FILE; `none` keeps none",
            ) from error
        except OutputError as error:
            error.source = str(self.path)
            raise

    @property
    def size(self) -> int:
        """Size of the log now, in bytes; 0 if there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def told(self, mark_ids: Collection[str], *, since: int = 0) -> dict[str, str]:
        """Return the last event of each of some stampings, if the log has one.

        Args:
            mark_ids: The ids in question.
            since: Size of the log, in bytes, when none of them stood in it; a log that is smaller
                now was changed for another and is read from its start.

        Raises:
            OutputError: If the log cannot be read.
        """
        found: dict[str, str] = {}
        try:
            with self.path.open("rb") as stream:
                start = since - 2 * MAX_LINE if since <= self.size else 0  # a torn line was cut
                stream.seek(max(0, start))
                while raw := stream.readline(MAX_LINE + 1):
                    _note(raw, mark_ids, found)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise OutputError(f"cannot be read: {cause(error)}", source=str(self.path)) from error
        return found


def event(kind: str, mark_id: str, **facts: Any) -> dict[str, Any]:
    """Return an event of one stamping, as `AuditLog.append` takes it."""
    return {"event": kind, "mark_id": mark_id, **facts}


def _note(raw: bytes, mark_ids: Collection[str], found: dict[str, str]) -> None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):  # cut off: it recorded nothing
        return
    if isinstance(line, dict) and raw.endswith(b"\n") and line.get("mark_id") in mark_ids:
        found[str(line["mark_id"])] = str(line.get("event"))
