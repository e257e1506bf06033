"""Words as packets of the codec of an M4A.

Spec: ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig).
"""

from typing import Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.facts import Facts
from kzmark.formats._audio.resample import resampled
from kzmark.formats._audio.voice import FAST, Coded, Manner, coded
from kzmark.formats._sound import Samples
from kzmark.formats.m4a.entry import Entry
from kzmark.formats.mp4.tables import Table

_LEAST: Final = 24_000  # bits a second of one channel of speech
_MOST: Final = 160_000
_SILENCE: Final = 2  # packets of silence before the sound, so that nothing laps over into it


def spoken_as(words: Samples, kind: Entry, facts: Facts, table: Table) -> Coded:
    """Return the words as packets that a decoder of this track takes."""
    layout = "mono" if kind.mono else facts.sound.layout
    said = words.mean(1, keepdims=True) if kind.mono else words
    said = resampled(said, facts.sound.rate, kind.rate)
    if kind.codec == "alac":
        return _lossless(said, kind, layout)
    seconds = float(table.spans.sum()) / table.scale or 1.0
    real = int(table.sizes.sum() * 8 / seconds)
    channels = said.shape[1]
    manner = Manner(
        encoder="aac",
        rate=kind.rate,
        layout=layout,
        sample="fltp",
        bit_rate=max(_LEAST * channels, min(real, _MOST * channels)),
        options=FAST,
    )
    quiet = np.zeros((_SILENCE * 1024, channels), np.float32)
    spoken = coded([said, quiet], manner)
    if not _same_channels(kind, spoken):
        raise UnsupportedMediaError(f"its channels ({layout}) are arranged in a way of their own")
    return spoken


def _same_channels(kind: Entry, spoken: Coded) -> bool:
    """Compare rate and arrangement of channels of two configurations (14496-3, 1.6.2.1)."""
    one, two = (
        int.from_bytes(data[:2].ljust(2, b"\0"), "big") for data in (kind.config, spoken.extradata)
    )
    return one & 0x07F8 == two & 0x07F8


def _lossless(said: Samples, kind: Entry, layout: str) -> Coded:
    bits = kind.config[17]
    manner = Manner(
        encoder="alac", rate=kind.rate, layout=layout, sample="s16p" if bits == 16 else "s32p"
    )
    if bits not in {16, 24}:
        raise UnsupportedMediaError(f"Apple Lossless of {bits} bits")
    spoken = coded([said], manner)
    # Length of a frame, bits, and three numbers of the coder: the decoder has them from the track.
    if kind.config[12:22] != spoken.extradata[12:22]:
        raise UnsupportedMediaError("its kind of Apple Lossless cannot be encoded here")
    return spoken
