"""Style sheets of a page, as far as they can hide words (CSS Cascade 5, Selectors 4).

Sheets of other files are not fetched, and scripts are not run: what is judged is the page as its
own bytes say it looks.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError

# Properties that can take words out of sight; all others are skipped before anything is matched.
WATCHED: Final = frozenset(
    {
        *("display", "visibility", "content-visibility", "opacity", "filter", "mix-blend-mode"),
        *("clip", "clip-path", "mask", "mask-image", "-webkit-mask", "-webkit-mask-image"),
        *("position", "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top"),
        *("transform", "scale", "translate", "zoom", "overflow", "overflow-x", "overflow-y"),
        *("width", "height", "max-width", "max-height", "font-size", "color", "all"),
        *("-webkit-text-fill-color", "background-color", "background-image", "font", "background"),
    }
)
_MAX_DEPTH: Final = 16  # @media in @media
_OTHER_MEDIA: Final = re.compile(r"^\s*(only\s+)?(print|speech|aural|braille)\b", re.IGNORECASE)
_FONT_SIZE: Final = re.compile(
    r"(?<![\w.-])(\d*\.?\d+(px|pt|em|rem|%|pc|in|cm|mm|vw|vh|vmin|vmax|ch|ex)"
    r"|(xx?-|xxx-)?(small|large)|medium|smaller|larger)(?=[\s/]|$)"
)
_NESTING: Final = frozenset({"media", "supports", "layer", "container", "scope", "starting-style"})

Weight = tuple[bool, bool, tuple[int, int, int], int]  # important, inline, specificity, order
Declaration = tuple[str, str, bool]  # property, value, important
Rule = tuple[Sequence[str], Sequence[Declaration]]  # selectors, what they declare
Declared = dict[str, tuple[Weight, str]]


@dataclass(slots=True)
class Sheet:
    """What the rules of a page say of its elements.

    Attributes:
        declared: By element: property to value, with the weight by which it won.
    """

    declared: dict[int, Declared] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: Any, *, limits: Limits) -> "Sheet":
        """Read the `<style>` elements of a tree.

        Raises:
            LimitExceededError: If there are too many rules.
        """
        sheet = cls()
        rules = _rules(node.text(deep=True) for node in tree.css("style") if _on_screen(node))
        for order, (selectors, declarations) in enumerate(rules):
            if order > limits.max_elements:
                raise LimitExceededError("the page has too many style rules")
            for selector in selectors:
                sheet._apply(tree, selector, declarations, order)
        return sheet

    def style(self, node: Any) -> Mapping[str, str]:
        """Return what is declared for one element, its `style` attribute included."""
        won = dict(self.declared.get(node.mem_id, {}))
        inline = (node.attributes or {}).get("style") or ""
        for name, value, important in _declared(_parsed(inline)):
            _win(won, name, value, (important, True, (0, 0, 0), 0))
        return {name: value for name, (_, value) in won.items()}

    def _apply(
        self, tree: Any, selector: str, declarations: Sequence[Declaration], order: int
    ) -> None:
        weight = specificity(selector)
        for node in _matched(tree, selector):
            won = self.declared.setdefault(node.mem_id, {})
            for name, value, important in declarations:
                _win(won, name, value, (important, False, weight, order))


def specificity(selector: str) -> tuple[int, int, int]:
    """Return how specific a selector is (Selectors 4, 17), close enough to rank sheets."""
    bare = re.sub(r":where\([^)]*\)", "", selector)
    classes = len(re.findall(r"\.[\w-]|\[|(?<!:):(?!:|not\(|is\(|has\()", bare))
    types = len(re.findall(r"(?:^|[\s>+~(,])[a-zA-Z]", bare)) + bare.count("::")
    return bare.count("#"), classes, types


def _win(won: Declared, name: str, value: str, weight: Weight) -> None:
    if name == "all":  # resets everything that was weaker
        for other, (was, _) in list(won.items()):
            if was <= weight:
                won[other] = (weight, value)
    reset = won.get("all", (weight, ""))[0]
    if reset <= weight and (name not in won or won[name][0] <= weight):
        won[name] = (weight, value)


def _matched(tree: Any, selector: str) -> Sequence[Any]:
    from selectolax.lexbor import SelectolaxError

    try:
        found: Sequence[Any] = tree.css(selector)
    except SelectolaxError:  # pseudo-elements, and what is no selector: it styles no words of ours
        return ()
    return found


def _rules(sheets: Iterable[str]) -> Iterator[Rule]:
    import tinycss2

    for text in sheets:
        yield from _within(tinycss2.parse_stylesheet(text, skip_comments=True), 0)


def _within(nodes: Iterable[Any], depth: int, parent: str = "") -> Iterator[Rule]:
    """Yield the rules of a list, with those nested in them (CSS Nesting 1)."""
    import tinycss2

    for node in nodes:
        if node.type == "qualified-rule":
            selectors = _split(_nested(tinycss2.serialize(node.prelude), parent))
            inner = _parsed(node.content)
            declarations = tuple(_declared(inner))
            if declarations:
                yield selectors, declarations
            if depth < _MAX_DEPTH:
                yield from _within(inner, depth + 1, f":is({','.join(selectors)})")
        elif node.type == "at-rule" and node.lower_at_keyword in _NESTING and node.content:
            elsewhere = _OTHER_MEDIA.match(tinycss2.serialize(node.prelude))
            if depth < _MAX_DEPTH and not elsewhere:
                yield from _within(_parsed(node.content), depth + 1, parent)


def _nested(selector: str, parent: str) -> str:
    if not parent:
        return selector
    parts = _split(selector)
    return ",".join(p.replace("&", parent) if "&" in p else f"{parent} {p}" for p in parts)


def _parsed(content: Any) -> Sequence[Any]:
    import tinycss2

    nodes: Sequence[Any] = tinycss2.parse_blocks_contents(
        content, skip_comments=True, skip_whitespace=True
    )
    return nodes


def _declared(nodes: Iterable[Any]) -> Iterator[Declaration]:
    import tinycss2

    for node in nodes:
        if node.type == "declaration" and node.lower_name in WATCHED:
            value = tinycss2.serialize(node.value).strip().lower()
            for name, part in _longhands(node.lower_name, value):
                yield name, part, bool(node.important)


def _longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield what a shorthand says, of the properties that are looked at."""
    if name == "font":
        size = _FONT_SIZE.search(value)
        yield "font-size", size[0] if size else "medium"
    elif name == "background":
        image = "url(" in value or "gradient(" in value or "image(" in value
        yield "background-image", "url()" if image else "none"
        colour = re.sub(r"(url|[a-z-]*gradient|image-set)\(.*\)", "", value).strip()
        yield "background-color", colour or "transparent"
    else:
        yield name, value


def _split(selectors: str) -> Sequence[str]:
    """Return the selectors of a list; commas in brackets belong to one of them."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(selectors):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth <= 0:
            parts.append(selectors[start:at].strip())
            start = at + 1
    return [part for part in [*parts, selectors[start:].strip()] if part]


def _on_screen(node: Any) -> bool:
    return not _OTHER_MEDIA.match((node.attributes or {}).get("media") or "")
