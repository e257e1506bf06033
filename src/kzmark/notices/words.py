"""The notice of documents and texts: show and find."""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from kzmark.formats._text import Inscription, Leaf, Line, Passage
from kzmark.mark import Mark, NoticeRecord
from kzmark.notices import pace
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Operation

BADGE: Final = "ЖИ · AI"  # the letters of the plate's badge
_MAX_LETTERS: Final = 1 << 20  # of one leaf: a notice stands at its beginning
_BADGES: Final = ("", "жи", "ai", "жиai")  # which of it may stand between two texts, squeezed
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_SHORT: Final = 500  # letters of a text that is remembered: notices come again and again
_FIRST: Final = 8  # passages in which it stands mostly
_PATIENCE: Final = 4  # leaves without a notice after which a file has none


def record(style: NoticeStyle) -> NoticeRecord:
    """Return what the mark says of the notice of a style."""
    texts = tuple(wording.full for wording in style.wordings)
    return NoticeRecord(languages=style.languages, texts=texts, pages=style.pages)


def inscription(style: NoticeStyle) -> Inscription:
    """Return the notice of a style as words."""
    rules = style.profile.document
    pairs = zip(style.languages, style.wordings, strict=True)
    return Inscription(
        badge=BADGE,
        lines=tuple(Line(wording.full, language) for language, wording in pairs),
        pages=style.pages,
        points=rules.points,
        seconds=pace.seconds(sum(len(wording.full) for wording in style.wordings), style.profile),
        ink=style.profile.ink,
        ground=style.profile.plate,
        corner=style.corner,
    )


def find(leaves: Iterable[Leaf], *, profile: Profile, mark: Mark | None) -> Evidence:
    """Look for the notice on every leaf, as a reader meets it, and judge whether it can be read.

    With a record, its texts are looked for, and must be words of the profile for its operation: a
    record may be anybody's. Without one, a whole notice of the profile in all of its languages, one
    right after the other: a text that merely speaks of the subject is none.

    Args:
        leaves: Every page, slide, sheet, or the one text.
        profile: The words and numbers that it is judged by.
        mark: What the record says, if there is one.

    Returns:
        `PRESENT` if it can be read on every leaf meant, `BROKEN` if it is there but hindered or not
        everywhere, `ABSENT` if it is nowhere. `facts` hold the measures.
    """
    wanted = _wanted(profile, mark)
    first_only = mark is not None and mark.notice.pages == "first"
    seen = passed = 0
    fault: tuple[int, _Judged] | None = None
    last: _Judged | None = None
    judged: _Judged | None = None
    before: Sequence[Passage] | None = None
    for leaf in leaves:
        seen += 1
        if leaf.passages is not before:  # pages of a kind share them
            judged, before = _look(leaf, wanted, profile), leaf.passages
        if judged is not None and not judged.code:
            passed, last = passed + 1, judged
        elif judged is not None and fault is None:
            fault = leaf.index, judged
        if first_only or fault or seen - passed > (0 if passed else _PATIENCE):
            break
    found = _evidence(seen, passed, fault, last)
    if mark is not None and found.status is Status.PRESENT and (why := _unlike(profile, mark)):
        return Evidence.observed(Status.BROKEN, "notice.wrong-text", why, found.facts)
    return found


@dataclass(frozen=True, slots=True)
class _Judged:
    """What hinders a notice on one leaf, if anything.

    Attributes:
        code: Stable; empty if it can be read.
        detail: The same in words.
        facts: What was measured.
    """

    code: str
    detail: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One way the notice may be worded: its texts, squeezed, in order."""

    texts: tuple[str, ...]
    operation: Operation
    languages: tuple[str, ...]
    together: bool  # whether they must follow on each other


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """The letters of a leaf without spaces and points, and the passage that each is of."""

    letters: str
    owners: Sequence[int]
    passages: Sequence[Passage]

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> "_Squeezed":
        letters, owners, left = [], [], _MAX_LETTERS
        for index, passage in enumerate(passages):
            text = squeeze(passage.text[:left])
            letters.append(text)
            owners += [index] * len(text)
            left -= len(text)
            if left <= 0:
                break
        return cls("".join(letters), owners, passages)

    def under(self, start: int, stop: int) -> list[Passage]:
        """Return the passages that a stretch of letters is of."""
        return [self.passages[i] for i in dict.fromkeys(self.owners[start:stop])]

    def parted(self, texts: Sequence[str], start: int) -> tuple[list[Passage], list[Passage]]:
        """Return the passages that hold texts, from `start` on, and others, if these are timed."""
        said: set[int] = set()
        for text in texts if self.passages[0].begin is not None else ():
            at = self.letters.find(text, start)
            said.update(self.owners[at : at + len(text)])
        others = set(self.owners) - said
        return [self.passages[i] for i in sorted(said)], [self.passages[i] for i in others]


def squeeze(text: str) -> str:
    """Return the letters and digits of a text, case folded, compatibility forms unified.

    Line ends, hyphens at them, spacing and punctuation differ from program to program.
    """
    return _squeezed(text) if len(text) <= _SHORT else _squeezed.__wrapped__(text)


@functools.lru_cache(maxsize=64)
def _squeezed(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NO_LETTERS.sub("", plain)


def _wanted(profile: Profile, mark: Mark | None) -> tuple[_Wanted, ...]:
    if mark is not None:
        said = tuple(squeeze(text) for text in mark.notice.texts)
        return (_Wanted(said, mark.operation, mark.notice.languages, together=False),)
    found = []
    for operation in Operation:
        wordings = [profile.wording(name, operation).full for name in profile.languages]
        said = tuple(squeeze(text) for text in wordings)
        found.append(_Wanted(said, operation, profile.languages, together=True))
    return tuple(found)


def _unlike(profile: Profile, mark: Mark) -> str:
    """Say in which language a record's words are not those of the profile, or nothing."""
    for language, text in zip(mark.notice.languages, mark.notice.texts, strict=True):
        known = profile.texts.get(language, {})
        meant = {
            operation
            for operation, wording in known.items()
            if squeeze(text) in {squeeze(wording.full), squeeze(wording.short)}
        }
        if not meant:
            said = f"in {language} the notice has no words of the profile {profile.name}"
            return f"{said}; if it was made by another, name that with --profile"
        if mark.operation not in meant:
            return f"in {language} it does not say {mark.operation.value}"
    return ""


def _look(leaf: Leaf, wanted: Sequence[_Wanted], profile: Profile) -> _Judged | None:
    """Return what is to be said of the notice on one leaf, or nothing if there is none."""
    visible = [passage for passage in leaf.passages if not passage.hidden]
    few = visible[:_FIRST] if len(wanted) == 1 else visible
    for part in (few, visible):  # what is found in the first ones is what is found first
        seen = _Squeezed.of(part)
        for notice in wanted:
            if found := _stretch(seen.letters, notice):
                return _judge(seen, found, notice, profile)
    everything = _Squeezed.of(leaf.passages)
    for notice in wanted:
        if found := _stretch(everything.letters, notice):
            why = next((p.hidden for p in everything.under(*found) if p.hidden), "")
            return _Judged("notice.hidden", f"a reader does not see the notice: {why}", {})
        lacking = _lacking(seen.letters, notice)
        if lacking and len(lacking) < len(notice.languages) and not notice.together:
            detail = f"the notice has no whole text in {', '.join(lacking)}"
            return _Judged("notice.incomplete-language", detail, {})
    return None


def _stretch(letters: str, notice: _Wanted) -> tuple[int, int] | None:
    """Return from where to where the texts of a notice stand, or nothing if one is not there."""
    if notice.together:
        return _row(letters, notice.texts)
    starts = [letters.find(text) for text in notice.texts]
    if min(starts) < 0:
        return None
    ends = [start + len(text) for start, text in zip(starts, notice.texts, strict=True)]
    return min(starts), max(ends)


def _row(letters: str, texts: Sequence[str]) -> tuple[int, int] | None:
    """Return from where to where texts stand one after the other, at most the badge in between."""
    start = letters.find(texts[0])
    while start >= 0:
        stop = start + len(texts[0])
        for text in texts[1:]:
            gap = next((gap for gap in _BADGES if letters.startswith(gap + text, stop)), None)
            if gap is None:
                break
            stop += len(gap) + len(text)
        else:
            return start, stop
        start = letters.find(texts[0], start + 1)
    return None


def _lacking(letters: str, notice: _Wanted) -> list[str]:
    pairs = zip(notice.languages, notice.texts, strict=True)
    return [language for language, text in pairs if text not in letters]


def _judge(seen: _Squeezed, found: tuple[int, int], notice: _Wanted, profile: Profile) -> _Judged:
    passages = seen.under(*found)
    facts = dict(_facts(passages, notice))
    letters = sum(map(len, notice.texts))
    late = pace.faults(*seen.parted(notice.texts, found[0]), letters, profile)
    code, detail = next(chain(_faults(found, passages, profile), late), ("", ""))
    return _Judged(code, detail or "the notice can be read", facts)


def _faults(
    found: tuple[int, int], passages: Sequence[Passage], profile: Profile
) -> Iterator[tuple[str, str]]:
    start, _ = found
    rules = profile.document
    slack = 1 - rules.tolerance
    points = [p.points for p in passages if p.points is not None]
    if points and min(points) < rules.points * slack:
        yield (
            "notice.too-small",
            f"type of {min(points):.1f} pt, where {rules.points:g} pt are least",
        )
    contrasts = [p.contrast for p in passages if p.contrast is not None]
    if contrasts and min(contrasts) < rules.contrast * slack:
        reached = f"a contrast of {min(contrasts):.1f}:1"
        yield "notice.too-faint", f"{reached}, where {rules.contrast:g}:1 is the least"
    if start > rules.lead:
        yield "notice.late", f"{start} letters stand before the notice, {rules.lead} are the most"


def _facts(passages: Sequence[Passage], notice: _Wanted) -> Iterator[tuple[str, str]]:
    yield "operation", notice.operation.value
    yield "languages", ",".join(notice.languages)
    if points := [p.points for p in passages if p.points is not None]:
        yield "points", f"{min(points):.1f}"
    if contrasts := [p.contrast for p in passages if p.contrast is not None]:
        yield "contrast", f"{min(contrasts):.1f}"


def _evidence(
    seen: int, passed: int, fault: tuple[int, _Judged] | None, last: _Judged | None
) -> Evidence:
    count = {"pages": str(seen)}
    if fault is not None:
        index, judged = fault
        where = f" (page {index + 1})" if seen > 1 else ""
        facts = {**judged.facts, **count}
        return Evidence.observed(Status.BROKEN, judged.code, judged.detail + where, facts)
    if not passed or last is None:
        return Evidence.observed(Status.ABSENT, "notice.not-found", "no notice was found", count)
    if passed < seen:
        detail = f"the notice is on {passed} of the first {seen} pages"
        return Evidence.observed(
            Status.BROKEN, "notice.missing-page", detail, {**last.facts, **count}
        )
    return Evidence.observed(Status.PRESENT, "", last.detail, {**last.facts, **count})
