"""What an earlier stamping left at a target: its output, the half of one, or nothing."""

import contextlib
from typing import Any
from uuid import UUID

from kzmark import paths
from kzmark._io import sweep
from kzmark._limits import Limits
from kzmark.errors import KzmarkError
from kzmark.formats.layers.sidecar import Sidecar, judge
from kzmark.mark import Mark
from kzmark.notices.style import NoticeStyle
from kzmark.paths import RECORD_SUFFIX
from kzmark.places import Place, place
from kzmark.plan import already_there
from kzmark.policy import agreed_mark
from kzmark.report import Evidence, Status
from kzmark.stamped import Stamped
from kzmark.statement import Statement
from kzmark.subject import Subject
from kzmark.vocabulary import Layer


def recall(source: Any, target: Any, mark_id: UUID, *, limits: Limits) -> Stamped | None:
    """Return what the stamping of this id gave, if its output stands at the target.

    An output gets its name only when it is whole and has passed its check, so the id in its layers
    proves all of it; nothing is checked anew.

    Args:
        source: Path or URL of the input.
        target: Path or URL of the output.
        mark_id: Id of the mark.
        limits: What reading it may cost.
    """
    found = _read(target, limits)
    if found is None:
        return None
    subject, evidence = found
    mark = next((m for m in _marks(evidence) if m.mark_id == mark_id), None)
    return None if mark is None else _stamped(source, target, subject, mark, changed=True)


def adopt(
    source: Any, target: Any, statement: Statement, style: NoticeStyle, *, limits: Limits
) -> Stamped | None:
    """Return what stands at the target, if it is the output of this very source and statement.

    Its mark says what it was made from (`source_sha256`), so that no journal is needed to know. An
    input that carries the mark already is its own output.

    Args:
        source: Path or URL of the input.
        target: Path or URL of the output.
        statement: What is said about it.
        style: How the notice looks.
        limits: What reading it may cost.
    """
    found = _read(target, limits)
    if found is None or not already_there(found[1], statement, style):
        return None
    subject, mark = found[0], agreed_mark(found[1])
    try:
        origin = paths.subject_of(source, limits=limits).digest
    except KzmarkError:
        return None
    if mark is None or origin not in {mark.source_sha256, subject.digest}:
        return None
    return _stamped(source, target, subject, mark, changed=False)


def sweep_up(target: Any, mark_id: UUID) -> None:
    """Remove temporary files that a stamping left, which carry its id in their names.

    The whole folder is looked through, so this is for files whose worker is known to have died.
    """
    where = place(target)
    if where.is_local:
        sweep(where.local.parent, mark_id.hex)


def drop_half(target: Any, mark_id: UUID) -> None:
    """Remove a sidecar that a stamping left without its file. Call it when `recall` found nothing.

    A sidecar gets its name before its file does, so that a kill between the two leaves it alone.
    """
    beside = place(target).sibling(RECORD_SUFFIX)
    with contextlib.suppress(KzmarkError, OSError):
        if beside.facts() and Sidecar.from_json(beside.read()).mark.mark_id == mark_id:
            _remove(beside)


def _read(target: Any, limits: Limits) -> tuple[Subject, list[Evidence]] | None:
    try:
        subject = paths.subject_of(target, limits=limits)
        evidence = list(subject.adapter.read(subject.stream, limits=limits))
    except KzmarkError:
        return None
    if Layer.SIDECAR in subject.adapter.info.layers and subject.record is not None:
        evidence.append(judge(subject.record, subject.digest))
    return subject, evidence


def _marks(evidence: list[Evidence]) -> list[Mark]:
    return [e.mark for e in evidence if e.mark is not None and e.status is Status.PRESENT]


def _stamped(source: Any, target: Any, subject: Subject, mark: Mark, *, changed: bool) -> Stamped:
    info, where = subject.adapter.info, place(target)
    return Stamped(
        source=paths.name_of(source),
        output=where.local if where.is_local else str(where),
        format=info.name,
        medium=info.medium.value,
        mark=mark,
        sha256=subject.digest,
        changed=changed,
        layers=tuple(layer for layer in Layer if layer in info.layers),
        notes=(),
        seconds=0.0,
    )


def _remove(where: Place) -> None:
    if where.is_local:
        where.local.unlink(missing_ok=True)
    else:
        where.store.remove()
