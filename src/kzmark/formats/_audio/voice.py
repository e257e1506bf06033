"""Spoken words as packets of a codec, to be put before those of a sound."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.backend import load, reading
from kzmark.formats._sound import Samples

ENCODED_AGAIN: Final = "sound-encoded-again"  # the note where words cannot be joined to packets
FAST: Final[Mapping[str, str]] = {"aac_coder": "fast"}  # as good for speech, at a fifth of the cost
_BLOCK: Final = 4096  # samples given at a time to codecs without a frame size of their own
_FEW: Final = 1 << 14  # samples that are enough for an encoder to come to rest
_PLANES: Final = 8  # PyAV cannot fill so many; the encoder takes what is interleaved apart
_SCALES: Final = {"u8": (128, 128), "s16": (32768, 0), "s32": (2147483648, 0)}
_KINDS: Final = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How words are to be encoded.

    Attributes:
        encoder: Name of the encoder of libav.
        rate: Samples a second.
        layout: Name of the arrangement of channels.
        sample: Name of the sample format.
        bit_rate: Bits a second; 0 where the codec keeps everything.
        options: For the encoder.
    """

    encoder: str
    rate: int
    layout: str
    sample: str
    bit_rate: int = 0
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many channels that arrangement has."""
        return int(load().AudioLayout(self.layout).nb_channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """Words as packets.

    Attributes:
        packets: One after another.
        frame: Samples of each packet; the last holds as many, silence behind the words.
        delay: Samples that come out of a decoder before the first of the words.
        extradata: What a decoder needs before the first packet.
    """

    packets: Sequence[bytes]
    frame: int
    delay: int
    extradata: bytes


def coded(parts: Iterable[Samples], manner: Manner) -> Coded:
    """Encode words; the last packet is filled with silence.

    Args:
        parts: The words, (frames, channels), one after another.
        manner: How.

    Raises:
        UnsupportedMediaError: If libav has no such encoder.
    """
    encoder = encoder_for(manner)
    found = [one for one in _packets(encoder, parts, manner) if one.size]
    return Coded(
        packets=[bytes(p) for p in found],
        frame=encoder.frame_size or _BLOCK,
        delay=max(0, -(found[0].pts or 0)) if found else 0,
        extradata=bytes(encoder.extradata or b""),
    )


def silence(count: int, channels: int, manner: Manner) -> tuple[int, bytes]:
    """Return how many packets so many samples become, and the last packet if those are silent.

    Packets are not made but counted: what a few take beyond their own number, all take.

    Args:
        count: Samples.
        channels: How many.
        manner: How they are encoded; without a reservoir of bits, and without a frame of its own.

    Raises:
        UnsupportedMediaError: If libav has no such encoder.
    """
    made = coded([np.zeros((_FEW, channels), np.float32)], manner)
    return -(-count // made.frame) + len(made.packets) - -(-_FEW // made.frame), made.packets[-1]


def encoded(parts: Iterable[Samples], manner: Manner) -> Iterator[bytes]:
    """Encode a long sound: yield packets as they are made.

    Raises:
        MediaError: If libav has no such encoder, or what is encoded cannot be decoded.
    """
    for packet in _packets(encoder_for(manner), parts, manner):
        yield bytes(packet)


def _packets(encoder: Any, parts: Iterable[Samples], manner: Manner) -> Iterator[Any]:
    with reading("notice"):
        size = encoder.frame_size or _BLOCK
        for number, block in enumerate(_blocks(parts, size)):
            yield from encoder.encode(_framed(block, manner, number * size))
        yield from encoder.encode(None)


def encoder_for(manner: Manner) -> Any:
    """Return an open encoder.

    Raises:
        UnsupportedMediaError: If libav has none for this.
    """
    av = load()
    try:
        encoder = av.CodecContext.create(manner.encoder, "w")
        _set(encoder, manner, av)
        encoder.open()
    except (ValueError, av.error.FFmpegError) as error:
        raise UnsupportedMediaError(
            f"its kind of sound cannot be encoded here: {manner.encoder} at {manner.rate} Hz, "
            f"{manner.layout or 'channels without an arrangement'}"
        ) from error
    return encoder


def _set(encoder: Any, manner: Manner, av: Any) -> None:
    encoder.sample_rate, encoder.layout = manner.rate, manner.layout
    encoder.format, encoder.time_base = manner.sample, Fraction(1, manner.rate)
    if manner.bit_rate:
        encoder.bit_rate = manner.bit_rate
    encoder.options = dict(manner.options)
    encoder.flags |= av.codec.context.Flags.global_header


def _blocks(parts: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Yield samples in blocks of one size; silence fills the last."""
    rest: Samples | None = None
    for part in parts:
        whole = part if rest is None else np.concatenate([rest, part])
        full = len(whole) // size * size
        yield from (whole[at : at + size] for at in range(0, full, size))
        rest = whole[full:]
    if rest is not None and len(rest):
        yield np.pad(rest, ((0, size - len(rest)), (0, 0)))


def _framed(block: Samples, manner: Manner, at: int) -> Any:
    base = manner.sample.removesuffix("p")
    data: Any = np.clip(block, -1, 1)
    if base in _SCALES:
        scale, middle = _SCALES[base]
        data = np.clip(np.rint(data * float(scale)) + middle, middle - scale, middle + scale - 1)
    data = data.astype(_KINDS[base])
    planar = manner.sample.endswith("p") and data.shape[1] < _PLANES
    data = data.T if planar else data.reshape(1, -1)
    frame = load().AudioFrame.from_ndarray(
        np.ascontiguousarray(data), format=manner.sample if planar else base, layout=manner.layout
    )
    frame.sample_rate, frame.pts = manner.rate, at
    frame.time_base = Fraction(1, manner.rate)
    return frame
