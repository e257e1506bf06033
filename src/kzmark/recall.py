"""What an earlier stamping left at a target: its output, the half of one, or nothing."""

import contextlib
from typing import Any
from uuid import UUID

from kzmark import paths, pipeline
from kzmark._ground import closed_after
from kzmark._io import sweep
from kzmark._limits import Limits
from kzmark.errors import KzmarkError
from kzmark.formats.layers.sidecar import Sidecar
from kzmark.mark import Mark
from kzmark.notices.style import NoticeStyle
from kzmark.paths import RECORD_SUFFIX
from kzmark.places import Place, place
from kzmark.report import Evidence, Status
from kzmark.stamped import Stamped
from kzmark.statement import Statement
from kzmark.subject import Subject, read_layers
from kzmark.vocabulary import Layer


@closed_after()
def recall(source: Any, target: Any, mark_id: UUID, *, limits: Limits) -> Stamped | None:
    """Return what the stamping of this id gave, if its output stands at the target.

    An output gets its name only when it is whole and has passed its check, so the id in its layers
    proves what it was then; that nobody changed it since, its signature. The notice is not looked
    for anew.

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
    if any(piece.status is Status.BROKEN for piece in evidence):
        return None
    mark = next((m for m in _marks(evidence) if m.mark_id == mark_id), None)
    return None if mark is None else _stamped(source, target, subject, mark, changed=True)


@closed_after()
def adopt(
    source: Any, target: Any, statement: Statement, style: NoticeStyle, *, limits: Limits
) -> Stamped | None:
    """Return what stands at the target, if it is the output of this very source and statement.

    Its mark says what it was made from (`source_sha256`), so that no journal is needed to know. An
    input that carries the mark already is its own output. It is judged as a file would be that is
    to be stamped again: nothing in it is broken, and a person perceives its notice.

    Args:
        source: Path or URL of the input.
        target: Path or URL of the output.
        statement: What is said about it.
        style: How the notice looks.
        limits: What reading it may cost.
    """
    found = _read(target, limits)
    if found is None:
        return None
    subject, evidence = found
    try:
        whole = pipeline.unchanged(subject, evidence, statement, style, limits=limits)
        origin = paths.subject_of(source, limits=limits).digest
    except KzmarkError:
        return None
    if whole is None or origin not in {whole.mark.source_sha256, subject.digest}:
        return None
    return _stamped(source, target, subject, whole.mark, changed=False)


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
        return subject, read_layers(subject, limits=limits)
    except KzmarkError:
        return None


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
