"""The known place: from what a record says to the pieces that should be seen today."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kzmark.errors import KzmarkError
from kzmark.formats._base import Box
from kzmark.mark import Mark, Place
from kzmark.notices import templates
from kzmark.notices.arrangement import Arrangement, Form, inside, outside
from kzmark.notices.layout import Layout, lay_out, within
from kzmark.notices.measure import Piece
from kzmark.notices.sheet import Sheet
from kzmark.notices.style import NoticeStyle
from kzmark.profile import Profile
from kzmark.vocabulary import Corner

_LARGEST = 1 << 22  # pixels a side: a record that claims more is not followed
_SLACK = 1  # units by which a place may differ from its layout: it was rounded outwards


def nearest(places: Sequence[Place], width: int, height: int) -> Place | None:
    """Return the place whose size is, or scales best to, that of a picture."""

    def distance(place: Place) -> tuple[bool, float, int]:
        across, down = width / place.size[0], height / place.size[1]
        exact = place.size == (width, height)
        return not exact, abs(across / down - 1), abs(place.size[0] - width)

    return min((p for p in places if max(p.size) <= _LARGEST), key=distance, default=None)


def scaled(place: Place, width: int, height: int) -> Box:
    """Return the box of a place in a picture of another size, rounded outwards."""
    x, y, across, down = place.box
    left, right = (edge * width / place.size[0] for edge in (x, x + across))
    top, bottom = (edge * height / place.size[1] for edge in (y, y + down))
    return int(left), int(top), -int(-right // 1) - int(left), -int(-bottom // 1) - int(top)


def layouts(mark: Mark, place: Place, profile: Profile, *, vector: bool) -> tuple[Layout, ...]:
    """Return the layouts that may have put a plate at a place, the likeliest first.

    Nothing if the profile has no such words: then the record is not one that this profile wrote.
    """
    said = mark.notice
    style = NoticeStyle(
        profile=profile,
        operation=mark.operation,
        languages=said.languages,
        corner=profile.corner,
    )
    return _layouts(style, said.texts, place, vector=vector)


@functools.lru_cache(maxsize=64)
def pieces(layout: Layout, width: int, height: int) -> tuple[Piece, ...]:
    """Return the cells and lines of a layout in a picture of today's size."""
    across, down = width / layout.size[0], height / layout.size[1]
    cap = layout.metrics.cap
    return tuple(
        Piece(text, language, row, x * across, y * down, cap * across, cap * down)
        for text, language, row, x, y in _parts(layout)
    )


def _parts(layout: Layout) -> Iterator[tuple[str, str, int, float, float]]:
    metrics, (x, y) = layout.metrics, layout.badge
    ring = templates.RING * metrics.cap
    yield "", "", 0, x - ring, y - ring
    yield "", "", 1, x - ring, y + metrics.pitch
    right, below = layout.arrangement.offset(metrics)
    lift = metrics.lead - templates.LEAD * metrics.cap
    for row, line in enumerate(layout.arrangement.lines):
        yield line.text, line.language, row, x + right, y + below + row * metrics.pitch + lift


@functools.lru_cache(maxsize=64)
def _layouts(
    style: NoticeStyle, texts: tuple[str, ...], place: Place, *, vector: bool
) -> tuple[Layout, ...]:
    try:
        form = next((f for f in Form if tuple(map(f.text, style.wordings)) == texts), None)
    except KzmarkError:
        return ()
    if form is None:
        return ()
    corners = sorted(Corner, key=lambda corner: corner is not style.corner)
    styles = (replace(style, corner=corner) for corner in corners)
    exact = (_again(each, form, place, vector=vector) for each in styles)
    found = next((layout for layout in exact if layout is not None), None)
    return (found,) if found else tuple(_fitted(style, form, place, vector=vector))


def _again(style: NoticeStyle, form: Form, place: Place, *, vector: bool) -> Layout | None:
    """Lay the plate out once more and see whether it comes to stand at the same place."""
    width, height = place.size
    x, y, across, down = place.box
    band = (width, height - down) if (x, across, y + down) == (0, width, height) and y else None
    for size in (place.size, band):
        if size is None:
            continue
        try:
            layout = lay_out(*size, style, form=form, vector=vector)
        except KzmarkError:
            continue
        edges = zip((*layout.box, *layout.size), (*place.box, *place.size), strict=True)
        if all(abs(one - other) <= (_SLACK + 0.5 if vector else 0) for one, other in edges):
            return layout
    return None


def _fitted(style: NoticeStyle, form: Form, place: Place, *, vector: bool) -> Iterator[Layout]:
    """Yield each arrangement as large as the place allows: a plate that hides an older one."""
    sheet = Sheet(*place.size, style, vector)

    def unlike(layout: Layout) -> float:
        core = layout.arrangement.core(layout.metrics)
        return place.box[2] * place.box[3] - core[0] * core[1]

    choices: list[Arrangement] = [*inside(style, form), *outside(style, form)]
    fitted = [within(place.box, arrangement, sheet) for arrangement in dict.fromkeys(choices)]
    yield from sorted((layout for layout in fitted if layout is not None), key=unlike)
