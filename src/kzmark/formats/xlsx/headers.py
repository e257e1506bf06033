"""Print headers: their little language, and the notice in them (ISO 29500-1, 18.3.1.39)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._text import Inscription, Passage
from kzmark.formats._xml import escape
from kzmark.formats._xmlmap import Element
from kzmark.profile import contrast

_MOST: Final = 255  # characters of a header that Excel reads
_ORDER: Final = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")
_TOKEN: Final = re.compile(
    r'&(?:&|[LCR]|"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d{1,3}|[A-Za-z])|[^&]+|&'
)
_SIZE: Final = 10.0  # points, where nobody says it
_OFF: Final = frozenset({"0", "false", ""})


def with_notice(old: Element | None, inscription: Inscription) -> dict[str, str]:
    """Return all headers and footers of a sheet with the notice in every header in use.

    Raises:
        UnsupportedMediaError: If neither header nor footer has room for it.
    """
    said = texts(old)
    for kind in _kinds(old):
        header, footer = f"{kind}Header", f"{kind}Footer"
        rest = {name: _without(said.get(name, ""), inscription) for name in (header, footer)}
        fresh = {name: _begun(text, inscription) for name, text in rest.items()}
        place = next((name for name in (header, footer) if len(fresh[name]) <= _MOST), "")
        if not place:
            raise UnsupportedMediaError(
                "a print header without room for the notice", hint="shorten header or footer"
            )
        said |= rest | {place: fresh[place]}
    return {name: said[name] for name in _ORDER if said.get(name)}


def spelt(prefix: str, headers: Mapping[str, str], old: Element | None) -> str:
    """Return the element that holds them, with the attributes it had."""
    kept = "".join(
        f' {name}="{value}"'
        for name, value in (old.attributes.items() if old is not None else ())
        if re.fullmatch(r"[A-Za-z]+", name) and value in {"0", "1", "true", "false"}
    )
    inner = "".join(
        f'<{prefix}{name} xml:space="preserve">{escape(text)}</{prefix}{name}>'
        if "\n" in text
        else f"<{prefix}{name}>{escape(text)}</{prefix}{name}>"
        for name, text in headers.items()
    )
    return f"<{prefix}headerFooter{kept}>{inner}</{prefix}headerFooter>"


def texts(element: Element | None) -> dict[str, str]:
    """Return what headers and footers of a sheet say, by name."""
    found = element.elements if element is not None else ()
    return {one.name.partition(":")[2]: one.text for one in found}


def pages(element: Element | None) -> Iterator[tuple[Passage, ...]]:
    """Yield the words of header and footer for each kind of printed page."""
    said = texts(element)
    for kind in _kinds(element):
        both = (said.get(f"{kind}Header", ""), said.get(f"{kind}Footer", ""))
        yield tuple(one for text in both for one in _passages(text))


def _kinds(element: Element | None) -> list[str]:
    kinds = ["odd"]
    if element is not None and element.get("differentFirst") not in _OFF:
        kinds.insert(0, "first")
    if element is not None and element.get("differentOddEven") not in _OFF:
        kinds.append("even")
    return kinds


def _notice(inscription: Inscription) -> str:
    return f"&{round(inscription.points + 0.49)}{inscription.text.replace('&', '&&')}"


def _without(text: str, inscription: Inscription) -> str:
    """Return a header without an earlier notice: a line of its own at the start of the left."""
    ours = re.compile(
        rf"&L&\d+\[{re.escape(inscription.badge)}\][^\n]*?(?:\n(?:&\d+)?|(?=&[CR])|$)"
    )
    found = ours.match(text)
    if found is None:
        return text
    rest = text[found.end() :]
    return (
        f"&L{rest}" if found[0].rstrip("0123456789&").endswith("\n") or "\n" in found[0] else rest
    )


def _begun(text: str, inscription: Inscription) -> str:
    """Return a header with the notice as the first line of its left part."""
    sections = dict(_sections(text))
    left = sections.pop("L", "")
    ours = f"&L{_notice(inscription)}" + (f"\n&{round(_SIZE)}{left}" if left else "")
    return ours + "".join(f"&{name}{said}" for name, said in sections.items())


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a header; what names none stands in the middle."""
    name, said = "C", ""
    for token in _TOKEN.findall(text):
        if token in {"&L", "&C", "&R"}:
            if said:
                yield name, said
            name, said = token[1], ""
        else:
            said += token
    if said:
        yield name, said


def _passages(text: str) -> Iterator[Passage]:
    size, ink, words = _SIZE, (0, 0, 0), ""
    for piece in [*_TOKEN.findall(text), "&L"]:
        if not piece.startswith("&") or piece == "&&":
            words += piece[-1] if piece == "&&" else piece
            continue
        if words.strip():
            yield Passage(text=words, points=size, contrast=contrast(ink, (255, 255, 255)))
        words = ""
        if piece[1:].isdigit():
            size = float(piece[1:])
        elif re.fullmatch(r"&K[0-9A-Fa-f]{6}", piece):
            ink = (int(piece[2:4], 16), int(piece[4:6], 16), int(piece[6:], 16))
        elif re.fullmatch(r"&K\d\d[+-]\d{3}", piece):
            ink = (255, 255, 255) if piece[2:4] == "00" else (0, 0, 0)
        elif piece in {"&L", "&C", "&R"}:
            size, ink = _SIZE, (0, 0, 0)
