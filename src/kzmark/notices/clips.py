"""The spoken words: clips that come with kzmark, and recordings of a user's own."""

import functools
import io
import tomllib
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import PolicyUnsatisfiableError, ProfileError
from kzmark.formats._audio.backend import load
from kzmark.formats._av.backend import lenient
from kzmark.profile import Recording, Wording

Wave = NDArray[np.float32]  # one channel

RATE: Final = 48_000  # samples a second of every clip
_LONGEST: Final = 60.0  # seconds of a recording
_SHORTEST: Final = 0.5
_FAINTEST: Final = 1e-3  # of full scale: a peak of -60 dB


def spoken(language: str, wording: Wording, *, kept: bool = True) -> Wave:
    """Return the words of one language, at 48 kHz.

    Args:
        language: Which one.
        wording: What is said.
        kept: Whether they are likely to be asked for again.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded this text.
        ProfileError: If the recording that the profile names cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    if wording.voice is not None:
        return _decoded(wording.voice)
    name = _index().get((language, wording.full))
    if name is None:
        raise PolicyUnsatisfiableError(
            f"no recording says {wording.full!r} in {language}",
            hint=f"--voice-file {language}=FILE gives one, --audible tone a signal in its place",
        )
    return _shipped(name) if kept else _shipped.__wrapped__(name)


def is_spoken(language: str, wording: Wording) -> bool:
    """Return whether there is a recording of a text."""
    return wording.voice is not None or (language, wording.full) in _index()


@functools.cache
def _index() -> dict[tuple[str, str], str]:
    """Return the file of each text."""
    text = (resources.files("kzmark.notices") / "clips" / "index.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)["clip"]
    return {(one["language"], one["text"]): one["file"] for one in listed}


@functools.lru_cache(maxsize=3)  # a second of one takes 192 KB; the languages of a notice
def _shipped(name: str) -> Wave:
    data = (resources.files("kzmark.notices") / "clips" / name).read_bytes()
    return _wave(data, container="ogg")


@functools.lru_cache(maxsize=16)
def _decoded(recording: Recording) -> Wave:
    """Return a user's recording.

    Raises:
        ProfileError: If it cannot be decoded, is silent, or shorter or longer than words are.
    """
    av = load()
    try:
        wave = _wave(recording.data, container=None)
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError) as error:
        raise ProfileError(
            "there is no sound in it that can be decoded",
            source=recording.name,
            hint="give a recording: WAV, MP3, FLAC, M4A or Ogg",
        ) from error
    seconds = wave.size / RATE
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ProfileError(
            f"a recording of {seconds:.1f} s; {_SHORTEST:g} to {_LONGEST:g} s are meant",
            source=recording.name,
        )
    if float(np.abs(wave).max()) < _FAINTEST:
        raise ProfileError("a recording in which nothing is heard", source=recording.name)
    return wave


def _wave(data: bytes, container: str | None) -> Wave:
    """Decode a file to one channel at 48 kHz; no more of it than a notice may last.

    Trying every container there is would bring a megabyte of their code into memory.
    """
    av = load()
    with av.open(io.BytesIO(data), format=container, **lenient(av)) as file:
        change = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        parts: list[Any] = []
        left = int((_LONGEST + 1) * RATE)
        for frame in file.decode(audio=0):
            for part in change.resample(frame):
                parts.append(part.to_ndarray()[0])
                left -= parts[-1].size
            if left <= 0:
                break
        parts += [part.to_ndarray()[0] for part in change.resample(None)]
    wave: Wave = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return np.ascontiguousarray(wave, np.float32)
