"""`stamp --dry-run`: the plan of every file; nothing is written, no key is read."""

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
    stamper: "Stamper", agenda: "Agenda", outcome: Outcome, out: TextIO, *, json: bool
) -> None:
    """Print what a real run would do to each file, or why it would fail."""
    from kzmark.batch import Result

    for job in agenda.jobs():
        try:
            plan = _plan(stamper, job)
        except KzmarkError as error:
            outcome.tell(Result(source=job.source, error=error, skipped=job.may_skip(error)))
            continue
        if json:
            outcome.row(_row(job, plan))
        else:
            print(_words(job, plan), file=out)
    for result in agenda.stuck():
        outcome.tell(result)


def _plan(stamper: "Stamper", job: "Job") -> "Plan | None":
    error = obstacle(place(job.source), place(job.target), overwrite=job.overwrite)
    if error is not None:
        raise error
    return stamper.plan(job.source, target=job.target, overwrite=job.overwrite, replace=job.replace)


def _row(job: "Job", plan: "Plan | None") -> dict[str, object]:
    return {
        "source": str(job.source),
        "output": str(job.target),
        "status": "unchanged" if plan is None else "planned",
        "steps": [] if plan is None else [step.value for step in plan.steps],
        "notes": [] if plan is None else [*plan.style.notes, *plan.notes],
        "mark": None if plan is None else plan.mark.to_dict(),
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
