"""The sheets of a workbook, and where things stand in a sheet without its cells."""

import re
from dataclasses import dataclass
from typing import Final, Self

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._xmlmap import Document, Element, beginning
from kzmark.formats._xmlwords import places

PLACE: Final = "xl/worksheets/kzmarkNotice.xml"  # the part by which our sheet is known
_END: Final = b"</sheetData>"  # no cell holds it: `<` is escaped there
KINDS: Final = frozenset({"worksheet", "chartsheet", "dialogsheet"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet.

    Attributes:
        element: Its row in the list.
        part: Its part; empty if there is none.
        kind: worksheet, chartsheet, dialogsheet, or another.
    """

    element: Element
    part: str
    kind: str

    @property
    def is_ours(self) -> bool:
        """Whether it is the sheet of an earlier notice."""
        return self.part == PLACE

    @property
    def is_hidden(self) -> bool:
        """Whether no tab shows it."""
        return self.element.get("state", "visible") != "visible"


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook.

    Attributes:
        parts: Its package.
        document: Its main part.
        sheets: In the order of their tabs.
    """

    parts: Parts
    document: Document
    sheets: tuple[Sheet, ...]

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """Read the list of sheets."""
        document = parts.document(parts.main)
        related = {one.identity: one for one in parts.relations(parts.main)}
        listed = document.root.first("x:sheets")
        found = []
        for one in listed.all("x:sheet") if listed is not None else ():
            relation = related.get(one.get("r:id"))
            target = relation.target if relation and relation.target in parts.edits else ""
            found.append(Sheet(one, target, relation.kind if relation else ""))
        if len(found) > parts.limits.max_pages:
            raise LimitExceededError(f"a workbook of {len(found)} sheets")
        return cls(parts, document, tuple(found))


@dataclass(frozen=True, slots=True)
class Around:
    """A sheet without its cells.

    Attributes:
        data: All of it, UTF-8.
        root: Its element, of which only what stands before the cells is known.
        tail: What stands behind the cells.
        shift: What to add to the positions of the tail, in bytes.
    """

    data: bytes
    root: Element
    tail: tuple[Element, ...]
    shift: int

    @classmethod
    def of(cls, data: bytes, *, limits: Limits, what: str) -> "Around":
        """Take apart what stands before and behind the cells.

        Cells are passed over by the letters of their end tag, where that is exact.
        """
        plain = data[:1] == b"<" and data[1:2] != b"\0" and (b"!" not in data or b"<!" not in data)
        ends = places(data, _END) if plain else []
        if len(ends) != 1 or len(places(data, b"<sheetData>")) != 1:
            return cls._whole(data, limits, what)
        cut = ends[0] + len(_END)
        root = beginning(data, limits=limits, what=what, enough=_is_first_cell)
        head = data[root.start : root.inside]
        if root.name != "x:worksheet" or root.prefix:
            return cls._whole(data, limits, what)
        small = Document.of(head + data[cut:], limits=limits, what=what)
        return cls(data, root, tuple(small.root.elements), cut - len(head))

    @classmethod
    def _whole(cls, data: bytes, limits: Limits, what: str) -> "Around":
        document = Document.of(data, limits=limits, what=what)
        elements = list(document.root.elements)
        at = next((n for n, one in enumerate(elements) if one.name == "x:sheetData"), -1)
        if document.root.name not in {"x:worksheet", "x:chartsheet", "x:dialogsheet"}:
            raise MalformedMediaError(f"{what} is no sheet")
        return cls(document.body, document.root, tuple(elements[at + 1 :]), 0)


def _is_first_cell(element: Element) -> bool:
    return element.name in {"x:c", "x:row", "x:sheetData"}


def whole(said: str, default: int) -> int:
    """Return a whole number of an attribute."""
    return int(said) if re.fullmatch(r"\d{1,9}", said) else default
