"""Words of an earlier notice: whether they stand where kzmark puts them, and are as long."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from kzmark.formats._film import Span
from kzmark.formats._sound import Samples
from kzmark.mark import TONE, Mark
from kzmark.notices import lexicon, speech
from kzmark.notices.speech import Part
from kzmark.profile import Profile
from kzmark.report import Evidence, Status

Listen = Callable[[Sequence[Span]], Iterator[tuple[float, Samples]]]

_APART: Final = 0.02  # seconds by which an ear may be wrong
_DELAY: Final = 2_304  # samples that decoders put before a sound of which nothing tells them
_LEAD: Final = 0.1  # seconds of silence before a notice: less than there is
_REST: Final = 0.25  # the same behind it
_SILENT: Final = 3e-4  # of full scale: zero in A-law
_WHOLE: Final = 0.0005  # records say whole milliseconds


def is_first(found: Evidence, *, profile: Profile, mark: Mark, rate: int) -> bool:
    """Say whether words that are heard are the first of a sound, and as long as the record says.

    That record may be anybody's: only the recordings themselves say how long a notice is.

    Args:
        found: What `audio.find` heard of them.
        profile: The wordings that are known.
        mark: What the record says of them.
        rate: Samples a second of the sound.

    Raises:
        ProfileError: If a recording that the profile names cannot be played.
        BackendMissingError: If PyAV is not installed.
    """
    told, parts = mark.notice.seconds, _parts(profile, mark)
    if found.status is not Status.PRESENT or told is None or not parts:
        return False
    due = parts[0 if len(parts) == 1 else 1].start  # the signal before words is not listened for
    begins = float(found.facts["seconds"].rpartition("-")[0])  # which may be below 0
    late = begins - due
    as_long = abs(told[1] - speech.seconds(parts)) < _WHOLE and not told[0]
    return as_long and -_APART <= late <= _APART + _DELAY / rate


def is_between_silence(listen: Listen, seconds: float) -> bool:
    """Say whether a sound begins with silence, and there is silence where a notice ends.

    So it is as long as nobody cut anything off its start or put anything there, by however little:
    then what stands at one of the two places is another sound. It says less than a signature does.

    Args:
        listen: Gives what is heard.
        seconds: How long the notice is.

    Raises:
        MediaError: If the sound cannot be decoded.
    """
    spans = ((0.0, _LEAD), (seconds - _REST, seconds))
    return all(
        not samples.size or float(np.abs(samples).max()) <= _SILENT
        for span in spans
        for _, samples in listen([span])
    )


def _parts(profile: Profile, mark: Mark) -> tuple[Part, ...]:
    """Return the sounds of which a notice was put together; nothing if they are not at hand."""
    if mark.notice.voices == (TONE,):
        return speech.signal()
    wordings = lexicon.wordings(profile, mark)
    return speech.words(mark.notice.languages, wordings) if wordings else ()
