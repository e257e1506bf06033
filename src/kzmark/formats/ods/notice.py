"""The notice in an OpenDocument spreadsheet: a first, open sheet, and a header on printed pages."""

from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._odf import pages
from kzmark.formats._odf.looks import Styles
from kzmark.formats._odf.parts import CONTENT, SETTINGS, OdfParts
from kzmark.formats._odf.spelling import OURS, Spelling, css, is_ours, paragraphs, placed, styles
from kzmark.formats._text import Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Edit, Element

_SIZE: Final = 14.0  # points: a sheet has room
ACTIVE: Final = "ActiveTable"  # the item of the settings that names the open sheet


def inscribe(
    source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
) -> Sequence[str]:
    """Copy a spreadsheet with the notice."""
    parts = OdfParts(source, limits=limits)
    parts.check_changeable()
    if inscription.pages != "first":
        pages.inscribe(parts, inscription, usual="Default")
    document = parts.document(CONTENT)
    spelling = Spelling.of(document)
    markup = styles(inscription, points=max(_SIZE, inscription.points))
    markup += _cells(inscription, _master(document.root))
    sheets = document.root.first("office:body", "office:spreadsheet")
    if sheets is None:
        if document.root.first("office:body") is not None:
            raise MalformedMediaError("the body of the document is no spreadsheet")
        name = _name([], inscription)
        said = (
            f"<office:automatic-styles>{markup}</office:automatic-styles><office:body>"
            f"<office:spreadsheet>{_table(name, inscription)}</office:spreadsheet></office:body>"
        )
        edits: list[Edit] = [document.root.opened(spelling.spell(said))]
    else:
        tables = sheets.all("table:table")
        ours = [one for one in tables if is_ours(one.get("table:style-name"))]
        others = [one for one in tables if one not in ours]
        name = ours[0].get("table:name") if ours else _name(others, inscription)
        edits = [*placed(document, markup, spelling), *(one.removed() for one in ours)]
        table = spelling.spell(_table(name, inscription))
        first = others[0] if others else _behind(sheets)
        edits.append(sheets.opened(table) if first is None else (first.start, first.start, table))
    parts.edits.put(CONTENT, document.edited(edits))
    _open(parts, name)
    parts.edits.write(target)
    return ()


def _behind(sheets: Element) -> Element | None:
    """Return the first element that must stand behind sheets, where there are none."""
    late = {"table:named-expressions", "table:database-ranges", "table:data-pilot-tables"}
    return next((one for one in sheets.elements if one.name in late), None)


def _table(name: str, inscription: Inscription) -> str:
    rows = "".join(
        f'<table:table-row table:style-name="{OURS}Row"><table:table-cell '
        f'table:style-name="{OURS}Cell" office:value-type="string">{one}</table:table-cell>'
        "</table:table-row>"
        for one in _lines(inscription)
    )
    return (
        f'<table:table table:name={quote(name)} table:style-name="{OURS}Table">'
        f'<table:table-column table:style-name="{OURS}Column"/>{rows}</table:table>'
    )


def _lines(inscription: Inscription) -> list[str]:
    words = paragraphs(inscription, apart=True)
    return [f"{one}</text:p>" for one in words.split("</text:p>")[:-1]]


def _master(root: Element) -> str:
    """Return the master page of the first sheet of others, as an attribute; nothing if none."""
    known = Styles(root)
    sheets = root.first("office:body", "office:spreadsheet")
    for one in sheets.all("table:table") if sheets is not None else ():
        name = one.get("table:style-name")
        if not is_ours(name):
            said = known.attribute("table", name, "style:master-page-name")
            return f" style:master-page-name={quote(said)}" if said else ""
    return ""


def _cells(inscription: Inscription, master: str) -> str:
    ground, ink = css(inscription.ground), css(inscription.ink)
    return (
        f'<style:style style:name="{OURS}Table" style:family="table"{master}>'
        '<style:table-properties table:display="true" style:writing-mode="lr-tb"/></style:style>'
        f'<style:style style:name="{OURS}Column" style:family="table-column">'
        '<style:table-column-properties style:column-width="18cm"/></style:style>'
        f'<style:style style:name="{OURS}Row" style:family="table-row">'
        '<style:table-row-properties style:row-height="1cm" '
        'style:use-optimal-row-height="false"/></style:style>'
        f'<style:style style:name="{OURS}Cell" style:family="table-cell">'
        f'<style:table-cell-properties fo:background-color="{ground}" fo:wrap-option="wrap" '
        'style:vertical-align="middle"/>'
        f'<style:text-properties fo:color="{ink}" fo:font-size="{_SIZE:g}pt"/></style:style>'
    )


def _open(parts: OdfParts, name: str) -> None:
    """Name our sheet as the open one, where the settings name one."""
    if SETTINGS not in parts.edits:
        return
    document = parts.document(SETTINGS)
    edits = [
        (one.inside, one.stop, escape(name))
        for one in document.root.walk()
        if one.get("config:name") == ACTIVE and not one.is_empty
    ]
    if edits:
        parts.edits.put(SETTINGS, document.edited(edits))


def _name(others: list[Element], inscription: Inscription) -> str:
    wanted = "".join(one for one in inscription.badge if one not in "[]*?:/\\'") or "AI"
    taken = {one.get("table:name").casefold() for one in others}
    name, count = wanted, 1
    while name.casefold() in taken:
        count += 1
        name = f"{wanted} {count}"
    return name
