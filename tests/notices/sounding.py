"""Sounds with and without a notice, for the tests of the audible notice."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.notices import audio
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile, load
from kzmark.report import Evidence
from kzmark.vocabulary import Audible, Corner, Medium, Operation, SourceType

RATE = 22_050
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def music(
    seconds: float = 12, *, rate: int = RATE, channels: int = 2, level: float = -20
) -> Samples:
    """Return plucked notes with some noise, at a level of its mean power in dB."""
    rng = np.random.default_rng(7)
    time = np.arange(int(seconds * rate)) / rate
    wave = 0.05 * rng.standard_normal(time.size)
    for start in np.arange(0, seconds, 0.3):
        here = slice(int(start * rate), int((start + 1) * rate))
        base, local = 110 * 2 ** (int(rng.integers(30)) / 12), time[here] - start
        for harmonic in range(1, 6):
            wave[here] += (
                np.sin(2 * np.pi * base * harmonic * local) / harmonic * np.exp(-4 * local)
            )
    wave *= 10 ** (level / 20) / max(1e-9, float(np.sqrt(np.mean(wave**2)))) if seconds else 1
    return np.stack([wave * (0.8**index) for index in range(channels)], 1).astype(np.float32)


def pink(seconds: float, *, seed: int, rate: int = RATE, level: float = -20) -> Samples:
    """Return noise with as much power in every octave, at a level of its mean power in dB."""
    count = int(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    wave = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(spectrum.size))), count)
    wave *= 10 ** (level / 20) / np.sqrt(np.mean(wave**2))
    return np.stack([wave, wave], 1).astype(np.float32)


def sound_of(samples: Samples, rate: int = RATE, *, layout: str | None = None) -> Sound:
    channels = samples.shape[1]
    return Sound(
        codec="pcm_f32le",
        rate=rate,
        channels=channels,
        layout=LAYOUTS[channels] if layout is None else layout,
        seconds=len(samples) / rate,
    )


def listening(
    samples: Samples, rate: int = RATE, *, block: int = 0, told: list[Span] | None = None
) -> audio.Listen:
    """Return what an adapter's `listen` would give of an array, whole or in blocks."""

    def listen(spans: Sequence[Span]) -> Iterator[tuple[float, Samples]]:
        for start, end in spans:
            first, last = (int(min(time * rate, len(samples))) for time in (start, end))
            if told is not None:
                told.append((start, min(end, len(samples) / rate)))
            for at in range(first, last, block or max(1, last - first)):
                yield at / rate, samples[at : min(last, at + (block or last))]

    return listen


def style_of(
    *,
    languages: tuple[str, ...] = ("kk", "ru"),
    operation: Operation = Operation.CREATED,
    profile: Profile | None = None,
    audible: Audible | None = None,
) -> NoticeStyle:
    return NoticeStyle(
        profile=profile or load(),
        operation=operation,
        languages=languages,
        corner=Corner.TOP_LEFT,
        audible=audible,
    )


def mark_of(style: NoticeStyle, notice: NoticeRecord | None = None) -> Mark:
    silence = np.zeros((1, 1), np.float32)
    return Mark(
        mark_id=UUID(int=1),
        operation=style.operation,
        source_type=SourceType.TRAINED,
        medium=Medium.AUDIO,
        system=System(name="speaker"),
        responsible=Responsible(name="ТОО Пример"),
        created=datetime(2026, 1, 18, tzinfo=UTC),
        profile=style.profile.name,
        notice=notice or audio.record(style, sound_of(silence)),
    )


def noticed(
    programme: Samples, style: NoticeStyle | None = None, *, rate: int = RATE
) -> tuple[Samples, int]:
    """Return a programme with its notice, and how many frames of it are the notice."""
    sound = sound_of(programme, rate)
    voice = audio.voice(style or style_of(), sound, listening(programme, rate))
    return np.concatenate([voice, programme]), len(voice)


def heard(
    samples: Samples,
    mark: Mark | None = None,
    *,
    rate: int = RATE,
    profile: Profile | None = None,
    listen: Callable[..., Iterator[tuple[float, Samples]]] | None = None,
) -> Evidence:
    """Return what `find` makes of an array."""
    return audio.find(
        listen or listening(samples, rate),
        sound_of(samples, rate),
        profile=profile or load(),
        mark=mark,
        limits=DEFAULT_LIMITS,
    )
