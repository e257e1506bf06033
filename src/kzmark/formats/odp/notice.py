"""The notice on OpenDocument slides: a frame with real text in a free corner, painted last."""

import math
from collections.abc import Sequence
from typing import BinaryIO, Final

from kzmark._limits import Limits
from kzmark.errors import MalformedMediaError
from kzmark.formats._odf.looks import points
from kzmark.formats._odf.pages import masters
from kzmark.formats._odf.parts import CONTENT, STYLES, OdfParts
from kzmark.formats._odf.spelling import OURS, Spelling, css, paragraphs, placed, styles
from kzmark.formats._ooxml.spots import COVERED, Plate, Spot, spots
from kzmark.formats._ooxml.words import sentences
from kzmark.formats._text import Inscription
from kzmark.formats._xml import quote
from kzmark.formats._xmlmap import Document, Edit, Element
from kzmark.formats.odp.standing import NAME, Standing, is_ours

_SHARE: Final = 0.026  # of a slide's height: the size of type
_LEAST_SHARE: Final = 0.018  # the same where that makes it one line, or covers less
_LETTER: Final = 0.55  # of the size of type: how wide a letter is, amply
_LINE: Final = 1.35
_PAD: Final = 0.7  # of the size of type, on both sides together
_WIDTH, _HEIGHT = 793.7, 595.3  # points: 28 cm by 21 cm
_BEHIND: Final = frozenset({"presentation:animations", "presentation:notes"})


def inscribe(
    source: BinaryIO, target: BinaryIO, inscription: Inscription, *, limits: Limits
) -> Sequence[str]:
    """Copy a presentation with the plate on its slides."""
    parts = OdfParts(source, limits=limits)
    parts.check_changeable()
    document = parts.document(CONTENT)
    spelling = Spelling.of(document)
    size = size_of(parts)
    shown = document.root.first("office:body", "office:presentation")
    pages = shown.all("draw:page") if shown is not None else []
    meant = pages[:1] if inscription.pages == "first" else pages
    boxes = Standing(parts).boxes(meant) if meant else [[]]
    for share in (_SHARE, _LEAST_SHARE):
        plates = _plates(size, inscription, share)
        places, covered = spots(boxes, plates, corner=inscription.corner, size=size)
        if not covered:
            break
    markup = styles(inscription, points=places[0].plate.size) + _frame_style(inscription)
    frames = [spelling.spell(_frame(one, inscription)) for one in places]
    edits, notes = _slides(parts, document, frames, spelling)
    notes = (*notes, COVERED) if covered else notes
    if document.root.first("office:body") is None:
        markup = f"<office:automatic-styles>{markup}</office:automatic-styles>"
        start, stop, said = edits[0]
        edits = [(start, stop, said.replace("<office:body>", f"{markup}<office:body>", 1))]
    else:
        edits += placed(document, markup, spelling)
    parts.edits.put(CONTENT, document.edited(edits))
    parts.edits.write(target)
    return notes


def _frame(spot: Spot, inscription: Inscription) -> str:
    x, y = (f"{at:.1f}pt" if at else "0cm" for at in (spot.x, spot.y))
    width, height, _, rows = spot.plate
    return (
        f'<draw:frame draw:style-name="{OURS}G" draw:name={quote(NAME)} draw:layer="layout" '
        f'svg:x="{x}" svg:y="{y}" svg:width="{width:.1f}pt" svg:height="{height:.1f}pt">'
        f"<draw:text-box>{paragraphs(inscription, apart=rows > 1)}</draw:text-box></draw:frame>"
    )


def size_of(parts: OdfParts) -> tuple[float, float]:
    """Return width and height of a slide, in points."""
    if STYLES not in parts.edits:
        return _WIDTH, _HEIGHT
    root = parts.document(STYLES).root
    page = next(masters(root), None)
    wanted = page.get("style:page-layout-name") if page is not None else ""
    for group in ("office:automatic-styles", "office:styles"):
        listed = root.first(group)
        for one in listed.all("style:page-layout") if listed is not None else ():
            inner = one.first("style:page-layout-properties")
            if one.get("style:name") == wanted and inner is not None:
                width = points(inner.get("fo:page-width")) or _WIDTH
                return width, points(inner.get("fo:page-height")) or _HEIGHT
    return _WIDTH, _HEIGHT


def _slides(
    parts: OdfParts, document: Document, frames: Sequence[str], spelling: Spelling
) -> tuple[list[Edit], tuple[str, ...]]:
    """Return the edits that put the frame on the slides meant; one is added if there is none."""
    body = document.root.first("office:body")
    shown = body.first("office:presentation") if body is not None else None
    if body is not None and shown is None:
        raise MalformedMediaError("the body of the document is no presentation")
    pages = shown.all("draw:page") if shown is not None else []
    if not pages:
        return [_added(parts, document, shown, frames[0], spelling)], ("odp.slide-added",)
    edits: list[Edit] = []
    for number, page in enumerate(pages):
        edits += [one.removed() for one in page.elements if is_ours(one)]
        if number >= len(frames):
            continue
        frame = frames[number]
        behind = next((one for one in page.elements if _is_behind(one)), None)
        edits.append(page.opened(frame) if behind is None else (behind.start, behind.start, frame))
    return edits, ()


def _is_behind(one: Element) -> bool:
    return one.name in _BEHIND or ":animation:" in one.name


def _added(
    parts: OdfParts,
    document: Document,
    shown: Element | None,
    frame: str,
    spelling: Spelling,
) -> Edit:
    root = parts.document(STYLES).root if STYLES in parts.edits else None
    page = next(masters(root), None) if root is not None else None
    master = quote(page.get("style:name")) if page is not None else '"Standard"'
    empty = spelling.spell(
        f'<draw:page draw:name="AI" draw:master-page-name={master}><draw:g/></draw:page>'
    )
    group = spelling.spell("<draw:g/>")
    whole = empty.replace(group, frame, 1) if group in empty else empty.replace(
        "<draw:g/>", frame, 1
    )  # fmt: skip
    if shown is not None:
        return shown.opened(whole)
    around = "<office:body><office:presentation>{}</office:presentation></office:body>"
    return document.root.opened(around.format(whole))


def _plates(slide: tuple[float, float], inscription: Inscription, share: float) -> list[Plate]:
    """Return the plate in points: as broad as it may be, then with a line for each language."""
    lengths = [len(text) + 1 for text, _ in sentences(inscription)]
    badge = len(inscription.badge) + 4
    letters = (badge + sum(lengths)) * _LETTER
    size = max(math.ceil(inscription.points), round(slide[1] * share))
    if max(inscription.points, slide[1] * _LEAST_SHARE) <= int(slide[0] / letters) < size:
        size = int(slide[0] / letters)
    one = letters * size
    lengths[0] += badge
    apart = max(lengths) * size * _LETTER
    found = [(1, one)] if one <= slide[0] else []
    if apart <= slide[0] and len(lengths) > 1:
        found.append((len(lengths), apart))
    if not found:
        found = [(math.ceil(one / slide[0]) + len(lengths), slide[0])]
    return [Plate(width, (rows * _LINE + _PAD) * size, size, rows) for rows, width in found]


def _frame_style(inscription: Inscription) -> str:
    return (
        f'<style:style style:name="{OURS}G" style:family="graphic"><style:graphic-properties '
        f'draw:stroke="none" draw:fill="solid" draw:fill-color="{css(inscription.ground)}" '
        'draw:opacity="100%" draw:textarea-vertical-align="middle" draw:auto-grow-height="false" '
        'draw:auto-grow-width="false" fo:wrap-option="wrap" fo:padding="0.15cm" '
        'draw:shadow="hidden"/></style:style>'
    )
