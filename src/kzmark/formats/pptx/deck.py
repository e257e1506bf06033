"""The slides of a presentation, in order (ISO 29500-1, 19.2)."""

import re
from dataclasses import dataclass
from typing import Final, Self

from kzmark.errors import LimitExceededError
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._xmlmap import Document, Element

NAME: Final = "kzmark notice"  # of the shape by which our plates are known
_WIDTH, _HEIGHT = 9_144_000, 6_858_000  # EMU, where nobody says them
_MOST: Final = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Deck:
    """A presentation.

    Attributes:
        parts: Its package.
        document: Its main part.
        slides: Names of its slides, in order.
        width: Of a slide, in EMU (914,400 to the inch).
        height: The same.
    """

    parts: Parts
    document: Document
    slides: tuple[str, ...]
    width: int
    height: int

    @classmethod
    def of(cls, parts: Parts) -> Self:
        """Read the list of slides."""
        document = parts.document(parts.main)
        targets = {one.identity: one.target for one in parts.relations(parts.main)}
        listed = document.root.first("p:sldIdLst")
        named = (
            [targets.get(one.get("r:id"), "") for one in listed.all("p:sldId")] if listed else []
        )
        size = document.root.first("p:sldSz")
        if len(named) > parts.limits.max_pages:
            raise LimitExceededError(f"a presentation of {len(named)} slides")
        return cls(
            parts,
            document,
            tuple(one for one in dict.fromkeys(named) if one),
            number(size, "cx", _WIDTH) or _WIDTH,
            number(size, "cy", _HEIGHT) or _HEIGHT,
        )


def is_ours(shape: Element) -> bool:
    """Say whether a shape is an earlier plate of ours."""
    named = shape.first("p:nvSpPr", "p:cNvPr") if shape.name == "p:sp" else None
    return named is not None and named.get("name") == NAME


def number(element: Element | None, name: str, default: int) -> int:
    """Return an attribute that is a whole number, within reason."""
    said = element.get(name) if element is not None else ""
    if not re.fullmatch(r"-?\d{1,12}", said):
        return default
    return max(-_MOST, min(_MOST, int(said)))
