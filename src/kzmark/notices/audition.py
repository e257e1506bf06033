"""Whether a person who plays a file hears the notice: found words are judged one by one."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound
from kzmark.mark import TONE, Mark
from kzmark.notices import channels, ears, lexicon, programme
from kzmark.notices.ears import RATE
from kzmark.notices.loudness import Meter
from kzmark.notices.recognition import Heard, recognised
from kzmark.profile import AudioRules, Profile
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Operation

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]
Fault = tuple[str, str]  # code, detail

_LISTENED: Final = 24.0  # seconds in which a notice is looked for
_LISTENED_MARKED: Final = 60.0  # the same, where a mark says that there is one
_STEP: Final = 1.0  # seconds that are decoded at a time
_WHOLE: Final = 0.88  # share of the words that must be heard
_PAUSES: Final = 1.2  # seconds of signal and silence before the words
_PAUSE: Final = 0.6  # seconds between two languages
_ONE_SIDED: Final = 12.0  # dB between the ears
_CANCELLED: Final = 9.0  # dB that one loudspeaker loses of what two ears hear
_SLACK: Final = 1.0  # LU that a codec and the choice of stretches may take
_NEAR_SILENCE: Final = -50.0  # LUFS that nobody hears who has not turned up the volume
_HINT: Final = "give it with --voice-file, or the profile that names it"
_FASTEST: Final = 30.0  # characters a second that nobody speaks


def judged(listen: Listen, sound: Sound, *, profile: Profile, mark: Mark | None) -> Evidence:
    """Listen for the notice, near the start first, and judge what is heard."""
    if sound.rate < ears.LOWEST:
        detail = f"{sound.rate} samples a second cannot carry words"
        return Evidence.observed(Status.ABSENT, "notice.not-found", detail)
    entries, unknown = lexicon.entries(profile, mark)
    if unknown and mark is not None:
        return _unknown_voice(listen, sound, profile.audio, mark, unknown)
    if mark is None:
        entries.append(lexicon.tone())
    near = ears.hear(listen(_steps(_LISTENED)), sound)
    found = recognised(near, entries, marked=mark is not None)
    if not found and mark is not None and (not sound.seconds or sound.seconds > _LISTENED):
        near = ears.hear(listen(_steps(_LISTENED_MARKED)), sound)
        found = recognised(near, entries, marked=mark is not None)
    if not found and mark is None and unknown:
        detail = f"nobody here has a recording of this profile in {', '.join(unknown)}"
        return Evidence.observed(Status.UNCHECKED, "notice.voice-unknown", f"{detail}: {_HINT}")
    if not found:
        detail = f"no notice was heard in the first {near.seconds:.0f} s"
        return Evidence.observed(Status.ABSENT, "notice.not-found", detail)
    languages = mark.notice.languages if mark is not None else profile.languages
    if all(one.entry.language == TONE for one in found):
        languages = (TONE,)
    operation = _operation(found, mark)
    best = {
        language: max(
            (one for one in found if one.entry.language == language),
            key=lambda one: one.worth,
            default=None,
        )
        for language in languages
    }
    notice = _Notice(
        {name: one for name, one in best.items() if one is not None}, languages, operation
    )
    return notice.judged(listen, sound, profile.audio)


def _steps(seconds: float) -> list[Span]:
    """Return the start of a file in stretches that are short, so that few samples are held."""
    return [(at, at + _STEP) for at in np.arange(0.0, seconds, _STEP).tolist()]


def _operation(found: Sequence[Heard], mark: Mark | None) -> Operation | None:
    """Return which operation should be spoken of: as marked, or as heard best."""
    if mark is not None:
        return mark.operation
    worth = {
        operation: sum(one.worth for one in found if one.entry.operation is operation)
        for operation in Operation
    }
    return max(worth, key=lambda operation: worth[operation])


@dataclass(frozen=True, slots=True)
class _Notice:
    """What was heard of one notice."""

    heard: Mapping[str, Heard]  # by language
    languages: Sequence[str]
    operation: Operation | None

    @property
    def spoken(self) -> list[Heard]:
        return [self.heard[name] for name in self.languages if name in self.heard]

    def judged(self, listen: Listen, sound: Sound, rules: AudioRules) -> Evidence:
        fault = next(self._faults(rules), None)
        facts = dict(self._facts())
        if fault is None:
            followed = programme.loudness(
                listen, sound, channels.weights(sound), start=self._end + _PAUSE / 2
            )
            facts |= {"loudness": f"{self._loudness:.1f}", "programme": f"{followed:.1f}"}
            fault = _too_quiet(self._loudness, followed, rules)
        if fault is not None:
            return Evidence.observed(Status.BROKEN, *fault, facts)
        if self.languages == (TONE,):
            detail = "a signal without words: a weak notice, whoever does not know it learns little"
            return Evidence.observed(Status.PRESENT, "notice.tone-only", detail, facts)
        named = " and ".join(self.languages)
        detail = f"heard in {named}, {self._loudness:.1f} LUFS before {facts['programme']} LUFS"
        return Evidence.observed(Status.PRESENT, "", detail, facts)

    @property
    def _end(self) -> float:
        return max(one.end for one in self.spoken)

    @property
    def _loudness(self) -> float:
        return min(one.loudness for one in self.spoken)

    def _facts(self) -> Iterator[tuple[str, str]]:
        said = {one.entry.operation for one in self.spoken}
        yield "operation", ",".join(sorted(one.value for one in said if one is not None))
        yield "languages", ",".join(one.entry.language for one in self.spoken)
        yield "seconds", f"{min(one.start for one in self.spoken):.2f}-{self._end:.2f}"
        yield "share", f"{min(one.share for one in self.spoken):.2f}"
        yield "intelligibility", f"{min(one.trace.intelligibility for one in self.spoken):.2f}"

    def _faults(self, rules: AudioRules) -> Iterator[Fault]:
        for one in self.spoken:
            yield from _hindered(one, rules)
        for name in self.languages:
            if name not in self.heard:
                yield "notice.incomplete-language", f"nothing is heard in {name}"
            elif self.operation and self.heard[name].entry.operation not in {None, self.operation}:
                yield "notice.wrong-text", f"in {name} it does not say {self.operation.value}"
        starts = [one.start for one in self.spoken]
        if starts != sorted(starts):
            detail = f"{self.spoken[0].entry.language} is not heard first"
            yield "notice.wrong-order", detail
        before = self._end - sum(one.end - one.start for one in self.spoken)
        if before > rules.lead + _PAUSES + _PAUSE * (len(self.spoken) - 1):
            detail = f"it begins {starts[0]:.1f} s into the sound" if starts else ""
            yield "notice.late", f"{detail}, and its words end at {self._end:.1f} s"


def _hindered(one: Heard, rules: AudioRules) -> Iterator[Fault]:
    name = one.entry.language
    what = "the signal" if name == TONE else f"the words in {name}"
    if one.share < _WHOLE:
        lost = {"covered": one.covered, "faded": one.faded}
        lost["missing"] = 1 - one.share - one.covered - one.faded
        worst = max(lost, key=lambda kind: lost[kind])
        code = {
            "covered": "notice.drowned",
            "faded": "notice.faded",
            "missing": "notice.incomplete-language",
        }[worst]
        yield code, f"{what}: {1 - one.share:.0%} {worst}"
    reached = one.trace.intelligibility
    if reached < rules.intelligibility:
        least = f"where {rules.intelligibility:g} is the least"
        yield "notice.drowned", f"the index of {what} is {reached:.2f}, {least}"
    if one.ears.single:
        return
    each = one.levels
    lost_db = max(each.left, each.right) - each.middle
    if lost_db > _CANCELLED:
        yield "notice.cancelled", f"one loudspeaker loses {lost_db:.0f} dB of {what}"
    if abs(each.left - each.right) > _ONE_SIDED and not _one_sided(one):
        side = "right" if each.left > each.right else "left"
        yield "notice.one-sided", f"the {side} ear does not hear {what}"


def _one_sided(one: Heard) -> bool:
    """Return whether the content, too, has nothing in the ear that lacks the words."""
    near, each = one.ears, one.levels
    rest = slice(int((one.end - near.start) * RATE), None)
    left, right = (
        float(np.mean(ear[rest] ** 2)) + 1e-12 if ear[rest].size else 1.0
        for ear in (near.left, near.right)
    )
    balance = 10 * math.log10(left / right)
    return balance > _ONE_SIDED if each.left > each.right else balance < -_ONE_SIDED


def _too_quiet(heard: float, followed: float, rules: AudioRules) -> Fault | None:
    """Judge the level by the content: who hears that, hears the words; and never near silence."""
    level = max(min(followed, rules.loudest), _NEAR_SILENCE)
    least = level - rules.loudness_tolerance - _SLACK
    if heard >= least:
        return None
    detail = f"{heard:.1f} LUFS before a programme of {followed:.1f}, {least:.1f} is the least"
    return "notice.too-quiet", detail


def _unknown_voice(
    listen: Listen, sound: Sound, rules: AudioRules, mark: Mark, unknown: Sequence[str]
) -> Evidence:
    """Say what can be said of words that nobody here has a recording of."""
    start, end = mark.notice.seconds or (0.0, 0.0)
    meter, counts = Meter(sound.rate, channels.weights(sound)), channels.weights(sound)
    for _, samples in programme.joined(listen, [(start, end)], sound.rate):
        meter.hear(samples)
    followed = programme.loudness(listen, sound, counts, start=end)
    letters = sum(map(len, mark.notice.texts))
    fault = _too_quiet(meter.loudness, followed, rules)
    if start > rules.lead:
        fault = "notice.late", f"the record says that it begins after {start:.1f} s"
    elif end - start < letters / _FASTEST:
        fault = "notice.too-short", f"nobody says {letters} characters in {end - start:.1f} s"
    if fault is not None:
        return Evidence.observed(Status.BROKEN, *fault)
    named = ", ".join(unknown)
    detail = f"something is heard where the notice should be; the recording in {named} is not here"
    return Evidence.observed(Status.UNCHECKED, "notice.voice-unknown", f"{detail}: {_HINT}")
