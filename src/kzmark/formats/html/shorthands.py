"""What shorthands and logical names of style sheets stand for, in a window read from the left."""

import re
from collections.abc import Iterator
from typing import Final

FONT_SIZE: Final = re.compile(
    r"(?<![\w.-])(\d*\.?\d+(px|pt|em|rem|%|pc|in|cm|mm|vw|vh|vmin|vmax|ch|ex)"
    r"|(xx?-|xxx-)?(small|large)|medium|smaller|larger)(?=[\s/]|$)"
)
_SIDES: Final = ("top", "right", "bottom", "left")
_AXES: Final = {"inline": ("left", "right"), "block": ("top", "bottom")}
_SAME: Final = {
    **{f"{most}inline-size": f"{most}width" for most in ("", "max-")},
    **{f"{most}block-size": f"{most}height" for most in ("", "max-")},
    "overflow-inline": "overflow-x",
    "overflow-block": "overflow-y",
    "word-wrap": "overflow-wrap",
}
_SPACE: Final = re.compile(r"\s+(?![^(]*\))")


def longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what a declaration says, of the properties that are looked at."""
    if name == "font":
        size = FONT_SIZE.search(value)
        yield "font-size", size[0] if size else "medium"
    elif name == "background":
        image = "url(" in value or "gradient(" in value or "image(" in value
        yield "background-image", "url()" if image else "none"
        colour = re.sub(r"(url|[a-z-]*gradient|image-set)\(.*\)", "", value).strip()
        yield "background-color", colour or "transparent"
    elif name in {"inset", "margin", "padding"}:
        for side, part in zip(_SIDES, _four(value), strict=True):
            yield _side(name, side), part
    elif name in _SAME:
        yield _SAME[name], value
    else:
        yield from _logical(name, value)


def _logical(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield `inset-inline-start` as `left`, `margin-block` as `margin-top` and so on."""
    for whole in ("inset", "margin", "padding"):
        for axis, (start, end) in _AXES.items():
            if name == f"{whole}-{axis}":
                first, *rest = _SPACE.split(value)
                yield _side(whole, start), first
                yield _side(whole, end), rest[0] if rest else first
                return
            for side, at in (("start", start), ("end", end)):
                if name == f"{whole}-{axis}-{side}":
                    yield _side(whole, at), value
                    return
    yield name, value


def _side(whole: str, side: str) -> str:
    return side if whole == "inset" else f"{whole}-{side}"


def _four(value: str) -> tuple[str, str, str, str]:
    """Return top, right, bottom and left of one to four values."""
    first, *rest = _SPACE.split(value)[:4] or [value]
    right = rest[0] if rest else first
    bottom = rest[1] if len(rest) > 1 else first
    return first, right, bottom, rest[2] if len(rest) > 2 else right
