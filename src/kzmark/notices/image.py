"""The notice of still images and animations: show and find."""

from collections.abc import Iterable, Mapping

from kzmark.formats._base import Box, Drawing, DrawingFor, Patch, PatchFor
from kzmark.mark import Mark, Place
from kzmark.notices import plate, recall
from kzmark.notices.arrangement import Form
from kzmark.notices.finder import find
from kzmark.notices.layout import Layout, lay_out
from kzmark.notices.style import NoticeStyle

__all__ = [
    "Form",
    "drawing_for",
    "expected_box",
    "find",
    "form_for",
    "patch_for",
    "places",
    "texts",
]

Size = tuple[int, int]  # displayed width and height, in pixels
Cover = Mapping[Size, Box]  # displayed size → the older plate in it

_NOTHING: Cover = {}


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


def expected_box(mark: Mark, width: int, height: int) -> Box | None:
    """Return the part of a picture of this size in which `find` wants to look first.

    The box of the record, scaled to today's size, with a little around it; nothing if the record
    does not say where its notice stands.
    """
    place = recall.nearest(mark.notice.places, width, height)
    if place is None:
        return None
    x, y, across, down = recall.scaled(place, width, height)
    around = 2 + min(across, down) // 20
    left, top = max(0, x - around), max(0, y - around)
    right, bottom = min(width, x + across + around), min(height, y + down + around)
    return left, top, right - left, bottom - top


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
