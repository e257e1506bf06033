"""Style sheets of a page, as far as they can hide words (CSS Cascade 5, Selectors 4).

Sheets of other files are not fetched, and scripts are not run: what is judged is the page as its
own bytes say it looks.
"""

import base64
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError
from kzmark.formats.html.shorthands import longhands

# Properties that can take words out of sight; all others are skipped before anything is matched.
WATCHED: Final = frozenset(
    {
        *("display", "visibility", "content-visibility", "opacity", "filter", "mix-blend-mode"),
        *("clip", "clip-path", "mask", "mask-image", "-webkit-mask", "-webkit-mask-image"),
        *("position", "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top"),
        *("transform", "scale", "translate", "rotate", "zoom", "overflow", "overflow-x"),
        *("overflow-y", "overflow-inline", "overflow-block", "-webkit-clip-path", "contain"),
        *("width", "height", "max-width", "max-height", "font-size", "color", "all", "z-index"),
        *("inline-size", "block-size", "max-inline-size", "max-block-size", "line-height"),
        *("-webkit-text-fill-color", "background-color", "background-image", "font", "background"),
        *("inset", "inset-inline", "inset-block", "inset-inline-start", "inset-inline-end"),
        *("inset-block-start", "inset-block-end", "margin", "margin-inline", "margin-block"),
        *("margin-inline-start", "margin-block-start", "padding", "padding-left"),
        *("padding-inline", "padding-inline-start", "vertical-align", "offset", "offset-path"),
        *("letter-spacing", "word-spacing", "-webkit-text-security", "unicode-bidi", "direction"),
        *("font-size-adjust", "animation", "animation-name"),
    }
)
_MAX_DEPTH: Final = 16  # @media in @media
_OTHER_MEDIA: Final = re.compile(r"^\s*(only\s+)?(print|speech|aural|braille)\b", re.IGNORECASE)
_PSEUDO: Final = re.compile(r"::?first-(?:line|letter)\b", re.IGNORECASE)  # of words, all the same
_FRAMES: Final = ("keyframes", "-webkit-keyframes")
_DATA: Final = re.compile(r"data:text/css[^,]*?(;base64)?,(.*)", re.IGNORECASE | re.DOTALL)
_MAX_SELECTOR: Final = 1 << 16  # letters, those of the rules around it put in
_MAX_VALUE: Final = 1000  # letters of a value, addresses aside; longer ones say nothing of a size
_QUOTED: Final = re.compile(r"\"[^\"]*\"")
_MAX_SHEET: Final = 1 << 20  # bytes of a sheet within an address
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
        frames: By name of an animation: what its frames but the first declare.
    """

    declared: dict[int, Declared] = field(default_factory=dict)
    frames: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: Any, *, limits: Limits) -> "Sheet":
        """Read the `<style>` elements of a tree.

        Raises:
            LimitExceededError: If there are too many rules or selectors.
        """
        sheet, count = cls(), 0
        rules = _rules(_sheets(tree), sheet.frames)
        for order, (selectors, declarations) in enumerate(rules):
            count += len(selectors)
            if count > limits.max_elements:
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
    bare = re.sub(r":where\([^)]*\)", "", selector[: selector.rfind(")") + 1])  # each has an end
    bare += selector[selector.rfind(")") + 1 :]
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


def _sheets(tree: Any) -> Iterator[str]:
    """Yield the sheets that are in the page: elements, and addresses that hold one."""
    for node in tree.css("style, link"):
        if not _on_screen(node):
            continue
        if node.tag == "style":
            yield node.text(deep=True)
        elif "stylesheet" in ((node.attributes or {}).get("rel") or "").lower().split():
            yield _of_address((node.attributes or {}).get("href") or "")


def _of_address(address: str) -> str:
    """Return the sheet that an address holds, or nothing: others are not fetched."""
    found = _DATA.fullmatch(address.strip()[:_MAX_SHEET])
    if found is None:
        return ""
    data = unquote_to_bytes(found[2])
    with contextlib.suppress(ValueError):
        data = base64.b64decode(data, validate=False) if found[1] else data
    return data.decode("utf-8", "replace")


def _rules(sheets: Iterable[str], frames: dict[str, list[dict[str, str]]]) -> Iterator[Rule]:
    import tinycss2

    for text in sheets:
        nodes = tinycss2.parse_stylesheet(text, skip_comments=True)
        for node in nodes:
            if node.type != "at-rule":
                continue
            if node.lower_at_keyword == "import":
                inner = next(
                    (one.value for one in node.prelude if one.type in {"url", "string"}), ""
                )
                yield from _within(tinycss2.parse_stylesheet(_of_address(inner)), 0)
            elif node.lower_at_keyword in _FRAMES and node.content:
                name = tinycss2.serialize(node.prelude).strip().strip("\"'")
                frames[name.lower()] = list(_later_frames(node.content))
        yield from _within(nodes, 0)


def _later_frames(content: Any) -> Iterator[dict[str, str]]:
    """Yield what the frames of an animation declare, the one that it begins with aside."""
    import tinycss2

    for node in tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True):
        if node.type == "qualified-rule":
            when = tinycss2.serialize(node.prelude).strip().lower()
            if when not in {"from", "0%"}:
                yield {name: value for name, value, _ in _declared(_parsed(node.content))}


def _within(nodes: Iterable[Any], depth: int, parent: str = "") -> Iterator[Rule]:
    """Yield the rules of a list, with those nested in them (CSS Nesting 1)."""
    import tinycss2

    for node in nodes:
        if node.type == "qualified-rule":
            selector = _PSEUDO.sub("", tinycss2.serialize(node.prelude))
            selectors = _split(_nested(selector, parent))
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
    each = max(1, selector.count("&"), len(parts))
    if len(selector) + each * len(parent) > _MAX_SELECTOR:  # each level may multiply the last one
        raise LimitExceededError(f"a selector of more than {_MAX_SELECTOR} letters")
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
        own = node.type == "declaration" and node.name.startswith("--")
        if own:
            value = _shortened(tinycss2.serialize(node.value).strip()).lower()
            yield node.name, value, bool(node.important)
        elif node.type == "declaration" and node.lower_name in WATCHED:
            value = _shortened(tinycss2.serialize(node.value).strip()).lower()
            for name, part in longhands(node.lower_name, value):
                yield name, part, bool(node.important)


def _shortened(value: str) -> str:
    """Return a value of a bounded length: pictures within addresses are long, nothing else is."""
    if len(value) <= _MAX_VALUE:
        return value
    end = value.rfind('"') + 1  # each quote before it has an end
    return (_QUOTED.sub('""', value[:end]) + value[end:])[:_MAX_VALUE]


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
