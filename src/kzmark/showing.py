"""The notice put into a file: shown in what a person sees, spoken in what a person hears."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final

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
from kzmark.notices import audio, earlier, narration
from kzmark.notices.style import NoticeStyle
from kzmark.plan import Plan, Step
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

_CUT: Final = "earlier-words-cut"
_KEPT: Final = "earlier-words-kept"


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
            return Rope.over(target), (*notes, _CUT)
    return source, (_KEPT,)


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

    Other words of an earlier notice are to be cut out of a sound first, if they are proven to be
    all that is cut; a note says so where earlier words stay.

    Args:
        adapter: That of the format.
        source: The file.
        plan: What is to be done to it.
        evidence: What its layers hold.
        limits: What listening may cost.

    Raises:
        MediaError: If its sound breaks the rules of its format.
    """
    if not any(piece.mark is not None for piece in evidence):
        return plan
    if offers(adapter, Sounds):
        return _sound_once(adapter, source, plan, evidence, limits)
    if offers(adapter, Overhears):
        return _film_once(adapter, source, plan, evidence, limits)
    return plan


def _sound_once(
    adapter: Sounds, source: BinaryIO, plan: Plan, evidence: Sequence[Evidence], limits: Limits
) -> Plan:
    """See `spoken_once`."""
    profile, marks = plan.style.profile, [one.mark for one in evidence if one.mark is not None]
    signed = _signed(evidence)
    is_same = any(one.notice == plan.mark.notice for one in marks)
    asked = plan.mark if is_same else (signed or marks)[0]
    sound = adapter.sound(source, limits=limits)
    listen = partial(adapter.listen, source, limits=limits)
    found = audio.find(listen, sound, profile=profile, mark=asked, limits=limits)
    if found.status is Status.ABSENT:
        return plan
    if is_same and found.status is Status.PRESENT:
        return _without(plan, Step.NOTICE, audio.notes(plan.style))
    if not is_same and earlier.is_first(found, profile=profile, mark=asked, rate=sound.rate):
        assert asked.notice.seconds is not None  # how else would it know where they begin
        seconds = asked.notice.seconds[1]
        if asked in signed or (
            _may_be_lost(plan, evidence) and earlier.is_between_silence(listen, seconds)
        ):
            return replace(plan, unsaid=seconds)
    return replace(plan, notes=(*plan.notes, _KEPT))


def _signed(evidence: Sequence[Evidence]) -> list[Mark]:
    """Return the mark of a manifest that holds: it says that no byte of the file changed since."""
    return [
        one.mark
        for one in evidence
        if one.mark is not None and one.layer is Layer.C2PA and one.status is Status.PRESENT
    ]


def _may_be_lost(plan: Plan, evidence: Sequence[Evidence]) -> bool:
    """Say whether there is no manifest because it stood beside the file, as in some formats."""
    found = [one for one in evidence if one.layer is Layer.C2PA and one.status is not Status.ABSENT]
    return Step.SIDECAR in plan.steps and not found


def _film_once(
    adapter: Overhears, source: BinaryIO, plan: Plan, evidence: Sequence[Evidence], limits: Limits
) -> Plan:
    """See `spoken_once`. Words that were laid over a film cannot be taken out of its sound."""
    marks = [one.mark for one in evidence if one.mark and one.mark.notice.heard]
    if not marks:
        return plan
    said = plan.mark.notice
    is_same = Step.VOICE in plan.steps and any(
        (one.notice.heard, one.notice.languages, one.notice.voices)
        == (said.heard, said.languages, said.voices)
        for one in marks
    )
    asked, profile = plan.mark if is_same else marks[0], plan.style.profile
    heard = []
    try:
        for track, sound in enumerate(adapter.soundtracks(source, limits=limits)):
            listen = partial(adapter.overhear, source, track, limits=limits)
            found = narration.find(listen, sound, profile=profile, mark=asked, limits=limits)
            heard.append(found.status)
    except MediaError:
        if Step.VOICE in plan.steps:
            raise
        return plan  # nobody asked for its sound
    if is_same and all(one is Status.PRESENT for one in heard):
        return _without(plan, Step.VOICE)
    is_heard = any(one is not Status.ABSENT for one in heard)
    return replace(plan, notes=(*plan.notes, _KEPT)) if is_heard else plan


def _without(plan: Plan, step: Step, notes: Sequence[str] = ()) -> Plan:
    steps = tuple(one for one in plan.steps if one is not step)
    return replace(plan, steps=steps, notes=(*plan.notes, *notes))


def is_silent(
    adapter: Adapter, source: BinaryIO, mark: Mark, style: NoticeStyle, *, limits: Limits
) -> bool:
    """Say whether words are asked for that a film's mark does not know of, and it has sound."""
    if style.audible is None or mark.notice.heard is not None:
        return False
    return offers(adapter, Overhears) and bool(adapter.soundtracks(source, limits=limits))
