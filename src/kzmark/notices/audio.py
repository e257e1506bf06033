"""The notice of sound: spoken before the content, and found by ear."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from kzmark._limits import Limits
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._film import Span
from kzmark.formats._sound import Samples, Sound
from kzmark.mark import TONE, Mark, NoticeRecord
from kzmark.notices import audition, channels, ears, programme, speech
from kzmark.notices.limiter import DEEPEST, limited
from kzmark.notices.loudness import Meter, true_peak
from kzmark.notices.rates import resampled
from kzmark.notices.style import NoticeStyle
from kzmark.profile import AudioRules, Profile
from kzmark.report import Evidence
from kzmark.vocabulary import Audible

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]

_TURNS: Final = 8  # times that what limiting takes from the loudness is given back
_SPARE: Final = 0.4  # LU above the least loudness: codecs and clocks take their part


def record(style: NoticeStyle, sound: Sound) -> NoticeRecord:
    """Return what the mark says of the notice of a sound file.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of its texts, or the sound has too few
            samples a second for words.
        ProfileError: If a recording cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    if sound.rate < ears.LOWEST:
        raise PolicyUnsatisfiableError(
            f"a sound of {sound.rate} samples a second cannot carry words",
            hint=f"bring it to {ears.LOWEST} or more",
        )
    digests = tuple(one.voice.digest if one.voice else "" for one in style.wordings)
    return NoticeRecord(
        languages=style.languages,
        texts=tuple(wording.full for wording in style.wordings),
        seconds=(0.0, speech.seconds(speech.parts(style))),
        voices=(TONE,) if style.audible is Audible.TONE else digests if any(digests) else (),
    )


def notes(style: NoticeStyle) -> tuple[str, ...]:
    """Return what whoever stamps should know of this notice, as stable codes."""
    return ("notice.tone-only",) if style.audible is Audible.TONE else ()


def hint(style: NoticeStyle, mark: Mark) -> str:
    """Return whom to blame, where a notice that is not heard is spoken by somebody's recordings."""
    own = {one.voice.digest: one.voice.name for one in style.wordings if one.voice}
    named = [own[digest] for digest in mark.notice.voices if digest in own]
    return f"listen to {' and '.join(named)}: it must be speech, loud and clear" if named else ""


def voice(style: NoticeStyle, sound: Sound, listen: Listen) -> Samples:
    """Return the spoken notice, as loud as what follows, at the rate and channels of the sound.

    Args:
        style: What it says.
        sound: What it goes before.
        listen: Gives what is heard of that.

    Raises:
        PolicyUnsatisfiableError: If nobody has recorded one of its texts.
        ProfileError: If a recording cannot be played.
        MediaError: If the sound cannot be decoded.
        BackendMissingError: If PyAV is not installed.
    """
    rules = style.profile.audio
    said = resampled(speech.whole(speech.parts(style)), speech.RATE, sound.rate)
    followed = programme.loudness(listen, sound, channels.weights(sound), start=0.0)
    return channels.spread(_as_loud(said, sound, programme.aim(followed, rules), rules), sound)


def _as_loud(said: speech.Wave, sound: Sound, wanted: float, rules: AudioRules) -> speech.Wave:
    """Return the notice at a loudness, as near to it as its peaks allow.

    The highest peak is turned down by six decibels at most, by more only where the notice would
    miss the loudness that the profile asks for.
    """
    least = wanted - rules.loudness_tolerance + _SPARE
    most = rules.true_peak + DEEPEST - true_peak(said)
    gain = min(wanted - _loudness(said, sound), most)
    for _ in range(_TURNS):
        louder = limited(said * np.float32(10 ** (gain / 20)), sound.rate, rules.true_peak)
        reached = _loudness(louder, sound)
        missing = (wanted if gain < most else least) - reached
        if missing < _SPARE / 4:
            break
        gain = gain + missing if gain >= most else min(gain + missing, most)
    return louder


def _loudness(said: speech.Wave, sound: Sound) -> float:
    """Return the loudness of one wave on all channels that speak, in LUFS."""
    meter = Meter(sound.rate, [channels.sum_of_speaking(sound)])
    meter.hear(said[:, None])
    return meter.loudness


def samples(seconds: float, rate: int) -> int:
    """Return how many samples a notice of a length has, as `voice` gives them."""
    return -(-round(seconds * speech.RATE) * rate // speech.RATE)


def find(
    listen: Listen, sound: Sound, *, profile: Profile, mark: Mark | None, limits: Limits
) -> Evidence:
    """Listen for the notice, and judge whether a person hears it.

    Args:
        listen: Gives what is heard.
        sound: Its rate, channels and length.
        profile: Words and numbers that it is judged by.
        mark: What the record says, if there is one.
        limits: Its cost is bounded by how much of a file is listened to.

    Returns:
        `PRESENT` if every language is heard whole, in its order, before the content, as loud as it
        and not drowned; `BROKEN` if it is there but hindered; `ABSENT` if it is not heard;
        `UNCHECKED` if it is spoken by a recording that is not at hand.

    Raises:
        MediaError: If the sound cannot be decoded.
        BackendMissingError: If PyAV is not installed.
    """
    del limits
    return audition.judged(listen, sound, profile=profile, mark=mark)
