"""What a reader sees of the pages of a PDF: words that really stand out from what is behind them.

A page is drawn twice, with its words and without them. Where the two pictures are the same, nobody
sees a word, whatever the reason: its colour is that of the paper, something lies over it, it is cut
off, its layer is off, it is drawn invisibly, off the page or see-through.
"""

import io
import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from kzmark._limits import Limits
from kzmark.errors import BackendMissingError, LimitExceededError
from kzmark.formats._text import Leaf, Passage
from kzmark.formats.pdf.blocks import ordered
from kzmark.formats.pdf.content import streams
from kzmark.formats.pdf.document import Document, dictionary, is_stream, opened, part
from kzmark.formats.pdf.pages import Once, Page, pages
from kzmark.formats.pdf.proof import Key, Proof
from kzmark.formats.pdf.rendering import Book, Sheet, rendered
from kzmark.formats.pdf.runs import Run, runs
from kzmark.formats.pdf.view import Box, View, union
from kzmark.formats.pdf.weave import lined

_SCALE: Final = 2.0  # pixels a point: strokes of 9 pt are a pixel and a half wide
_PIXELS: Final = 12_000_000  # of one drawing; a larger page is drawn more coarsely
_SEEN: Final = 16  # levels of 255 by which a pixel must change to be seen
_SOLID: Final = 0.85  # part of a run that letters cover at most
_TALL: Final = 0.3  # of the size of type: the least that the lowest letters rise
_APART: Final = 0.25  # part of a run that another may lie over without being looked at alone
_ALONE: Final = 60  # runs of a page that are looked at alone; more lie on a heap
_CONTENT: Final = 64 << 20  # bytes of one stream of a page
_MOST_RUNS: Final = 5_000  # of a page, those nearest to its upper and lower edge
_INVISIBLE: Final = 3  # text rendering mode

Pixels = NDArray[np.uint8]


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield every page; see `kzmark.formats._text.Legible`."""
    try:
        import pypdfium2 as _
    except ImportError as error:
        raise BackendMissingError("pypdfium2", extra="pdf") from error
    until = time.monotonic() + limits.max_seconds
    with opened(source, limits=limits) as document:
        _ = document.archival  # a packet over the limits is refused before pdfium opens it
        with rendered(part(source, source.seek(0, io.SEEK_END))) as book:
            sight = _Sight(document, book)
            for page in pages(document):
                if time.monotonic() > until:
                    raise LimitExceededError(
                        f"looking at the pages took over {limits.max_seconds:g} s"
                    )
                yield Leaf(index=page.number, passages=sight.of(page))


class _Sight:
    """What is seen of the pages of a document."""

    def __init__(self, document: Document, book: Book) -> None:
        self._document = document
        self._book = book
        self._views = Once(View.of)
        self._proof = Proof(document)
        self._known: dict[Key, tuple[Passage, ...]] = {}

    def of(self, page: Page) -> tuple[Passage, ...]:
        """Return what is seen of a page; of pages that provably show the same, one is looked at."""
        view = self._views.of(page)
        key = self._proof.key(page, view)
        if key is None:
            return _look(self._document, self._book, page, view, ours=False)
        if key not in self._known:
            self._known[key] = _look(self._document, self._book, page, view, ours=True)
        return self._known[key]


def _look(
    document: Document, book: Book, page: Page, view: View, *, ours: bool
) -> tuple[Passage, ...]:
    """Return what is seen of a page; of one with our form, what is seen of that."""
    _check(document, page)
    sheet = book.page(page.number, view) if page.number < book.count else None
    if sheet is None:
        return ()
    try:
        found = runs(sheet.raw, view, last=ours)
        found = lined(found, sheet.raw, view)
        found = (found if ours else ordered(found, view.size))[:_MOST_RUNS]
        return tuple(_judged(sheet, found)) if found else ()
    finally:
        sheet.close()


def _check(document: Document, page: Page) -> None:
    """Refuse a page that would cost more than the limits allow before anybody draws it."""
    for stream in streams(page.own.get("/Contents")):
        document.decoded(stream, most=_CONTENT)
    forms = dictionary(dictionary(page.get("/Resources")).get("/XObject"))
    for name in list(forms.keys())[:1000]:
        form = forms[name]
        if not is_stream(form):
            continue
        across, down = form.get("/Width", 0), form.get("/Height", 0)
        if isinstance(across, int) and isinstance(down, int) and across > 0 and down > 0:
            size = len(form.read_raw_bytes())
            document.limits.check_picture(across, down, file_bytes=max(size, 1 << 20))


def _judged(sheet: Sheet, found: Sequence[Run]) -> Iterator[Passage]:
    """Yield each run with what hides it, if anything does."""
    area = _inside(found, sheet.view.size)
    if area is None:
        for run in found:
            yield Passage(text=run.text, points=run.points, hidden="it is outside the page")
        return
    across, high = area[2] - area[0], area[3] - area[1]
    scale = min(_SCALE, (_PIXELS / max(1.0, across * high)) ** 0.5)
    with_words = sheet.colours(area, scale=scale)
    heaped = _heaped(found)
    alone = {n: _without(sheet, [found[n]], area, scale) for n in heaped[:_ALONE]}
    without = _without(sheet, found, area, scale)
    for index, run in enumerate(found):
        if index in heaped[_ALONE:]:
            yield Passage(text=run.text, points=run.points, hidden="other words lie over it")
            continue
        behind = alone.get(index, without)
        place = _part(run.box, area, scale, with_words.shape)
        hidden, contrast = _visible(with_words[place], behind[place], run, scale)
        yield Passage(text=run.text, points=run.points, contrast=contrast, hidden=hidden)


def _without(sheet: Sheet, found: Sequence[Run], area: Box, scale: float) -> Pixels:
    """Return the same part of the page without some runs, and leave the page as it was."""
    import pypdfium2.raw as pdfium

    modes = [pdfium.FPDFTextObj_GetTextRenderMode(run.raw) for run in found]
    for run in found:
        pdfium.FPDFTextObj_SetTextRenderMode(run.raw, _INVISIBLE)
    pixels = sheet.colours(area, scale=scale)
    for run, mode in zip(found, modes, strict=True):
        pdfium.FPDFTextObj_SetTextRenderMode(run.raw, mode)
    return pixels


def _visible(seen: Pixels, behind: Pixels, run: Run, scale: float) -> tuple[str, float | None]:
    """Say why a run is not seen, and how far its letters stand out from what is behind them."""
    if not seen.size or seen.shape != behind.shape:
        return "it is outside the page", None
    if not any(letter.isalnum() for letter in run.text):
        return "", None
    change = np.abs(seen.astype(np.int16) - behind).max(axis=2)
    marks = change > _SEEN
    if not marks.any():
        return "nothing of it can be seen", None
    if marks.mean() > _SOLID and marks.size > 16:
        return "something lies over it", None
    if why := _cut(marks, run, scale):
        return why, None
    strong = change >= max(_SEEN, int(change.max() * 0.7))
    ink, ground = seen[strong].mean(axis=0), behind[strong].mean(axis=0)
    return "", _contrast(ink, ground)


def _cut(marks: NDArray[np.bool_], run: Run, scale: float) -> str:
    """Say whether a part of the letters is missing: across, an em wide or more, or in height."""
    across, down = run.box[2] - run.box[0], run.box[3] - run.box[1]
    columns = np.flatnonzero(marks.any(axis=0))
    rows = np.flatnonzero(marks.any(axis=1))
    em = run.points * scale
    lost = across * scale - marks.shape[1] > em or down * scale - marks.shape[0] > em / 2
    gaps = np.diff(np.concatenate([[-1], columns, [marks.shape[1]]]))
    wide = " " not in run.text.strip() or gaps.max() > 2 * em
    if lost or (wide and gaps.max() > 1.2 * em) or rows[-1] - rows[0] + 1 < _TALL * em:
        return "a part of it is hidden"
    return ""


def _heaped(found: Sequence[Run]) -> list[int]:
    """Return the runs that others lie over, or under."""
    boxes = np.array([run.box for run in found])
    sizes = np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6)
    heaped = []
    for index, box in enumerate(boxes):
        across = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
        down = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
        shared = np.clip(across, 0, None) * np.clip(down, 0, None) / sizes[index]
        shared[index] = 0
        if shared.max(initial=0) > _APART:
            heaped.append(index)
    return heaped


def _inside(found: Sequence[Run], size: tuple[float, float]) -> Box | None:
    """Return the part of the page that the runs stand in."""
    box = found[0].box
    for run in found[1:]:
        box = union(box, run.box)
    left, bottom = max(0.0, box[0] - 2), max(0.0, box[1] - 2)
    right, top = min(size[0], box[2] + 2), min(size[1], box[3] + 2)
    return (left, bottom, right, top) if left + 1 < right and bottom + 1 < top else None


def _part(box: Box, area: Box, scale: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return where a box of displayed points lies in a drawing of an area."""
    left, right = (box[0] - area[0]) * scale, (box[2] - area[0]) * scale
    top, bottom = (area[3] - box[3]) * scale, (area[3] - box[1]) * scale
    rows = slice(max(0, int(top)), max(0, min(shape[0], int(bottom) + 1)))
    return rows, slice(max(0, int(left)), max(0, min(shape[1], int(right) + 1)))


def _contrast(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the contrast of two colours (WCAG 2.2, 1.4.3)."""
    first, second = _luminance(one), _luminance(other)
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def _luminance(rgb: NDArray[Any]) -> float:
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))
