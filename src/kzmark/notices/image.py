"""The notice of still images and animations: show and find."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kzmark.formats._base import Box, Drawing, DrawingFor, Patch, PatchFor
from kzmark.formats._orient import clipped
from kzmark.mark import Mark, Place
from kzmark.notices import plate, recall
from kzmark.notices.arrangement import Form
from kzmark.notices.finder import find
from kzmark.notices.layout import Layout, lay_out
from kzmark.notices.measure import REACH
from kzmark.notices.style import NoticeStyle
from kzmark.notices.templates import SIZE
from kzmark.profile import Profile

__all__ = [
    "Form",
    "Part",
    "drawing_for",
    "expected",
    "find",
    "form_for",
    "grows",
    "patch_for",
    "places",
    "texts",
]

Size = tuple[int, int]  # displayed width and height, in pixels
Cover = Mapping[Size, Box]  # displayed size → the older plate in it

_NOTHING: Cover = {}
_FINE: Final = 1.5  # times the size of the templates: capitals of fewer pixels look fainter by 3 %


def form_for(
    sizes: Iterable[Size], style: NoticeStyle, *, vector: bool = False, cover: Cover = _NOTHING
) -> Form:
    """Return the form that fits every size: the record has one text a language.

    Raises:
        PolicyUnsatisfiableError: If one size has no room for a legible plate.
    """
    laid = [_lay(size, style, None, vector=vector, cover=cover) for size in dict.fromkeys(sizes)]
    full = all(layout.arrangement.form is Form.FULL for layout in laid)
    return Form.FULL if laid and full else Form.SHORT


def texts(style: NoticeStyle, form: Form) -> tuple[str, ...]:
    """Return what the notice says, one text for each language of the style."""
    return tuple(form.text(wording) for wording in style.wordings)


def places(
    sizes: Iterable[Size],
    style: NoticeStyle,
    form: Form,
    *,
    vector: bool = False,
    cover: Cover = _NOTHING,
) -> tuple[Place, ...]:
    """Return where the plate will stand in each displayed size, grown by its caption band if any.

    Raises:
        PolicyUnsatisfiableError: If one size has no room for a legible plate.
    """
    laid = (_lay(size, style, form, vector=vector, cover=cover) for size in dict.fromkeys(sizes))
    return tuple(dict.fromkeys(_place(layout) for layout in laid))


def grows(
    sizes: Iterable[Size],
    style: NoticeStyle,
    form: Form,
    *,
    vector: bool = False,
    cover: Cover = _NOTHING,
) -> bool:
    """Say whether one of these pictures grows by a caption band.

    Raises:
        PolicyUnsatisfiableError: If one size has no room for a legible plate.
    """
    laid = (_lay(size, style, form, vector=vector, cover=cover) for size in dict.fromkeys(sizes))
    return any(layout.grow > 0 for layout in laid)


def patch_for(style: NoticeStyle, form: Form, *, cover: Cover = _NOTHING) -> PatchFor:
    """Return the function that gives a page its plate, for `Pictures.paint`."""

    def patch(width: int, height: int) -> Patch:
        layout = _lay((width, height), style, form, vector=False, cover=cover)
        drawing = layout.drawing(style)
        return Patch(
            x=int(drawing.x),
            y=int(drawing.y),
            pixels=plate.paint(drawing),
            grow=int(drawing.grow),
        )

    return patch


def drawing_for(style: NoticeStyle, form: Form, *, cover: Cover = _NOTHING) -> DrawingFor:
    """Return the function that gives a page its plate as shapes and words, for `Draws.draw`."""

    def drawing(width: float, height: float) -> Drawing:
        old = cover.get((round(width), round(height)))
        return lay_out(width, height, style, form=form, vector=True, cover=old).drawing(style)

    return drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a picture.

    Attributes:
        box: Left, top, width, height, in displayed pixels, inside the picture.
        by: By how much smaller the picture may be: 1, 2, 4 or 8. Left and top are multiples of it.
    """

    box: Box
    by: int = 1


def expected(
    mark: Mark, width: int, height: int, *, profile: Profile, vector: bool = False
) -> Part | None:
    """Return the part of a picture in which `find` looks first, and how small it may be.

    Args:
        mark: What the record says.
        width: Displayed width of the picture today, in pixels.
        height: Displayed height.
        profile: The profile that `find` will judge by.
        vector: Whether the picture is drawn from a file without pixels of its own.

    Returns:
        Nothing if the record does not say where its notice stands.
    """
    place = recall.nearest(mark.notice.places, width, height)
    if place is None:
        return None
    layouts = recall.layouts(mark, place, profile, vector=vector)
    pieces = [piece for each in layouts for piece in recall.pieces(each, width, height)]
    if not pieces:
        return Part(box=clipped(recall.scaled(place, width, height), (width, height)))
    finest = min(min(piece.across, piece.down) for piece in pieces)
    by = next(by for by in (8, 4, 2, 1) if finest >= by * _FINE * SIZE or by == 1)
    sides = zip(*(piece.view(REACH).at(by).edges for piece in pieces), strict=True)
    lefts, tops, rights, bottoms = sides
    left, top = by * min(lefts), by * min(tops)
    box = left, top, by * max(rights) - left, by * max(bottoms) - top
    return Part(box=clipped(box, (width, height)), by=by)


def _lay(
    size: Size, style: NoticeStyle, form: Form | None, *, vector: bool, cover: Cover
) -> Layout:
    return lay_out(*size, style, form=form, vector=vector, cover=cover.get(size))


def _place(layout: Layout) -> Place:
    """Round a layout to whole pixels, outwards and inside the picture."""
    across, down = (max(1, round(side)) for side in layout.size)
    x, y, width, height = layout.box
    left, top = min(int(x), across - 1), min(int(y), down - 1)
    right, bottom = min(-int(-x - width // 1), across), min(-int(-y - height // 1), down)
    return Place(box=(left, top, max(1, right - left), max(1, bottom - top)), size=(across, down))
