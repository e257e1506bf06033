"""The notice spoken over the start of a film's sound: the programme steps back meanwhile.

Nothing moves in time: a film keeps its length, and sound and picture stay together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._film import Span
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Samples, Sound
from kzmark.mark import TONE, Mark, NoticeRecord
from kzmark.notices import audio, ears, programme, speech
from kzmark.notices.hearing import Spoken
from kzmark.notices.rates import resampled
from kzmark.notices.style import NoticeStyle
from kzmark.profile import AudioRules, Profile, Wording
from kzmark.report import Evidence, Status

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]
Gain = NDArray[np.float32]

_FURTHER: Final = (0.0, 6.0, 12.0, 20.0)  # dB that the programme steps back beyond the profile's
_CLEAR: Final = 0.06  # above the least intelligibility, for codecs to take
_DOWN: Final = 0.22  # seconds: less than the silence before the first signal
_UP: Final = 0.5  # seconds: less than the silence behind the last word
_GRAIN: Final = 0.005  # seconds: peaks are looked at once in each
_AROUND: Final = 4  # grains before and behind a peak that are turned down with it
_AFTER: Final = 0.5  # seconds that a track has to last longer than the words


def record(style: NoticeStyle, notice: NoticeRecord, tracks: Sequence[Sound]) -> NoticeRecord:
    """Return what the record says of a notice that is also spoken over these tracks.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of its texts, or a track is too short
            for the words, or has too few samples a second.
        ProfileError: If a recording cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    for sound in tracks:
        spoken = audio.record(style, sound)
        assert spoken.seconds is not None
        long = spoken.seconds[1]
        if sound.seconds < long + _AFTER:
            raise PolicyUnsatisfiableError(
                f"its sound lasts {sound.seconds:.1f} s, and the words take {long:.1f} s",
                hint="leave out --audible, speak fewer languages, or take --audible tone",
            )
        notice = replace(notice, heard=spoken.seconds, voices=spoken.voices)
    return notice


def narration(style: NoticeStyle, sound: Sound, listen: Listen) -> Narration:
    """Return the words for one track, and how far the programme steps back under them.

    Args:
        style: What they say.
        sound: The track.
        listen: Gives what is heard of it.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of its texts, or they cannot be
            understood over the programme.
        MediaError: If the sound cannot be decoded.
    """
    rules = style.profile.audio
    words = audio.voice(style, sound, listen)
    under = _heard(listen, len(words), sound)
    for more in _FURTHER:
        gain = _ducked(len(words), sound.rate, rules.step_back + more)
        gain = _within(gain, words, under, sound.rate, rules)
        made = Narration(words=words, gain=gain)
        if _clear(made.over(under), style, sound) >= rules.intelligibility + _CLEAR:
            return made
    raise PolicyUnsatisfiableError("the words cannot be understood over its sound")


def find(listen: Listen, sound: Sound, *, profile: Profile, mark: Mark, limits: Limits) -> Evidence:
    """Listen for the words of a film's mark in one track, and judge whether a person hears them.

    What is read may be the short form; what is spoken never is.

    Raises:
        MediaError: If the sound cannot be decoded.
        BackendMissingError: If PyAV is not installed.
    """
    notice = mark.notice
    said = zip(notice.languages, notice.texts, strict=True)
    texts = tuple(_full(profile, mark, language, text) for language, text in said)
    spoken = replace(notice, texts=texts, seconds=notice.heard)
    asked = replace(mark, notice=spoken)
    return audio.find(listen, sound, profile=profile, mark=asked, limits=limits)


def with_sound(seen: Evidence, heard: Sequence[Evidence]) -> Evidence:
    """Return what a film shows and says: the first fault, or both of them found.

    Args:
        seen: Of its picture; a person perceives it.
        heard: Of each track; the record promises words.
    """
    if not heard:
        detail = "the record says that it is spoken, and the film has no sound"
        return replace(seen, status=Status.ABSENT, code="notice.not-found", detail=detail, facts={})
    for number, one in enumerate(heard, 1):
        if one.status is not Status.PRESENT:
            which = f" (track of sound {number})" if len(heard) > 1 else ""
            return replace(one, detail=f"in its sound: {one.detail}{which}")
    return replace(seen, detail=f"{seen.detail}; {heard[0].detail}")


def _full(profile: Profile, mark: Mark, language: str, text: str) -> str:
    wording: Wording | None = profile.texts.get(language, {}).get(mark.operation)
    return wording.full if wording is not None and text == wording.short else text


def _heard(listen: Listen, count: int, sound: Sound) -> Samples:
    """Return so many samples from the start of a track; silence where there are none."""
    under = np.zeros((count, sound.channels), np.float32)
    for time, samples in programme.clean(listen([(0.0, count / sound.rate)])):
        at = max(0, round(time * sound.rate))
        part = samples[: max(0, count - at)]
        under[at : at + len(part)] = part
    return under


def _ducked(count: int, rate: int, decibels: float) -> Gain:
    """Return a gain that goes down, stays, and comes back; its ends are 1."""
    low = 10 ** (-decibels / 20)
    time = np.arange(count) / rate
    far = np.minimum(time / _DOWN, (time[-1] - time) / _UP)
    away = (1 - np.cos(np.pi * np.clip(far, 0, 1))) / 2
    gain: Gain = (1 - (1 - low) * away).astype(np.float32)
    return gain


def _within(gain: Gain, words: Samples, under: Samples, rate: int, rules: AudioRules) -> Gain:
    """Lower a gain where words and programme together would go over the highest peak allowed."""
    grain = max(1, round(rate * _GRAIN))
    count = -(-len(gain) // grain)
    said, below = (_peaks(one, grain, count) for one in (words, under * gain[:, None]))
    room = np.maximum(0, 10 ** (rules.true_peak / 20) - said)
    needed = np.where(said > 0, np.minimum(1, room / np.maximum(below, 1e-9)), 1)
    if needed.min() >= 1:
        return gain
    width = 2 * _AROUND + 1
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(needed, 2 * _AROUND, constant_values=1.0), width
    )
    window = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(around.min(1), window / window.sum(), "valid")
    places = (np.arange(len(gain)) + 0.5) / grain
    lower: Gain = (gain * np.interp(places, np.arange(count) + 0.5, smooth)).astype(np.float32)
    return lower


def _peaks(samples: Samples, grain: int, count: int) -> NDArray[np.float32]:
    highest = np.abs(samples).max(1)
    highest = np.pad(highest, (0, count * grain - len(highest)))
    peaks: NDArray[np.float32] = highest.reshape(count, grain).max(1)
    return peaks


def _clear(mixed: Samples, style: NoticeStyle, sound: Sound) -> float:
    """Return the speech intelligibility index of the language that is understood worst."""
    heard = ears.hear(iter([(0.0, mixed)]), sound).both
    worst = 1.0
    parts = speech.parts(style)
    for part in parts:
        if part.name != TONE or len(parts) == 1:  # a signal before words is not judged
            wave = resampled(part.wave, speech.RATE, ears.RATE)
            trace = Spoken(wave, part.start * ears.RATE).traced(heard)
            worst = min(worst, trace.intelligibility)
    return worst
