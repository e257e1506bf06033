"""What is wrong with the notice of a film, from what stills of it showed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kzmark.report import Evidence, Status


@dataclass(frozen=True, slots=True)
class Sight:
    """What one still showed.

    Attributes:
        time: When it is seen, in seconds.
        seen: What was found in it.
    """

    time: float
    seen: Evidence

    @property
    def shows(self) -> bool:
        """Whether it was the notice, as it should be."""
        return self.seen.status is Status.PRESENT


def within(sights: Sequence[Sight], needed: float) -> Evidence | None:
    """Return what is wrong in the time in which the notice has to be read, if anything is."""
    shows = [sight.shows for sight in sights]
    if all(shows):
        return None
    first = sights[shows.index(False)]
    if any(shows[shows.index(False) :]):
        detail = f"the notice comes and goes: it is gone {first.time:.2f} s into the film"
        return Evidence.observed(Status.BROKEN, "notice.flashing", detail)
    if first.seen.status is Status.BROKEN:
        return replace(first.seen, detail=f"{first.seen.detail} (at {first.time:.1f} s)")
    detail = f"shown for less than {first.time:.1f} s, where {needed:.1f} s are the least"
    return Evidence.observed(Status.BROKEN, "notice.too-short", detail)


def over(sights: Sequence[Sight]) -> Evidence | None:
    """Return what is wrong where the notice should stand from end to end, if anything is."""
    gone = [sight for sight in sights if not sight.shows]
    if not gone:
        return None
    if all(sight.seen.status is Status.BROKEN for sight in gone):
        worst = gone[0].seen
        return replace(worst, detail=f"{worst.detail} (at {gone[0].time:.1f} s)")
    detail = (
        f"the record says that it is shown throughout; {len(gone)} of {len(sights)} stills lack "
        f"it, the first at {gone[0].time:.1f} s"
    )
    return Evidence.observed(Status.BROKEN, "notice.missing-frame", detail)


def again(sights: Sequence[Sight]) -> Evidence | None:
    """Return what is wrong where the notice should come again, if anything is."""
    gone = [sight for sight in sights if not sight.shows]
    if not gone:
        return None
    detail = (
        f"the record says that it comes again and again; {len(gone)} of {len(sights)} stills lack "
        f"it, the first at {gone[0].time:.1f} s"
    )
    return Evidence.observed(Status.BROKEN, "notice.missing-repeat", detail)
