"""The notice of films: when it is shown, and whether stills of a film show it long enough.

A film is not decoded whole to be judged. Stills are taken where they tell most: the first frames,
the time in which the notice should be read, key frames spread over the film, the last frame.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._base import Picture
from kzmark.formats._film import Film, Span
from kzmark.mark import Mark, NoticeRecord
from kzmark.notices import image, lapses
from kzmark.notices.arrangement import Form
from kzmark.notices.lapses import Sight
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Operation, Placement

Stills = Callable[
    [Sequence[float], bool], Iterator[tuple[float, Picture]]
]  # times, key frames only

END: Final = float("inf")
_WITHIN: Final = 7  # stills in the time in which the notice has to be read
_SPREAD: Final = 14  # key frames spread over a film that should show it from end to end
_NEXT: Final = 0.06  # seconds: about the second frame behind a key frame
_PATIENCE: Final = 4  # stills without a notice after which a film has none
_AGAIN: Final = 1_000  # repeats that are looked at
_SLACK: Final = 0.12  # share of the seconds that rounding to frames may take


def seconds_needed(texts: Sequence[str], profile: Profile) -> float:
    """Return how long the notice must be seen to be read, in seconds."""
    rules = profile.video
    return max(rules.min_seconds, sum(map(len, texts)) / rules.characters_per_second)


def spans(style: NoticeStyle, texts: Sequence[str], seconds: float) -> tuple[Span, ...]:
    """Return when the notice is shown in a film of this length, in seconds."""
    needed = seconds_needed(texts, style.profile)
    if style.placement is Placement.FULL or seconds <= needed:
        return ((0.0, END),)
    if style.placement is Placement.INTRO:
        return ((0.0, needed),)
    step = max(style.profile.video.repeat_seconds, needed)
    count = max(1, int((seconds - needed) // step) + 1)
    return tuple((index * step, index * step + needed) for index in range(count))


def shown(style: NoticeStyle, texts: Sequence[str]) -> Callable[[float], bool]:
    """Return whether the notice is seen at so many seconds of a film of which nobody knows the end.

    In films that do end, that is at all times of `spans`, and perhaps at some more.
    """
    needed = seconds_needed(texts, style.profile)
    step = max(style.profile.video.repeat_seconds, needed)
    if style.placement is Placement.FULL:
        return lambda _: True
    if style.placement is Placement.INTRO:
        return lambda time: time < needed
    return lambda time: time % step < needed


def record(style: NoticeStyle, film: Film, *, cover: image.Cover) -> tuple[NoticeRecord, Form]:
    """Return what the record says of the notice in a film, and the wording that fits.

    Raises:
        PolicyUnsatisfiableError: If the picture has no room for a legible plate.
    """
    size = (film.width, film.height)
    form = image.form_for([size], style, cover=cover)
    places = image.places([size], style, form, cover=cover)
    if any(place.size != size for place in places):
        raise PolicyUnsatisfiableError(
            f"a film of {film.width}x{film.height} px has no room for a legible notice",
            hint="enlarge it, or show fewer languages",
        )
    texts = image.texts(style, form)
    seen = spans(style, texts, film.seconds)
    seconds = None if seen[0][1] == END else seen[0]
    notice = NoticeRecord(
        languages=style.languages,
        texts=texts,
        places=places,
        seconds=seconds,
        repeat=seen[1][0] if len(seen) > 1 else None,
    )
    return notice, form


def find(
    stills: Stills, film: Film, *, profile: Profile, mark: Mark | None, limits: Limits
) -> Evidence:
    """Look for the notice in stills of a film, and judge how long it is shown.

    Args:
        stills: Gives frames at rising times.
        film: Its length and size.
        profile: Words and numbers that it is judged by.
        mark: What the record says, if there is one.
        limits: `max_seconds` is how long looking at one still may take.

    Returns:
        `PRESENT` if it can be perceived from the first frame for as long as it takes to read it,
        and for as long as the record says; `BROKEN` if it is there but hindered, late, too short,
        flashing or missing in between; `ABSENT` if it is nowhere.
    """
    search = _Search(stills, film, profile, mark, limits)
    first = search.first()
    if first.status is not Status.PRESENT:
        return search.without_start(first)
    return search.judged(first)


class _Search:
    def __init__(
        self, stills: Stills, film: Film, profile: Profile, mark: Mark | None, limits: Limits
    ) -> None:
        self._stills, self._film = stills, film
        self._profile, self._mark, self._limits = profile, mark, limits
        self._coming: Generator[Sight]
        self._begin: Sight

    def first(self) -> Evidence:
        """Look at the first frame; where the record tells what follows, all is asked for at once.

        So nothing is decoded twice.
        """
        asked = (
            [0.0] if self._mark is None else self._asked(*self._promise(self._mark.notice.texts))
        )
        self._coming = self._look(asked)
        found = next(self._coming, None)
        if found is None:
            return Evidence.observed(Status.ABSENT, "notice.not-found", "the film shows no frame")
        self._begin = found
        return found.seen

    def _promise(self, texts: Sequence[str]) -> tuple[float, bool]:
        """Return how long the notice has to be seen, and whether it is to stand to the end."""
        needed = seconds_needed(texts, self._profile)
        whole = self._mark is not None and self._mark.notice.seconds is None
        return needed, whole or self._film.seconds <= needed

    def _asked(self, needed: float, whole: bool) -> list[float]:  # noqa: FBT001 - as `_promise` says
        """Return the times at which every frame counts: those of reading, and perhaps the end."""
        return self._reading(needed) + ([self._film.seconds or END] if whole else [])

    def texts(self, first: Evidence) -> Sequence[str]:
        """Return what the notice says: as recorded, or as it was read."""
        if self._mark is not None:
            return self._mark.notice.texts
        languages = [one for one in first.facts.get("languages", "").split(",") if one]
        form = Form(first.facts.get("form", "").partition(",")[0] or Form.FULL.value)
        said = first.facts.get("operation", "").partition(",")[0]
        operation = Operation(said) if said else Operation.CREATED
        return [form.text(self._profile.wording(one, operation)) for one in languages]

    def without_start(self, first: Evidence) -> Evidence:
        """Say what a film shows whose first frame does not show the notice."""
        if first.status is Status.UNCHECKED:
            return first
        blank = 1
        for sight in self._look(self._keys(_PATIENCE + 1)[1:], keys=True):
            if sight.shows:
                detail = f"the notice is not seen from the start, but {sight.time:.1f} s into it"
                return Evidence.observed(Status.BROKEN, "notice.late", detail, sight.seen.facts)
            blank += sight.seen.status is Status.ABSENT
            if blank >= _PATIENCE:
                break
        if first.status is Status.BROKEN:
            return replace(first, detail=f"{first.detail} (at 0.0 s)")
        return first

    def judged(self, first: Evidence) -> Evidence:
        """Look further: in the time to read it, and all over the film if it should stand there."""
        needed, whole = self._promise(self.texts(first))
        if self._mark is None:
            self._coming = self._look(self._asked(needed, whole)[1:])
        reading = islice(self._coming, len(self._reading(needed)) - 1)
        sights = [self._begin, *reading]
        if not whole:
            self._coming.close()  # its decoder goes before the next one comes
        fault = lapses.within(sights, needed)
        if fault is None and whole:
            spread = self._spread()
            sights += spread
            fault = lapses.over(spread)
        elif fault is None:
            again = list(self._look(self._repeats(needed)))
            sights += again
            fault = lapses.again(again)
        shown = sum(sight.shows for sight in sights)
        facts = {
            **sights[0].seen.facts,
            "frames": str(len(sights)),
            "seconds": f"{needed:.1f}",
            "shown": f"{shown / len(sights):.2f}",
        }
        if fault is not None:
            return replace(fault, facts={**fault.facts, **facts})
        lasting = "in every still" if whole else f"for the {needed:.1f} s that reading it takes"
        return Evidence.observed(Status.PRESENT, "", f"{sights[0].seen.detail}; {lasting}", facts)

    def _reading(self, needed: float) -> list[float]:
        """Return times in which the notice has to be read; two of them lie next to each other."""
        last = max(0.0, min(needed, self._film.seconds or needed) * (1 - _SLACK))
        frame = 1 / float(self._film.rate) if self._film.rate else 0.04
        times = {last * index / (_WITHIN - 1) for index in range(_WITHIN)}
        return sorted(times | {min(last, frame)})

    def _repeats(self, needed: float) -> list[float]:
        """Return the middle of each time at which it should come again; of some also both ends."""
        step = self._mark.notice.repeat if self._mark is not None else None
        if step is None or step < needed:
            return []
        room = self._film.seconds - needed * (1 + _SLACK)
        count = max(0, min(int(room / step), _AGAIN))
        inside = (_SLACK / 2, 0.5, 1 - _SLACK)
        return [
            index * step + part * needed
            for index in range(1, count + 1)
            for part in (inside if index in {1, count // 2, count} else inside[1:2])
        ]

    def _spread(self) -> list[Sight]:
        """Look at key frames over the whole film, just behind some of them, and at the last."""
        end = list(self._coming)
        keys = list(self._look(self._keys(_SPREAD), keys=True))
        behind = [sight.time + _NEXT for sight in keys[1::3]]
        return sorted([*keys, *self._look(behind), *end], key=lambda sight: sight.time)

    def _keys(self, count: int) -> list[float]:
        return [self._film.seconds * index / count for index in range(count)]

    def _look(self, times: Sequence[float], *, keys: bool = False) -> Generator[Sight]:
        if not times:
            return
        for time, picture in self._stills(times, keys):
            seen = image.find(
                [picture], profile=self._profile, mark=self._mark, limits=self._limits
            )
            yield Sight(time, seen)
