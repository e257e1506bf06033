"""What a person perceives of a file: the notice is looked for in what it shows or plays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError
from kzmark.formats._ability import offers
from kzmark.formats._base import Conceals, Draws, Picture, Pictures
from kzmark.formats._film import Films
from kzmark.formats._narration import Overhears
from kzmark.formats._small import Shrinks
from kzmark.formats._sound import Sounds
from kzmark.formats._text import Beside, Leaf, Legible, Passage
from kzmark.formats.layers import sidecar
from kzmark.mark import Mark
from kzmark.notices import audio, image, narration, words
from kzmark.notices import film as films
from kzmark.profile import Profile
from kzmark.report import Evidence, Status
from kzmark.subject import Subject

Watch = Callable[[Iterator[Picture]], Iterator[Picture]]  # sees what is looked at, changes nothing

_DOUBTS: Final = frozenset({"notice.animated", "notice.overlaid"})


def see(
    subject: Subject,
    mark: Mark | None,
    *,
    profile: Profile,
    limits: Limits,
    blind: bool = True,
    watch: Watch = iter,
) -> Evidence:
    """Look for the notice in what a person sees: where the mark says, then everywhere.

    Args:
        subject: The file.
        mark: The mark of its layers, if they agree on one.
        profile: Words and numbers to measure by.
        limits: What it may cost.
        blind: Whether to search everywhere when it is not seen in its place.
        watch: What the pictures pass through on their way.

    Raises:
        MediaError: If the pictures cannot be decoded.
    """
    try:
        return perceive(subject, mark, profile=profile, limits=limits, blind=blind, watch=watch)
    except BackendMissingError as error:
        return Evidence.observed(
            Status.UNCHECKED, "notice.backend-missing", f"{error.message}; {error.hint}"
        )


def perceive(
    subject: Subject,
    mark: Mark | None,
    *,
    profile: Profile,
    limits: Limits,
    blind: bool = True,
    watch: Watch = iter,
) -> Evidence:
    """As `see`, for those to whom it is no answer that nobody here can look.

    Raises:
        BackendMissingError: If what it takes to look is not installed.
        MediaError: If the pictures cannot be decoded.
    """
    adapter = subject.adapter
    look = _Look(subject, mark, profile, limits)
    if offers(adapter, Legible):
        return look.read(adapter)
    if offers(adapter, Beside):
        return look.read_beside()
    if offers(adapter, Films):
        return look.watch(adapter)
    if offers(adapter, Sounds):
        return look.listen(adapter)
    if offers(adapter, Pictures):
        return look.regard(adapter, blind, watch)
    return Evidence.observed(
        Status.UNCHECKED, "notice.unsupported", f"kzmark cannot look at {adapter.info.name} yet"
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One file, what it should show, and what looking may cost."""

    subject: Subject
    mark: Mark | None
    profile: Profile
    limits: Limits

    def read(self, adapter: Legible) -> Evidence:
        leaves = adapter.leaves(self.subject.stream, limits=self.limits)
        return words.find(leaves, profile=self.profile, mark=self.mark)

    def read_beside(self) -> Evidence:
        beside = Passage(text=sidecar.notice_of(self.subject.record or b""))
        leaves = [Leaf(index=0, passages=(beside,))]
        return words.find(leaves, profile=self.profile, mark=self.mark)

    def watch(self, adapter: Films) -> Evidence:
        film = adapter.film(self.subject.stream, limits=self.limits)

        def stills(times: Sequence[float], keys: bool) -> Iterator[tuple[float, Picture]]:  # noqa: FBT001 - as `Stills` says
            stream = self.subject.stream
            return adapter.stills(stream, times, limits=self.limits, keys=keys, film=film)

        seen = films.find(stills, film, profile=self.profile, mark=self.mark, limits=self.limits)
        mark = self.mark
        if seen.status is not Status.PRESENT or mark is None or mark.notice.heard is None:
            return seen
        if not offers(adapter, Overhears):
            return Evidence.observed(
                Status.UNCHECKED, "notice.unsupported", "kzmark cannot listen to such a film yet"
            )
        return narration.with_sound(seen, list(self.overhear(adapter, mark)))

    def overhear(self, adapter: Overhears, mark: Mark) -> Iterator[Evidence]:
        """Yield what is heard of the notice in each track of a film's sound."""
        stream, limits = self.subject.stream, self.limits
        for number, sound in enumerate(adapter.soundtracks(stream, limits=limits)):
            listen = partial(adapter.overhear, stream, number, limits=limits)
            yield narration.find(listen, sound, profile=self.profile, mark=mark, limits=limits)

    def listen(self, adapter: Sounds) -> Evidence:
        sound = adapter.sound(self.subject.stream, limits=self.limits)
        hear = partial(adapter.listen, self.subject.stream, limits=self.limits)
        return audio.find(hear, sound, profile=self.profile, mark=self.mark, limits=self.limits)

    def regard(self, adapter: Pictures, blind: bool, watch: Watch) -> Evidence:  # noqa: FBT001 - as `see` has it
        vector = offers(adapter, Draws)
        found: Evidence | None = None
        for pictures in self._pictures(adapter, blind=blind, vector=vector):
            found = image.find(
                watch(pictures),
                profile=self.profile,
                mark=self.mark,
                limits=self.limits,
                vector=vector,
            )
            if found.status is Status.PRESENT:
                break
        assert found is not None
        return self._doubted(found)

    def _pictures(
        self, adapter: Pictures, *, blind: bool, vector: bool
    ) -> Iterator[Iterator[Picture]]:
        """Yield what to look at: the place of the record first, as small as it may be, then all."""
        mark, limits, stream = self.mark, self.limits, self.subject.stream
        if mark is not None and mark.notice.places and (not vector or not blind):
            part = None if vector else self._expected(adapter, mark)
            if part is not None and part.by > 1 and offers(adapter, Shrinks):
                small = adapter.shrunk(stream, part.box, part.by, limits=limits)
                if small is not None:
                    yield iter([small])
            yield adapter.pictures(stream, limits=limits, within=part.box if part else None)
            if not blind:
                return
        yield adapter.pictures(stream, limits=limits)

    def _expected(self, adapter: Pictures, mark: Mark) -> image.Part | None:
        """Return the part of every page in which the notice should stand, if it is one part."""
        sizes = set(adapter.sizes(self.subject.stream, limits=self.limits))
        if len(sizes) != 1:
            return None
        return image.expected(mark, *sizes.pop(), profile=self.profile)

    def _doubted(self, seen: Evidence) -> Evidence:
        """Take back what was seen if the file could hide it a moment later, or from others."""
        adapter = self.subject.adapter
        if seen.status is Status.PRESENT and offers(adapter, Conceals):
            for doubt in adapter.hidden_text(self.subject.stream, limits=self.limits):
                if doubt.code in _DOUBTS:
                    return doubt
        return seen
