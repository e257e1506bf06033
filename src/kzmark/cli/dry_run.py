"""`stamp --dry-run`: the plan of every file; nothing is written, no key is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kzmark.cli.outcome import Outcome
from kzmark.cli.targets import obstacle
from kzmark.cli.terminal import harmless
from kzmark.errors import KzmarkError

if TYPE_CHECKING:
    from kzmark.batch import Job
    from kzmark.plan import Plan
    from kzmark.stamper import Stamper


def show(
    stamper: "Stamper", jobs: "Sequence[Job]", outcome: Outcome, out: TextIO, *, json: bool
) -> None:
    """Print what a real run would do to each file, or why it would fail."""
    from kzmark.batch import Result

    for job in jobs:
        error = obstacle(job.source, job.target, overwrite=job.overwrite)
        plan = None
        if error is None:
            try:
                plan = stamper.plan(
                    job.source,
                    target=job.target,
                    overwrite=job.overwrite,
                    replace=job.replace,
                )
            except KzmarkError as refused:
                error = refused
        if error is not None:
            outcome.fail(Result(source=job.source, error=error))
        elif json:
            outcome.row(_row(job.source, job.target, plan))
        else:
            print(_words(job.source, job.target, plan), file=out)


def _row(source: Path, target: Path, plan: "Plan | None") -> dict[str, object]:
    return {
        "source": str(source),
        "output": str(target),
        "status": "unchanged" if plan is None else "planned",
        "steps": [] if plan is None else [step.value for step in plan.steps],
        "mark": None if plan is None else plan.mark.to_dict(),
    }


def _words(source: Path, target: Path, plan: "Plan | None") -> str:
    if plan is None:
        return harmless(f"{source} → {target}: nothing to do: it carries this mark already")
    steps = " → ".join(step.value for step in plan.steps)
    lines = (f"{source} → {target}: {steps}", f"  notice   {' / '.join(plan.mark.notice.texts)}")
    return "\n".join(map(harmless, lines))
