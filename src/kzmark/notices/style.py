"""What a notice is to look like: the profile's words and numbers, with a caller's choices."""

from dataclasses import dataclass

from kzmark._notice_record import without_kazakh_first
from kzmark.profile import Profile, Wording
from kzmark.vocabulary import Audible, Corner, Operation, Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStyle:
    """One notice, ready to be shown or looked for.

    Attributes:
        profile: Words and numbers.
        operation: Created or modified.
        languages: Order of the languages shown.
        corner: Place of the plate.
        pages: "all" or "first": on which pages of a document the notice stands.
        placement: When the notice stands in a film.
        audible: How the notice of a sound is heard, words unless said otherwise; and, if said, that
            it is heard in films, too.
    """

    profile: Profile
    operation: Operation
    languages: tuple[str, ...]
    corner: Corner
    pages: str = "all"
    placement: Placement = Placement.FULL
    audible: Audible | None = None

    def __hash__(self) -> int:
        """Layouts are cached by style; a profile's own tables cannot be hashed."""
        chosen = (self.operation, self.languages, self.corner, self.pages, self.placement)
        return hash((self.profile.name, *chosen))

    @property
    def wordings(self) -> tuple[Wording, ...]:
        """One wording for each language, in the order shown."""
        return tuple(self.profile.wording(name, self.operation) for name in self.languages)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a caller should hear about what was chosen, as stable codes."""
        code, _ = without_kazakh_first(self.languages)
        return (code,) if code else ()
