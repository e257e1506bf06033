"""What is declared for one element: rules, old attributes, custom properties filled in."""

import re
from collections.abc import Mapping
from typing import Any, Final

from kzmark.formats.html.styles import Sheet

_HINTS: Final = ("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large")
_VARIABLE: Final = re.compile(r"var\(\s*+(--[\w-]++)\s*+(?:,([^()]*+(?:\([^()]*+\)[^()]*+)?))?\)")
_MAX_VALUE: Final = 2_000  # letters of a value with variables


def resolved(node: Any, sheet: Sheet, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what is declared for an element, its old attributes included, variables put in.

    Args:
        node: The element.
        sheet: The rules of the page.
        inherited: The custom properties of the elements around it.
    """
    style = {**_attributes(node), **sheet.style(node)}
    variables = {**inherited, **{k: v for k, v in style.items() if k.startswith("--")}}
    for name, value in style.items():
        if "var(" in value:
            style[name] = _filled(value, variables)
    return style


def _filled(value: str, variables: Mapping[str, str]) -> str:
    for _ in range(8):  # variables of variables
        if "var(" not in value or len(value) > _MAX_VALUE:
            break
        value = _VARIABLE.sub(lambda one: variables.get(one[1], one[2] or ""), value)
    return value.strip()


def _attributes(node: Any) -> dict[str, str]:
    """Return what old attributes declare (HTML, 15.3)."""
    told = node.attributes or {}
    found = {}
    if colour := told.get({"font": "color", "body": "text"}.get(node.tag, "")):
        found["color"] = colour.lower()
    if colour := told.get("bgcolor"):
        found["background-color"] = colour.lower()
    size = (told.get("size") or "") if node.tag == "font" else ""
    if re.fullmatch(r"[+-]?[1-9]", size):
        step = int(size) + (3 if size[0] in "+-" else 0)
        found["font-size"] = _HINTS[min(7, max(1, step)) - 1]
    return found
