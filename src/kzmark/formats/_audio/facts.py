"""What libav knows of a sound: codec, rate, channels, length."""

from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._audio.backend import opened
from kzmark.formats._sound import Sound

RATES: Final = (1_000, 768_000)  # samples a second
CHANNELS: Final = 64
_NAMES: Final = {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis"}
_LAYOUTS: Final = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A sound, as it is decoded and as it is coded.

    Attributes:
        sound: The same for callers who do not care how it is stored.
        bit_rate: Bits a second, on average; 0 if unknown.
        extradata: What a decoder needs before the first packet.
    """

    sound: Sound
    bit_rate: int
    extradata: bytes


def survey(source: BinaryIO, container: str) -> Facts:
    """Look at a sound; nothing is decoded, unless its headers leave something open.

    Args:
        source: The file.
        container: Name of the demuxer.

    Raises:
        MediaError: If there is no sound in it, or it cannot be decoded.
    """
    with opened(source, container) as (file, stream):
        context = stream.codec_context
        check(context)
        return Facts(
            sound=sound_of(file, stream),
            bit_rate=context.bit_rate or file.bit_rate or 0,
            extradata=bytes(context.extradata or b""),
        )


def sound_of(file: Any, stream: Any) -> Sound:
    """Return what is known of a stream of sound."""
    context, seconds = stream.codec_context, 0.0
    if stream.duration is not None and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif file.duration:
        seconds = file.duration / 1_000_000
    return Sound(
        codec=_NAMES.get(context.name, context.name),
        rate=context.sample_rate,
        channels=context.channels,
        layout=layout_name(context),
        seconds=max(0.0, seconds),
    )


def check(context: Any) -> None:
    """Refuse a sound without a rate or channels, or with more than any real one has."""
    if context.sample_rate < 1 or context.channels < 1:
        raise MalformedMediaError("the sound has no rate or no channels")
    if not RATES[0] <= context.sample_rate <= RATES[1]:
        raise LimitExceededError(f"a sound of {context.sample_rate} samples a second")
    if context.channels > CHANNELS:
        raise LimitExceededError(f"a sound of {context.channels} channels")


def layout_name(context: Any) -> str:
    """Return the name of the arrangement of channels, or nothing if there is none."""
    name: str = context.layout.name
    return _LAYOUTS.get(context.channels, "") if name.endswith("channels") else name
