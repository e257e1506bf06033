"""Words over the first packets of a track: decoded, mixed, encoded again, joined to the rest.

What an encoder puts out first belongs to samples before the first; it is dropped, so that every new
packet holds the very samples of the one whose place it takes. Where the new ones meet the old ones,
half of a transform comes from either side; of some places the one is taken where that is heard
least.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.backend import load, reading
from kzmark.formats._audio.hear import floats
from kzmark.formats._audio.voice import Manner, coded
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Samples, Sound

FRAMES: Final = {"aac": 1024, "opus": 960}  # samples of a packet
HINT: Final = "give it sound of plain AAC first, or leave out --audible"
_ENCODERS: Final = {"aac": ("aac", "fltp"), "opus": ("libopus", "flt")}
_FASTER: Final = {"aac_coder": "fast", "aac_pns": "0"}  # noise in place of sound: no seam fits it
_LEAST: Final = 48_000  # bits a second of one channel
_MOST: Final = 160_000
_SEAMS: Final = 16  # places at which new packets may meet old ones
SPARE: Final = _SEAMS + 8  # packets behind the words that may be asked for
_WARM: Final = 8  # packets after which a decoder has forgotten that it began in the middle
_JUDGED: Final = 3  # packets behind a seam that are compared
_CHANNELS: Final = 7  # PyAV makes no planar frame of more
_LATEST: Final = 10  # seconds of a track before the first that is played


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The packets of a track.

    Attributes:
        sound: What it is.
        config: What a decoder needs beforehand.
        frame: Samples of a packet.
        count: How many packets there are.
        bit_rate: Of all of them, in bits a second.
        first: Samples that are decoded before the first that is played.
        read: Gives a packet.
    """

    sound: Sound
    config: bytes
    frame: int
    count: int
    bit_rate: int
    first: int
    read: Callable[[int], bytes]


def dubbed(track: Track, narration: Narration) -> list[bytes]:
    """Return the packets that take the place of as many at the start of a track.

    Raises:
        UnsupportedMediaError: If the track ends before the words do, or its packets hold another
            number of samples than they should.
        MalformedMediaError: If they cannot be decoded.
    """
    end = track.first + len(narration.words)
    least = -(-end // track.frame) + 1  # the last one holds nothing new: the next laps over it
    if least > track.count:
        raise UnsupportedMediaError("its sound ends before the words do")
    if track.first > _LATEST * track.sound.rate:
        raise UnsupportedMediaError("much of its sound lies before what is played")
    last = min(least + _SEAMS, track.count)
    old = [track.read(index) for index in range(min(last + _JUDGED, track.count))]
    plain = _decoded(track, old)
    mixed = plain.copy()
    mixed[track.first : end] = narration.over(plain[track.first : end])
    fresh = _encoded(track, mixed)
    if last == track.count:
        return fresh[:last]  # all of it: there is no seam
    return fresh[: _seam(track, old, fresh, plain, range(least, last))]


def _seam(
    track: Track, old: Sequence[bytes], fresh: Sequence[bytes], plain: Samples, places: range
) -> int:
    """Return how many packets to take, so that the join is heard least."""
    faults = {}
    for at in places:
        warm = min(_WARM, at)
        joined = [*fresh[at - warm : at], *old[at : at + _JUDGED]]
        heard = _decoded(track, joined)[warm * track.frame :]
        wanted = plain[at * track.frame :][: len(heard)]
        power = float(np.mean(wanted**2)) + 1e-10
        faults[at] = float(np.mean((heard - wanted) ** 2)) / power
    return min(faults, key=lambda at: faults[at])


def _decoded(track: Track, packets: Sequence[bytes]) -> Samples:
    av = load()
    with reading("sound"):
        decoder = av.CodecContext.create(track.sound.codec, "r")
        decoder.extradata = _without_skip(track)
        decoder.sample_rate = track.sound.rate
        decoder.layout = track.sound.layout
        parts = [_sole(track, decoder.decode(av.Packet(one))) for one in packets]
    return np.concatenate(parts)


def _without_skip(track: Track) -> bytes:
    """Return what a decoder needs that is to give all samples, also those before the first."""
    config = track.config
    return config[:10] + bytes(2) + config[12:] if track.sound.codec == "opus" else config


def _sole(track: Track, frames: Sequence[Any]) -> Samples:
    """Return the samples of a packet, which is decoded at once and into as many as it should."""
    found = [floats(frame) for frame in frames if frame.sample_rate == track.sound.rate]
    if [part.shape for part in found] != [(track.frame, track.sound.channels)]:
        raise UnsupportedMediaError(
            "the packets of its sound hold another number of samples than they say",
            hint=HINT,
        )
    return found[0]


def probe(sound: Sound, config: bytes) -> int:
    """Return the samples that come out of a decoder before the first that was encoded.

    Raises:
        UnsupportedMediaError: If nothing here encodes packets that a decoder of this track takes.
    """
    if sound.codec not in FRAMES or not _is_arranged(sound):
        told = f"{sound.codec or 'unknown'} sound of {sound.channels} channels"
        raise UnsupportedMediaError(f"nothing here speaks over {told}", hint=HINT)
    silence = np.zeros((FRAMES[sound.codec], sound.channels), np.float32)
    try:
        made = coded([silence], _manner(sound, 0))
    except UnsupportedMediaError as error:
        raise UnsupportedMediaError(error.message, hint=HINT) from error
    if made.frame != len(silence) or not _alike(sound.codec, config, made.extradata):
        raise UnsupportedMediaError(
            f"nothing here encodes sound of its kind of {sound.codec}: high efficiency, or "
            "channels in an order of their own",
            hint=HINT,
        )
    return made.delay


def _is_arranged(sound: Sound) -> bool:
    """Say whether the arrangement of channels is known, and of no more than PyAV frames."""
    try:
        found = load().AudioLayout(sound.layout).nb_channels
    except ValueError:
        return False
    return bool(found == sound.channels <= _CHANNELS)


def _encoded(track: Track, samples: Samples) -> list[bytes]:
    """Return packets for samples, the first of them for the first samples."""
    delay = probe(track.sound, track.config)
    lead = np.zeros((-delay % track.frame, track.sound.channels), np.float32)
    made = coded([lead, samples], _manner(track.sound, track.bit_rate))
    return list(made.packets[(delay + len(lead)) // track.frame :])


def _manner(sound: Sound, bit_rate: int) -> Manner:
    encoder, sample = _ENCODERS[sound.codec]
    return Manner(
        encoder=encoder,
        rate=sound.rate,
        layout=sound.layout,
        sample=sample,
        bit_rate=max(_LEAST * sound.channels, min(bit_rate, _MOST * sound.channels)),
        options=_FASTER if encoder == "aac" else {},
    )


def _alike(codec: str, old: bytes, new: bytes) -> bool:
    """Compare the configurations of two decoders."""
    if codec == "opus":  # RFC 7845, 5.1: channels, output gain, mapping
        return old[9:10] + old[16:] == new[9:10] + bytes(2) + new[18:] and len(old) >= 19
    one, two = (int.from_bytes(data[:2].ljust(2, b"\0"), "big") for data in (old, new))
    return one & 0xFFF8 == two & 0xFFF8  # 14496-3, 1.6.2.1: kind, rate, channels
