"""Words over samples that are coded by nothing: only the bytes under the words change."""

import re
from typing import Any, Final, Literal

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.backend import load, reading
from kzmark.formats._audio.hear import floats
from kzmark.formats._audio.pcm import Kind, packed
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Sound

_NAME: Final = re.compile(r"pcm_([suf])(\d+)(le|be)?")
_KINDS: Final = {"s": "signed", "u": "unsigned", "f": "float"}


def width(sound: Sound) -> int:
    """Return the bytes of one moment of all channels."""
    return sound.channels * _kind(sound.codec).bits // 8


def dubbed(data: bytes, sound: Sound, narration: Narration) -> bytes:
    """Return samples with words over them.

    Args:
        data: As many samples as the words last.
        sound: What they are.
        narration: The words.

    Raises:
        UnsupportedMediaError: If samples are stored in no way that is known.
        MalformedMediaError: If they cannot be decoded.
    """
    if len(data) != len(narration.words) * width(sound):
        raise UnsupportedMediaError("its sound ends before the words do")
    av = load()
    with reading("sound"):
        decoder: Any = av.CodecContext.create(sound.codec, "r")
        decoder.sample_rate, decoder.layout = sound.rate, sound.layout
        frames = decoder.decode(av.Packet(data))
    plain = np.concatenate([floats(frame) for frame in frames])
    return packed(narration.over(plain), _kind(sound.codec), sound.rate)


def _kind(codec: str) -> Kind:
    """Return how a codec stores samples."""
    if codec in {"pcm_alaw", "pcm_mulaw"}:
        return Kind(kind=codec.removeprefix("pcm_"), bits=8, valid=8, order="little")
    found = _NAME.fullmatch(codec)
    if found is None:
        raise UnsupportedMediaError(f"uncompressed sound of the kind {codec}")
    order: Literal["little", "big"] = "big" if found[3] == "be" else "little"
    bits = int(found[2])
    return Kind(kind=_KINDS[found[1]], bits=bits, valid=bits, order=order)
