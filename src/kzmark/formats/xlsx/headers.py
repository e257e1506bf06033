"""Print headers: their little language, and the notice in them (ISO 29500-1, 18.3.1.39)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.errors import UnsupportedMediaError
from kzmark.formats._text import Inscription, Passage
from kzmark.formats._xml import escape
from kzmark.formats._xmlmap import Element
from kzmark.formats.xlsx import printed

_MOST: Final = 255  # characters of a header that Excel reads
_ORDER: Final = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")
_SIZE: Final = printed.SIZE
_USUAL: Final = 12  # points that a program may take of itself, at most
_BLANK: Final = " \n"  # a line: the space tells it from one of others
_PAD: Final = re.compile(r"&\d+(?: \n)* (?=&10|$)")  # these three: see _begun
_MOVED: Final = re.compile(r"^(?:&\d+)? \n")
_AS_BEFORE: Final = re.compile(r"^&10(?: (?=\d))?")
_LINE_END: Final = re.compile(r"_x000[aA]_")  # as openpyxl spells it (22.9.2.19)
_OFF: Final = frozenset({"0", "false", ""})


def with_notice(old: Element | None, inscription: Inscription) -> dict[str, str]:
    """Return all headers and footers of a sheet with the notice on a line of its own.

    It stands in every header in use; in the footer where the header is full or too high.

    Raises:
        UnsupportedMediaError: If neither header nor footer has room for it.
    """
    said = texts(old)
    for kind in _kinds(old):
        names = (f"{kind}Header", f"{kind}Footer")
        rest = {name: _without(said.get(name, ""), inscription) for name in names}
        fresh = {name: _begun(text, inscription) for name, text in rest.items()}
        fitting = [name for name in names if len(fresh[name]) <= _MOST]
        if not fitting:
            raise UnsupportedMediaError(
                "a print header without room for the notice", hint="shorten header or footer"
            )
        low = [name for name in fitting if _is_low(rest[name])]
        place = (low or fitting)[0]
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
    return {one.name.partition(":")[2]: _LINE_END.sub("\n", one.text) for one in found}


def pages(element: Element | None, width: float) -> Iterator[tuple[Passage, ...]]:
    """Yield the words of header and footer for each kind of printed page.

    Args:
        element: What holds them, if the sheet has any.
        width: Of the printed page between its margins, in points.
    """
    said = texts(element)
    for kind in _kinds(element):
        header = printed.lines(said.get(f"{kind}Header", ""))
        footer = printed.lines(said.get(f"{kind}Footer", ""), is_footer=True)
        yield (*printed.passages(header, width), *printed.passages(footer, width))


def _kinds(element: Element | None) -> list[str]:
    kinds = ["odd"]
    if element is not None and element.get("differentFirst") not in _OFF:
        kinds.insert(0, "first")
    if element is not None and element.get("differentOddEven") not in _OFF:
        kinds.append("even")
    return kinds


def _notice(inscription: Inscription) -> str:
    return f"&{_points(inscription)}{inscription.text.replace('&', '&&')}"


def _points(inscription: Inscription) -> int:
    return round(inscription.points + 0.49)


def _without(text: str, inscription: Inscription) -> str:
    """Return a header without an earlier notice, nor the lines that it moved others down by."""
    found = _sections(text)
    ours = re.compile(rf"&\d+ ?\[{re.escape(inscription.badge)}\][^\n]*(?:\n|$)")
    start = ours.match(found.get("L", ""))
    if start is None:
        return text
    left = found.pop("L")[start.end() :]
    rest = {name: _AS_BEFORE.sub("", _MOVED.sub("", said)) for name, said in found.items()}
    return _joined({"L": _AS_BEFORE.sub("", _PAD.sub("", left, count=1)), **rest})


def _begun(text: str, inscription: Inscription) -> str:
    """Return a header with the notice at its left, on a line where nothing else stands.

    The three parts are laid over each other, from the top on (Excel; in footers from the bottom),
    or each centred (LibreOffice). So the others begin a line lower, and the left is the highest.
    """
    found = _sections(text)
    lines, tallest = _height(found), _tallest(found)
    left = found.pop("L", "")
    ours, size = _notice(inscription), _points(inscription)
    if left:
        lines -= _height({"L": left})
        pad = f"&{tallest}{_BLANK * lines} " if lines or tallest > _USUAL else ""
        ours = f"{ours}\n{pad}{_restored(left)}"
    elif found:
        ours = f"{ours}\n&{tallest}{_BLANK * (lines - 1)} "
    for name, said in found.items():
        found[name] = f"{_BLANK}{said}" if size <= _SIZE else f"&{size}{_BLANK}{_restored(said)}"
    return _joined({"L": ours, **found})


def _restored(said: str) -> str:
    """Return words in the usual size; a digit right behind the code would be one of its own."""
    return f"&{round(_SIZE)}{' ' * said[:1].isdigit()}{said}"


def _joined(found: Mapping[str, str]) -> str:
    return "".join(f"&{name}{said}" for name, said in found.items() if said)


def _sections(text: str) -> dict[str, str]:
    """Return the parts of a header that say something; what names none stands in the middle."""
    found = dict.fromkeys("LCR", "")
    name = "C"
    for token in printed.TOKEN.findall(text):
        if token in printed.SECTIONS:
            name = token[1]
        else:
            found[name] += token
    return {name: said for name, said in found.items() if said}


def _height(found: Mapping[str, str]) -> int:
    """Return how many lines the highest part of a header takes."""
    return max((said.count("\n") + 1 for said in found.values()), default=0)


def _tallest(found: Mapping[str, str]) -> int:
    """Return the largest type in a header, in points; that of a program that nobody told too."""
    said = (token[1:] for one in found.values() for token in printed.TOKEN.findall(one))
    return max([_USUAL, *(int(one) for one in said if one.isdigit())])


def _is_low(text: str) -> bool:
    """Say whether one line more reaches neither into the cells nor out of its box."""
    found = _sections(text)
    pictures = any("&G" in printed.TOKEN.findall(said) for said in found.values())
    return _height(found) <= 1 and _tallest(found) <= _USUAL and not pictures
