"""What a reader sees of an OpenDocument spreadsheet: the open sheet, and headers in print."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._odf import pages, regions
from kzmark.formats._odf.looks import Look, Styles, passages
from kzmark.formats._odf.parts import CONTENT, SETTINGS, STYLES, OdfParts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element, beginning
from kzmark.formats.ods.notice import ACTIVE

_CELLS: Final = 400
_COLUMNS: Final = 1_024  # elements of a sheet that are asked for the style of cells
_DEFAULT: Final = "table:default-cell-style-name"
_COVERS: Final = frozenset({"table:shapes"})


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield the open sheet, then every kind of printed page."""
    parts = OdfParts(source, limits=limits)
    common = parts.document(STYLES).root if STYLES in parts.edits else None
    yield Leaf(index=0, passages=tuple(_on_screen(parts, common)))
    known = Styles(common)
    index = 1
    for page in pages.masters(common) if common is not None else ():
        shown = [tuple(regions.shown(one, known)) for one in pages.headers(page)] or [()]
        for found in shown:
            yield Leaf(index=index, passages=found)
            index += 1


def _on_screen(parts: OdfParts, common: Element | None) -> Iterator[Passage]:
    wanted = _open(parts)
    cells = 0

    def enough(one: Element) -> bool:
        nonlocal cells
        if one.name == "table:table":
            return not wanted or one.get("table:name") == wanted
        around = one.parent
        while around is not None and around.name != "table:table":
            around = around.parent
        if around is None or (wanted and around.get("table:name") != wanted):
            return False
        cells += one.name == "table:table-cell"
        return cells > _CELLS

    data = parts.edits.read(CONTENT)
    root = beginning(data, limits=parts.limits, what=CONTENT, enough=enough)
    sheets = root.first("office:body", "office:spreadsheet")
    tables = sheets.all("table:table") if sheets is not None else []
    opened = [one for one in tables if one.get("table:name") == wanted] or tables
    styles = Styles(root, common)
    if opened:
        yield from _cells(opened[0], styles)


def _cells(table: Element, styles: Styles) -> Iterator[Passage]:
    hidden = ""
    name = table.get("table:style-name")
    if styles.value("table", name, "table", "table:display") == "false":
        hidden = "its sheet is hidden"
    if any(one.name in _COVERS for one in table.elements):
        hidden = hidden or "drawings stand on its sheet"
    column = table.first("table:table-column")
    if column is not None and column.get("table:visibility", "visible") != "visible":
        hidden = hidden or "its column is hidden"
    for cell, inherited in _plain_cells(table):
        cell.attributes = {**cell.attributes, "table:style-name": inherited}
    yield from passages(table, styles, Look(size=10.0, hidden=hidden))


def _plain_cells(table: Element) -> Iterator[tuple[Element, str]]:
    """Yield cells without a style of their own, and that of their row or column (ODF 1.3).

    The attribute is `table:default-cell-style-name`; what a row says goes before its column.
    """
    columns = islice((one for one in table.walk() if one.name == "table:table-column"), _COLUMNS)
    spans = [(_repeated(one), one.get(_DEFAULT)) for one in columns]
    for row in table.walk():
        if row.name != "table:table-row":
            continue
        place = 0
        for cell in row.elements:
            if not cell.get("table:style-name"):
                yield cell, row.get(_DEFAULT) or _of_column(spans, place)
            place += _repeated(cell)


def _of_column(spans: Sequence[tuple[int, str]], place: int) -> str:
    """Return the style of the cells of a column, counted from 0."""
    for many, name in spans:
        place -= many
        if place < 0:
            return name
    return ""


def _repeated(one: Element) -> int:
    said = one.get("table:number-columns-repeated", "1")
    return int(said) if said.isdecimal() and len(said) < 9 else 1


def _open(parts: OdfParts) -> str:
    """Return the name of the sheet that is seen when the file is opened, if the settings say."""
    if SETTINGS not in parts.edits:
        return ""
    root = parts.document(SETTINGS).root
    return next((one.text for one in root.walk() if one.get("config:name") == ACTIVE), "")
