"""A notice as SVG: one group of rectangles and real text that the document cannot restyle.

In browsers `all` with `!important` in each style attribute beats every rule and animation of the
document. Still renderers (librsvg, resvg) do not know `all`: for them a rule by the group's id says
what the document's own rules must not change.

Spec: SVG 2, 11.2 (text), 11.5 (textLength); CSS Cascade 4, 3.2 (`all`), 6.1 (importance).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.formats._base import Drawing, Rectangle, Words
from kzmark.formats._xml import escape, quote
from kzmark.formats.svg.document import NOTICE_ID, SVG
from kzmark.formats.svg.geometry import Viewport
from kzmark.formats.svg.geometry import number as _n
from kzmark.formats.svg.letters import letters

# whole families for Kazakh, the nearest in width first; Debian's Liberation Sans (Arial) lacks Ә
_FONTS: Final = "'PT Sans','Noto Sans','DejaVu Sans Condensed','DejaVu Sans',Arial,sans-serif"
_LAYERS: Final = {"opacity": "1", "clip-path": "none", "mix-blend-mode": "normal"}
_RULE: Final = {  # for every part, in still renderers
    "display": "inline",
    "visibility": "visible",
    "mask": "none",
    "filter": "none",
    "transform": "none",
    "fill-opacity": "1",
    "stroke": "none",
    "font-style": "normal",
    "font-variant": "normal",
    "dominant-baseline": "alphabetic",
    "alignment-baseline": "auto",
    "baseline-shift": "0",
    "letter-spacing": "normal",
    "word-spacing": "normal",
    "writing-mode": "horizontal-tb",
    "direction": "ltr",
    "text-decoration": "none",
}
_OF_LINE: Final = ("fill", "font-size", "font-weight", "font-stretch", "text-anchor")
_WHOLE: Final = 2  # letters of a line up to which none needs a place of its own


def markup(drawing: Drawing, viewport: Viewport, *, was: Mapping[str, str]) -> str:
    """Return the group that shows `drawing`.

    Args:
        drawing: The plate, in displayed pixels.
        viewport: How user units fall into displayed pixels.
        was: Attributes of the root before a caption band was added, to be kept on the group.
    """
    across, down, x, y = viewport.matrix
    matrix = f"matrix({_n(across)} 0 0 {_n(down)} {_n(x)} {_n(y)})"
    style = {
        "all": "initial",
        "display": "inline",
        "visibility": "visible",
        **_LAYERS,
        "mask": "none",
        "filter": "none",
        "transform": matrix.replace(" ", ","),
        "transform-origin": "0 0",
        "transform-box": "view-box",
    }
    said = " ".join(words.text for words in drawing.words)
    kept = "".join(f" data-was-{name.lower()}={quote(value)}" for name, value in was.items())
    given = f'xmlns="{SVG}" id="{NOTICE_ID}" role="note" aria-label={quote(said)}{kept}'
    lines = [
        f'<g {given} transform="{matrix}" style="{_css(style)}">',
        f"<title>{escape(said)}</title>",
        f"<style>{_rules()}</style>",
        *(_rectangle(one, drawing) for one in drawing.rectangles),
        *(_text(words, drawing) for words in drawing.words),
        "</g>",
    ]
    return "\n".join(lines)


def _rules() -> str:
    """Return the rules for still renderers; librsvg passes over important families of fonts."""
    parts = ",".join(f"#{NOTICE_ID} {name}" for name in ("rect", "text", "tspan"))
    taken = _css(dict.fromkeys(_OF_LINE, "inherit"))
    return (
        f"{parts}{{{_css(_RULE)}}}#{NOTICE_ID} text{{font-family:{_FONTS}}}"
        f"#{NOTICE_ID} tspan{{font-family:inherit;{taken}}}"
    )


def _rectangle(one: Rectangle, drawing: Drawing) -> str:
    left, top, width, height = one.box
    place = {
        "x": _n(drawing.x + left),
        "y": _n(drawing.y + top),
        "width": _n(width),
        "height": _n(height),
    }
    style = {"all": "initial", **_LAYERS, "fill": _colour(one.fill), "rx": "0", "ry": "0"}
    style |= {name: f"{value}px" for name, value in place.items()}
    return f'<rect{_attributes(place)} style="{_css(style)}"/>'


def _text(words: Words, drawing: Drawing) -> str:
    left, fill = drawing.x + words.x, _colour(words.fill)
    given = {
        "x": _n(left + words.width / 2),
        "y": _n(drawing.y + words.baseline),
        "textLength": _n(words.width),
        "lengthAdjust": "spacingAndGlyphs",
        "xml:lang": words.language,
    }
    style = {
        "all": "initial",
        **_LAYERS,
        "fill": fill,
        "color": fill,
        "font-family": _FONTS,
        "font-size": f"{_n(words.size)}px",
        "font-weight": "700" if words.bold else "400",
        "font-stretch": "semi-condensed",  # PT Sans has one width; DejaVu Sans is far too wide
        "text-anchor": "middle",
    }
    line = "".join(_letters(words, left))
    return f'<text{_attributes(given)} style="{_css(style)}">{line}</text>'


def _letters(words: Words, left: float) -> Iterator[str]:
    """Yield the letters, each around its own place: what is too wide does not push the next."""
    found = letters(words.text, bold=words.bold)
    if len(found) <= _WHOLE:
        yield escape(words.text)
        return
    for text, middle in found:
        at = format(left + words.width * middle, ".7g")
        yield f'<tspan x="{at}" style="all:unset!important">{escape(text)}</tspan>'


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quote(value)}" for name, value in values.items())


def _css(declarations: Mapping[str, str]) -> str:
    return ";".join(f"{name}:{value}!important" for name, value in declarations.items())


def _colour(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
