"""The journal of a batch: what is planned and what is done, so that a killed run can go on.

It is an SQLite database, because a run of millions must neither load what was done before into
memory nor search it line by line: a look-up costs some microseconds however many rows there are,
and a kill at any moment leaves it whole. It is a memory aid, never the proof: what it says is done
counts only where source and output are still as they were then, and what it says was planned is
looked for in the output itself.

One coordinator holds it at a time.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from kzmark.errors import OutputError, RequestError
from kzmark.places import Facts, Place, place

NAME: Final = ".kzmark-journal"  # below the folder of the outputs
VERSION: Final = 1
_APPLICATION: Final = 0x6B7A6D6A  # "kzmj", where SQLite has room for whose file it is
_TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE planned (
    target PRIMARY KEY, source, size INTEGER, version TEXT, mark_id BLOB, log_at INTEGER
) WITHOUT ROWID;
CREATE TABLE done (
    target PRIMARY KEY, source, size INTEGER, version TEXT, mark_id BLOB, sha256 BLOB,
    status TEXT, out_size INTEGER, out_version TEXT
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job that was about to begin.

    Attributes:
        source: Its input.
        target: Its output.
        facts: What the input was known by.
        mark_id: Id of the mark that the output was to carry.
        log_at: Size of the audit log at that time, in bytes.
    """

    source: Place
    target: Place
    facts: Facts
    mark_id: UUID
    log_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A job that ended well.

    Attributes:
        source: Its input.
        target: Its output.
        facts: What the input was known by before the work.
        made: What the output was known by after it.
        mark_id: Id of the mark that the output carries.
        sha256: SHA-256 of the output, 64 hexadecimal digits.
        status: `stamped` or `unchanged`.
    """

    source: Place
    target: Place
    facts: Facts
    made: Facts
    mark_id: UUID
    sha256: str
    status: str


class Journal:
    """An open journal, made if there is none.

    Attributes:
        path: The file.

    Args:
        path: The file; SQLite keeps a second one beside it while a run goes on.
        settings: What decides how outputs look; a journal begun with others is refused.

    Raises:
        RequestError: If another run holds it, it was begun with other settings, or it is no
            journal of kzmark's.
        OutputError: If it cannot be opened.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self._rows = _opened(path)
        try:
            self._begin(settings)
        except sqlite3.Error as error:
            self._rows.close()
            raise _unusable(path, error) from error
        except BaseException:
            self._rows.close()
            raise

    def done(self, target: Place) -> Done | None:
        """Return what is known of an output, if its job ended well."""
        row = self._ask("SELECT * FROM done WHERE target = ?", key(target)).fetchone()
        if row is None:
            return None
        where, source, size, version, mark_id, digest, status, out_size, out_version = row
        return Done(
            source=_place(source),
            target=_place(where),
            facts=Facts(size, version),
            made=Facts(out_size, out_version),
            mark_id=UUID(bytes=mark_id),
            sha256=digest.hex(),
            status=status,
        )

    def pending(self) -> Iterator[Planned]:
        """Yield the jobs of which a run that ended did not say how they ended."""
        for target, source, size, version, mark_id, log_at in self._ask(
            "SELECT * FROM planned"
        ).fetchall():
            yield Planned(
                source=_place(source),
                target=_place(target),
                facts=Facts(size, version),
                mark_id=UUID(bytes=mark_id),
                log_at=log_at,
            )

    def plan(self, jobs: Iterable[Planned]) -> None:
        """Say which jobs are about to begin; what was said before is safe from a kill as well."""
        self._tell(
            "INSERT OR REPLACE INTO planned VALUES (?, ?, ?, ?, ?, ?)",
            [(*_known(job), job.mark_id.bytes, job.log_at) for job in jobs],
        )
        self.commit()

    def end(self, jobs: Iterable[Done]) -> None:
        """Say which jobs ended well; safe from a kill from the next `plan` or `commit` on."""
        rows = [
            (
                *_known(job),
                job.mark_id.bytes,
                bytes.fromhex(job.sha256),
                job.status,
                job.made.size,
                job.made.version,
            )
            for job in jobs
        ]
        self._tell("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._tell("DELETE FROM planned WHERE target = ?", [row[:1] for row in rows])

    def forget(self, targets: Iterable[Place]) -> None:
        """Say which jobs failed or never began: they are for the next run."""
        rows = [(key(target),) for target in targets]
        self._tell("DELETE FROM planned WHERE target = ?", rows)
        self._tell("DELETE FROM done WHERE target = ?", rows)

    def commit(self) -> None:
        """Make all that was said safe from a kill."""
        if self._rows.in_transaction:
            self._ask("COMMIT")

    def close(self) -> None:
        """Make all safe, and let another run have it."""
        try:
            self.commit()
        finally:
            self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, settings: Mapping[str, Any]) -> None:
        """Check whose it is, or make it."""
        self._ask("BEGIN IMMEDIATE")
        owner = self._ask("PRAGMA application_id").fetchone()[0]
        if not owner and not self._ask("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _TABLES.split(";"):
                self._ask(statement)
            self._ask(f"PRAGMA application_id = {_APPLICATION}")
            self._ask(f"PRAGMA user_version = {VERSION}")
            self._note("settings", json.dumps(settings, ensure_ascii=False, sort_keys=True))
        elif owner != _APPLICATION:
            raise RequestError("this is no journal", source=str(self.path), hint=_ELSEWHERE)
        self._require_same(settings)
        self._ask("COMMIT")

    def _require_same(self, settings: Mapping[str, Any]) -> None:
        version = self._ask("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise RequestError(
                f"a journal of version {version}, {VERSION} is known here", source=str(self.path)
            )
        (text,) = self._ask("SELECT value FROM about WHERE name = 'settings'").fetchone()
        before = json.loads(text)
        now = json.loads(json.dumps(settings))
        names = sorted(n for n in before.keys() | now.keys() if before.get(n) != now.get(n))
        if names:
            raise RequestError(
                f"the run to be resumed had other settings: {', '.join(names)}",
                source=str(self.path),
                hint="give the same again; or begin anew with another --out-dir or --journal",
            )

    def _note(self, name: str, value: str) -> None:
        self._tell("INSERT OR REPLACE INTO about VALUES (?, ?)", [(name, value)])

    def _ask(self, statement: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._rows.execute(statement, values)
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error

    def _tell(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        if not self._rows.in_transaction:
            self._ask("BEGIN")
        try:
            self._rows.executemany(statement, rows)
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error


_ELSEWHERE: Final = "name another file with --journal, or move this one away"


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file and lock it.

    The lock is exclusive from the first word to the last: so the write-ahead log needs no memory
    shared between processes, which network drives do not have. Each commit is handed to the
    system, not forced to the disk: that survives a kill, and what a power cut takes is found again
    in the outputs.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise OutputError(f"the journal cannot be opened: {error}", source=str(path)) from error
    try:
        rows.execute("PRAGMA locking_mode = EXCLUSIVE")
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        rows.close()
        raise _unusable(path, error) from error
    return rows


def _unusable(path: Path, error: sqlite3.Error) -> RequestError | OutputError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RequestError(
            "another run is using this journal",
            source=str(path),
            hint="wait until it has ended, or name another --out-dir or --journal",
        )
    if name == "SQLITE_NOTADB":
        return RequestError("this is no journal", source=str(path), hint=_ELSEWHERE)
    return OutputError(f"the journal cannot be used: {error}", source=str(path))


def key(where: Place) -> str | bytes:
    """Return a name as the database keeps it: absolute text, or bytes where it is no text."""
    name = where.absolute if where.is_local else where.url
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def _known(job: Planned | Done) -> tuple[str | bytes, str | bytes, int, str]:
    return key(job.target), key(job.source), job.facts.size, job.facts.version


def _place(name: str | bytes) -> Place:
    return place(os.fsdecode(name))
