"""How the notice of a `Stamper` looks, from what its caller asked for."""

from collections.abc import Sequence
from dataclasses import replace

from kzmark.errors import RequestError
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile
from kzmark.statement import Statement
from kzmark.vocabulary import Audible, Corner, Pages, Placement


def look(
    statement: Statement,
    profile: Profile,
    *,
    languages: Sequence[str],
    corner: Corner | str | None,
    placement: Placement | str | None = None,
    pages: Pages | str = Pages.ALL,
    audible: Audible | str | None = None,
) -> NoticeStyle:
    """Return the look of every notice.

    Args:
        statement: What is said about the files.
        profile: Words and numbers.
        languages: Order of the languages shown; the profile's own if empty.
        corner: Place of the plate; the profile's own if left out.
        placement: When it stands in a film; the profile's own if left out.
        pages: On which pages, slides or sheets of a document it stands: `all` or `first`.
        audible: How it is heard in a sound, `words` if left out, or `tone` for a signal in their
            place; and, if given, over the sound of films.

    Raises:
        RequestError: If a language is named twice, or there is no such corner, placement, choice
            of pages or audible notice.
        ProfileError: If the profile lacks a language.
    """
    style = NoticeStyle(
        profile=profile,
        operation=statement.operation,
        languages=_languages(languages, profile),
        corner=_corner(corner) if corner else profile.corner,
        placement=_placement(placement) if placement else profile.placement,
        pages=_pages(pages),
        audible=_audible(audible) if audible else None,
    )
    _ = style.wordings  # a language without a text is refused here, not at the first file
    return style


def spoken(style: NoticeStyle, languages: Sequence[str]) -> NoticeStyle:
    """Return a look with other languages, if any are named.

    Raises:
        RequestError: If a language is named twice.
        ProfileError: If the profile lacks one.
    """
    if not languages:
        return style
    changed = replace(style, languages=_languages(languages, style.profile))
    _ = changed.wordings
    return changed


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


def _placement(name: Placement | str) -> Placement:
    if name not in list(Placement):
        raise RequestError(f"a placement {name!r}", hint=f"one of {', '.join(Placement)}")
    return Placement(name)


def _audible(name: Audible | str) -> Audible:
    if name not in list(Audible):
        raise RequestError(f"audible {name!r}", hint=f"one of {', '.join(Audible)}")
    return Audible(name)


def _pages(name: Pages | str) -> str:
    if name not in list(Pages):
        raise RequestError(f"pages {name!r}", hint=f"one of {', '.join(Pages)}")
    return Pages(name).value
