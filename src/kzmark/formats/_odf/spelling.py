"""How the notice is spelt in OpenDocument: styles of its own, paragraphs that use them.

Spec: ODF 1.3 part 3, 16 (styles), 20 (formatting properties).
"""

import math
from dataclasses import dataclass
from typing import Final, Self

from kzmark._limits import DEFAULT_LIMITS
from kzmark.formats._names import ODF
from kzmark.formats._ooxml.words import FACE, locale, sentences
from kzmark.formats._text import Colour, Inscription
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Edit, Element

OURS: Final = "kzmark"  # the names of our styles begin so
_USED: Final = ("office", "style", "text", "fo", "draw", "svg", "table", "presentation", "config")
_ALL: Final = " ".join(f'xmlns:{name}="{ODF[name]}"' for name in _USED)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The prefixes of one file.

    Attributes:
        names: By usual prefix: the prefix here.
        missing: What declares the others, fit to stand in any start tag.
    """

    names: dict[str, str]
    missing: dict[str, str]

    @classmethod
    def of(cls, document: Document) -> Self:
        """Look up the prefixes that a file declares at its root."""
        names, missing = {}, {}
        for usual in _USED:
            names[usual], missing[usual] = document.prefix(ODF[usual], usual)
        return cls(names, missing)

    def spell(self, markup: str) -> str:
        """Return markup in the usual prefixes, spelt in those of this file.

        Every element declares what the file does not; the usual prefix is nearly always the one.
        """
        wanted = (said for usual, said in self.missing.items() if f"{usual}:" in markup)
        declared = "".join(wanted)
        if not declared and all(usual == here for usual, here in self.names.items()):
            return markup
        root = Document.of(
            f"<x {_ALL}>{markup}</x>".encode(), limits=DEFAULT_LIMITS, what="the notice"
        ).root
        return "".join(self._spelt(one, declared) for one in root.children)

    def _spelt(self, one: "Element | str", declared: str) -> str:
        if isinstance(one, str):
            return escape(one)
        said = "".join(
            f" {self._name(name)}={quote(value)}" for name, value in one.attributes.items()
        )
        inner = "".join(self._spelt(child, "") for child in one.children)
        name = self._name(one.name)
        return f"<{name}{declared}{said}>{inner}</{name}>"

    def _name(self, name: str) -> str:
        usual, _, local = name.partition(":")
        return f"{self.names.get(usual, usual)}:{local}"


def paragraphs(inscription: Inscription, *, name: str = "P", apart: bool = False) -> str:
    """Return the notice as one paragraph, or as one for each language."""
    pieces = [
        f'<text:span text:style-name="{OURS}T{n}">{escape(text)} </text:span>'
        for n, (text, _) in enumerate(sentences(inscription))
    ]
    badge = f'<text:span text:style-name="{OURS}B">{escape(inscription.badge)}</text:span>  '
    pieces[0] = badge + pieces[0]
    lines = pieces if apart else ["".join(pieces)]
    start = f'<text:p text:style-name="{OURS}{name}">'
    return "".join(f"{start}{line}</text:p>" for line in lines)


def styles(inscription: Inscription, *, name: str = "P", points: float = 0) -> str:
    """Return the automatic styles that `paragraphs` uses."""
    size = math.ceil((points or inscription.points) * 2) / 2
    ink, ground = css(inscription.ink), css(inscription.ground)
    face = (
        f'fo:color="{ink}" fo:font-family="{FACE}" fo:font-size="{size:g}pt" '
        'fo:font-style="normal" fo:letter-spacing="normal" style:text-scale="100%" '
        'style:text-position="0% 100%" text:display="true"'
    )
    ground_said = f'fo:background-color="{ground}"'
    found = (
        f'<style:style style:name="{OURS}{name}" style:family="paragraph">'
        f'<style:paragraph-properties {ground_said} fo:margin-left="0cm" fo:margin-right="0cm" '
        'fo:text-indent="0cm" fo:margin-top="0cm" fo:margin-bottom="0.2cm" fo:padding="0.08cm" '
        'fo:line-height="100%" fo:text-align="left" style:writing-mode="lr-tb"/>'
        f'<style:text-properties {face} {ground_said} fo:font-weight="normal"/></style:style>'
        f'<style:style style:name="{OURS}B" style:family="text">'
        f'<style:text-properties {face} fo:font-weight="bold"/></style:style>'
    )
    for number, line in enumerate(inscription.lines):
        language, _, country = locale(line.language).partition("-")
        found += (
            f'<style:style style:name="{OURS}T{number}" style:family="text">'
            f'<style:text-properties {face} fo:font-weight="normal" fo:language={quote(language)} '
            f"fo:country={quote(country or 'none')}/></style:style>"
        )
    return found


def placed(document: Document, markup: str, spelling: Spelling) -> list[Edit]:
    """Return the edits that put styles into a file's automatic styles, ours of before taken out."""
    root = document.root
    listed = root.first("office:automatic-styles")
    if listed is None:
        office = spelling.names["office"]
        inner = spelling.spell(markup)
        said = f"<{office}:automatic-styles>{inner}</{office}:automatic-styles>"
        behind = next(
            (one for one in root.elements if one.name in {"office:body", "office:master-styles"}),
            None,
        )
        return [root.opened(said) if behind is None else (behind.start, behind.start, said)]
    old = [one.removed() for one in listed.elements if is_ours(one.get("style:name"))]
    return [*old, listed.opened(spelling.spell(markup))]


def is_ours(name: str) -> bool:
    """Say whether a style is one of ours."""
    return name.startswith(OURS)


def css(colour: Colour) -> str:
    """Return a colour as ODF spells it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
