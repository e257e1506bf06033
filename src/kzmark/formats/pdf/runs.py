"""The words of a page as pdfium finds them: each run with its place, its size and its owner."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kzmark.errors import LimitExceededError
from kzmark.formats.pdf.view import Box, Matrix, View, applied, product, union

_MOST: Final = 50_000  # objects of a page
_DEEP: Final = 12  # forms in forms
_SAME: Final = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """Letters that a content stream shows in one go.

    Attributes:
        raw: The text object of pdfium.
        text: Its letters.
        box: Where it stands, in displayed points.
        points: Size of type as displayed, in points.
        block: Number of the object of the page that it belongs to; a form is one object.
        level: Middle of the line that it is on, in displayed points from the bottom.
        turn: Degrees counterclockwise by which its words are seen turned: 0, 90, 180 or 270.
    """

    raw: Any
    text: str
    box: Box
    points: float
    block: int
    level: float
    turn: int = 0


def runs(page: Any, view: View, *, last: bool = False) -> list[Run]:
    """Return the runs of an open page in the order in which they are painted.

    Args:
        page: The page of pypdfium2.
        view: What is seen of it.
        last: Whether only those of its last object are meant.

    Raises:
        LimitExceededError: If the page is made of too many objects.
    """
    import pypdfium2.raw as pdfium

    letters = pdfium.FPDFText_LoadPage(page.raw)
    if not letters:
        return []
    try:
        found = []
        for raw, matrix, block in _texts(page, last=last):
            if text := _letters(raw, letters):
                found.append(_run(raw, text, matrix, block, view))
        return found
    finally:
        pdfium.FPDFText_ClosePage(letters)


def _texts(page: Any, *, last: bool) -> Iterator[tuple[Any, Matrix, int]]:
    """Yield each text object, how its coordinates fall on the page, and its block's number."""
    import pypdfium2.raw as pdfium

    left = _MOST
    count = pdfium.FPDFPage_CountObjects(page.raw)
    for block in range(count - 1 if last else 0, count):
        waiting = [(pdfium.FPDFPage_GetObject(page.raw, block), _SAME, 0)]
        while waiting:
            left -= 1
            if left < 0:
                raise LimitExceededError(f"a page of more than {_MOST} objects")
            raw, matrix, depth = waiting.pop()
            kind = pdfium.FPDFPageObj_GetType(raw)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                yield raw, matrix, block
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEP:
                inside = product(_matrix(raw), matrix)
                inner = pdfium.FPDFFormObj_CountObjects(raw)
                waiting += [
                    (pdfium.FPDFFormObj_GetObject(raw, n), inside, depth + 1)
                    for n in range(inner - 1, -1, -1)
                ]


def _letters(raw: Any, letters: Any) -> str:
    import pypdfium2.raw as pdfium

    size = pdfium.FPDFTextObj_GetText(raw, letters, None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    pdfium.FPDFTextObj_GetText(raw, letters, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")


def _run(raw: Any, text: str, matrix: Matrix, block: int, view: View) -> Run:
    import pypdfium2.raw as pdfium

    size = ctypes.c_float()
    pdfium.FPDFTextObj_GetFontSize(raw, size)
    own = product(_matrix(raw), matrix)
    bounds = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(raw, *bounds)
    left, bottom, right, top = (one.value for one in bounds)
    corners = [view.displayed(*applied(matrix, x, y)) for x in (left, right) for y in (bottom, top)]
    box = (*corners[0], *corners[0])
    for corner in corners[1:]:
        box = union(box, (*corner, *corner))
    points = abs(size.value) * (own[2] ** 2 + own[3] ** 2) ** 0.5 * view.unit
    return Run(raw, text, box, points, block, (box[1] + box[3]) / 2, _turn(own, view))


def _turn(own: Matrix, view: View) -> int:
    """Return the direction of words, to the nearest quarter turn."""
    (x, y), (right, top) = view.displayed(0, 0), view.displayed(own[0], own[1])
    if abs(right - x) >= abs(top - y):
        return 0 if right >= x else 180
    return 90 if top > y else 270


def _matrix(raw: Any) -> Matrix:
    import pypdfium2.raw as pdfium

    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(raw, found):
        return _SAME
    return found.a, found.b, found.c, found.d, found.e, found.f
