"""The notice in a workbook: a first, open sheet, and a print header on every sheet.

Spec: ISO 29500-1, 18.2.20 (sheets), 18.2.5 (names of one sheet), 18.2.30 (the open sheet),
18.3.1.39 and 18.3.1.46 (headers).
"""

import re
from collections.abc import Sequence
from typing import Final

from kzmark.errors import MalformedMediaError
from kzmark.formats._names import RELATIONS, SHEETS, STRICT
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.words import sentences
from kzmark.formats._text import Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Edit
from kzmark.formats.xlsx import headers
from kzmark.formats.xlsx.book import KINDS, PLACE, Around, Book, Sheet, whole
from kzmark.formats.xlsx.cells import notice_style

_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_MAX_NAME: Final = 31  # characters of the name of a sheet
_BEHIND: Final = frozenset(  # what stands behind headers in a sheet (CT_Worksheet, CT_Chartsheet)
    "x:" + name
    for name in (
        *("rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
        *("smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture"),
        *("oleObjects", "controls", "webPublishItems", "tableParts", "extLst"),
    )
)


def inscribe(parts: Parts, inscription: Inscription) -> Sequence[str]:
    """Put the notice into a workbook."""
    book = Book.of(parts)
    for sheet in book.sheets:
        if not sheet.is_ours and sheet.part and sheet.kind in KINDS:
            _change(parts, sheet, inscription)
    style = notice_style(parts, inscription)
    parts.edits.put(PLACE, _sheet(parts, inscription, style))
    parts.declare({PLACE: _TYPE})
    _list(book, inscription)
    return ()


def _change(parts: Parts, sheet: Sheet, inscription: Inscription) -> None:
    """Give a sheet its print header, and take back that it is the chosen one."""
    around = Around.of(parts.edits.read(sheet.part), limits=parts.limits, what=sheet.part)
    edits: list[Edit] = [
        one.with_attributes({"tabSelected": "0"})
        for one in around.root.walk()
        if one.name == "x:sheetView" and one.get("tabSelected") in {"1", "true"}
    ]
    if inscription.pages != "first":
        edits.append(_headed(around, inscription))
    parts.edits.put(sheet.part, _edited(around, edits))


def _headed(around: Around, inscription: Inscription) -> Edit:
    old = next((one for one in around.tail if one.name == "x:headerFooter"), None)
    fresh = headers.spelt(around.root.prefix, headers.with_notice(old, inscription), old)
    if old is not None:
        return old.start + around.shift, old.end + around.shift, fresh
    behind = next((one for one in around.tail if one.name in _BEHIND), None)
    if behind is not None:
        return behind.start + around.shift, behind.start + around.shift, fresh
    at = around.data.rfind(f"</{around.root.tag}".encode())
    if at < 0:
        return around.root.opened(fresh)
    return at, at, fresh


def _edited(around: Around, edits: list[Edit]) -> bytes:
    parts, at = [], 0
    for start, stop, fresh in sorted(edits, key=lambda edit: edit[:2]):
        parts += [around.data[at:start], fresh.encode()]
        at = stop
    return b"".join([*parts, around.data[at:]])


def _sheet(parts: Parts, inscription: Inscription, style: int) -> bytes:
    uri = _uri(SHEETS, strict=parts.is_strict)
    said = [inscription.badge, *(text for text, _ in sentences(inscription))]
    rows = "".join(
        f'<row r="{n}" ht="30" customHeight="1"><c r="A{n}" s="{style}" t="inlineStr">'
        f"<is><t>{escape(text)}</t></is></c></row>"
        for n, text in enumerate(said, 1)
    )
    head = headers.spelt("", headers.with_notice(None, inscription), None)
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{uri}">'
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0"/>'
        '</sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        '<cols><col min="1" max="1" width="80" customWidth="1"/></cols>'
        f"<sheetData>{rows}</sheetData>"
        '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        f"{head}</worksheet>"
    ).encode()


def _list(book: Book, inscription: Inscription) -> None:
    """Put our sheet first, open it, and put right what counts sheets."""
    document, parts = book.document, book.parts
    listed = document.root.first("x:sheets")
    if listed is None:
        raise MalformedMediaError("a workbook without a list of sheets")
    place = next((n for n, one in enumerate(book.sheets) if one.is_ours), len(book.sheets))
    edits: list[Edit] = []
    if place:
        edits.append(listed.begun(_row(book, inscription)))
        edits += [one.element.removed() for one in book.sheets if one.is_ours]
    elif not book.sheets:
        edits.append(listed.begun(_row(book, inscription)))
    views = document.root.first("x:bookViews")
    for view in views.all("x:workbookView") if views is not None else ():
        if view.get("activeTab", "0") != "0" or view.get("firstSheet", "0") != "0":
            edits.append(view.with_attributes({"activeTab": "0", "firstSheet": "0"}))
    names = document.root.first("x:definedNames")
    for one in names.all("x:definedName") if names is not None and place else ():
        if one.get("localSheetId"):
            number = whole(one.get("localSheetId"), 0)
            moved = 0 if number == place else number + (number < place)
            edits.append(one.with_attributes({"localSheetId": str(moved)}))
    parts.edits.put(parts.main, document.edited(edits))


def _row(book: Book, inscription: Inscription) -> str:
    """Return the row of our sheet in the list of sheets."""
    document, parts = book.document, book.parts
    ours = next((one.element for one in book.sheets if one.is_ours), None)
    taken = [whole(one.element.get("sheetId"), 0) for one in book.sheets]
    number = ours.get("sheetId") if ours is not None else str(max([0, *taken]) + 1)
    identity = parts.relate(parts.main, "worksheet", PLACE)
    r, declared = document.prefix(_uri(RELATIONS, strict=parts.is_strict), "r")
    name = ours.get("name") if ours is not None else _name(book, inscription.badge)
    return (
        f"<{document.root.prefix}sheet{declared} name={quote(name)} sheetId={quote(number)} "
        f"{r}:id={quote(identity)}/>"
    )


def _name(book: Book, badge: str) -> str:
    wanted = _FORBIDDEN.sub(" ", badge).strip()[:_MAX_NAME] or "AI"
    taken = {one.element.get("name").casefold() for one in book.sheets}
    name, count = wanted, 1
    while name.casefold() in taken:
        count += 1
        name = f"{wanted[: _MAX_NAME - 6]} {count}"
    return name


def _uri(usual: str, *, strict: bool) -> str:
    return next(uri for uri, one in STRICT.items() if one == usual) if strict else usual
