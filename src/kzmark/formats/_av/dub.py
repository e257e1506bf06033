"""Words over the first packets of a track: decoded, mixed, encoded again, joined to the rest.

What an encoder puts out first belongs to samples before the first; it is dropped, so that every new
packet holds the very samples of the one whose place it takes. Where the new ones meet the old ones,
half of a transform comes from either side; of some places the one is taken where that is heard
least. Packets of lossless codecs stand alone: there is no seam.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._audio.backend import load, reading
from kzmark.formats._audio.hear import floats
from kzmark.formats._audio.voice import coded
from kzmark.formats._av import dolby
from kzmark.formats._av.kinds import HINT, Kind, alike, kind_of, manner
from kzmark.formats._av.reservoir import bridged
from kzmark.formats._narration import Narration
from kzmark.formats._sound import Samples, Sound

_SEAMS: Final = 16  # places at which new packets may meet old ones
SPARE: Final = _SEAMS + 8  # packets behind the words that may be asked for
_SILENT: Final = 1e-3  # power of samples that tell nothing of a gain, all added up
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
        kind: How its packets are made.
        count: How many packets there are.
        bit_rate: Of all of them, in bits a second.
        first: Samples that are decoded before the first that is played.
        read: Gives a packet.
    """

    sound: Sound
    config: bytes
    kind: Kind
    count: int
    bit_rate: int
    first: int
    read: Callable[[int], bytes]

    @property
    def frame(self) -> int:
        """Samples of a packet."""
        return self.kind.frame


def dubbed(track: Track, narration: Narration) -> list[bytes]:
    """Return the packets that take the place of as many at the start of a track.

    Raises:
        UnsupportedMediaError: If the track ends before the words do, or its packets hold another
            number of samples than they should.
        MalformedMediaError: If they cannot be decoded.
    """
    end = track.first + len(narration.words)
    lapped = not track.kind.lossless  # then the last one holds nothing new: the next laps over it
    least = -(-end // track.frame) + lapped
    if least > track.count:
        raise UnsupportedMediaError("its sound ends before the words do")
    if track.first > _LATEST * track.sound.rate:
        raise UnsupportedMediaError("much of its sound lies before what is played")
    last = min(least + _SEAMS * lapped, track.count)
    old = [track.read(index) for index in range(min(last + _JUDGED, track.count))]
    plain = _decoded(track, old)
    mixed = plain.copy()
    mixed[track.first : end] = narration.over(plain[track.first : end])
    fresh = _encoded(track, mixed, old[0])
    if track.kind.turns_down:
        fresh = _encoded(track, mixed / _gain(_decoded(track, fresh), mixed), old[0])
    if last == track.count or track.kind.lossless:
        return fresh[:last]  # there is no seam
    return _joined(track, old, fresh, _seam(track, old, fresh, plain, range(least, last)))


def _gain(heard: Samples, wanted: Samples) -> np.float32:
    """Return by what samples were multiplied on their way through a codec."""
    both = wanted[: len(heard)]
    power = float(np.vdot(both, both))
    return np.float32(np.vdot(both, heard[: len(both)]) / power if power > _SILENT else 1)


def _seam(
    track: Track, old: Sequence[bytes], fresh: Sequence[bytes], plain: Samples, places: range
) -> int:
    """Return how many packets to take, so that the join is heard least."""
    faults = {}
    for at in places:
        warm = min(_WARM, at)
        joined = [*_joined(track, old, fresh, at)[-warm:], *old[at : at + _JUDGED]]
        heard = _decoded(track, joined)[warm * track.frame :]
        wanted = plain[at * track.frame :][: len(heard)]
        power = float(np.mean(wanted**2)) + 1e-10
        faults[at] = float(np.mean((heard - wanted) ** 2)) / power
    return min(faults, key=lambda at: faults[at])


def _joined(track: Track, old: Sequence[bytes], fresh: Sequence[bytes], count: int) -> list[bytes]:
    """Return so many new packets, behind which old ones can stand."""
    found = list(fresh[:count])
    if track.sound.codec == "mp3":
        found[-1] = bridged(found[-1], old[:count])
    return found


def _decoded(track: Track, packets: Sequence[bytes]) -> Samples:
    av = load()
    with reading("sound"):
        decoder = av.CodecContext.create(track.kind.decoder, "r")
        decoder.extradata = _without_skip(track)
        decoder.sample_rate = track.sound.rate
        if track.sound.layout:
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


def probe(sound: Sound, config: bytes) -> Kind:
    """Return how packets of a track are made.

    Raises:
        UnsupportedMediaError: If nothing here encodes packets that a decoder of this track takes.
    """
    kind = kind_of(sound, config)
    if not _is_arranged(sound):
        told = f"{sound.codec or 'unknown'} sound of {sound.channels} channels"
        raise UnsupportedMediaError(f"nothing here speaks over {told}", hint=HINT)
    _delay(sound, config, kind)
    return kind


def _delay(sound: Sound, config: bytes, kind: Kind, first: bytes = b"") -> int:
    """Return the samples that come out of a decoder before the first that was encoded."""
    silence = np.zeros((kind.frame, sound.channels), np.float32)
    try:
        made = coded([silence], manner(kind, sound, 0, first=first))
    except UnsupportedMediaError as error:
        raise UnsupportedMediaError(error.message, hint=HINT) from error
    heads = (
        [dolby.head(one) for one in (first, made.packets[0])] if first and _is_dolby(kind) else []
    )
    same = not heads or dolby.fits(*heads)
    if made.frame != len(silence) or not alike(sound.codec, config, made.extradata) or not same:
        raise UnsupportedMediaError(
            f"nothing here encodes sound of its kind of {sound.codec}: high efficiency, or "
            "channels in an order of their own",
            hint=HINT,
        )
    return made.delay


def _is_dolby(kind: Kind) -> bool:
    return kind.encoder in dolby.CODECS


def _is_arranged(sound: Sound) -> bool:
    """Say whether the arrangement of channels is known, and of no more than PyAV frames."""
    try:
        found = load().AudioLayout(sound.layout).nb_channels
    except ValueError:
        return False
    return bool(found == sound.channels <= _CHANNELS)


def _encoded(track: Track, samples: Samples, first: bytes) -> list[bytes]:
    """Return packets for samples, the first of them for the first samples."""
    delay = _delay(track.sound, track.config, track.kind, first)
    lead = np.zeros((-delay % track.frame, track.sound.channels), np.float32)
    told = manner(track.kind, track.sound, track.bit_rate, first=first)
    made = coded([lead, samples], told)
    return list(made.packets[(delay + len(lead)) // track.frame :])
