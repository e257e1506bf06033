"""Samples as the bytes of uncompressed sound."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats._sound import Samples

_STRETCH: Final = 1 << 14  # moments that are turned into whole numbers at once
_WHOLE: Final = {"signed": (8, 16, 24, 32), "unsigned": (8,)}
_LAWS: Final = {"alaw": "pcm_alaw", "mulaw": "pcm_mulaw"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How samples are stored.

    Attributes:
        kind: "unsigned", "signed", "float", "alaw" or "mulaw".
        bits: Bits that a sample takes in the file: 8, 16, 24, 32 or 64.
        valid: Highest bits of them that count; the others are zeros.
        order: Of the bytes of a sample.
    """

    kind: str
    bits: int
    valid: int
    order: Literal["little", "big"]

    @property
    def sign(self) -> str:
        """The order of bytes as NumPy spells it."""
        return "<" if self.order == "little" else ">"


def packed(voice: Samples, kind: Kind, rate: int) -> bytes:
    """Return samples as a file stores them, channel after channel for each moment.

    Args:
        voice: (frames, channels), full scale 1.
        kind: How they are stored.
        rate: Samples a second.

    Raises:
        UnsupportedMediaError: If samples are stored in no such way.
    """
    if kind.kind == "float" and kind.bits in {32, 64}:
        return voice.astype(f"{kind.sign}f{kind.bits // 8}").tobytes()
    if kind.kind in _LAWS and kind.bits == 8:
        mono = voice.reshape(-1, 1)  # a law knows no channels
        manner = Manner(encoder=_LAWS[kind.kind], rate=rate, layout="mono", sample="s16")
        return b"".join(coded([mono], manner).packets)[: voice.size]
    if kind.bits in _WHOLE.get(kind.kind, ()):
        return _whole_numbers(voice, kind)
    raise UnsupportedMediaError(f"uncompressed sound of {kind.bits} bits, {kind.kind}")


def _whole_numbers(voice: Samples, kind: Kind) -> bytes:
    """Return them as whole numbers, made a stretch at a time: wide ones take memory."""
    starts = range(0, len(voice), _STRETCH)
    return b"".join(_numbers(voice[at : at + _STRETCH], kind) for at in starts)


def _numbers(voice: Samples, kind: Kind) -> bytes:
    top = 1 << (kind.valid - 1)
    numbers: NDArray[np.int64] = np.rint(np.asarray(voice, np.float64) * top).astype(np.int64)
    numbers = np.clip(numbers, -top, top - 1) << (kind.bits - kind.valid)
    if kind.kind == "unsigned":
        numbers += 1 << (kind.bits - 1)
        return numbers.astype(f"{kind.sign}u{kind.bits // 8}").tobytes()
    if kind.bits != 24:
        return numbers.astype(f"{kind.sign}i{kind.bits // 8}").tobytes()
    four = numbers.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3]
    return (four if kind.order == "little" else four[:, ::-1]).tobytes()
