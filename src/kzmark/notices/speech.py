"""The spoken notice, put together: signal, words in their order, silence between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark.mark import TONE
from kzmark.notices import clips
from kzmark.notices.signal_tone import LOUDNESS_BELOW, signal_tone
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Wording
from kzmark.vocabulary import Audible

Wave = NDArray[np.float32]  # one channel

RATE: Final = clips.RATE
_BEFORE: Final = 0.25  # seconds of silence at the very start: players swallow the first moment
_AFTER_TONE: Final = 0.3
_BETWEEN: Final = 0.45  # between two languages
_BEHIND: Final = 0.6  # before the content
_TONES: Final = 2  # signals in a notice that has nothing else
_TONE_PEAK: Final = 0.3  # of full scale; set to the programme like all else


@dataclass(frozen=True, slots=True)
class Part:
    """One sound of the notice.

    Attributes:
        name: Language that it speaks, or "tone".
        start: When it begins, in seconds from the start of the notice.
        wave: The sound, at 48 kHz.
    """

    name: str
    start: float
    wave: Wave


def parts(style: NoticeStyle) -> tuple[Part, ...]:
    """Return the sounds of a notice in their order.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of its texts.
        ProfileError: If a recording cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    return signal() if style.audible is Audible.TONE else words(style.languages, style.wordings)


def signal() -> tuple[Part, ...]:
    """Return the sounds of a notice that has no words."""
    return (Part(TONE, _BEFORE, signals()),)


def words(languages: Sequence[str], wordings: Sequence[Wording]) -> tuple[Part, ...]:
    """Return the sounds of a notice that says these wordings, each in its language.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of them.
        ProfileError: If a recording cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    return tuple(_words(languages, wordings))


def seconds(parts: tuple[Part, ...]) -> float:
    """Return how long the notice is, silence at both ends included; whole milliseconds."""
    last = parts[-1]
    return round(last.start + last.wave.size / RATE + _BEHIND, 3)


def whole(parts: tuple[Part, ...]) -> Wave:
    """Return the notice as one sound at 48 kHz, silence at both ends included."""
    wave = np.zeros(round(seconds(parts) * RATE), np.float32)
    for part in parts:
        begin = round(part.start * RATE)
        wave[begin : begin + part.wave.size] = part.wave
    return wave


def _words(languages: Sequence[str], wordings: Sequence[Wording]) -> Iterator[Part]:
    words = [
        clips.spoken(language, wording)
        for language, wording in zip(languages, wordings, strict=True)
    ]
    level = _level(words[0]) / _level(signal_tone()) * 10 ** (-LOUDNESS_BELOW / 20)
    tone = signal_tone() * np.float32(level)
    yield Part(TONE, _BEFORE, tone)
    time = _BEFORE + tone.size / RATE + _AFTER_TONE
    for language, wave in zip(languages, words, strict=True):
        level = _level(words[0]) / _level(wave)  # recordings of two people differ
        yield Part(language, time, wave * np.float32(level))
        time += wave.size / RATE + _BETWEEN


def signals() -> Wave:
    """Return the signal as often as it sounds where it stands in for the words."""
    gap = np.zeros(round(_AFTER_TONE * RATE), np.float32)
    one = signal_tone() * np.float32(_TONE_PEAK)
    return np.concatenate([one, *[gap, one] * (_TONES - 1)])


def _level(wave: Wave) -> float:
    """Return the root of the mean square of what is not silence."""
    power = wave.astype(np.float64) ** 2
    return float(np.sqrt(power[power > power.max() * 1e-3].mean()))
