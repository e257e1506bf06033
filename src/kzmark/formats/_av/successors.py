"""Which codec takes the place of one whose packets cannot be joined: the same where it can be.

What nothing here encodes becomes what the container takes and most players play: lossless sound
stays lossless, and the bit rate is that of the old sound or one at which the new codec is as good.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.voice import Manner, encoder_for
from kzmark.formats._sound import Sound

_SAME: Final = {  # codec → its encoder
    "aac": "aac",
    "mp3": "libmp3lame",
    "mp2": "mp2",
    "ac3": "ac3",
    "eac3": "eac3",
    "opus": "libopus",
    "flac": "flac",
    "alac": "alac",
}
_LOSSLESS: Final = frozenset(
    {"flac", "alac", "truehd", "mlp", "wavpack", "tta", "als", "shorten", "tak", "ape"}
)
_SPEECH_AND_MUSIC: Final = frozenset({"vorbis", "speex"})  # what Opus was made to succeed
TAKEN: Final = {  # muxer → encoders whose packets it takes, the best known to players first
    "mp4": ("aac", "libopus", "flac", "alac", "ac3", "eac3", "libmp3lame", "mp2"),
    "ipod": ("aac", "alac"),
    "mov": ("aac", "alac", "ac3", "eac3", "libmp3lame"),
    "matroska": ("aac", "libopus", "flac", "alac", "ac3", "eac3", "libmp3lame", "mp2"),
    "webm": ("libopus",),
    "avi": ("libmp3lame", "mp2", "ac3"),
}
_SAMPLES: Final = {"libopus": "flt", "mp2": "s16"}
_RATES: Final = {
    "libopus": (48_000,),  # to which decoders bring every other one
    "mp2": (16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "ac3": (32_000, 44_100, 48_000),
    "eac3": (32_000, 44_100, 48_000),
    "libmp3lame": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "aac": (
        *(7_350, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000),
        *(32_000, 44_100, 48_000, 64_000, 88_200, 96_000),
    ),
}
_BITS: Final = {"aac": (80, 160), "libopus": (64, 128)}  # kb/s of a channel: least, most
_TABLES: Final = {  # kb/s that there are, of one channel and of more
    "mp2": ((64, 96, 128, 160, 192), (128, 160, 192, 224, 256, 320, 384)),
    "libmp3lame": ((64, 96, 128, 160), (128, 160, 192, 224, 256, 320)),
    "ac3": ((96, 128, 192), (192, 224, 256, 320, 384, 448)),
    "eac3": ((96, 128, 192), (192, 224, 256, 320, 384, 448)),
}
_LOW: Final = {"mp2": (160, 160), "libmp3lame": (64, 160)}  # kb/s at most below 32 kHz
_SURROUND: Final = 640  # kb/s of AC-3 of more than two channels
_HALF_RATE: Final = 32_000  # samples a second below which tables are shorter
_LAYOUTS: Final = ("", "mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")
_WHOLE: Final = {"flac": ("s16", "s32"), "alac": ("s16p", "s32p")}


def successor(sound: Sound, bit_rate: int, muxer: str, *, fine: bool) -> Manner:
    """Return how a track is encoded again.

    Args:
        sound: The track.
        bit_rate: Of the track, in bits a second; 0 if unknown.
        muxer: Of the container: a key of `TAKEN`.
        fine: Whether samples have more than 16 bits.

    Raises:
        UnsupportedMediaError: If nothing here encodes sound that the container takes.
    """
    for encoder in _preferred(sound, muxer):
        plain = _LAYOUTS[min(sound.channels, 8)]
        beside = encoder == "aac" and sound.layout == f"{plain}(side)"
        for layout in (plain,) if beside else dict.fromkeys((sound.layout, plain)):
            manner = _manner(encoder, sound, layout, bit_rate, fine=fine)
            if muxer == "avi" and encoder == "libmp3lame":  # its first packet is left out
                manner = replace(manner, options={"reservoir": "0"})
            try:
                encoder_for(manner)
            except UnsupportedMediaError:
                continue
            return manner
    raise UnsupportedMediaError(
        f"nothing here encodes {sound.codec or 'unknown'} sound of {sound.channels} channels "
        "again as what its container takes",
        hint="give it sound of plain AAC first, or leave out --audible",
    )


def _preferred(sound: Sound, muxer: str) -> Iterator[str]:
    """Yield encoders, the best first."""
    taken = TAKEN[muxer]
    wished = [_SAME.get(sound.codec, "")]
    if sound.codec in _LOSSLESS or sound.codec.startswith("pcm_"):
        wished += ["flac", "alac"]
    elif sound.codec in _SPEECH_AND_MUSIC:
        wished += ["libopus"]
    elif sound.codec == "dca":
        wished += ["ac3"] if sound.channels <= 6 else []
    yield from dict.fromkeys(one for one in (*wished, *taken) if one in taken)


def _manner(encoder: str, sound: Sound, layout: str, bit_rate: int, *, fine: bool) -> Manner:
    sample = _SAMPLES.get(encoder, "fltp")
    options: dict[str, str] = {}
    if encoder in _WHOLE:
        sample = _WHOLE[encoder][fine]
        options = {"bits_per_raw_sample": "24"} if fine else {}
    elif encoder == "aac":
        options = {"aac_coder": "fast"}
    rate = rate_for(encoder, sound.rate)
    return Manner(
        encoder=encoder,
        rate=rate,
        layout=layout,
        sample=sample,
        bit_rate=_bits(encoder, sound.channels, rate, bit_rate),
        options=options,
    )


def rate_for(encoder: str, rate: int) -> int:
    """Return the lowest rate that keeps all that is heard, or the highest that there is."""
    known = _RATES.get(encoder, (rate,))
    return next((one for one in known if one >= rate), known[-1])


def _bits(encoder: str, channels: int, rate: int, bit_rate: int) -> int:
    if encoder in _BITS:
        least, most = (1000 * channels * one for one in _BITS[encoder])
        return max(least, min(bit_rate, most))
    if encoder not in _TABLES:
        return 0
    table = _TABLES[encoder][channels > 1]
    if channels > 2 and encoder in {"ac3", "eac3"}:
        return 1000 * _SURROUND
    if rate < _HALF_RATE:
        most = _LOW.get(encoder, (table[-1],) * 2)[channels > 1]
        table = tuple(one for one in table if one <= most)
    usual = table[(len(table) - 1) // 2]
    wanted = bit_rate / 1000 or usual
    return 1000 * next((one for one in table if one >= wanted), table[-1])
