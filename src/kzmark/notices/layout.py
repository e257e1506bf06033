"""Where the plate stands in a picture and how large it is: one layout for pixels and for drawings.

The height of capitals follows from the picture alone, widths from one measurement, so nothing is
tried out in pixels. A plate inside the picture comes first: the sentence, the sentence on two
lines, the short text; then a caption band below the picture; then an error.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kzmark.errors import PolicyUnsatisfiableError
from kzmark.formats._base import Drawing, Rectangle, Words
from kzmark.notices import badge, letters
from kzmark.notices.arrangement import Arrangement, Form, inside, outside
from kzmark.notices.badge import PAD, Metrics
from kzmark.notices.sheet import Sheet
from kzmark.notices.style import NoticeStyle
from kzmark.vocabulary import Corner

Area = tuple[float, float, float, float]  # left, top, width, height

_STRIP_COVER: Final = 0.34  # a strip was asked for by name: it may cover more than a plate
_REPLACE_COVER: Final = 1.25  # a plate over an older one may be this much larger than allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A plate laid out for one displayed size.

    Attributes:
        arrangement: The words, line by line.
        metrics: The proportions at the chosen capital height.
        box: The plate, in the grown picture.
        core: Upper left corner of badge and words with the plate around them.
        size: Width and height of the picture, grown if it was.
        grow: Rows that the picture gains at its bottom.
    """

    arrangement: Arrangement
    metrics: Metrics
    box: Area
    core: tuple[float, float]
    size: tuple[float, float]
    grow: float = 0

    @property
    def badge(self) -> tuple[float, float]:
        """Upper left corner of the badge."""
        pad = self.metrics.of(PAD)
        return self.core[0] + pad, self.core[1] + pad

    def drawing(self, style: NoticeStyle) -> Drawing:
        """Return shapes and words, from the plate's own corner."""
        left, top, width, height = self.box
        x, y = self.badge[0] - left, self.badge[1] - top
        shapes, words = badge.draw(
            x, y, self.metrics, ink=style.profile.ink, plate=style.profile.plate
        )
        plate = Rectangle(box=(0, 0, width, height), fill=style.profile.plate)
        return Drawing(
            x=left,
            y=top,
            width=width,
            height=height,
            grow=self.grow,
            rectangles=(plate, *shapes),
            words=(*words, *self._lines(x, y, style)),
        )

    def _lines(self, x: float, y: float, style: NoticeStyle) -> Iterator[Words]:
        metrics = self.metrics
        right, down = self.arrangement.offset(metrics)
        for row, line in enumerate(self.arrangement.lines):
            yield Words(
                text=line.text,
                language=line.language,
                x=x + right,
                baseline=y + down + row * metrics.pitch + metrics.lead + metrics.cap,
                width=letters.width(line.text) * metrics.cap,
                size=metrics.cap / letters.CAP,
                bold=False,
                fill=style.profile.ink,
            )


@functools.lru_cache(maxsize=256)
def lay_out(
    width: float,
    height: float,
    style: NoticeStyle,
    *,
    form: Form | None = None,
    vector: bool = False,
    cover: Area | None = None,
) -> Layout:
    """Lay out the plate for one displayed size.

    Args:
        width: Displayed width, in pixels or units of the page.
        height: Displayed height.
        style: What the notice says and looks like.
        form: Only this form, or whichever fits best.
        vector: Whether the page has no pixels of its own.
        cover: An older plate that the new one must hide.

    Raises:
        PolicyUnsatisfiableError: If no legible plate is possible.
        ProfileError: If the font lacks a letter of the words.
    """
    letters.check(each.text(wording) for wording in style.wordings for each in Form)
    sheet = Sheet(width, height, style, vector)
    if cover is not None:
        return _over(sheet, form, cover)
    found = _inside(sheet, form) or _band(sheet, form)
    if found is None:
        least = _least_width(sheet)
        raise PolicyUnsatisfiableError(
            f"a picture of {width:g}x{height:g} px has no room for a legible notice",
            hint=f"enlarge it to a width of at least {least:g} px",
        )
    return found


def within(box: Area, arrangement: Arrangement, sheet: Sheet) -> Layout | None:
    """Lay out an arrangement as large as a given box allows, or nothing if that is no size.

    Left in the box and in the middle of its height, behind the safe margin in a box that spans the
    picture: the rule for plates that were made larger to hide an older one.
    """
    unit = arrangement.core(Metrics(1, whole=False))
    cap = min(box[2] / unit[0], box[3] / unit[1])
    metrics = Metrics(cap, whole=False)
    if not sheet.vector:
        caps = (Metrics(c, whole=True) for c in range(math.ceil(cap) + 1, 0, -1))
        fitting = (m for m in caps if _fits(arrangement.core(m), box[2:]))
        metrics = next(fitting, Metrics(0, whole=False))
    if not metrics.cap:
        return None
    return _anchored(sheet, box, arrangement, metrics)


def _anchored(sheet: Sheet, box: Area, arrangement: Arrangement, metrics: Metrics) -> Layout:
    core = arrangement.core(metrics)
    left = box[0] + (sheet.indent(core, metrics) if box[2] >= sheet.width else 0)
    spare = (box[3] - core[1]) / 2
    return Layout(
        arrangement=arrangement,
        metrics=metrics,
        box=box,
        core=(left, box[1] + (spare if sheet.vector else spare // 1)),
        size=(sheet.width, sheet.height),
    )


def _inside(sheet: Sheet, form: Form | None) -> Layout | None:
    metrics = sheet.metrics(min(sheet.width, sheet.height))
    found = (_plate(sheet, a, metrics) for a in inside(sheet.style, form))
    return next((layout for layout in found if layout is not None), None)


def _plate(sheet: Sheet, arrangement: Arrangement, metrics: Metrics) -> Layout | None:
    core = arrangement.core(metrics)
    across, down = sheet.margins
    strip = sheet.style.corner is Corner.BOTTOM_STRIP
    width, height = core
    if strip:
        width, height = sheet.width, height + max(0, down - metrics.of(PAD))
    elif not _fits(core, (sheet.width - 2 * across, sheet.height - 2 * down)):
        return None
    if core[0] - metrics.of(PAD) > sheet.width - 2 * across + metrics.of(badge.TAIL):
        return None
    allowed = _STRIP_COVER if strip else sheet.style.profile.image.max_cover
    if width * height > allowed * sheet.width * sheet.height:
        return None
    x, y = _corner(sheet, (width, height))
    left = x + (sheet.indent(core, metrics) if strip else 0)
    return Layout(
        arrangement=arrangement,
        metrics=metrics,
        box=(x, y, width, height),
        core=(left, y),
        size=(sheet.width, sheet.height),
    )


def _corner(sheet: Sheet, size: tuple[float, float]) -> tuple[float, float]:
    across, down = sheet.margins
    corner = sheet.style.corner
    if corner is Corner.BOTTOM_STRIP:
        return 0, sheet.height - size[1]
    right = corner in {Corner.TOP_RIGHT, Corner.BOTTOM_RIGHT}
    bottom = corner in {Corner.BOTTOM_LEFT, Corner.BOTTOM_RIGHT}
    return (
        sheet.width - across - size[0] if right else across,
        sheet.height - down - size[1] if bottom else down,
    )


def _band(sheet: Sheet, form: Form | None) -> Layout | None:
    for arrangement in outside(sheet.style, form):
        metrics = _band_metrics(sheet, arrangement)
        core = arrangement.core(metrics)
        if core[0] <= sheet.width:
            return Layout(
                arrangement=arrangement,
                metrics=metrics,
                box=(0, sheet.height, sheet.width, core[1]),
                core=(sheet.indent(core, metrics), sheet.height),
                size=(sheet.width, sheet.height + core[1]),
                grow=core[1],
            )
    return None


def _band_metrics(sheet: Sheet, arrangement: Arrangement) -> Metrics:
    """Return proportions that still reach their share of the picture once the band has grown it."""
    share = sheet.style.profile.image.cap_share
    taken = share * arrangement.core(Metrics(1, whole=False))[1]
    grown = sheet.height / (1 - taken) if taken < 1 else math.inf
    metrics = sheet.metrics(min(sheet.width, grown))
    if sheet.vector:
        return metrics
    # Whole pixels make the band a little higher, and so the letters. The width ends it.
    while metrics.cap < share * min(sheet.width, sheet.height + arrangement.core(metrics)[1]):
        metrics = Metrics(metrics.cap + 1, whole=True)
    return metrics


def _over(sheet: Sheet, form: Form | None, old: Area) -> Layout:
    least = sheet.metrics(min(sheet.width, sheet.height)).cap
    choices = [*inside(sheet.style, form), *outside(sheet.style, form)]
    for arrangement in choices:
        layout = within(old, arrangement, sheet)
        if layout is not None and layout.metrics.cap >= least:
            return layout
    fresh = _inside(sheet, form)
    if fresh is not None:
        box = _union(fresh.box, old)
        allowed = sheet.style.profile.image.max_cover * sheet.width * sheet.height
        layout = within(box, fresh.arrangement, sheet)
        if layout is not None and box[2] * box[3] <= _REPLACE_COVER * max(allowed, old[2] * old[3]):
            return layout
    raise PolicyUnsatisfiableError(
        "the new plate would not hide the older one",
        hint="choose the corner of the older plate, or stamp the picture as it was before",
    )


def _union(first: Area, second: Area) -> Area:
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right = max(first[0] + first[2], second[0] + second[2])
    bottom = max(first[1] + first[3], second[1] + second[3])
    return left, top, right - left, bottom - top


def _least_width(sheet: Sheet) -> float:
    least = sheet.metrics(0)
    widths = [a.core(least)[0] for a in outside(sheet.style)]
    return math.ceil(min(widths))


def _fits(size: tuple[float, float], room: tuple[float, ...]) -> bool:
    return size[0] <= room[0] and size[1] <= room[1]
