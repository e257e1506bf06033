"""The notice in a Word file: a paragraph at the top of every header in use, and before the text.

Spec: ISO 29500-1, 17.10 (headers), 17.6 (sections), 17.3 (paragraphs and runs). The paragraphs say
of themselves how they look, so that no style of the document hides them by accident.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Final

from kzmark.formats._names import RELATIONS, STRICT, WORD
from kzmark.formats._ooxml.parts import Parts
from kzmark.formats._ooxml.words import FACE, hexadecimal, locale, sentences
from kzmark.formats._text import Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Edit, Element, beginning
from kzmark.formats.docx.story import STYLE, Section, Story, is_on, is_ours

_HEADER: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"
_PLACE: Final = "word/kzmarkHeader.xml"
_LARGER: Final = 1.25  # the paragraph before the text, to those in headers


def inscribe(parts: Parts, inscription: Inscription) -> Sequence[str]:
    """Put the notice into the headers of a Word file and before its text."""
    story = Story.of(parts.edits.read(parts.main), limits=parts.limits)
    parts.edits.put(parts.main, story.document.edited(_edited(parts, story, inscription)))
    return ()


def kinds(section: Section | None, *, uneven: bool) -> Iterator[str]:
    """Yield the kinds of header that a section shows, in the order its pages begin."""
    if section is not None and section.has_title:
        yield "first"
    yield "default"
    if uneven:
        yield "even"


def headers(parts: Parts, story: Story) -> Iterator[tuple[Section | None, dict[str, str]]]:
    """Yield for each section the part of each kind of header in use; empty where there is none.

    A section without a header of a kind has that of the section before it (17.10.5).
    """
    uneven = is_uneven(parts)
    targets = {one.identity: one.target for one in parts.relations(parts.main)}
    inherited: dict[str, str] = {}
    for section in story.sections or (None,):
        if section is not None:
            inherited |= {kind: targets.get(one, "") for kind, one in section.headers.items()}
        shown = kinds(section, uneven=uneven)
        yield section, {kind: inherited.get(kind, "") for kind in shown}


def is_uneven(parts: Parts) -> bool:
    """Say whether left and right pages have headers of their own."""
    found = parts.related(parts.main, "settings")
    if not found:
        return False
    data = parts.edits.read(found)
    if b"evenAndOddHeaders" not in data:
        return False
    settings = beginning(data, limits=parts.limits, what=found, enough=_is_switch)
    return is_on(settings.first("w:evenAndOddHeaders"))


def _is_switch(element: Element) -> bool:
    return element.name == "w:evenAndOddHeaders"


def _edited(parts: Parts, story: Story, inscription: Inscription) -> list[Edit]:
    """Return the edits of the main part; headers are changed on the way."""
    speech = _speech(parts, story.document)
    missing = _into_headers(parts, story, inscription)
    before = notice(speech, inscription, share=_LARGER)
    named = {number: _references(parts, story, kinds) for number, kinds in missing.items()}
    first = next(story.body.elements, None)
    ours = list(story.ours)
    if first is not None and first not in ours and is_ours(first, inscription.badge):
        ours.append(first)
    edits = [one.removed() for one in ours]
    if story.sections:
        edits += [story.sections[number].with_headers(said) for number, said in named.items()]
        return [*edits, story.body.begun(before)]
    behind = "".join(
        f"<{speech[0]}sectPr{speech[1]}>{one}</{speech[0]}sectPr>" for one in named.values()
    )
    if story.body.is_empty:
        return [story.body.begun(before + behind)]
    return [*edits, story.body.begun(before), (story.end, story.end, behind)]


def _into_headers(parts: Parts, story: Story, inscription: Inscription) -> dict[int, list[str]]:
    """Change every header in use; return which kinds a section lacks, by its number."""
    edited: set[str] = set()
    missing: dict[int, list[str]] = {}
    given: set[str] = set()  # kinds that have ours now, for the sections behind too
    for number, (_, shown) in enumerate(headers(parts, story)):
        for kind, name in shown.items():
            if name and name in parts.edits:
                edited.add(name)
            elif kind not in given:
                missing.setdefault(number, []).append(kind)
                given.add(kind)
    for name in sorted(edited):
        parts.edits.put(name, _with_notice(parts, name, inscription))
    if missing:
        uri = _strict(WORD) if parts.is_strict else WORD
        words = notice(("w:", ""), inscription)
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        fresh = f'{head}<w:hdr xmlns:w="{uri}">{words}</w:hdr>'
        parts.edits.put(_PLACE, fresh.encode())
        parts.declare({_PLACE: _HEADER})
    return missing


def _with_notice(parts: Parts, name: str, inscription: Inscription) -> bytes:
    document = parts.document(name)
    words = notice(_speech(parts, document), inscription)
    old = [one.removed() for one in _ours(document, inscription)]
    return document.edited([*old, document.root.begun(words)])


def _ours(document: Document, inscription: Inscription) -> list[Element]:
    return [one for one in document.root.elements if is_ours(one, inscription.badge)]


def _references(parts: Parts, story: Story, wanted: Sequence[str]) -> str:
    """Return what names our header in a section."""
    prefix, declared = _speech(parts, story.document)
    uri = _strict(RELATIONS) if parts.is_strict else RELATIONS
    related, more = story.document.prefix(uri, "r")
    identity = parts.relate(parts.main, "header", _PLACE)
    return "".join(
        f'<{prefix}headerReference{declared} {prefix}type="{kind}"{more} '
        f"{related}:id={quote(identity)}/>"
        for kind in wanted
    )


@functools.lru_cache(maxsize=16)
def notice(speech: tuple[str, str], inscription: Inscription, *, share: float = 1.0) -> str:
    """Return the notice as a paragraph.

    Args:
        speech: Prefix of the vocabulary with its colon, and what declares it if need be.
        inscription: The words.
        share: How much larger than the least size it is.
    """
    w, declared = speech
    ground, ink = hexadecimal(inscription.ground), hexadecimal(inscription.ink)
    half = math.ceil(inscription.points * share * 2)

    def run(text: str, language: str, *, bold: bool = False) -> str:
        weight = "1" if bold else "0"
        return (
            f"<{w}r><{w}rPr>"
            f'<{w}rFonts {w}ascii="{FACE}" {w}hAnsi="{FACE}" {w}cs="{FACE}"/>'
            f'<{w}b {w}val="{weight}"/><{w}i {w}val="0"/><{w}caps {w}val="0"/>'
            f'<{w}strike {w}val="0"/><{w}vanish {w}val="0"/><{w}webHidden {w}val="0"/>'
            f'<{w}color {w}val="{ink}"/><{w}spacing {w}val="0"/><{w}w {w}val="100"/>'
            f'<{w}position {w}val="0"/><{w}sz {w}val="{half}"/><{w}szCs {w}val="{half}"/>'
            f'<{w}highlight {w}val="none"/>'
            f'<{w}shd {w}val="clear" {w}color="auto" {w}fill="{ground}"/>'
            f'<{w}lang {w}val={quote(locale(language))}/><{w}specVanish {w}val="0"/></{w}rPr>'
            f'<{w}t xml:space="preserve">{escape(text)}</{w}t></{w}r>'
        )

    first = inscription.lines[0].language
    runs = run(f" {inscription.badge} ", first, bold=True)
    runs += "".join(run(f" {text} ", language) for text, language in sentences(inscription))
    return (
        f'<{w}p{declared}><{w}pPr><{w}pStyle {w}val="{STYLE}"/>'
        f'<{w}numPr><{w}ilvl {w}val="0"/><{w}numId {w}val="0"/></{w}numPr>'
        f'<{w}shd {w}val="clear" {w}color="auto" {w}fill="{ground}"/>'
        f'<{w}bidi {w}val="0"/><{w}spacing {w}before="0" {w}after="120" {w}line="240" '
        f'{w}lineRule="auto"/><{w}ind {w}left="0" {w}right="0" {w}firstLine="0"/>'
        f'<{w}jc {w}val="left"/></{w}pPr>{runs}</{w}p>'
    )


def _speech(parts: Parts, document: Document) -> tuple[str, str]:
    prefix, declared = document.prefix(_strict(WORD) if parts.is_strict else WORD, "w")
    return f"{prefix}:", declared


def _strict(usual: str) -> str:
    return next(uri for uri, one in STRICT.items() if one == usual)
