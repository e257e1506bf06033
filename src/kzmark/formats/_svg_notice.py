"""A notice as SVG: one group of rectangles and real text that the document cannot restyle.

Spec: SVG 2, 11.2 (text), 11.5 (textLength); CSS Cascade 4, 6.1: an `!important` declaration in the
style attribute beats every rule of the document's style sheets and every animation.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.formats._base import Drawing, Rectangle, Words
from kzmark.formats._svg_document import NOTICE_ID, SVG
from kzmark.formats._svg_geometry import Viewport
from kzmark.formats._svg_geometry import number as _n
from kzmark.formats._xml import escape, quote

_FONTS: Final = "'PT Sans','Noto Sans','DejaVu Sans',Arial,sans-serif"
_SHOWN: Final = {  # what any element of the notice needs to be seen
    "display": "inline",
    "visibility": "visible",
    "opacity": "1",
    "clip-path": "none",
    "mask": "none",
    "filter": "none",
    "mix-blend-mode": "normal",
    "animation": "none",
    "transition": "none",
    "rotate": "none",
    "scale": "none",
    "translate": "none",
    "offset-path": "none",
    "content-visibility": "visible",
}
_PAINTED: Final = {"fill-opacity": "1", "stroke": "none"}
_LETTERS: Final = {
    "font-style": "normal",
    "font-variant": "normal",
    "font-stretch": "normal",
    "font-size-adjust": "none",
    "text-anchor": "start",
    "dominant-baseline": "alphabetic",
    "baseline-shift": "0",
    "letter-spacing": "normal",
    "word-spacing": "normal",
    "writing-mode": "horizontal-tb",
    "direction": "ltr",
    "text-transform": "none",
    "text-decoration": "none",
    "text-shadow": "none",
    "-webkit-text-security": "none",
    "-webkit-text-fill-color": "currentcolor",
    "-webkit-text-stroke": "0",
}


def markup(drawing: Drawing, viewport: Viewport, *, was: Mapping[str, str]) -> str:
    """Return the group that shows `drawing`.

    Args:
        drawing: The plate, in displayed pixels.
        viewport: How user units fall into displayed pixels.
        was: Attributes of the root before a caption band was added, to be kept on the group.
    """
    across, down, x, y = viewport.matrix
    matrix = f"matrix({_n(across)} 0 0 {_n(down)} {_n(x)} {_n(y)})"
    style = _SHOWN | {
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
        *(_rectangle(one, drawing) for one in drawing.rectangles),
        *(_text(words, drawing) for words in drawing.words),
        "</g>",
    ]
    return "\n".join(lines)


def _rectangle(one: Rectangle, drawing: Drawing) -> str:
    left, top, width, height = one.box
    place = {
        "x": _n(drawing.x + left),
        "y": _n(drawing.y + top),
        "width": _n(width),
        "height": _n(height),
    }
    fill = _colour(one.fill)
    style = _SHOWN | _PAINTED | {"fill": fill, "rx": "0", "ry": "0", "transform": "none"}
    style |= {name: f"{value}px" for name, value in place.items()}
    return f'<rect{_attributes(place | {"fill": fill})} style="{_css(style)}"/>'


def _text(words: Words, drawing: Drawing) -> str:
    fill, size = _colour(words.fill), _n(words.size)
    weight = "700" if words.bold else "400"
    given = {
        "x": _n(drawing.x + words.x),
        "y": _n(drawing.y + words.baseline),
        "textLength": _n(words.width),
        "lengthAdjust": "spacingAndGlyphs",
        "font-family": _FONTS,
        "font-size": size,
        "font-weight": weight,
        "fill": fill,
        "xml:lang": words.language,
    }
    style = _SHOWN | _PAINTED | _LETTERS
    style |= {
        "transform": "none",
        "font-family": _FONTS,
        "font-size": f"{size}px",
        "font-weight": weight,
        "fill": fill,
        "color": fill,
    }
    return f'<text{_attributes(given)} style="{_css(style)}">{escape(words.text)}</text>'


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quote(value)}" for name, value in values.items())


def _css(declarations: Mapping[str, str]) -> str:
    return ";".join(_important(declarations))


def _important(declarations: Mapping[str, str]) -> Iterator[str]:
    for name, value in declarations.items():
        yield f"{name}:{value}!important"


def _colour(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
