"""The codecs whose packets can be encoded anew so that they stand among old ones.

Of the lossless ones every packet stands alone; of the others a packet laps over the next, and of
MP3 it may lie in those before it. PCM has no packets: `pcm.py` changes its bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.voice import Manner
from kzmark.formats._av import dolby
from kzmark.formats._sound import Sound
from kzmark.formats.mp3.frames import BIT_RATES

HINT: Final = "give it sound of plain AAC first, or leave out --audible"
_LEAST: Final = 48_000  # bits a second of one channel
_MOST: Final = 160_000
_FASTER: Final = {"aac_coder": "fast", "aac_pns": "0"}  # noise in place of sound: no seam fits it
_BORROWED: Final = {1: 128, 2: 64, 25: 64}  # kb/s of MP3 up to which a frame has room for others'
_LAYER_II: Final = tuple(
    1000 * one for one in (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
)  # bits a second of MPEG-1
_LAME: Final = {"reservoir": "0", "compression_level": "7"}
_INFO: Final = 34  # bytes of what FLAC says of its samples
_PCM: Final = re.compile(r"pcm_([suf])(8|16|24|32|64)(le|be)?|pcm_(alaw|mulaw)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How packets of a track are decoded and made.

    Attributes:
        encoder: Of libav.
        decoder: Of libav.
        sample: Format of samples that the encoder takes.
        frame: Samples of a packet.
        lossless: Whether packets stand alone, and hold every bit.
        options: For the encoder.
        turns_down: Whether the encoder makes what it is given quieter, as LAME does.
    """

    encoder: str
    decoder: str
    sample: str
    frame: int
    lossless: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    turns_down: bool = False


_KINDS: Final = {
    "aac": Kind(encoder="aac", decoder="aac", sample="fltp", frame=1024, options=_FASTER),
    "opus": Kind(encoder="libopus", decoder="opus", sample="flt", frame=960),
    "mp2": Kind(encoder="mp2", decoder="mp2float", sample="s16", frame=1152),
}


def is_pcm(codec: str) -> bool:
    """Say whether sound of a codec is samples and nothing else."""
    return _PCM.fullmatch(codec) is not None


def kind_of(sound: Sound, config: bytes) -> Kind:
    """Return how packets of a track are made.

    Args:
        sound: The track.
        config: What a decoder needs beforehand.

    Raises:
        UnsupportedMediaError: If nothing here makes them.
    """
    codec = sound.codec
    if codec in _KINDS:
        return _KINDS[codec]
    if codec in dolby.CODECS:
        return Kind(encoder=codec, decoder=codec, sample="fltp", frame=1536)
    if codec == "mp3":
        long = 1152 if _version(sound.rate) == 1 else 576
        return Kind(
            encoder="libmp3lame",
            decoder="mp3float",
            sample="fltp",
            frame=long,
            options=_LAME,
            turns_down=True,
        )
    if codec == "flac":
        return _flac(config)
    if codec == "alac":
        return _alac(config)
    told = f"{codec or 'unknown'} sound of {sound.channels} channels"
    raise UnsupportedMediaError(f"nothing here speaks over {told}", hint=HINT)


def manner(kind: Kind, sound: Sound, bit_rate: int, *, first: bytes = b"") -> Manner:
    """Return how words are to be encoded.

    Args:
        kind: Of the track.
        sound: The track.
        bit_rate: Of all its packets.
        first: One of them; nothing if it is not at hand yet.
    """
    options, bits = dict(kind.options), 0
    if kind.encoder in dolby.CODECS and first:
        old = dolby.head(first)
        bits = old.bits or old.size * 8 * sound.rate // kind.frame
        options["dialnorm"] = str(-old.level)
    elif kind.encoder == "libmp3lame":
        version = _version(sound.rate)
        most = min(max(bit_rate // 1000, 32), _BORROWED[version])
        bits = 1000 * max(one for one in BIT_RATES[version] if one <= most)
    elif kind.encoder == "mp2":
        bits = next((one for one in _LAYER_II if one >= bit_rate), _LAYER_II[-1])
        bits = max(bits, _LEAST * sound.channels)
    elif not kind.lossless and kind.encoder not in dolby.CODECS:
        bits = max(_LEAST * sound.channels, min(bit_rate, _MOST * sound.channels))
    return Manner(
        encoder=kind.encoder,
        rate=sound.rate,
        layout=sound.layout,
        sample=kind.sample,
        bit_rate=bits,
        options=options,
    )


def alike(codec: str, old: bytes, new: bytes) -> bool:
    """Compare the configurations of two decoders."""
    if codec == "opus":  # RFC 7845, 5.1: channels, output gain, mapping
        return old[9:10] + old[16:] == new[9:10] + bytes(2) + new[18:] and len(old) >= 19
    if codec == "alac":  # length of a frame, bits, numbers of the coder, channels
        return old[12:22] == new[12:22]
    if codec == "flac":  # blocks of one length, rate, channels, bits (RFC 9639, 8.2)
        one, two = _info(old), _info(new)
        return one[:4] == two[:4] and one[10:13] + one[13:14][:1] == two[10:13] + two[13:14][:1]
    if codec != "aac":
        return True  # every packet says it
    one_, two_ = (int.from_bytes(data[:2].ljust(2, b"\0"), "big") for data in (old, new))
    return one_ & 0xFFF8 == two_ & 0xFFF8  # 14496-3, 1.6.2.1: kind, rate, channels


def forgotten(sound: Sound, config: bytes) -> tuple[bytes, bytes]:
    """Return what a container says of FLAC's frames, and the same without what holds no more.

    That is the size of the smallest and of the largest frame, and the digest of all samples: where
    they are zeros, they are unknown (RFC 9639, 8.2). Of other codecs nothing is said.
    """
    old = _info(config)[:_INFO] if sound.codec == "flac" else b""
    return (old, old[:4] + bytes(6) + old[10:18] + bytes(16)) if len(old) == _INFO else (b"", b"")


def _version(rate: int) -> int:
    """Return the version of MPEG audio that has a rate."""
    return 1 if rate >= 32_000 else 2 if rate >= 16_000 else 25


def _flac(config: bytes) -> Kind:
    info = _info(config)
    least, most = (int.from_bytes(info[at : at + 2], "big") for at in (0, 2))
    bits = (int.from_bytes(info[12:14], "big") >> 4 & 31) + 1
    if least != most or not least or bits not in {16, 24}:
        raise UnsupportedMediaError(
            "nothing here speaks over FLAC of blocks that differ, or of other than 16 or 24 bits",
            hint=HINT,
        )
    options = {"frame_size": str(least)}
    if bits == 24:
        options["bits_per_raw_sample"] = "24"
    return Kind(
        encoder="flac",
        decoder="flac",
        sample="s16" if bits == 16 else "s32",
        frame=least,
        lossless=True,
        options=options,
    )


def _info(config: bytes) -> bytes:
    """Return what FLAC says of its samples: with or without the letters before it."""
    return config[8:] if config.startswith(b"fLaC") else config


def _alac(config: bytes) -> Kind:
    long, bits = int.from_bytes(config[12:16], "big"), config[17] if len(config) >= 36 else 0
    if bits not in {16, 24} or long != 4096:
        raise UnsupportedMediaError("its kind of Apple Lossless cannot be encoded here", hint=HINT)
    sample = "s16p" if bits == 16 else "s32p"
    return Kind(encoder="alac", decoder="alac", sample=sample, frame=long, lossless=True)
