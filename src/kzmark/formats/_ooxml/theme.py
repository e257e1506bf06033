"""The colours that a theme gives names to (ISO 29500-1, 20.1.6.2 and 20.1.2.3)."""

import colorsys
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from kzmark._limits import Limits
from kzmark.formats._colour import Colour, over
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._xmlmap import Element, beginning

_WORDS: Final = {
    "dark1": "dk1", "text1": "dk1", "tx1": "dk1", "light1": "lt1", "background1": "lt1",
    "bg1": "lt1", "dark2": "dk2", "text2": "dk2", "tx2": "dk2", "light2": "lt2",
    "background2": "lt2", "bg2": "lt2", "hyperlink": "hlink", "followedHyperlink": "folHlink",
}  # fmt: skip
_SIX: Final = re.compile(r"[0-9A-Fa-f]{6}")
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_PART: Final = 100_000  # of a whole, in DrawingML


@dataclass(frozen=True, slots=True)
class Theme:
    """Named colours.

    Attributes:
        colours: By the theme's own names.
        named: What a document calls them, where it says so.
    """

    colours: Mapping[str, Colour] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Parts, part: str, named: Mapping[str, str] | None = None) -> Self:
        """Read the theme that a part leads to; none gives the usual black and white."""
        found = parts.related(part, "theme")
        colours: dict[str, Colour] = {"dk1": _BLACK, "lt1": _WHITE}
        if found:
            colours |= _scheme(parts.edits.read(found), parts.limits, found)
        return cls(colours, named or {})

    def colour(self, name: str, element: Element, prefix: str) -> Colour | None:
        """Return a colour that Word names, with the tint or shade beside the name."""
        found = self._plain(name)
        if found is None:
            return None
        tint, shade = element.get(f"{prefix}Tint"), element.get(f"{prefix}Shade")
        if re.fullmatch(r"[0-9A-Fa-f]{2}", tint):
            return over((*found, int(tint, 16) / 255), _WHITE)
        if re.fullmatch(r"[0-9A-Fa-f]{2}", shade):
            return over((*found, int(shade, 16) / 255), _BLACK)
        return found

    def drawn(self, fill: Element | None) -> tuple[Colour | None, float]:
        """Return what DrawingML fills with, and how opaque it is, 0 to 1.

        The colour is None where there is none or it cannot be told.
        """
        said = next(fill.elements, None) if fill is not None else None
        if said is None:
            return None, 1.0
        colour = self._said(said)
        share = 1.0
        for one in said.elements:
            amount = _share(one.get("val"))
            if one.name == "a:alpha":
                share = amount
            elif colour is not None:
                colour = _changed(colour, one.name, amount)
        return colour, share

    def _said(self, said: Element) -> Colour | None:
        if said.name in {"a:srgbClr", "a:sysClr"}:
            return hexed(said.get("lastClr") or said.get("val"))
        if said.name == "a:schemeClr":
            return self._plain(said.get("val"))
        if said.name == "a:prstClr":
            return {"black": _BLACK, "white": _WHITE}.get(said.get("val"))
        if said.name == "a:scrgbClr":
            red, green, blue = (round(255 * _share(said.get(one)) ** (1 / 2.2)) for one in "rgb")
            return red, green, blue
        return None

    def _plain(self, name: str) -> Colour | None:
        name = self.named.get(name, name)
        return self.colours.get(_WORDS.get(name, name))


@functools.lru_cache(maxsize=8)
def _scheme(data: bytes, limits: Limits, what: str) -> Mapping[str, Colour]:
    """Return the colours that a part names; the files of one program have the same one."""
    colours: dict[str, Colour] = {}
    root = beginning(data, limits=limits, what=what, enough=_is_scheme)
    for scheme in (one for one in root.walk() if one.name == "a:clrScheme"):
        for one in scheme.elements:
            inner = next(one.elements, None)
            said = inner.get("lastClr", inner.get("val")) if inner is not None else ""
            if (colour := hexed(said)) is not None:
                colours[one.name.partition(":")[2]] = colour
    return colours


def hexed(said: str) -> Colour | None:
    """Return a colour of six digits."""
    if not _SIX.fullmatch(said):
        return None
    return int(said[:2], 16), int(said[2:4], 16), int(said[4:], 16)


def _changed(colour: Colour, name: str, amount: float) -> Colour:
    if name == "a:tint":
        return over((*colour, amount), _WHITE)
    if name == "a:shade":
        return over((*colour, amount), _BLACK)
    if name in {"a:lumMod", "a:lumOff"}:
        hue, light, depth = colorsys.rgb_to_hls(*(one / 255 for one in colour))
        light = light * amount if name == "a:lumMod" else light + amount
        parts = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, light)), depth)
        red, green, blue = (round(255 * one) for one in parts)
        return red, green, blue
    return colour


def _is_scheme(element: Element) -> bool:
    return element.name == "a:clrScheme"


def _share(said: str) -> float:
    found = re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?(%?)", said)
    if not found:
        return 1.0
    value = float(said.rstrip("%")) / (100 if found[2] else _PART)
    return min(1.0, max(0.0, value))
