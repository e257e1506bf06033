"""The notice put into a file: shown in what a person sees, spoken in what a person hears."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from kzmark._limits import Limits
from kzmark._rope import Rope
from kzmark.errors import MediaError, PolicyUnsatisfiableError
from kzmark.formats._ability import offers
from kzmark.formats._base import Adapter, Draws, Paints
from kzmark.formats._complete import Completes
from kzmark.formats._film import Film, Films, Progress
from kzmark.formats._narration import Listen, Narrates, Narration, Overhears
from kzmark.formats._sound import Sound, Sounds, Unsays
from kzmark.formats._text import Impresses, Inscribes
from kzmark.mark import Mark
from kzmark.notices import audio, narration
from kzmark.notices.style import NoticeStyle
from kzmark.plan import Plan, Step
from kzmark.report import Evidence, Status


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
        source, taken = _unsaid(adapter, source, plan, limits)
        sound = adapter.sound(source, limits=limits)
        listen = partial(adapter.listen, source, limits=limits)
        voice = audio.voice(plan.style, sound, listen)
        notes = adapter.speak(source, target, voice, limits=limits)
        return [*taken, *notes, *audio.notes(plan.style)]
    if offers(adapter, Draws):
        return adapter.draw(source, target, plan.drawing, limits=limits)
    if offers(adapter, Completes):
        return adapter.complete(source, target, plan.patch, plan.mark, limits=limits)
    assert offers(adapter, Paints)  # the plan refused anything else
    return adapter.paint(source, target, plan.patch, limits=limits)


def _unsaid(
    adapter: Sounds, source: BinaryIO, plan: Plan, limits: Limits
) -> tuple[BinaryIO, Sequence[str]]:
    """Return a sound without the words of an earlier notice, and notes."""
    if not plan.unsaid:
        return source, ()
    if offers(adapter, Unsays):
        rate = adapter.sound(source, limits=limits).rate
        target = Rope()
        with contextlib.suppress(MediaError):
            notes = adapter.unsay(source, target, audio.samples(plan.unsaid, rate), limits=limits)
            return Rope.over(target), notes
    return source, ("earlier-words-kept",)


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


def spoken_once(
    adapter: Adapter, source: BinaryIO, plan: Plan, evidence: Sequence[Evidence], *, limits: Limits
) -> Plan:
    """Return a plan that does not speak what an earlier stamping spoke, and is still heard.

    Other words of an earlier notice are to be cut out first.

    Args:
        adapter: That of the format.
        source: The file.
        plan: What is to be done to it.
        evidence: What its layers hold.
        limits: What listening may cost.

    Raises:
        MediaError: If its sound breaks the rules of its format.
    """
    notice = plan.mark.notice
    said = [piece.mark.notice for piece in evidence if piece.mark is not None]
    profile, mark = plan.style.profile, plan.mark
    if offers(adapter, Sounds):
        marks = [piece.mark for piece in evidence if piece.mark is not None]
        asked = mark if notice in said else next(iter(marks), None)
        if asked is None:
            return plan
        sound = adapter.sound(source, limits=limits)
        listen = partial(adapter.listen, source, limits=limits)
        found = audio.find(listen, sound, profile=profile, mark=asked, limits=limits)
        if asked is mark:
            return _without(plan, Step.NOTICE, [found])
        spoken = asked.notice.seconds if found.status is Status.PRESENT else None
        return replace(plan, unsaid=spoken[1]) if spoken else plan
    same = [
        one
        for one in said
        if (one.heard, one.languages, one.voices) == (notice.heard, notice.languages, notice.voices)
    ]
    if Step.VOICE in plan.steps and offers(adapter, Overhears) and same:
        heard = []
        for track, sound in enumerate(adapter.soundtracks(source, limits=limits)):
            listen = partial(adapter.overhear, source, track, limits=limits)
            found = narration.find(listen, sound, profile=profile, mark=mark, limits=limits)
            heard.append(found)
        return _without(plan, Step.VOICE, heard)
    return plan


def _without(plan: Plan, step: Step, heard: Sequence[Evidence]) -> Plan:
    if any(one.status is not Status.PRESENT for one in heard):
        return plan
    steps = tuple(one for one in plan.steps if one is not step)
    notes = (*plan.notes, *(audio.notes(plan.style) if step is Step.NOTICE else ()))
    return replace(plan, steps=steps, notes=notes)


def is_silent(
    adapter: Adapter, source: BinaryIO, mark: Mark, style: NoticeStyle, *, limits: Limits
) -> bool:
    """Say whether words are asked for that a film's mark does not know of, and it has sound."""
    if style.audible is None or mark.notice.heard is not None:
        return False
    return offers(adapter, Overhears) and bool(adapter.soundtracks(source, limits=limits))
