"""Finding the notice in pictures: first where the record says, then anywhere, at any size."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.formats._base import Picture
from kzmark.mark import Mark
from kzmark.notices import recall
from kzmark.notices.judge import Judgement, Rule, judge
from kzmark.notices.layout import Layout
from kzmark.notices.measure import Sight, sight
from kzmark.notices.memory import Same
from kzmark.notices.reading import SEEN, Reading, Said, read
from kzmark.notices.search import Candidate, badges
from kzmark.profile import Profile
from kzmark.report import Evidence, Status

_BADGE: Final = 0.8  # correlation from which a badge without words is reported at all
_PATIENCE: Final = 4  # pictures without a notice after which a file has none
_VISIBLE: Final = 2.0  # capital height, in pixels, below which there is nothing to compare
_TRACE: Final = 0.5  # share of windows from which a hindered notice counts as being there

Judged = tuple[Reading, Judgement]

_JUDGED: Final = Same[Judged]()  # `sight` gives what it gave before for the same pixels


class _TimeUp(Exception):  # noqa: N818 - no error: it ends a search
    """The seconds for one file are over."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One file: its rule and its clock."""

    rule: Rule
    mark: Mark | None
    until: float

    def check(self) -> None:
        if time.monotonic() > self.until:
            raise _TimeUp

    def judge(self, picture: Picture) -> Judgement | None:
        """Return what hinders the notice of one picture, or nothing if there is no notice."""
        known = self._best(self._known(picture))
        if known is not None and not known[1].code:
            return known[1]
        if picture.by > 1:  # made small for the known place
            return _telling(known, None)
        blind = self._best(self._blind(picture, known[0] if known else None))
        if blind is not None and not blind[1].code:
            return blind[1]
        return _telling(known, blind)

    def _best(self, readings: Iterable[Judged]) -> Judged | None:
        """Go through readings until one passes; return that, or the one that matched most."""
        best: Judged | None = None
        for judged in readings:
            if not judged[1].code:
                return judged
            if best is None or _weight(judged[0]) > _weight(best[0]):
                best = judged
        return best

    def _known(self, picture: Picture) -> Iterator[Judged]:
        if self.mark is None:
            return
        place = recall.nearest(self.mark.notice.places, picture.width, picture.height)
        if place is None:
            return
        rule = self.rule
        for layout in recall.layouts(self.mark, place, rule.profile, vector=rule.vector):
            pieces = recall.pieces(layout, picture.width, picture.height)
            if min(pieces[0].across, pieces[0].down) < _VISIBLE:
                continue
            sights = tuple(sight(picture, piece, keep=True) for piece in pieces)
            seen = *sights, pieces, rule.profile
            key = rule.operation, rule.languages, rule.vector, picture.width, picture.height
            judged = _JUDGED.get(key, seen)
            if judged is None:
                reading = _recalled(sights, layout, self.mark)
                judged = reading, judge(reading, picture, rule)
                _JUDGED.put(key, seen, judged)
            yield judged

    def _blind(self, picture: Picture, known: Reading | None) -> Iterator[Judged]:
        self.check()
        rule = self.rule
        if known is not None and known.badge >= _BADGE:
            reading = read(picture, _candidate(known), rule.profile)
            yield reading, judge(reading, picture, rule)
        for candidate in badges(picture, self.check):
            self.check()
            reading = read(picture, candidate, rule.profile)
            if reading.said or reading.badge >= _BADGE:
                yield reading, judge(reading, picture, rule)


def find(
    pictures: Iterable[Picture],
    *,
    profile: Profile,
    mark: Mark | None,
    limits: Limits,
    vector: bool = False,
) -> Evidence:
    """Look for the notice and measure it: in every picture of a file, on its pixels.

    Args:
        pictures: Every frame or page; each whole, or the part where the notice should be.
        profile: The words and numbers that it is judged by.
        mark: What the record says, if there is one.
        limits: `max_seconds` is how long this may take.
        vector: Whether the pictures were drawn from a file without pixels of its own.

    Returns:
        `PRESENT` if it can be perceived in every picture, `BROKEN` if it is there but hindered or
        not everywhere, `ABSENT` if it is nowhere, `UNCHECKED` if the time was over before that
        was known. `facts` hold the measures.
    """
    rule = Rule.of(profile, mark, vector=vector)
    search = _Search(rule, mark, time.monotonic() + limits.max_seconds)
    tally = _Tally()
    try:
        for picture in pictures:
            search.check()
            tally.add(picture, search)
            if tally.settled:
                break
    except _TimeUp:
        return Evidence.observed(
            Status.UNCHECKED,
            "notice.time-up",
            f"{limits.max_seconds:g} s were over after {tally.seen} pictures",
        )
    return tally.evidence()


@dataclass(slots=True)
class _Tally:
    """What the pictures of a file showed so far."""

    seen: int = 0
    passed: int = 0
    fault: Judgement | None = None
    where: int = 0
    last: Judgement | None = None
    before: Picture | None = None

    def add(self, picture: Picture, search: _Search) -> None:
        if self.before is None or not _same(self.before, picture):
            self.last = search.judge(picture)
        self.before = picture
        self.seen += 1
        if self.last is None:
            return
        if not self.last.code:
            self.passed += 1
        elif self.fault is None:
            self.fault, self.where = self.last, picture.index

    @property
    def settled(self) -> bool:
        """Whether more pictures cannot change what has to be said."""
        failed = self.seen - self.passed
        return self.fault is not None or failed > (0 if self.passed else _PATIENCE)

    def evidence(self) -> Evidence:
        facts = {**(self.last or self.fault or _NONE).facts, "frames": str(self.seen)}
        if self.fault is not None:
            detail = self.fault.detail + (f" (frame {self.where})" if self.seen > 1 else "")
            facts = {**self.fault.facts, "frames": str(self.seen)}
            return Evidence.observed(Status.BROKEN, self.fault.code, detail, facts)
        if not self.passed:
            return Evidence.observed(
                Status.ABSENT, "notice.not-found", "no notice was found", facts
            )
        if self.passed < self.seen:
            return Evidence.observed(
                Status.BROKEN,
                "notice.missing-frame",
                f"the notice is in {self.passed} of the first {self.seen} frames or pages",
                facts,
            )
        detail = self.last.detail if self.last else ""
        return Evidence.observed(Status.PRESENT, "", detail, facts)


_NONE: Final = Judgement(code="", detail="", facts={})


def _same(first: Picture, second: Picture) -> bool:
    frames = ((p.width, p.height, p.x, p.y) for p in (first, second))
    return len(set(frames)) == 1 and np.array_equal(first.pixels, second.pixels)


def _recalled(sights: tuple[Sight, ...], layout: Layout, mark: Mark) -> Reading:
    cells, lines = sights[:2], sights[2:]
    said = []
    for language in mark.notice.languages:
        own = [s for s in lines if s.piece.language == language]
        if min(s.matches.mean() for s in own) >= SEEN:
            words = tuple(s.piece.text for s in own)
            said.append(Said(language, mark.operation, layout.arrangement.form, words))
    return Reading(cells, lines, tuple(said))


def _candidate(reading: Reading) -> Candidate:
    """Return the badge of a reading as a place to read from."""
    sight = reading.cells[0]
    x, y, _, _ = sight.piece.box
    return Candidate(
        match=reading.badge,
        x=x + sight.shift[0],
        y=y + sight.shift[1],
        across=sight.piece.across,
        down=sight.piece.down,
    )


def _weight(reading: Reading) -> float:
    return float(sum((sight.matches - 0.3).sum() for sight in reading.sights))


def _telling(known: Judged | None, blind: Judged | None) -> Judgement | None:
    """Choose which of two readings that both found a fault tells more."""
    traced = known is not None and (known[0].coverage >= _TRACE or known[0].badge >= _BADGE)
    if blind is not None and (not traced or blind[1].code == "notice.wrong-text"):
        return blind[1]
    return known[1] if known is not None and traced else None
