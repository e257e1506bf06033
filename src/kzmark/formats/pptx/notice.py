"""The notice on slides: a plate of real text in a corner where it covers nothing.

Spec: ISO 29500-1, 19.3.1.43 (shapes), 21.1.2 (text). It stands last in the tree, so nothing of the
slide lies over it.
"""

import math
from collections.abc import Sequence
from typing import Final

from kzmark.formats._names import DRAWING, RELATIONS, SLIDES, STRICT
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.spots import COVERED, Plate, Spot, spots
from kzmark.formats._ooxml.words import FACE, hexadecimal, locale, sentences
from kzmark.formats._text import Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Edit, Element
from kzmark.formats.pptx.deck import NAME, Deck, is_ours, number
from kzmark.formats.pptx.standing import Standing

_POINT: Final = 12_700  # EMU
_SHARE: Final = 0.026  # of a slide's height: the size of type
_LEAST_SHARE: Final = 0.018  # the same where that makes it one line, or covers less
_LETTER: Final = 0.55  # of the size of type: how wide a letter is, amply
_LINE: Final = 1.25
_PAD: Final = 0.35  # of the size of type, on each side
_SLIDE: Final = "application/vnd.openxmlformats-officedocument.presentationml.slide+xml"
_PLACE: Final = "ppt/slides/kzmarkNotice.xml"
_BEFORE: Final = frozenset(  # what stands before the size of slides (19.2.1.26)
    {"p:sldMasterIdLst", "p:notesMasterIdLst", "p:handoutMasterIdLst", "p:sldIdLst"}
)
_LEAST: Final = 256  # of the number of a slide (19.7.13)


def inscribe(parts: Parts, inscription: Inscription) -> Sequence[str]:
    """Put the plate on the slides of a presentation."""
    deck = Deck.of(parts)
    notes: tuple[str, ...] = ()
    if not deck.slides:
        _add_slide(deck)
        deck, notes = Deck.of(parts), ("pptx.slide-added",)
    meant = deck.slides[:1] if inscription.pages == "first" else deck.slides
    standing = Standing(deck)
    boxes = [standing.boxes(name, parts.document(name).root) for name in meant]
    for share in (_SHARE, _LEAST_SHARE):
        places, covered = spots(
            boxes,
            _plates(deck, inscription, share),
            corner=inscription.corner,
            size=(deck.width, deck.height),
        )
        if not covered:
            break
    known = dict(zip(meant, places, strict=True))
    for name in deck.slides:
        document = parts.document(name)
        edits = _edits(document, deck, inscription, spot=known.get(name))
        if edits:
            parts.edits.put(name, document.edited(edits))
    return (*notes, COVERED) if covered else notes


def _edits(
    document: Document, deck: Deck, inscription: Inscription, *, spot: Spot | None
) -> list[Edit]:
    tree = document.root.first("p:cSld", "p:spTree")
    if tree is None:
        return []
    ours = [one for one in tree.elements if is_ours(one)]
    edits = [one.removed() for one in ours]
    if spot is None:
        return edits
    taken = [
        number(one, "id", 0)
        for one in tree.walk()
        if one.name == "p:cNvPr" and (one.parent is None or one.parent.parent not in ours)
    ]
    words = _plate(document, deck, inscription, max([1, *taken]) + 1, spot)
    last = tree.first("p:extLst")
    edits.append((last.start, last.start, words) if last is not None else tree.opened(words))
    return edits


def _plate(
    document: Document, deck: Deck, inscription: Inscription, identity: int, spot: Spot
) -> str:
    """Return the plate as a shape."""
    strict = deck.parts.is_strict
    p, more = document.prefix(_uri(SLIDES, strict=strict), "p")
    a, drawn = document.prefix(_uri(DRAWING, strict=strict), "a")
    width, height, size, rows = spot.plate
    ground, ink = (hexadecimal(one) for one in (inscription.ground, inscription.ink))
    paint = f'<{a}:solidFill><{a}:srgbClr val="{{}}"/></{a}:solidFill>'

    def run(text: str, language: str, *, bold: bool = False) -> str:
        return (
            f'<{a}:r><{a}:rPr lang={quote(locale(language))} sz="{size * 100}" b="{int(bold)}" '
            f'i="0" u="none" strike="noStrike" baseline="0" dirty="0">{paint.format(ink)}'
            f'<{a}:latin typeface="{FACE}"/><{a}:cs typeface="{FACE}"/></{a}:rPr>'
            f"<{a}:t>{escape(text)}</{a}:t></{a}:r>"
        )

    pieces = [run(f"{text} ", language) for text, language in sentences(inscription)]
    pieces[0] = run(f"{inscription.badge}  ", inscription.lines[0].language, bold=True) + pieces[0]
    lines = pieces if rows > 1 else ["".join(pieces)]
    start = f'<{a}:p><{a}:pPr marL="0" indent="0" algn="l"><{a}:buNone/></{a}:pPr>'
    said = "".join(f"{start}{line}</{a}:p>" for line in lines)
    pad = round(size * _PAD * _POINT)
    return (
        f"<{p}:sp{more}{drawn}><{p}:nvSpPr>"
        f'<{p}:cNvPr id="{identity}" name="{NAME}" descr={quote(inscription.text)}/>'
        f'<{p}:cNvSpPr txBox="1"/><{p}:nvPr userDrawn="1"/></{p}:nvSpPr><{p}:spPr>'
        f'<{a}:xfrm><{a}:off x="{round(spot.x)}" y="{round(spot.y)}"/>'
        f'<{a}:ext cx="{round(width)}" cy="{round(height)}"/></{a}:xfrm>'
        f'<{a}:prstGeom prst="rect"><{a}:avLst/></{a}:prstGeom>{paint.format(ground)}'
        f"<{a}:ln><{a}:noFill/></{a}:ln></{p}:spPr><{p}:txBody>"
        f'<{a}:bodyPr wrap="square" lIns="{pad}" tIns="0" rIns="{pad}" bIns="0" anchor="ctr">'
        f"<{a}:noAutofit/></{a}:bodyPr><{a}:lstStyle/>{said}</{p}:txBody></{p}:sp>"
    )


def _plates(deck: Deck, inscription: Inscription, share: float) -> list[Plate]:
    """Return the plate in EMU: as broad as it may be, then with a line for each language."""
    badge = len(inscription.badge) + 4
    longest = [len(text) + 1 for text, _ in sentences(inscription)]
    letters = (badge + sum(longest)) * _LETTER
    height = deck.height / _POINT
    fitting = int(deck.width / _POINT / letters)
    wanted = max(math.ceil(inscription.points), round(height * share))
    is_smaller = max(inscription.points, height * _LEAST_SHARE) <= fitting < wanted
    size = fitting if is_smaller else wanted
    one = letters * size * _POINT
    longest[0] += badge
    apart = [
        (len(longest), max(longest) * each * _LETTER * _POINT, each) for each in (wanted, size)
    ]
    found = [(1, one, size)] if one <= deck.width else []
    found += [form for form in apart if form[1] <= deck.width and len(longest) > 1]
    if not found:  # a narrow slide: lines break
        found = [(math.ceil(one / deck.width) + len(longest), deck.width, size)]
    return [
        Plate(round(width), round((rows * _LINE + 2 * _PAD) * size * _POINT), size, rows)
        for rows, width, size in dict.fromkeys(found)
    ]


def _add_slide(deck: Deck) -> None:
    """Add a slide for the notice to a presentation that has none."""
    parts, root = deck.parts, deck.document.root
    uris = [_uri(one, strict=parts.is_strict) for one in (SLIDES, DRAWING, RELATIONS)]
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in zip("par", uris, strict=True))
    fresh = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<p:sld {spaces}><p:cSld>'
        '<p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
        "<p:grpSpPr/></p:spTree></p:cSld></p:sld>"
    )
    parts.edits.put(_PLACE, fresh.encode())
    parts.declare({_PLACE: _SLIDE})
    master = parts.related(parts.main, "slideMaster")
    layout = parts.related(master, "slideLayout") if master else ""
    if layout:
        parts.relate(_PLACE, "slideLayout", layout)
    identity = parts.relate(parts.main, "slide", _PLACE)
    p, more = deck.document.prefix(uris[0], "p")
    r, related = deck.document.prefix(uris[2], "r")
    row = f'<{p}:sldId{more}{related} id="{_LEAST}" {r}:id={quote(identity)}/>'
    listed = root.first("p:sldIdLst")
    edits = [listed.opened(row)] if listed is not None else []
    fresh = "" if edits else f"<{p}:sldIdLst{more}>{row}</{p}:sldIdLst>"
    if root.first("p:sldSz") is None:  # LibreOffice exports no slide whose size nobody says
        fresh += f'<{p}:sldSz{more} cx="{deck.width}" cy="{deck.height}"/>'
        if root.first("p:notesSz") is None:  # must stand behind it (19.2.1.26)
            fresh += f'<{p}:notesSz{more} cx="{deck.height}" cy="{deck.width}"/>'
    if fresh:
        edits.append(_behind(root, fresh))
    parts.edits.put(parts.main, deck.document.edited(edits))


def _behind(root: Element, content: str) -> Edit:
    """Return the edit that puts content behind the lists of masters and slides."""
    last = [one for one in root.elements if one.name in _BEFORE]
    return (last[-1].end, last[-1].end, content) if last else root.begun(content)


def _uri(usual: str, *, strict: bool) -> str:
    return next(uri for uri, one in STRICT.items() if one == usual) if strict else usual
