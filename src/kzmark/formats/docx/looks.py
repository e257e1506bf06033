"""How the letters of a Word file look: what runs, paragraphs and their styles say (17.7.2)."""

import functools
import re
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import unescape

from kzmark.formats._colour import Colour, contrast
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.theme import Theme, hexed
from kzmark.formats._xmlmap import Element
from kzmark.formats._xmlskim import Skim
from kzmark.formats.docx.story import URIS, is_on

_NUMBER: Final = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)%?")
_DEEPEST: Final = 24  # styles based on styles
_HALF: Final = 20  # half points: the size where nobody says one
_NARROW: Final = 34  # per cent of a letter's width below which it cannot be read
_THIN: Final = 0.6  # of the size of type: an exact line below it cuts letters off
_FAR: Final = 20_000  # twentieths of a point: a yard off the page
_SHADED: Final = {"w:tc": "w:tcPr", "w:tbl": "w:tblPr"}
_PICTURES: Final = frozenset({"wingdings", "wingdings 2", "wingdings 3", "webdings", "symbol"})
_HIGHLIGHTS: Final = {
    "black": (0, 0, 0), "blue": (0, 0, 255), "cyan": (0, 255, 255), "green": (0, 255, 0),
    "magenta": (255, 0, 255), "red": (255, 0, 0), "yellow": (255, 255, 0),
    "white": (255, 255, 255), "darkBlue": (0, 0, 139), "darkCyan": (0, 139, 139),
    "darkGreen": (0, 100, 0), "darkMagenta": (128, 0, 128), "darkRed": (139, 0, 0),
    "darkYellow": (128, 128, 0), "darkGray": (169, 169, 169), "lightGray": (211, 211, 211),
}  # fmt: skip


class Looks:
    """The styles of one file, read when they are asked for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._styles: dict[str, Element] = {}
        self._blocks: dict[str, tuple[int, int]] = {}
        self._skim: Skim | None = None
        self._is_read = False
        self._plain: list[Element] = []
        self._seen: dict[object, tuple[float, float | None, str]] = {}
        self._usual = ""

    def run(self, run: Element, ground: Colour | None) -> tuple[float, float | None, str]:
        """Return size in points, contrast, and why a run is hidden, if it is.

        Args:
            run: A `w:r` inside a `w:p`.
            ground: The colour behind its paragraph; None where it cannot be told.
        """
        sources = _Chain(self, run)
        key = sources.key, ground
        if key not in self._seen:
            self._seen[key] = self._judged(sources, ground)
        return self._seen[key]

    def _judged(self, sources: "_Chain", ground: Colour | None) -> tuple[float, float | None, str]:
        size = _number(sources.value("w:sz"), _HALF) / 2
        behind = self._ground(sources, ground)
        ink = self._ink(sources, behind)
        reached = None if behind is None else contrast(ink, behind)
        return size, reached, _hidden(sources, size)

    def ground(self, paragraph: Element) -> Colour | None:
        """Return the colour behind a paragraph, through cells and tables to the paper."""
        for shade in self._shades(paragraph):
            colour = self._filled(shade)
            if colour is not None:
                return colour
        return (255, 255, 255)

    def style(self, name: str) -> Element | None:
        """Return a style."""
        self._read()
        if name not in self._styles and self._skim is not None and name in self._blocks:
            taken, _ = self._skim.taken(*self._blocks[name], limits=self._parts.limits)
            self._styles[name] = taken
        return self._styles.get(name)

    @property
    def plain(self) -> list[Element]:
        """What holds for all of the document."""
        self._read()
        return self._plain

    @property
    def usual(self) -> str:
        """The paragraph style of paragraphs that name none."""
        self._read()
        return self._usual

    def _shades(self, paragraph: Element) -> Iterator[Element]:
        own = paragraph.first("w:pPr", "w:shd")
        if own is not None:
            yield own
        else:
            for style in _styles_of(self, paragraph.first("w:pPr", "w:pStyle")):
                found = style.first("w:pPr", "w:shd")
                if found is not None:
                    yield found
                    break
        around = paragraph.parent
        while around is not None:
            inner = _SHADED.get(around.name)
            found = around.first(inner, "w:shd") if inner else None
            if found is not None:
                yield found
            around = around.parent

    def _filled(self, shade: Element) -> Colour | None:
        fill = shade.get("w:fill", "auto")
        if themed := shade.get("w:themeFill"):
            return self.theme.colour(themed, shade, "w:themeFill") or hexed(fill)
        if shade.get("w:val") == "solid":
            return hexed(shade.get("w:color")) or (0, 0, 0)
        return hexed(fill)

    def _ground(self, sources: "_Chain", ground: Colour | None) -> Colour | None:
        marker = sources.find("w:highlight")
        if marker is not None and marker.get("w:val") in _HIGHLIGHTS:
            return _HIGHLIGHTS[marker.get("w:val")]
        shade = sources.find("w:shd")
        return (self._filled(shade) if shade is not None else None) or ground

    def _ink(self, sources: "_Chain", ground: Colour | None) -> Colour:
        said = sources.find("w:color")
        found = None
        if said is not None and said.get("w:themeColor"):
            found = self.theme.colour(said.get("w:themeColor"), said, "w:theme")
        if said is not None and found is None:
            found = hexed(said.get("w:val"))
        if found is not None:
            return found
        dark = ground is not None and contrast(ground, (0, 0, 0)) < contrast(
            ground, (255, 255, 255)
        )
        return (255, 255, 255) if dark else (0, 0, 0)

    @functools.cached_property
    def theme(self) -> Theme:
        """The colours of the document."""
        return Theme.of(self._parts, self._parts.main)

    @property
    def is_asked(self) -> bool:
        """Whether anything was looked up so far that stands outside the parts themselves."""
        return self._is_read or "theme" in vars(self)

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        if not (name := self._parts.related(self._parts.main, "styles")):
            return
        data = self._parts.edits.read(name)
        self._skim = Skim.of(data, URIS, limits=self._parts.limits, what=name)
        if self._skim is not None:
            self._skim_over(self._skim)
            return
        root = self._parts.document(name).root
        for one in root.all("w:style"):
            self._styles.setdefault(one.get("w:styleId"), one)
            if one.get("w:type") == "paragraph" and one.get("w:default") in {"1", "true"}:
                self._usual = one.get("w:styleId")
        base = root.first("w:docDefaults", "w:rPrDefault", "w:rPr")
        self._plain = [base] if base is not None else []

    def _skim_over(self, skim: Skim) -> None:
        """Note where the styles stand; they are taken apart when they are asked for."""
        prefix = re.escape(skim.prefix)
        named = re.compile(prefix + rb"""styleId\s*=\s*["']([^"']*)["']""")
        kind = re.compile(prefix + rb"""type\s*=\s*["']paragraph["']""")
        default = re.compile(prefix + rb"""default\s*=\s*["'](1|true)["']""")
        for start, stop in skim.blocks("style"):
            if start == stop:
                continue
            head = skim.data[start : skim.data.index(b">", start)]
            found = named.search(head)
            identity = unescape(found[1].decode()) if found else ""
            self._blocks.setdefault(identity, (start, stop))
            if kind.search(head) and default.search(head):
                self._usual = identity
        for start, stop in skim.blocks("docDefaults"):
            if start < stop:
                taken, _ = skim.taken(start, stop, limits=self._parts.limits)
                base = taken.first("w:rPrDefault", "w:rPr")
                self._plain = [base] if base is not None else []


class _Chain:
    """Where a property of a run may be said, the nearest place first."""

    def __init__(self, looks: Looks, run: Element) -> None:
        self._looks = looks
        self._run = run
        self._own = run.first("w:rPr")
        self._said: dict[str, Element] = {}
        for one in self._own.elements if self._own is not None else ():
            self._said.setdefault(one.name, one)
        self._far: list[Element] | None = None
        self.paragraph: Element | None = run.parent
        while self.paragraph is not None and self.paragraph.name != "w:p":
            self.paragraph = self.paragraph.parent

    @property
    def key(self) -> object:
        """The same for runs that say the same of themselves, in paragraphs that do."""
        around = self.paragraph.first("w:pPr") if self.paragraph is not None else None
        return tuple(one.source if one is not None else b"" for one in (self._own, around))

    def find(self, name: str) -> Element | None:
        """Return the element that says a property."""
        if (said := self._said.get(name)) is not None:
            return said
        for one in self._styles():
            found = one.first(name)
            if found is not None:
                return found
        return None

    def value(self, name: str) -> str:
        """Return what is said of a property, or nothing."""
        found = self.find(name)
        return "" if found is None else found.get("w:val")

    def _styles(self) -> list[Element]:
        if self._far is None:
            self._far = list(self._all())
        return self._far

    def _all(self) -> Iterator[Element]:
        looks = self._looks
        own = self._own.first("w:rStyle") if self._own is not None else None
        for style in _styles_of(looks, own) if own is not None else ():
            if (found := style.first("w:rPr")) is not None:
                yield found
        named = self.paragraph.first("w:pPr", "w:pStyle") if self.paragraph else None
        for style in _styles_of(looks, named):
            if (found := style.first("w:rPr")) is not None:
                yield found
        yield from looks.plain


def _styles_of(looks: Looks, named: Element | None) -> Iterator[Element]:
    """Yield a style and those that it is based on."""
    name = named.get("w:val") if named is not None else looks.usual
    for _ in range(_DEEPEST):
        style = looks.style(name) if name else None
        if style is None:
            return
        yield style
        base = style.first("w:basedOn")
        name = base.get("w:val") if base is not None else ""


def _hidden(sources: _Chain, size: float) -> str:
    """Say why a reader does not see a run, or nothing."""
    for name in ("w:vanish", "w:specVanish", "w:webHidden"):
        if is_on(sources.find(name)):
            return "it is hidden text"
    if _number(sources.value("w:w"), 100) < _NARROW:
        return "its letters are squeezed together"
    if abs(_number(sources.value("w:position"), 0)) > 4 * max(size, 1):
        return "it is moved away from its line"
    face = sources.find("w:rFonts")
    if face is not None and face.get("w:hAnsi", face.get("w:ascii")).lower() in _PICTURES:
        return "its font has pictures for letters"
    return _misplaced(sources.paragraph, size)


def _misplaced(paragraph: Element | None, size: float) -> str:
    if paragraph is None:
        return ""
    spacing = paragraph.first("w:pPr", "w:spacing")
    is_exact = spacing is not None and spacing.get("w:lineRule") == "exact"
    if spacing is not None and is_exact and _number(spacing.get("w:line"), 240) < _THIN * size * 20:
        return "its line is too low for its letters"
    indent = paragraph.first("w:pPr", "w:ind")
    names = ("w:left", "w:start", "w:firstLine", "w:right", "w:end", "w:hanging")
    if indent is not None and any(_far(indent.get(name)) for name in names):
        return "it is moved off the page"
    frame = paragraph.first("w:pPr", "w:framePr")
    if frame is not None and (
        any(_far(frame.get(name)) for name in ("w:x", "w:y"))
        or (frame.get("w:hRule") == "exact" and _number(frame.get("w:h"), 999) < 10 * size)
        or 0 < _number(frame.get("w:w"), 9999) < 20 * size
    ):
        return "it stands in a frame that does not show it"
    return ""


def _far(said: str) -> bool:
    return abs(_number(said, 0)) > _FAR


def _number(said: str, default: float) -> float:
    found = _NUMBER.fullmatch(said)
    return float(found[1]) if found else default
