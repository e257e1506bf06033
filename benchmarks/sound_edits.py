"""What happens to sounds on their way, and what people do to make a spoken notice hard to hear.

Every edit takes a sound of shape (frames, 2), how many frames of it the notice takes, and its
rate, and returns a sound and its rate. `CODECS` need the program ffmpeg; they and `KIND` leave the
notice as perceivable as it was. After a `HINDERING` edit it must not count as perceivable.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from kzmark.formats._sound import Samples
from kzmark.notices.rates import resampled

Edit = Callable[[Samples, int, int], tuple[Samples, int]]


def through(
    samples: Samples, rate: int, suffix: str, options: tuple[str, ...]
) -> tuple[Samples, int]:
    """Encode and decode a sound with ffmpeg; return it as it comes back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"sound.{suffix}")
        shown = ["-show_entries", "stream=sample_rate,channels"]
        raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(samples.shape[1]), "-i", "-"]
        subprocess.run(
            ["ffmpeg", "-v", "error", *raw, *options, str(path)],
            input=np.ascontiguousarray(samples, "<f4").tobytes(),
            check=True,
        )
        told = subprocess.run(
            ["ffprobe", "-v", "error", *shown, "-of", "csv=p=0", str(path)],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split(",")
        back = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"],
            capture_output=True,
            check=True,
        ).stdout
    return np.frombuffer(back, "<f4").reshape(-1, int(told[1])).copy(), int(told[0])


def coded(suffix: str, *options: str) -> Edit:
    return lambda samples, _, rate: through(samples, rate, suffix, options)


CODECS: Final[dict[str, Edit]] = {
    "MP3 64 kb/s": coded("mp3", "-b:a", "64k"),
    "MP3 32 kb/s mono": coded("mp3", "-b:a", "32k", "-ac", "1"),
    "AAC 64 kb/s": coded("m4a", "-b:a", "64k"),
    "AAC 32 kb/s": coded("m4a", "-b:a", "32k"),
    "Opus 32 kb/s": coded("opus", "-b:a", "32k"),
    "Opus 16 kb/s mono": coded("opus", "-b:a", "16k", "-ac", "1"),
    "Vorbis q0": coded("ogg", "-c:a", "libvorbis", "-q:a", "0"),
    "resampled to 8 kHz": coded("wav", "-ar", "8000"),
    "resampled to 22.05 kHz": coded("wav", "-ar", "22050"),
    "resampled to 96 kHz": coded("wav", "-ar", "96000"),
    "telephone (8 kHz mu-law mono)": coded("wav", "-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw"),
    "loudness normalised": coded("wav", "-af", "loudnorm", "-ar", "44100"),
}


def _chained(samples: Samples, size: int, rate: int) -> tuple[Samples, int]:
    for name in ("MP3 64 kb/s", "Opus 32 kb/s", "AAC 64 kb/s"):
        samples, rate = CODECS[name](samples, size, rate)
    return samples, rate


CODECS["MP3, then Opus, then AAC"] = _chained


def _louder(decibels: float) -> Edit:
    return lambda samples, _, rate: (samples * np.float32(10 ** (decibels / 20)), rate)


def _mono(samples: Samples, _: int, rate: int) -> tuple[Samples, int]:
    return samples.mean(1, keepdims=True), rate


def _behind(seconds: float) -> Edit:
    def edit(samples: Samples, size: int, rate: int) -> tuple[Samples, int]:
        jingle = samples[size : size + int(seconds * rate)]
        return np.concatenate([jingle, samples]), rate

    return edit


KIND: Final[dict[str, Edit]] = {
    "+6 dB": _louder(6),
    "-6 dB": _louder(-6),
    "mono": _mono,
    "16 bits": lambda x, _, rate: ((np.round(x * 32767) / 32768).astype(np.float32), rate),
    "a jingle of 2 s in front": _behind(2),
    "silence of 1 s in front": lambda x, _, rate: (
        np.concatenate([np.zeros((rate, x.shape[1]), np.float32), x]),
        rate,
    ),
    "noise 20 dB below": lambda x, size, rate: (_mixed(x, size, _noise(x[:size]), -20), rate),
}


def _on_notice(change: Callable[[Samples], Samples]) -> Edit:
    def edit(samples: Samples, size: int, rate: int) -> tuple[Samples, int]:
        return np.concatenate([change(samples[:size].copy()), samples[size:]]), rate

    return edit


def _noise(like: Samples) -> Samples:
    return np.random.default_rng(1).standard_normal(like.shape).astype(np.float32)


def _mixed(samples: Samples, size: int, other: Samples, decibels: float) -> Samples:
    """Lay another sound over the notice, at a level to it."""
    out = samples.copy()
    level = out[:size].std() / max(float(other.std()), 1e-9) * 10 ** (decibels / 20)
    out[:size] += other * np.float32(level)
    return out


def _content_over(samples: Samples, size: int, rate: int) -> tuple[Samples, int]:
    """Mix the programme over the notice, twice as loud."""
    over = np.resize(samples[size:], (size, samples.shape[1]))
    return _mixed(samples, size, over, 6), rate


def _faster(times: float) -> Callable[[Samples], Samples]:
    def change(notice: Samples) -> Samples:
        waves = [resampled(np.ascontiguousarray(one), int(1000 * times), 1000) for one in notice.T]
        return np.stack(waves, 1)

    return change


def _one_ear(notice: Samples) -> Samples:
    notice[:, 1] = 0
    return notice


def _opposed(notice: Samples) -> Samples:
    notice[:, 1] *= -1
    return notice


def _languages_swapped(notice: Samples) -> Samples:
    """Swap the halves behind the signal; the pause between the languages lies about there."""
    from_here, middle = int(len(notice) * 0.13), int(len(notice) * 0.555)
    return np.concatenate([notice[:from_here], notice[middle:], notice[from_here:middle]])


def _slope(notice: Samples, start: float, end: float) -> Samples:
    decibels = np.linspace(start, end, len(notice), dtype=np.float32)
    return notice * np.float32(10) ** (decibels[:, None] / np.float32(20))


def _dipping(samples: Samples, size: int, rate: int) -> Samples:
    """Turn every other half second of the notice down by 25 dB."""
    out = samples.copy()
    out[:size][np.arange(size) * 2 // rate % 2 == 1] *= np.float32(0.056)
    return out


HINDERING: Final[dict[str, Edit]] = {
    "notice 12 dB quieter": _on_notice(lambda x: x * np.float32(0.25)),
    "notice 30 dB quieter": _on_notice(lambda x: x * np.float32(0.03)),
    "noise 12 dB louder": lambda x, size, rate: (_mixed(x, size, _noise(x[:size]), 12), rate),
    "the programme over it": _content_over,
    "in one ear": _on_notice(_one_ear),
    "ears opposed": _on_notice(_opposed),
    "reversed": _on_notice(lambda x: x[::-1]),
    "1.5 times as fast": _on_notice(_faster(1.5)),
    "3 times as fast": _on_notice(_faster(3)),
    "faint every other half second": lambda x, size, rate: (_dipping(x, size, rate), rate),
    "faded out": _on_notice(lambda x: _slope(x, 0, -40)),
    "faded in": _on_notice(lambda x: _slope(x, -40, 0)),
    "second language cut off": _on_notice(lambda x: x[: int(len(x) * 0.53)]),
    "last second cut off": _on_notice(lambda x: x[: int(len(x) * 0.8)]),
    "first 2 s cut off": _on_notice(lambda x: x[int(len(x) * 0.27) :]),
    "languages swapped": _on_notice(_languages_swapped),
    "8 s into the sound": _behind(8),
    "left out": _on_notice(lambda x: x[:0]),
}
