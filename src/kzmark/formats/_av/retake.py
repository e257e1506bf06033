"""A whole track of sound recorded anew: decoded, words laid over its start, encoded again.

So it is done where new packets cannot stand among old ones. The track goes through, a frame at a
time, into a file of its own of the same container, from which the adapters take its packets.
Where packets are missing there is silence, so that nothing behind them moves in time.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

import numpy as np

from kzmark._rope import Rope
from kzmark._temporary import scratch
from kzmark.errors import LimitExceededError, UnsupportedMediaError
from kzmark.formats._audio.backend import opened
from kzmark.formats._audio.facts import RATES, check
from kzmark.formats._audio.voice import ENCODED_AGAIN, Manner
from kzmark.formats._av import dolby
from kzmark.formats._av.backend import settle
from kzmark.formats._av.recorder import record
from kzmark.formats._av.successors import successor
from kzmark.formats._av.unison import Unison
from kzmark.formats._film import Span
from kzmark.formats._narration import Listen, Narration, NarrationFor
from kzmark.formats._sound import Samples, Sound

KIND: Final = "sound-kind-not-joined"
TIMES: Final = "sound-cut-or-late"
PACKETS: Final = "sound-packed-unevenly"
_NAMES: Final = {"libopus": "opus", "libmp3lame": "mp3"}
_PLAINER: Final = frozenset({"aac", "flac", "alac"})  # of low complexity, of 24 bits at most
_DELAY: Final = 1.0  # seconds by which sound may begin late; else there is silence before it
_LOOSE: Final = 0.06  # seconds by which frames may be from where they are due
_SILENCE: Final = 600.0  # seconds of silence that are filled in at most
_STEP: Final = 1 << 14  # samples of silence at a time
_LAYER, _LAYER_II = 6, 4  # of the second byte of a frame of MPEG audio
_FINE: Final = ("s32", "flt", "dbl", "s64")

Check = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retake:
    """A track of sound that was encoded again.

    Attributes:
        file: It alone, in a file.
        begin: When its first sample is heard, in seconds of the film.
        seconds: How long it plays.
        manner: How it was encoded.
        sizes: Bytes of each packet.
        notes: What was done, and why, as stable codes.
    """

    file: Rope
    begin: float
    seconds: float
    manner: Manner
    sizes: Sequence[int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The track that is encoded again.

    Attributes:
        source: The film.
        demuxer: Of libav, for its container.
        number: Place of the track among those that can be decoded.
        sound: What it is.
    """

    source: Rope
    demuxer: str
    number: int
    sound: Sound

    def manner(self, muxer: str) -> Manner:
        """Return how it is encoded again.

        Raises:
            UnsupportedMediaError: If nothing here can.
        """
        with opened(self.source, self.demuxer, track=self.number) as (file, stream):
            context = stream.codec_context
            check(context)
            fine = context.format is not None and context.format.name.startswith(_FINE)
            found = successor(self.sound, context.bit_rate or 0, muxer, fine=fine)
            if found.encoder not in dolby.CODECS or self.sound.codec not in dolby.CODECS:
                return found
            first = next((bytes(one) for one in file.demux(stream) if one.size), b"")
        with contextlib.suppress(UnsupportedMediaError):  # then as loud as the encoder says
            told = {"dialnorm": str(-dolby.head(first).level)}
            found = replace(found, options={**found.options, **told})
        return found


def hindrance(*checks: tuple[str, Check]) -> str:
    """Return the code of the first check that says why packets cannot be joined, or nothing."""
    for code, one in checks:
        try:
            one()
        except UnsupportedMediaError:
            return code
    return ""


def retake(
    track: Original, narration_for: NarrationFor, listen: Listen, *, muxer: str, reason: str
) -> Retake:
    """Record a track anew, with words over its start.

    Args:
        track: The track.
        narration_for: Gives the words.
        listen: Gives what is heard of the track.
        muxer: Of libav, for the container.
        reason: Code that tells why its packets cannot be joined.

    Raises:
        UnsupportedMediaError: If nothing here encodes it, or it ends before the words do.
        LimitExceededError: If much of it is missing.
        MalformedMediaError: If it cannot be decoded.
    """
    with opened(track.source, track.demuxer, track=track.number) as (file, stream):
        begin = _begin(_frames(file, stream, track))
    sound, late = track.sound, begin
    if begin > _DELAY:  # then the words are heard over silence, from the start of the film
        sound, listen = replace(sound, seconds=sound.seconds + late), _later(listen, late)
        begin = 0.0
    narration = narration_for(sound, listen)
    with opened(track.source, track.demuxer, track=track.number) as (file, stream):
        parts = _mixed(_filled(_frames(file, stream, track), begin, sound), narration)
        return _recorded(track, parts, begin, muxer=muxer, reason=reason)


def prefaced(track: Original, words: Samples, *, muxer: str, reason: str) -> Retake:
    """Record a track anew, with words before all of it.

    Args:
        track: The track.
        words: At its rate and with its channels.
        muxer: Of libav, for the container.
        reason: Code that tells why they cannot be joined to its packets.

    Raises:
        UnsupportedMediaError: If nothing here encodes it.
        LimitExceededError: If much of it is missing.
        MalformedMediaError: If it cannot be decoded.
    """
    with opened(track.source, track.demuxer, track=track.number) as (file, stream):
        begin = _begin(_frames(file, stream, track))
    with opened(track.source, track.demuxer, track=track.number) as (file, stream):
        heard = _filled(_frames(file, stream, track), begin, track.sound)
        return _recorded(track, chain([words], heard), 0.0, muxer=muxer, reason=reason)


def _recorded(
    track: Original, parts: Iterable[Samples], begin: float, *, muxer: str, reason: str
) -> Retake:
    manner, sound, was = track.manner(muxer), track.sound, _codec(track)
    reason = reason if was == sound.codec else KIND  # joining took it for what it is not
    with scratch() as storage:
        count, sizes = record(parts, manner, storage, muxer, sound)
        made = Rope.over(storage)
    settle()
    codec = _NAMES.get(manner.encoder, manner.encoder)
    is_other = codec != was or (codec in _PLAINER and reason == KIND)
    now = (f"sound-now-{codec}",) if is_other else ()
    return Retake(
        file=made,
        begin=begin,
        seconds=count / manner.rate,
        manner=manner,
        sizes=sizes,
        notes=(ENCODED_AGAIN, reason, *now),
    )


def _codec(track: Original) -> str:
    """Return the codec of a track: libav calls Layer II in an MP4 what the index calls it, MP3."""
    if track.sound.codec == "mp3":
        with opened(track.source, track.demuxer, track=track.number) as (file, stream):
            head = next((bytes(one)[:2] for one in file.demux(stream) if one.size), b"")
            if head[:1] == b"\xff" and head[1:] and head[1] & _LAYER == _LAYER_II:
                return "mp2"
    return track.sound.codec


def _begin(frames: Iterator[tuple[float, Samples]]) -> float:
    """Return when the first sample is heard."""
    first = next(frames, None)
    if first is None:
        raise UnsupportedMediaError("none of its sound can be decoded")
    if not first[0] < _SILENCE:
        raise LimitExceededError(f"its sound begins after {first[0]:.0f} s")
    return max(0.0, first[0])


def _later(listen: Listen, late: float) -> Listen:
    """Return the same heard so much later."""

    def heard(spans: Sequence[Span]) -> Iterator[tuple[float, Samples]]:
        asked = [(max(0.0, start - late), stop - late) for start, stop in spans if stop > late]
        for time, samples in listen(asked):
            yield time + late, samples

    return heard


def _frames(file: Any, stream: Any, track: Original) -> Iterator[tuple[float, Samples]]:
    """Yield what frames hold, and when they are due; without a time, right behind the last.

    AVI counts chunks or bytes, which says little of when a frame of variable length is due.
    """
    behind, unison = 0.0, Unison(track.sound)
    for number, frame in enumerate(file.decode(stream)):
        if not frame.samples or not RATES[0] <= frame.sample_rate <= RATES[1]:
            continue  # nobody's sound
        untold = frame.pts is None or (number and track.demuxer == "avi")
        time = behind if untold else float(frame.time)
        behind = time + frame.samples / frame.sample_rate
        yield time, unison.samples(frame)


def _filled(
    frames: Iterator[tuple[float, Samples]], begin: float, sound: Sound
) -> Iterator[Samples]:
    """Yield samples that follow one another: silence where some are missing, none twice."""
    count = silent = 0
    for number, (time, samples) in enumerate(frames):
        gap = round((time - begin) * sound.rate) - count
        if number and abs(gap) <= _LOOSE * sound.rate:
            gap = 0
        silent += max(0, gap)
        if silent > _SILENCE * sound.rate:
            raise LimitExceededError(f"more than {_SILENCE:.0f} s of its sound are missing")
        for at in range(0, gap, _STEP):
            yield np.zeros((min(_STEP, gap - at), sound.channels), np.float32)
        kept = samples[max(0, -gap) :]
        count += max(0, gap) + len(kept)
        if len(kept):
            yield kept


def _mixed(parts: Iterator[Samples], narration: Narration) -> Iterator[Samples]:
    """Yield samples with words over the first of them."""
    wanted, first = len(narration.words), []
    have = 0
    while have < wanted and (part := next(parts, None)) is not None:
        first.append(part)
        have += len(part)
    if have < wanted:
        raise UnsupportedMediaError("its sound ends before the words do")
    start = np.concatenate(first)
    first.clear()
    for at in range(0, wanted, _STEP):
        until = min(at + _STEP, wanted)
        piece = Narration(words=narration.words[at:until], gain=narration.gain[at:until])
        yield piece.over(start[at:until])
    if have > wanted:
        yield start[wanted:]
    yield from parts
