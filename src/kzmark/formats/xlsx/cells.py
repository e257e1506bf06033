"""Fonts and fills of cells (ISO 29500-1, 18.8): found, and added for the notice."""

from dataclasses import dataclass, field
from typing import Final

from kzmark.formats._colour import Colour, contrast
from kzmark.formats._names import SHEETS
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.theme import Theme, hexed
from kzmark.formats._ooxml.words import FACE, hexadecimal
from kzmark.formats._text import Inscription
from kzmark.formats._xmlmap import Edit, Element
from kzmark.formats.xlsx.book import whole

_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_PLACE: Final = "xl/styles.xml"
_SIZE: Final = 11.0
_LARGER: Final = 14  # points: a sheet has room
_THEMED: Final = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink")
_EMPTY: Final = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{SHEETS}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
).encode()


def notice_style(parts: Parts, inscription: Inscription) -> int:
    """Return the number of a cell format in the notice's colours, made if there is none."""
    name = parts.related(parts.main, "styles")
    if not name:
        name = _PLACE
        data = _EMPTY
        if parts.is_strict:
            data = data.replace(SHEETS.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        parts.edits.put(name, data)
        parts.relate(parts.main, "styles", name)
        parts.declare({name: _TYPE})
    document = parts.document(name)
    root, edits = document.root, []
    p = root.prefix
    ink, ground = hexadecimal(inscription.ink), hexadecimal(inscription.ground)
    size = max(_LARGER, round(inscription.points + 0.49))
    font = (
        f'<{p}font><{p}b/><{p}sz val="{size}"/><{p}color rgb="FF{ink}"/>'
        f'<{p}name val="{FACE}"/><{p}family val="2"/></{p}font>'
    )
    fill = (
        f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="FF{ground}"/>'
        f'<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>'
    )
    numbers = []
    for listed, kind, fresh in (("fonts", "font", font), ("fills", "fill", fill)):
        number, edit = _added(root.first(f"x:{listed}"), kind, fresh)
        numbers.append(number)
        edits += edit
    row = (
        f'<{p}xf numFmtId="0" fontId="{numbers[0]}" fillId="{numbers[1]}" borderId="0" xfId="0" '
        'applyFont="1" applyFill="1" applyAlignment="1">'
        f'<{p}alignment vertical="center" wrapText="1"/></{p}xf>'
    )
    found, edit = _added(root.first("x:cellXfs"), "xf", row)
    parts.edits.put(name, document.edited([*edits, *edit]))
    return found


def _added(listed: Element | None, kind: str, fresh: str) -> tuple[int, list[Edit]]:
    """Return the number of an entry of a list, and what adds it if it is not there."""
    if listed is None:
        return 0, []
    entries = listed.all(f"x:{kind}")
    for number, one in enumerate(entries):
        if one.source == fresh.encode():
            return number, []
    start, stop, head = listed.with_attributes({"count": str(len(entries) + 1)})
    if listed.is_empty:
        opened = head.removesuffix("/>") + f">{fresh}</{listed.tag}>"
        return 0, [(start, stop, opened)]
    return len(entries), [(start, stop, head), listed.opened(fresh)]


@dataclass(frozen=True, slots=True)
class Formats:
    """The cell formats of a workbook."""

    fonts: tuple[Element, ...] = ()
    fills: tuple[Element, ...] = ()
    rows: tuple[Element, ...] = ()
    theme: Theme = field(default_factory=Theme)

    @classmethod
    def of(cls, parts: Parts) -> "Formats":
        """Read them."""
        name = parts.related(parts.main, "styles")
        if not name:
            return cls()
        root = parts.document(name).root

        def entries(listed: str, kind: str) -> tuple[Element, ...]:
            found = root.first(f"x:{listed}")
            return tuple(found.all(f"x:{kind}")) if found is not None else ()

        return cls(
            entries("fonts", "font"),
            entries("fills", "fill"),
            entries("cellXfs", "xf"),
            Theme.of(parts, parts.main),
        )

    def look(self, said: str) -> tuple[float, float]:
        """Return size in points and contrast of a cell of a format."""
        number = whole(said, 0)
        row = self.rows[number] if number < len(self.rows) else None
        font = self._picked(self.fonts, row, "fontId")
        fill = self._picked(self.fills, row, "fillId")
        size = font.first("x:sz") if font is not None else None
        points = float(size.get("val", "11")) if size is not None and _is_number(size) else _SIZE
        ink = self._colour(font.first("x:color") if font is not None else None) or (0, 0, 0)
        pattern = fill.first("x:patternFill") if fill is not None else None
        ground: Colour | None = None
        if pattern is not None and pattern.get("patternType", "none") != "none":
            ground = self._colour(pattern.first("x:fgColor"))
        return points, contrast(ink, ground or (255, 255, 255))

    def _picked(
        self, entries: tuple[Element, ...], row: Element | None, name: str
    ) -> Element | None:
        number = whole(row.get(name), 0) if row is not None else 0
        return entries[number] if number < len(entries) else None

    def _colour(self, said: Element | None) -> Colour | None:
        if said is None:
            return None
        if said.get("theme"):
            number = whole(said.get("theme"), 0)
            return self.theme.colours.get(_THEMED[number]) if number < len(_THEMED) else None
        return hexed(said.get("rgb")[-6:])


def _is_number(element: Element) -> bool:
    said = element.get("val", "11")
    return said.replace(".", "", 1).isdigit() and len(said) < 10
