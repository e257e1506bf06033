"""The only file that knows the order of steps, and refuses before a byte is written.

Notice, then layers, then signature, always: the C2PA hash covers every byte before it, so anything
that came after would break it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from kzmark import prompts
from kzmark.comparison import differences, same_statement
from kzmark.errors import MarkExistsError, PolicyUnsatisfiableError
from kzmark.foreign import not_synthetic
from kzmark.formats._ability import offers
from kzmark.formats._base import (
    Adapter,
    Box,
    C2PABinding,
    DrawingFor,
    Draws,
    FormatInfo,
    Paints,
    PatchFor,
)
from kzmark.formats._film import Film, Span
from kzmark.formats._sound import Sound
from kzmark.formats._text import Beside, Inscribes, Inscription
from kzmark.mark import Mark, NoticeRecord, Place
from kzmark.notices import audio, image, narration, words
from kzmark.notices import film as films
from kzmark.notices.arrangement import Form
from kzmark.notices.style import NoticeStyle
from kzmark.policy import agreed_mark
from kzmark.report import Evidence, Status
from kzmark.statement import Statement
from kzmark.vocabulary import Layer, Operation


class Step(StrEnum):
    """One thing that is done to a file."""

    NOTICE = "notice"
    VOICE = "voice"
    LAYERS = "layers"
    SIGN = "sign"
    SIDECAR = "sidecar"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done to one file, fixed before a byte is written.

    Attributes:
        mark: The mark that will stand in every layer.
        steps: In the order in which they run.
        style: How the notice looks.
        form: Which wording is shown.
        layers: Where the mark will stand.
        keeps_parent: Whether the input becomes the C2PA parent of the output.
        cover: Displayed size → an earlier plate, which the new one has to hide.
        notes: What a caller should hear about before it is done, as stable codes.
        spans: When the notice is seen in a film, in seconds.
        unsaid: Seconds of a sound that an earlier notice takes, which is cut out first.
    """

    mark: Mark
    steps: tuple[Step, ...]
    style: NoticeStyle
    form: Form
    layers: tuple[Layer, ...]
    keeps_parent: bool
    cover: image.Cover = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    unsaid: float = 0.0

    @property
    def patch(self) -> PatchFor:
        """Displayed size → the plate as pixels."""
        return image.patch_for(self.style, self.form, cover=self.cover)

    @property
    def drawing(self) -> DrawingFor:
        """Displayed size → the plate as shapes and words."""
        return image.drawing_for(self.style, self.form, cover=self.cover)

    @property
    def inscription(self) -> Inscription:
        """The notice as words."""
        return words.inscription(self.style)

    def after_notice(self) -> Self:
        """Return what is left to do when the notice is shown already."""
        return replace(self, steps=tuple(step for step in self.steps if step is not Step.NOTICE))


def already_there(evidence: Sequence[Evidence], statement: Statement, style: NoticeStyle) -> bool:
    """Say whether the layers agree on a mark that states the same as this one would."""
    mark = agreed_mark(evidence)
    return mark is not None and _states(mark, statement, style)


def make_plan(  # noqa: PLR0913 - all that is known of one file
    adapter: Adapter,
    sizes: Sequence[tuple[int, int]],
    evidence: Sequence[Evidence],
    statement: Statement,
    style: NoticeStyle,
    *,
    source_sha256: str = "",
    replace: bool = False,
    played: Film | Sound | None = None,
    tracks: Sequence[Sound] = (),
) -> Plan:
    """Return the plan for one file that does not yet carry this very mark in good order.

    Raises:
        MarkExistsError: If it carries a different mark, or several, and `replace` is false.
        PolicyUnsatisfiableError: If the file cannot carry what the policy needs.
    """
    info = adapter.info
    history = _history(evidence, statement, style, replace=replace)
    if isinstance(played, Film):
        shown = _in_film(played, evidence, style, tracks)
    elif played:
        shown = _Shown(notice=audio.record(style, played))
    else:
        shown = _shown(adapter, sizes, evidence, style)
    mark = statement.mark(
        medium=info.medium,
        profile=style.profile.name,
        notice=shown.notice,
        source_sha256=source_sha256,
        history=history,
    )
    return Plan(
        mark=mark,
        steps=_steps(adapter, voiced=bool(tracks)),
        style=style,
        form=shown.form,
        layers=_layers(info),
        keeps_parent=_has_manifest(evidence) or statement.operation is Operation.MODIFIED,
        cover=shown.cover,
        notes=(*_notes(evidence), *shown.notes),
        spans=shown.spans,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """How the notice will stand in one file."""

    notice: NoticeRecord
    form: Form = Form.FULL
    cover: image.Cover = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


def _in_film(
    film: Film, evidence: Sequence[Evidence], style: NoticeStyle, tracks: Sequence[Sound]
) -> _Shown:
    cover = _earlier_plates(evidence)
    notice, form = films.record(style, film, cover=cover)
    spans = films.spans(style, notice.texts, film.seconds)
    notice = narration.record(style, notice, tracks)
    notes = ("film-without-sound",) if style.audible and not tracks else ()
    return _Shown(notice=notice, form=form, cover=cover, notes=notes, spans=spans)


def _shown(
    adapter: Adapter,
    sizes: Sequence[tuple[int, int]],
    evidence: Sequence[Evidence],
    style: NoticeStyle,
) -> _Shown:
    if offers(adapter, Inscribes):
        return _Shown(notice=words.record(style))
    if offers(adapter, Beside):
        return _Shown(notice=words.record(style), notes=("notice-in-sidecar",))
    if not (offers(adapter, Paints) or offers(adapter, Draws)):
        raise PolicyUnsatisfiableError(f"{adapter.info.name} cannot show a notice")
    vector = offers(adapter, Draws)
    cover = _earlier_plates(evidence)
    form = image.form_for(sizes, style, vector=vector, cover=cover)
    places = image.places(sizes, style, form, vector=vector, cover=cover)
    moved = bool(cover) and _corners(places) != _corners(
        image.places(sizes, style, form, vector=vector)
    )
    texts = image.texts(style, form)
    grown = image.grows(sizes, style, form, vector=vector, cover=cover)
    told = (("notice-place-kept", moved), ("picture-grown", grown))
    return _Shown(
        notice=NoticeRecord(languages=style.languages, texts=texts, places=places),
        form=form,
        cover=cover,
        notes=tuple(note for note, holds in told if holds),
    )


def _earlier_plates(evidence: Sequence[Evidence]) -> image.Cover:
    """Return where earlier plates stand; where marks disagree, one box around all they name."""
    boxes: dict[tuple[int, int], Box] = {}
    for mark in _marks(evidence):
        for place in mark.notice.places:
            x, y, width, height = place.box
            a, b, across, down = boxes.get(place.size, place.box)
            left, top = min(x, a), min(y, b)
            right, bottom = max(x + width, a + across), max(y + height, b + down)
            boxes[place.size] = (left, top, right - left, bottom - top)
    return boxes


def _notes(evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield what others stated that the mark contradicts, or that does not hold any more."""
    for piece in evidence:
        if piece.mark is None and not_synthetic(piece):
            yield "source-type-replaced"
        if piece.layer is Layer.C2PA and piece.status is Status.BROKEN:
            yield "c2pa-parent-broken"
    if prompts.kept(evidence):
        yield "prompt-kept"


def _steps(adapter: Adapter, *, voiced: bool) -> tuple[Step, ...]:
    signing = {
        C2PABinding.EMBEDDED: (Step.SIGN,),
        C2PABinding.SIDECAR: (Step.SIDECAR,),
        C2PABinding.NONE: (),
    }[adapter.info.c2pa]
    showing = () if offers(adapter, Beside) else (Step.NOTICE,)
    speaking = (Step.VOICE,) if voiced else ()
    return (*showing, *speaking, Step.LAYERS, *signing, Step.CHECK)


def _layers(info: FormatInfo) -> tuple[Layer, ...]:
    return tuple(layer for layer in Layer if layer in info.layers)


def _states(mark: Mark, statement: Statement, style: NoticeStyle) -> bool:
    now = statement.mark(
        medium=mark.medium,
        profile=style.profile.name,
        notice=NoticeRecord(languages=style.languages, texts=("-",) * len(style.languages)),
    )
    return same_statement(mark, now)


def _history(
    evidence: Sequence[Evidence], statement: Statement, style: NoticeStyle, *, replace: bool
) -> tuple[UUID, ...]:
    """Return the ids that came before, refusing to pass over a different mark unasked."""
    marks = _marks(evidence)
    broken = [e for e in evidence if e.status is Status.BROKEN and e.mark is None]
    ours_broken = any(e.code.endswith(".record") for e in broken)
    same = bool(marks) and all(_states(mark, statement, style) for mark in marks)
    hurt = [e for e in evidence if e.status is Status.BROKEN or e.code.endswith(".contradiction")]
    if marks and hurt and same and not replace:
        raise MarkExistsError(
            f"it carries this mark, but was changed since ({hurt[0].code})",
            hint="give --replace (replace=True) to mark it anew; the old id is kept in the history",
        )
    if (marks or ours_broken) and not replace and not same:
        told = "it carries a mark that cannot be read"
        if marks:
            wanted = statement.mark(
                medium=marks[0].medium, profile=style.profile.name, notice=marks[0].notice
            )
            named = [name for name in differences(marks[0], wanted) if name not in _OWN_FIELDS]
            told = f"it carries another mark ({marks[0].mark_id}), which differs in " + (
                ", ".join(named) or "its notice"
            )
        raise MarkExistsError(
            told, hint="give --replace (replace=True); the old id is kept in the history"
        )
    ids = [old for mark in marks for old in (*mark.history, mark.mark_id)]
    return tuple(dict.fromkeys(ids))


_OWN_FIELDS = frozenset({"mark_id", "created", "source_sha256", "history"})


def _marks(evidence: Sequence[Evidence]) -> list[Mark]:
    return [piece.mark for piece in evidence if piece.mark is not None]


def _has_manifest(evidence: Sequence[Evidence]) -> bool:
    return any(e.layer is Layer.C2PA and e.status is not Status.ABSENT for e in evidence)


def _corners(places: Sequence[Place]) -> list[tuple[bool, bool]]:
    """Say for each place whether it is in the right half, and whether in the lower half."""
    return [
        (2 * x + width > size[0], 2 * y + height > size[1])
        for (x, y, width, height), size in ((place.box, place.size) for place in places)
    ]
