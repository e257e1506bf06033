"""What a reader sees of an OpenDocument spreadsheet: the open sheet, and headers in print."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.formats._odf import pages
from kzmark.formats._odf.looks import Look, Styles, passages
from kzmark.formats._odf.parts import CONTENT, SETTINGS, STYLES, OdfParts
from kzmark.formats._text import Leaf, Passage
from kzmark.formats._xmlmap import Element, beginning
from kzmark.formats.ods.notice import ACTIVE

_CELLS: Final = 400
_COVERS: Final = frozenset({"table:shapes"})


def leaves(source: BinaryIO, *, limits: Limits) -> Iterator[Leaf]:
    """Yield the open sheet, then every kind of printed page."""
    parts = OdfParts(source, limits=limits)
    common = parts.document(STYLES).root if STYLES in parts.edits else None
    yield Leaf(index=0, passages=tuple(_on_screen(parts, common)))
    known = Styles(common)
    index = 1
    for page in pages.masters(common) if common is not None else ():
        shown = [tuple(passages(one, known)) for one in pages.headers(page)] or [()]
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
    yield from passages(table, styles, Look(size=10.0, hidden=hidden))


def _open(parts: OdfParts) -> str:
    """Return the name of the sheet that is seen when the file is opened, if the settings say."""
    if SETTINGS not in parts.edits:
        return ""
    root = parts.document(SETTINGS).root
    return next((one.text for one in root.walk() if one.get("config:name") == ACTIVE), "")
