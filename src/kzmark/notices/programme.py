"""How loud the content is that follows a notice: a few stretches of it say so."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound
from kzmark.notices.loudness import Meter
from kzmark.profile import AudioRules

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]

_STRETCHES: Final = 20
_SECONDS: Final = 1.5  # of each
_LOUDEST: Final = 4.0  # of full scale: files of floats may say anything
_GAP: Final = 0.002  # seconds between two blocks of one stretch that rounding may leave


def loudness(listen: Listen, sound: Sound, weights: Sequence[float], *, start: float) -> float:
    """Return the loudness of what follows a time, in LUFS; minus infinity where it is silent.

    Args:
        listen: Gives what is heard.
        sound: Its rate and length.
        weights: Of each channel.
        start: In seconds; what lies before it does not count.
    """
    meter = Meter(sound.rate, weights)
    for _, samples in joined(listen, spans(start, sound.seconds), sound.rate):
        meter.hear(samples)
    return meter.loudness


def aim(followed: float, rules: AudioRules) -> float:
    """Return how loud a notice should be before a programme of a loudness, in LUFS."""
    if followed == -math.inf:
        return rules.silence_loudness
    return min(max(followed, rules.quietest), rules.loudest)


def spans(start: float, end: float) -> list[Span]:
    """Return the stretches that speak for a programme, in seconds: all of a short one.

    Where the file does not say how long it is, its beginning has to do.
    """
    whole = _STRETCHES * _SECONDS
    if end - start <= whole:
        return [(start, start + whole)]
    step = (end - start - _SECONDS) / (_STRETCHES - 1)
    return [(start + step * i, start + step * i + _SECONDS) for i in range(_STRETCHES)]


def clean(heard: Iterator[tuple[float, Samples]]) -> Iterator[tuple[float, Samples]]:
    """Yield blocks as a player plays them: what is no number is silence, no level is endless."""
    for time, samples in heard:
        if samples.size and samples.min() >= -_LOUDEST and samples.max() <= _LOUDEST:
            yield time, samples  # as nearly always; with what is no number, both are none
        else:
            yield time, np.clip(np.nan_to_num(samples, posinf=_LOUDEST), -_LOUDEST, _LOUDEST)


def joined(listen: Listen, spans: Sequence[Span], rate: int) -> Iterator[tuple[float, Samples]]:
    """Yield each stretch in one piece, with the time at which it begins."""
    begun, pieces, due = 0.0, list[Samples](), 0.0
    for time, samples in clean(listen(spans)):
        if pieces and abs(time - due) > _GAP:
            yield begun, _one(pieces)
            pieces = []
        begun = begun if pieces else time
        pieces.append(samples)
        due = time + len(samples) / rate
    if pieces:
        yield begun, _one(pieces)


def _one(pieces: list[Samples]) -> Samples:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
