"""What a stamping run writes down, in an order that a kill at any moment cannot confuse.

    plan (journal) ─ intent (audit log) ─ work ─ end (audit log) ─ done (journal)

A kill after the plan leaves a row that nothing came of. After the intent it leaves a row whose id
the log knows, and the output, if there is one, carries. After the end it leaves a row that the log
has ended. So whoever goes on needs only the rows of the plan to put all of it in order, and there
are never more of them than files in flight (`recovery`).

The coordinator alone writes. What ended and what is about to begin go into the log together: one
lock and one wait for the disk for some dozens of files.
"""

from collections.abc import Sequence
from typing import Any

from kzmark import __version__
from kzmark.audit import AuditLog, event
from kzmark.batch.engine import Ended
from kzmark.batch.task import Done, Task
from kzmark.errors import KzmarkError
from kzmark.journal import Done as Row
from kzmark.journal import Journal, Planned
from kzmark.places import Facts

INTERRUPTED = {"code": "interrupted", "message": "the run ended before its turn", "hint": ""}


class Ledger:
    """Writes down what begins and what ends.

    Args:
        log: The audit log, or nothing for none.
        journal: The journal, or nothing for none.
        profile: Name of the profile.
    """

    def __init__(self, log: AuditLog | None, journal: Journal | None, *, profile: str) -> None:
        self._log, self._journal, self._profile = log, journal, profile
        self._left: list[Task] = []  # dropped, and not yet said so
        self._broken = False

    def record(self, ended: Sequence[Ended[Task, Done]], begun: Sequence[Task]) -> None:
        """Write down ends, then intents.

        Raises:
            OutputError: If one of both files fails; nothing more is written then.
        """
        if self._broken or not (ended or begun or self._left):
            return
        try:
            self._record(ended, begun)
        except KzmarkError:
            self._broken = True
            raise

    def dropped(self, tasks: Sequence[Task]) -> None:
        """Note tasks that will not be done, for the next time that something is written."""
        self._left += tasks

    def _record(self, ended: Sequence[Ended[Task, Done]], begun: Sequence[Task]) -> None:
        left, self._left = self._left, []
        if self._journal:
            log_at = self._log.size if self._log else 0
            self._journal.plan(
                Planned(
                    source=task.source,
                    target=task.target,
                    facts=task.facts,
                    mark_id=task.mark_id,
                    log_at=log_at,
                )
                for task in begun
                if task.facts is not None
            )
        if self._log:
            self._log.append(
                [
                    *(_end(one.task, one.done) for one in ended),
                    *(event("failed", str(task.mark_id), error=INTERRUPTED) for task in left),
                    *(self._intent(task) for task in begun),
                ]
            )
        if self._journal:
            good = [row for one in ended if (row := _row(one.task, one.done))]
            bad = [one.task.target for one in ended if one.done.result.error]
            self._journal.end(good)
            self._journal.forget([*bad, *(task.target for task in left)])

    def _intent(self, task: Task) -> dict[str, Any]:
        return event(
            "intent",
            str(task.mark_id),
            source=task.source.absolute,
            output=task.target.absolute,
            profile=self._profile,
            tool=f"kzmark {__version__}",
        )


def done_event(mark_id: str, sha256: str, source_sha256: str, **facts: Any) -> dict[str, Any]:
    """Return the last line of a stamping that ended well."""
    return event(
        "done", mark_id, check="passed", sha256=sha256, source_sha256=source_sha256, **facts
    )


def _end(task: Task, done: Done) -> dict[str, Any]:
    mark_id, stamped, error = str(task.mark_id), done.result.stamped, done.result.error
    if stamped is None:
        return event("failed", mark_id, error=error.to_dict() if error else INTERRUPTED)
    if not stamped.changed:
        return event("unchanged", mark_id, carries=str(stamped.mark.mark_id), sha256=stamped.sha256)
    facts = {"recovered": True} if done.proven else {}
    return done_event(mark_id, stamped.sha256, stamped.mark.source_sha256, **facts)


def _row(task: Task, done: Done) -> Row | None:
    stamped = done.result.stamped
    if stamped is None or done.made is None or task.facts is None:
        return None
    return row(task.source, task.target, task.facts, done.made, stamped)


def row(source: Any, target: Any, facts: Facts, made: Facts, stamped: Any) -> Row:
    """Return what the journal keeps of a job that ended well.

    Where a file was replaced by its output, the input is what it became.
    """
    return Row(
        source=source,
        target=target,
        facts=made if source.same_as(target) else facts,
        made=made,
        mark_id=stamped.mark.mark_id,
        sha256=stamped.sha256,
        status="stamped" if stamped.changed else "unchanged",
    )
