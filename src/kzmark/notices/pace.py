"""Words that come and go: whether a notice comes in time, and stays as long as reading it takes."""

from collections.abc import Iterator, Sequence

from kzmark.formats._text import Passage
from kzmark.profile import Profile


def seconds(letters: int, profile: Profile) -> float:
    """Return how long so many letters must be shown to be read."""
    rules = profile.video
    return max(rules.min_seconds, letters / rules.characters_per_second)


def faults(
    said: Sequence[Passage], others: Sequence[Passage], letters: int, profile: Profile
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the times of a notice: code and words.

    It may begin as long after the first words of others as a notice that is spoken may after the
    start; before any words, as late as the letters that a text may begin with take to be read.

    Args:
        said: The passages that hold it, in the order of their times.
        others: All other words that a viewer meets.
        letters: How many it has.
        profile: The numbers that it is judged by.
    """
    slack = 1 - profile.document.tolerance
    shown = [one.seconds for one in said if one.seconds is not None]
    needed = seconds(letters, profile)
    if shown and sum(shown) < needed * slack:
        reached = f"shown for {sum(shown):.1f} s"
        yield "notice.too-short", f"{reached}, where {needed:.1f} s are the least"
    if (begin := _begin(said)) is None:
        return
    first = min((one.begin for one in others if one.begin is not None), default=begin)
    behind = begin - first
    if behind > profile.audio.lead:
        most = f"{profile.audio.lead:g} s are the most"
        yield "notice.late", f"other words come {behind:.1f} s before the notice, {most}"
    most_waited = profile.document.lead / profile.video.characters_per_second
    if begin > most_waited:
        most = f"{most_waited:.0f} s are the most"
        yield "notice.late", f"the notice comes after {begin:.1f} s, {most}"


def _begin(said: Sequence[Passage]) -> float | None:
    """Return when a notice comes: of its parts, each may follow on the end of the last one."""
    begin, end = None, 0.0
    for one in said:
        if one.begin is not None:
            begin = one.begin if begin is None else begin + max(0.0, one.begin - end)
            end = max(end, one.begin + (one.seconds or 0.0))
    return begin
