"""How the notice of a `Stamper` looks, from what its caller asked for."""

from collections.abc import Sequence

from kzmark.errors import RequestError
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile
from kzmark.statement import Statement
from kzmark.vocabulary import Corner


def look(
    statement: Statement,
    profile: Profile,
    *,
    languages: Sequence[str],
    corner: Corner | str | None,
) -> NoticeStyle:
    """Return the look of every notice.

    Args:
        statement: What is said about the files.
        profile: Words and numbers.
        languages: Order of the languages shown; the profile's own if empty.
        corner: Place of the plate; the profile's own if left out.

    Raises:
        RequestError: If a language is named twice, or there is no such corner.
        ProfileError: If the profile lacks a language.
    """
    style = NoticeStyle(
        profile=profile,
        operation=statement.operation,
        languages=_languages(languages, profile),
        corner=_corner(corner) if corner else profile.corner,
        placement=profile.placement,
    )
    _ = style.wordings  # a language without a text is refused here, not at the first file
    return style


def _languages(wanted: Sequence[str], profile: Profile) -> tuple[str, ...]:
    """Return the languages as the profile spells them, in the order asked for."""
    wanted = (wanted,) if isinstance(wanted, str) else wanted
    spelt = {name.casefold(): name for name in profile.texts}
    found = tuple(spelt.get(name.strip().casefold(), name) for name in wanted)
    if len(set(found)) != len(found):
        raise RequestError(f"the languages {', '.join(found)}", hint="name each of them once")
    return found or profile.languages


def _corner(name: Corner | str) -> Corner:
    if name not in list(Corner):
        raise RequestError(f"a corner {name!r}", hint=f"one of {', '.join(Corner)}")
    return Corner(name)
