"""Putting in order what a killed run left: every job that was in flight is either proven or undone.

The journal names them; there are never more than a run has in flight. An output that carries the
planned id is whole, and is written down as done. Anything else is said to have been interrupted and
is for this run to do, under a new id. So the audit log has one intent and one end for every id.
"""

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from kzmark._io import is_temporary, sweep
from kzmark._limits import Limits
from kzmark.audit import AuditLog, event
from kzmark.batch.ledger import INTERRUPTED, done_event, row
from kzmark.errors import KzmarkError
from kzmark.journal import Journal, Planned, key
from kzmark.places import Facts
from kzmark.recall import drop_half, recall
from kzmark.stamper import Stamped

_THREADS: Final = 8  # looks at a time: outputs may be objects, far away


def recover(
    journal: Journal, log: AuditLog | None, *, limits: Limits
) -> dict[str | bytes, Stamped]:
    """Settle all jobs that were in flight; return what was done of them, by key of target.

    A kill meanwhile is no harm: the next run begins here again.

    Args:
        journal: The journal of the run.
        log: The audit log that the run writes, or nothing.
        limits: What reading one file may cost.

    Raises:
        OutputError: If the journal or the log fails.
    """
    pending = list(journal.pending())
    if not pending:
        return {}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="kzmark-recovery") as pool:
        looks = list(pool.map(lambda job: _look(job, limits), pending))
    _sweep(pending)
    found = list(zip(pending, looks, strict=True))
    if log:
        log.append(_missing_ends(log, found))
    journal.end(
        row(job.source, job.target, job.facts, made, stamped)
        for job, (stamped, made) in found
        if stamped and made
    )
    journal.forget(job.target for job, (stamped, _) in found if not stamped)
    journal.commit()
    return {key(job.target): stamped for job, (stamped, _) in found if stamped}


def _look(job: Planned, limits: Limits) -> tuple[Stamped | None, Facts | None]:
    stamped = recall(job.source, job.target, job.mark_id, limits=limits)
    if stamped is None:
        drop_half(job.target, job.mark_id)
    try:
        return stamped, job.target.facts()
    except KzmarkError:
        return None, None


def _sweep(pending: Sequence[Planned]) -> None:
    """Remove the temporary files of all these; each folder is looked through once."""
    ids: dict[Path, set[str]] = defaultdict(set)
    for job in pending:
        if job.target.is_local:
            ids[job.target.local.parent].add(job.mark_id.hex)
    for folder, wanted in ids.items():
        with contextlib.suppress(OSError):
            names = [one.name for one in folder.iterdir() if is_temporary(one.name)]
            for run in wanted.intersection(part for name in names for part in name.split("-")):
                sweep(folder, run)


def _missing_ends(
    log: AuditLog, found: Sequence[tuple[Planned, tuple[Stamped | None, Facts | None]]]
) -> list[dict[str, Any]]:
    """Return the ends of those whose intent stands in the log alone."""
    ids = {str(job.mark_id) for job, _ in found}
    told = log.told(ids, since=min(job.log_at for job, _ in found))
    ends = []
    for job, (stamped, _) in found:
        mark_id = str(job.mark_id)
        if told.get(mark_id) != "intent":
            continue
        if stamped is None:
            ends.append(event("failed", mark_id, error=INTERRUPTED))
        else:
            source = stamped.mark.source_sha256
            ends.append(done_event(mark_id, stamped.sha256, source, recovered=True))
    return ends
