"""`stamp --dry-run`: the plan of every file; nothing is written, no key is read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kzmark.cli.notes import told
from kzmark.cli.outcome import Outcome, said
from kzmark.cli.targets import obstacle
from kzmark.cli.terminal import harmless
from kzmark.errors import KzmarkError
from kzmark.places import place

if TYPE_CHECKING:
    from kzmark.batch import Job
    from kzmark.cli.stamp import Agenda
    from kzmark.plan import Plan
    from kzmark.stamper import Stamper


def show(
    stamper: "Stamper",
    agenda: "Agenda",
    outcome: Outcome,
    out: TextIO,
    *,
    json: bool,
    identity: Path | None = None,
) -> None:
    """Print who would sign and how it would look, and for each file what would be done or not.

    Args:
        stamper: What would stamp.
        agenda: The files.
        outcome: Who tells of what would fail.
        out: Where plans go.
        json: Whether they are JSON lines.
        identity: Folder of the identity, if the command line names one.

    Raises:
        IdentityError: If it cannot be told which identity would sign.
    """
    from kzmark.batch import Result

    signer = _signer(identity)
    if not json:
        print("\n".join(map(harmless, _common(stamper, signer))), file=out)
    for job in agenda.jobs():
        try:
            plan = _plan(stamper, job)
        except KzmarkError as error:
            outcome.tell(Result(source=job.source, error=error, skipped=job.may_skip(error)))
            continue
        if json:
            outcome.row(_row(job, plan, stamper, signer))
        else:
            print(_words(job, plan), file=out)
    for result in agenda.stuck():
        outcome.tell(result)


def _signer(named: Path | None) -> str:
    """Return which identity would sign; its key is not read."""
    from kzmark.signing import folder
    from kzmark.signing.spec import IdentitySpec

    where = IdentitySpec.default(folder=named).folder
    if where is None:
        return "KZMARK_CERT and KZMARK_KEY"
    if folder.holds_identity(where):
        return str(where)
    named_there = named or os.environ.get(folder.VARIABLE)
    return f"{where}, {'which is not there' if named_there else 'made on first use'}"


def _common(stamper: "Stamper", signer: str) -> Iterator[str]:
    """Yield what is the same for all files, wherever each setting came from."""
    said, style = stamper.statement, stamper.style
    by = said.responsible
    yield "every file:"
    yield f"  answers  {by.name} ({by.role.value}){f', BIN {by.bin}' if by.bin else ''}"
    system = f"{said.system.name} {said.system.version}".strip()
    yield f"  system   {system}, {said.operation.value}"
    yield f"  signer   {signer}"
    yield (
        f"  look     {style.profile.name}, {' '.join(style.languages)}, {style.corner.value}; "
        f"in films {style.placement.value}"
    )


def _plan(stamper: "Stamper", job: "Job") -> "Plan | None":
    error = obstacle(place(job.source), place(job.target), overwrite=job.overwrite)
    if error is not None:
        raise error
    return stamper.plan(job.source, target=job.target, overwrite=job.overwrite, replace=job.replace)


def _row(job: "Job", plan: "Plan | None", stamper: "Stamper", signer: str) -> dict[str, object]:
    return {
        "source": str(job.source),
        "output": str(job.target),
        "status": "unchanged" if plan is None else "planned",
        "steps": [] if plan is None else [step.value for step in plan.steps],
        "notes": [] if plan is None else [*plan.style.notes, *plan.notes],
        "mark": None if plan is None else plan.mark.to_dict(),
        "identity": signer,
        "corner": stamper.style.corner.value,
        "placement": stamper.style.placement.value,
    }


def _words(job: "Job", plan: "Plan | None") -> str:
    if plan is None:
        return harmless(f"{job.source} → {job.target}: nothing to do: it carries this mark already")
    steps = " → ".join(step.value for step in plan.steps)
    lines = [
        f"{job.source} → {job.target}: {steps}",
        f"  notice   {said(plan.mark.notice)}",
        *(
            f"  {'' if number else 'notes':8} {note}"
            for number, note in enumerate(told((*plan.style.notes, *plan.notes)))
        ),
    ]
    return "\n".join(map(harmless, lines))
