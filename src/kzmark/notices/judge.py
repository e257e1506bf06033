"""Whether a person can perceive a notice, judged on what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark.formats._base import Picture
from kzmark.mark import Mark
from kzmark.notices.reading import SEEN, Reading, Said
from kzmark.profile import Profile
from kzmark.vocabulary import Operation

_TOUCH: Final = 0.15  # capital heights by which a measured edge may pass the frame
_NARROW: Final = 0.6  # of the least height: how narrow squeezed letters may become
_WORST: Final = 0.94  # of the least contrast, for the worst two letters: noise takes that much
_MEDIAN: Final = 0.98  # of the least contrast, for the median: the measure errs by less


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a notice must be like.

    Attributes:
        profile: Numbers.
        operation: What it must say, if a record says so.
        languages: In which languages.
        vector: Whether the picture was drawn at a size of our choosing.
    """

    profile: Profile
    operation: Operation | None
    languages: tuple[str, ...]
    vector: bool

    @classmethod
    def of(cls, profile: Profile, mark: Mark | None, *, vector: bool) -> "Rule":
        """Return the rule for a file with or without a mark."""
        return cls(
            profile=profile,
            operation=mark.operation if mark else None,
            languages=mark.notice.languages if mark else profile.languages,
            vector=vector,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What hinders a notice, if anything.

    Attributes:
        code: Stable; empty if it can be perceived.
        detail: The same in words, with figures.
        facts: What was measured.
    """

    code: str
    detail: str
    facts: Mapping[str, str]


def judge(reading: Reading, picture: Picture, rule: Rule) -> Judgement:
    """Judge one plate in one picture."""
    measures = _Measures.of(reading, picture)
    faults = _faults(reading, measures, picture, rule)
    code, detail = next(faults, ("", ""))
    return Judgement(code=code, detail=detail or measures.words(), facts=_facts(reading, measures))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measures:
    box: tuple[float, float, float, float]  # left, top, right, bottom of badge and letters
    cap: float  # pixels
    narrow: float  # capital height to which the width of the letters belongs, in pixels
    share: float  # of the shortest side
    contrast: float  # worst window
    median: float
    margin: float  # share of a side
    coverage: float

    @classmethod
    def of(cls, reading: Reading, picture: Picture) -> "_Measures":
        boxes = np.array([sight.piece.box for sight in reading.sights])
        left, top = boxes[:, :2].min(axis=0).tolist()
        right, bottom = boxes[:, 2:].max(axis=0).tolist()
        width, height = picture.width, picture.height
        piece = reading.cells[0].piece
        windows = [c for sight in reading.sights for c in sight.contrasts]
        return cls(
            box=(left, top, right, bottom),
            cap=piece.down,
            narrow=piece.across,
            share=piece.down / min(width, height),
            contrast=min(windows),
            median=_median(windows),
            margin=min(left / width, top / height, 1 - right / width, 1 - bottom / height),
            coverage=reading.coverage,
        )

    def words(self) -> str:
        return (
            f"capitals {self.cap:.1f} px, {self.share:.1%} of the shortest side, "
            f"contrast {self.contrast:.1f}:1, margin {self.margin:.1%}"
        )


def _median(values: Sequence[float]) -> float:
    """As NumPy's, which would import its masked arrays for it at the first call."""
    ranked, half = sorted(values), len(values) // 2
    return float(ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2)


def _facts(reading: Reading, measures: _Measures) -> dict[str, str]:
    left, top, right, bottom = (round(edge) for edge in measures.box)
    return {
        "box": f"{left},{top},{right - left},{bottom - top}",
        "cap_px": f"{measures.cap:.1f}",
        "cap_share": f"{measures.share:.4f}",
        "contrast": f"{measures.contrast:.1f}",
        "margin": f"{measures.margin:.3f}",
        "coverage": f"{measures.coverage:.3f}",
        "languages": ",".join(dict.fromkeys(said.language for said in reading.said)),
        "form": ",".join(dict.fromkeys(said.form.value for said in reading.said)),
        "operation": ",".join(dict.fromkeys(said.operation.value for said in reading.said)),
    }


def _faults(
    reading: Reading, measures: _Measures, picture: Picture, rule: Rule
) -> Iterator[tuple[str, str]]:
    yield from _outside(measures, picture)
    yield from _small(measures, picture, rule)
    yield from _hidden(reading, measures, rule)
    yield from _faint(measures, rule)
    yield from _words(reading, rule)


def _outside(measures: _Measures, picture: Picture) -> Iterator[tuple[str, str]]:
    left, top, right, bottom = measures.box
    over = max(-left, -top, right - picture.width, bottom - picture.height)
    if over > _TOUCH * measures.cap:
        yield "notice.cut-off", f"the notice leaves the picture by {over:.0f} px"


def _small(measures: _Measures, picture: Picture, rule: Rule) -> Iterator[tuple[str, str]]:
    rules = rule.profile.image
    least = rules.cap_share * min(picture.width, picture.height)
    least = least if rule.vector else max(least, rules.min_cap)
    least *= 1 - rules.tolerance
    if measures.cap < least or measures.narrow < _NARROW * least:
        found = f"capitals of {measures.cap:.1f} px, {measures.share:.1%} of the shortest side"
        yield "notice.too-small", f"{found}, where {least:.1f} px are the least"


def _hidden(reading: Reading, measures: _Measures, rule: Rule) -> Iterator[tuple[str, str]]:
    if not reading.lines:
        if reading.blank:
            yield "notice.covered", "there is a badge, and no words beside it"
        else:
            yield "notice.wrong-text", f"no words of the profile {rule.profile.name} by the badge"
    hidden = [s for s in reading.sights if s.matches.min() < SEEN]
    if not hidden:
        return
    what = " and ".join(f"«{s.piece.text}»" if s.piece.text else "the badge" for s in hidden)
    yield "notice.covered", f"{1 - measures.coverage:.0%} of the notice cannot be seen, in {what}"


def _faint(measures: _Measures, rule: Rule) -> Iterator[tuple[str, str]]:
    least = rule.profile.image.contrast
    if measures.contrast < _WORST * least or measures.median < _MEDIAN * least:
        found = f"a contrast of {min(measures.contrast, measures.median):.1f}:1"
        yield (
            "notice.too-faint",
            f"{found} of the letters to their ground, where {least:g}:1 is the least",
        )


def _words(reading: Reading, rule: Rule) -> Iterator[tuple[str, str]]:
    operations = {said.operation for said in reading.said}
    if len(operations) > 1 or (rule.operation and operations - {rule.operation}):
        read = " and ".join(sorted(operation.value for operation in operations))
        yield "notice.wrong-text", f"the notice says {read}, the record {rule.operation}"
    lacking = [name for name in rule.languages if not _says(reading.said, name)]
    if lacking:
        yield "notice.incomplete-language", f"the notice has no whole text in {', '.join(lacking)}"


def _says(said: tuple[Said, ...], language: str) -> bool:
    return any(one.language == language for one in said)
