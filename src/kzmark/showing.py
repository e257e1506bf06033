"""The notice put into a file: shown in what a person sees, spoken in what a person hears."""

from collections.abc import Sequence
from functools import partial
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter, Draws, Paints
from kzmark.formats._complete import Completes
from kzmark.formats._film import Film, Films, Progress
from kzmark.formats._narration import Listen, Narrates, Narration, Overhears
from kzmark.formats._sound import Sound, Sounds
from kzmark.formats._text import Impresses, Inscribes
from kzmark.mark import Mark
from kzmark.notices import audio, narration
from kzmark.notices.style import NoticeStyle
from kzmark.plan import Plan


def show(  # noqa: PLR0911 - one way out for each kind of format
    adapter: Adapter,
    source: BinaryIO,
    target: BinaryIO,
    plan: Plan,
    *,
    limits: Limits,
    progress: Progress | None = None,
) -> Sequence[str]:
    """Copy a file with its notice; return notes on what else changed.

    Raises:
        MediaError: If it breaks the rules of its format.
    """
    if offers(adapter, Impresses):
        return adapter.impress(source, target, plan.inscription, plan.mark, limits=limits)
    if offers(adapter, Inscribes):
        return adapter.inscribe(source, target, plan.inscription, limits=limits)
    if offers(adapter, Films):
        return adapter.burn(
            source, target, plan.patch, plan.spans, limits=limits, progress=progress
        )
    if offers(adapter, Sounds):
        sound = adapter.sound(source, limits=limits)
        listen = partial(adapter.listen, source, limits=limits)
        voice = audio.voice(plan.style, sound, listen)
        notes = adapter.speak(source, target, voice, limits=limits)
        return [*notes, *audio.notes(plan.style)]
    if offers(adapter, Draws):
        return adapter.draw(source, target, plan.drawing, limits=limits)
    if offers(adapter, Completes):
        return adapter.complete(source, target, plan.patch, plan.mark, limits=limits)
    assert offers(adapter, Paints)  # the plan refused anything else
    return adapter.paint(source, target, plan.patch, limits=limits)


def narrate(
    adapter: Adapter, source: BinaryIO, target: BinaryIO, plan: Plan, *, limits: Limits
) -> Sequence[str]:
    """Copy a film with its notice spoken over the start of its sound; return notes.

    Raises:
        MediaError: If its sound breaks the rules of its format.
        PolicyUnsatisfiableError: If the words cannot be understood over it.
    """
    assert offers(adapter, Narrates)  # `soundtracks` refused anything else

    def narration_for(sound: Sound, listen: Listen) -> Narration:
        return narration.narration(plan.style, sound, listen)

    return adapter.narrate(source, target, narration_for, limits=limits)


def soundtracks(
    adapter: Adapter,
    source: BinaryIO,
    film: Film | Sound | None,
    style: NoticeStyle,
    *,
    limits: Limits,
) -> Sequence[Sound]:
    """Return the tracks of a film over which its notice is to be spoken: none, unless asked for.

    Raises:
        PolicyUnsatisfiableError: If nothing here can speak over films of this format.
        MediaError: If nothing here can speak over this one.
    """
    if style.audible is None or not isinstance(film, Film):
        return ()
    if not any(track.kind == "audio" for track in film.tracks):
        return ()
    if not offers(adapter, Narrates):
        raise PolicyUnsatisfiableError(
            f"nothing here speaks over the sound of {adapter.info.title} yet",
            hint="leave out --audible, or make an MP4 of it first",
        )
    adapter.admit(source, limits=limits)
    return adapter.soundtracks(source, limits=limits)


def is_silent(
    adapter: Adapter, source: BinaryIO, mark: Mark, style: NoticeStyle, *, limits: Limits
) -> bool:
    """Say whether words are asked for that a film's mark does not know of, and it has sound."""
    if style.audible is None or mark.notice.heard is not None:
        return False
    return offers(adapter, Overhears) and bool(adapter.soundtracks(source, limits=limits))
