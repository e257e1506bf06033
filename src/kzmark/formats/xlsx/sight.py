"""What a reader sees of a workbook: the open sheet on the screen, and every sheet as printed."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element, beginning
from kzmark.formats.xlsx import headers
from kzmark.formats.xlsx.book import KINDS, Around, Book, Sheet, whole
from kzmark.formats.xlsx.cells import Formats

_CELLS: Final = 300  # of the open sheet: a notice stands at its beginning
_STRINGS: Final = 3_000  # shared strings that are looked at
_TINY: Final = 4.0  # points of a row, and characters of a column, that show nothing
_A4: Final = (595.0, 842.0)  # points
# Kinds of paper by number (18.3.1.63):
_PAPERS: Final = {
    "1": (612.0, 792.0),
    "5": (612.0, 1008.0),
    "8": (842.0, 1191.0),
    "11": (420.0, 595.0),
}
_MARGIN: Final = 0.7  # inches
_PLACE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield the open sheet, then the printed pages of every sheet that has a tab."""
    parts = Parts(source, limits=limits)
    book = Book.of(parts)
    opened = _open(book)
    if opened is None:
        return
    yield Leaf(index=0, passages=tuple(_on_screen(parts, opened)))
    index = 1
    for sheet in book.sheets:
        if not sheet.part or sheet.kind not in KINDS or (sheet.is_hidden and sheet.is_ours):
            continue
        around = Around.of(parts.edits.read(sheet.part), limits=limits, what=sheet.part)
        found = next((one for one in around.tail if one.name == "x:headerFooter"), None)
        for passages in headers.pages(found, _across(around.tail)):
            yield Leaf(index=index, passages=passages)
            index += 1


def _across(tail: Sequence[Element]) -> float:
    """Return how wide a printed page is between its margins, in points."""
    known = {one.name: one for one in tail}
    setup, margins = known.get("x:pageSetup"), known.get("x:pageMargins")
    paper = _PAPERS.get(setup.get("paperSize") if setup is not None else "", _A4)
    wide = max(paper) if setup is not None and setup.get("orientation") == "landscape" else paper[0]
    sides = (margins.get(side) if margins is not None else "" for side in ("left", "right"))
    return max(72.0, wide - 72 * sum(_size(side, _MARGIN) for side in sides))


def _open(book: Book) -> Sheet | None:
    """Return the sheet that is seen when the file is opened."""
    views = book.document.root.first("x:bookViews", "x:workbookView")
    number = whole(views.get("activeTab"), 0) if views is not None else 0
    shown = [one for one in book.sheets if not one.is_hidden]
    if number < len(book.sheets) and not book.sheets[number].is_hidden:
        return book.sheets[number]
    return shown[0] if shown else None


def _on_screen(parts: Parts, sheet: Sheet) -> Iterator[Passage]:
    if not sheet.part:
        return
    root = _beginning(parts, sheet)
    formats = Formats.of(parts)
    shared = _shared(parts, root)
    zoom, first = _view(root)
    columns = _hidden_columns(root)
    lids = _drawn_over(parts, sheet)
    for row in (one for one in root.walk() if one.name == "x:row"):
        low = row.get("hidden") in {"1", "true"} or _size(row.get("ht"), 15) < _TINY
        for cell in row.all("x:c"):
            text = _text(cell, shared)
            place = _PLACE.fullmatch(cell.get("r", "A1"))
            if not text.strip() or place is None:
                continue
            column, number = _column(place[1]), int(place[2])
            points, reached = formats.look(cell.get("s"))
            hidden = ""
            if low or column in columns:
                hidden = "its row or column is hidden"
            elif (number, column) < first or number < first[0]:
                hidden = "the sheet is scrolled away from it"
            elif any(a <= number <= b and c <= column <= d for a, b, c, d in lids):
                hidden = "something lies over it"
            yield Passage(text=text, points=points * zoom, contrast=reached, hidden=hidden)


def _beginning(parts: Parts, sheet: Sheet) -> Element:
    count = 0

    def enough(one: Element) -> bool:
        nonlocal count
        count += one.name == "x:c"
        return count > _CELLS

    data = parts.edits.read(sheet.part)
    return beginning(data, limits=parts.limits, what=sheet.part, enough=enough)


def _shared(parts: Parts, root: Element) -> list[str]:
    """Return the shared strings, if the sheet uses any."""
    name = parts.related(parts.main, "sharedStrings")
    if not name or not any(one.get("t") == "s" for one in root.walk() if one.name == "x:c"):
        return []
    count = 0

    def enough(one: Element) -> bool:
        nonlocal count
        count += one.name == "x:si"
        return count > _STRINGS

    data = parts.edits.read(name)
    found = beginning(data, limits=parts.limits, what=name, enough=enough)
    return ["".join(t.text for t in one.walk() if t.name == "x:t") for one in found.all("x:si")]


def _text(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(one.text for one in cell.walk() if one.name == "x:t")
    value = cell.first("x:v")
    said = value.text if value is not None else ""
    if cell.get("t") == "s":
        number = whole(said, len(shared))
        return shared[number] if number < len(shared) else ""
    return said if cell.get("t") == "str" else ""


def _view(root: Element) -> tuple[float, tuple[int, int]]:
    """Return how large the open sheet is shown, and the first row and column that are seen."""
    view = root.first("x:sheetViews", "x:sheetView")
    if view is None:
        return 1.0, (1, 1)
    place = _PLACE.fullmatch(view.get("topLeftCell", "A1"))
    first = (int(place[2]), _column(place[1])) if place else (1, 1)
    return whole(view.get("zoomScale"), 100) / 100, (first[0], min(first[1], 1))


def _hidden_columns(root: Element) -> set[int]:
    listed = root.first("x:cols")
    found: set[int] = set()
    for one in listed.all("x:col") if listed is not None else ():
        if one.get("hidden") in {"1", "true"} or _size(one.get("width"), 9) < _TINY / 2:
            start, stop = whole(one.get("min"), 1), whole(one.get("max"), 1)
            found.update(range(start, min(stop, start + 1_000) + 1))
    return found


def _drawn_over(parts: Parts, sheet: Sheet) -> list[tuple[int, int, int, int]]:
    """Return rows and columns from 1, first and last, that drawings on a sheet lie over."""
    name = parts.related(sheet.part, "drawing")
    if not name:
        return []
    found = []
    for anchor in parts.document(name).root.elements:
        kids = {one.name.rpartition("}")[2]: one for one in anchor.elements}
        start, stop = kids.get("from"), kids.get("to")
        if start is None:
            found.append((1, 1_000, 1, 100))  # placed by measures: wherever it is
            continue
        top, left = _corner(start)
        bottom, right = _corner(stop) if stop is not None else (top + 20, left + 5)
        found.append((top, bottom, left, right))
    return found


def _corner(element: Element) -> tuple[int, int]:
    said = {one.name.rpartition("}")[2]: one.text.strip() for one in element.elements}
    return whole(said.get("row", ""), 0) + 1, whole(said.get("col", ""), 0) + 1


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _size(said: str, default: float) -> float:
    return float(said) if re.fullmatch(r"\d{1,6}(\.\d{1,20})?", said) else default
