"""The last step of a stamp: the finished file is read as a stranger would read it."""

from kzmark._limits import Limits
from kzmark.comparison import differences
from kzmark.errors import CheckError, MediaError
from kzmark.notices import audio
from kzmark.plan import Plan
from kzmark.report import Status
from kzmark.seeing import perceive
from kzmark.signing.signed import Signed
from kzmark.sniff import sniff
from kzmark.subject import Subject, read_layers


def check(done: Subject, plan: Plan, *, limits: Limits, signed: Signed | None) -> None:
    """Read the finished file; what it should hold and show, it must hold and show.

    Args:
        done: The finished file.
        plan: What was to be done.
        limits: What it may cost.
        signed: What signing gave a moment ago, if the file is that very output.

    Raises:
        BackendMissingError: If nobody here can look for the notice: that is no success.
        CheckError: If a stranger would not know its format, a layer does not read back as the mark
            of the plan, or the notice cannot be perceived.
    """
    _know(done)
    evidence = read_layers(done, limits=limits, signed=signed)
    for layer in plan.layers:
        marks = [e.mark for e in evidence if e.layer is layer and e.status is Status.PRESENT]
        if marks != [plan.mark]:
            found = differences(marks[0], plan.mark) if marks and marks[0] else ["all of it"]
            told = next((e.detail for e in evidence if e.layer is layer and e.detail), "")
            raise CheckError(
                f"the layer {layer.value} does not read back: {', '.join(found)} {told}".rstrip(),
                source=done.name,
            )
    profile = plan.style.profile
    seen = perceive(done, plan.mark, profile=profile, limits=limits, blind=False)
    if seen.status is not Status.PRESENT:
        told = f"the notice is not perceivable: {seen.detail}"
        raise CheckError(told, source=done.name, hint=audio.hint(plan.style, plan.mark))


def _know(done: Subject) -> None:
    """Look the format up afresh, by content and name, as whoever gets the file will."""
    wanted = done.adapter.info.name
    try:
        found = sniff(done.stream, name=done.name).info.name
    except MediaError as error:
        raise CheckError(
            f"the finished file is no {wanted} any more: {error.message}", source=done.name
        ) from error
    if found != wanted:
        raise CheckError(f"the finished file is no {wanted} any more but {found}", source=done.name)
