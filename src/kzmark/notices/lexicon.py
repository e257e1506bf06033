"""What to listen for: each language that a mark names, or all that a profile knows."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kzmark.mark import TONE, Mark
from kzmark.notices import clips, speech
from kzmark.notices.ears import RATE
from kzmark.notices.hearing import COARSE
from kzmark.notices.loudness import Meter
from kzmark.notices.rates import resampled
from kzmark.profile import Profile, Wording
from kzmark.vocabulary import Operation

Wave = NDArray[np.float32]  # one channel


@dataclass(frozen=True, eq=False)
class Entry:
    """One sound that may be part of a notice.

    Attributes:
        language: That it speaks, or "tone".
        operation: That it names; nothing for a tone.
        wave: The sound, at 8 kHz.
        coarse: The same at 4 kHz.
        loudness: In LUFS, of the recording on one channel.
    """

    language: str
    operation: Operation | None
    wave: Wave
    coarse: Wave
    loudness: float


def entries(profile: Profile, mark: Mark | None) -> tuple[list[Entry], list[str]]:
    """Return what may be heard, and the languages of which nobody here has a recording.

    Both operations are listened for, so that the wrong one is known when it is heard.

    Raises:
        ProfileError: If a recording that the profile names cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    if mark is not None and mark.notice.voices == (TONE,):
        return [tone()], []
    known, unknown = [], []
    for language, wordings in _wanted(profile, mark):
        wanted = [mark.operation] if mark is not None else list(Operation)
        told = [wordings[one] for one in wanted if one in wordings]
        if told and all(clips.is_spoken(language, wording) for wording in told):
            known += list(_spoken(language, wordings))
        else:
            unknown.append(language)
    return known, unknown


def wordings(profile: Profile, mark: Mark) -> tuple[Wording, ...]:
    """Return what a mark says is spoken, by language; nothing if a recording is not at hand."""
    found = []
    for language, told in _wanted(profile, mark):
        wording = told.get(mark.operation)
        if wording is None or not clips.is_spoken(language, wording):
            return ()
        found.append(wording)
    return tuple(found)


def tone() -> Entry:
    """Return the signal as it sounds where it stands in for the words."""
    return _tone()


def _spoken(language: str, wordings: dict[Operation, Wording]) -> Iterator[Entry]:
    seen = set()
    for operation, wording in wordings.items():
        if clips.is_spoken(language, wording) and wording.voice not in seen:
            seen |= {wording.voice} - {None}
            yield _entry(language, operation, wording)


def _wanted(profile: Profile, mark: Mark | None) -> Iterator[tuple[str, dict[Operation, Wording]]]:
    if mark is None:
        for language in profile.languages:
            yield language, dict(profile.texts[language])
        return
    voices = mark.notice.voices or ("",) * len(mark.notice.languages)
    for language, text, digest in zip(
        mark.notice.languages, mark.notice.texts, voices, strict=True
    ):
        yield language, dict(_told(profile, mark.operation, language, text, digest))


def _told(
    profile: Profile, operation: Operation, language: str, text: str, digest: str
) -> Iterator[tuple[Operation, Wording]]:
    """Yield the wordings of a profile of which one says what a mark does, by the same voice."""
    own = profile.texts.get(language, {})
    if digest:
        wording = own.get(operation)
        if wording is not None and wording.voice is not None and wording.voice.digest == digest:
            yield operation, wording
        return
    said = [one for one, wording in own.items() if wording.full == text]
    meant = operation if operation in said or not said else said[0]  # a record may be anybody's
    yield meant, Wording(full=text, short=text)
    for other, wording in own.items():
        if other is not meant and wording.full != text:
            yield other, replace(wording, voice=None)


@functools.lru_cache(maxsize=32)
def _entry(language: str, operation: Operation, wording: Wording) -> Entry:
    return _of(language, operation, clips.spoken(language, wording, kept=False))


@functools.cache
def _tone() -> Entry:
    return _of(TONE, None, speech.signals())


def _of(language: str, operation: Operation | None, wave: Wave) -> Entry:
    return Entry(
        language,
        operation,
        resampled(wave, clips.RATE, RATE),
        resampled(wave, clips.RATE, COARSE),
        _loudness(wave),
    )


def _loudness(wave: Wave) -> float:
    meter = Meter(clips.RATE, [1.0])
    meter.hear(wave[:, None])
    return meter.loudness
