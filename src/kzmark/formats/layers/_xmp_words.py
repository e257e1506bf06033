"""What kzmark writes into a packet: one `rdf:Description`, spelt from the mark.

Spec: IPTC Photo Metadata 2025.1 (`DigitalSourceType`, `AISystemUsed`, `AISystemVersionUsed`,
`AltTextAccessibility`), PLUS LDF 2.0.1 (`DataMining`, `OtherConstraints`), TDMRep of 10 May 2024
(`reservation`, which it defines for PDF alone).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from kzmark.formats._xml import escape, quote
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark, NoticeRecord

NAMESPACE: Final = "urn:uuid:6f5b62dc-fac4-448c-aa97-aa284e4a747d#"  # fixed for ever; no domain
IPTC_EXT: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
IPTC_CORE: Final = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
PLUS: Final = training.PLUS
TDM: Final = training.TDM_XMP
_DEFAULT: Final = "x-default"


def description(
    mark: Mark,
    *,
    about: str,
    alternatives: Mapping[str, str],
    constraints: Mapping[str, str],
    tdm: bool = False,
) -> str:
    """Return our `rdf:Description`: the record, the field's own words, the alternative text.

    It is spelt as lxml spells it, so that a packet of ours read and written again is the same.

    Args:
        mark: What to say.
        about: What the packet is about, as its other descriptions spell it.
        alternatives: Alternative text by language, `x-default` first.
        constraints: On what condition models may be trained on the file, spelt the same way.
        tdm: Whether a reservation is said in the words of TDMRep too.
    """
    namespaces = {"kz": NAMESPACE, "Iptc4xmpExt": IPTC_EXT, "Iptc4xmpCore": IPTC_CORE}
    if mark.training or constraints:
        namespaces["plus"] = PLUS
    if tdm and (tdm := training.is_reserved(mark)):
        namespaces["tdm"] = TDM
    declared = " ".join(f"xmlns:{prefix}={quote(uri)}" for prefix, uri in namespaces.items())
    lines = (
        f"<rdf:Description {declared} rdf:about={quote(about)}>",
        _simple("Iptc4xmpExt:DigitalSourceType", mark.source_type.uri),
        _simple("Iptc4xmpExt:AISystemUsed", mark.system.name),
        _simple("Iptc4xmpExt:AISystemVersionUsed", mark.system.version),
        _simple("plus:DataMining", mark.training.plus_uri if mark.training else ""),
        *_alternatives("plus:OtherConstraints", constraints),
        _simple("tdm:reservation", training.RESERVED if tdm else ""),
        *_alternatives("Iptc4xmpCore:AltTextAccessibility", alternatives),
        _simple("kz:Record", mark.to_json().decode()),
        "  </rdf:Description>",
    )
    return "\n".join(line for line in lines if line)


def warnings(notice: NoticeRecord) -> dict[str, str]:
    """Return the warning by language, `x-default` (the first language) first."""
    return {_DEFAULT: notice.texts[0]} | dict(zip(notice.languages, notice.texts, strict=True))


def conditions(mark: Mark) -> dict[str, str]:
    """Return on what condition models may be trained on the file, by language; or nothing."""
    text = training.constraint(mark)
    return {_DEFAULT: text} if text else {}


def join(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Put our warning before each text that others wrote, and alone where there is none.

    A language without a text of its own takes others' `x-default`, which a reader of that language
    was shown before us.
    """
    fallback = theirs.get(_DEFAULT, "")
    joined = {
        language: _before(warning, theirs.get(language, fallback))
        for language, warning in ours.items()
    }
    others = (language for language in theirs if language not in ours)
    return joined | {
        language: _before(ours.get(language.partition("-")[0], ours[_DEFAULT]), theirs[language])
        for language in others
    }


def others(items: Iterable[tuple[str, str]], known: Iterable[str]) -> dict[str, str]:
    """Return what others wrote as alternative text, without the warnings we put before it.

    Args:
        items: (language, text) as the packet holds them.
        known: Warnings that we wrote there, now or earlier.
    """
    known = sorted(set(known), key=len, reverse=True)
    found: dict[str, str] = {}
    for language, text in items:
        rest = _after(text, known).strip()
        if rest and rest not in found.get(language, ""):
            found[language] = f"{found[language]} {rest}" if language in found else rest
    return found


def _before(warning: str, text: str) -> str:
    return f"{warning}{_pause(warning)}{text}" if text else warning


def _after(text: str, known: Iterable[str]) -> str:
    for warning in known:
        if text.strip() == warning:
            return ""
        if text.startswith(warning + _pause(warning)):
            return text[len(warning + _pause(warning)) :]
    return text


def _pause(warning: str) -> str:
    """Return what parts the warning from the text behind it, so that a screen reader pauses."""
    return " " if warning.endswith((".", "!", "?", "…")) else ". "


def _simple(name: str, value: str) -> str:
    return f"   <{name}>{escape(value)}</{name}>" if value else ""


def _alternatives(name: str, texts: Mapping[str, str]) -> Iterator[str]:
    if texts:
        yield f"   <{name}>\n    <rdf:Alt>"
        yield from (_item(language, text) for language, text in texts.items())
        yield f"    </rdf:Alt>\n   </{name}>"


def _item(language: str, text: str) -> str:
    return f"     <rdf:li xml:lang={quote(language)}>{escape(text)}</rdf:li>"


def every(*notices: NoticeRecord) -> Iterator[str]:
    """Yield the warnings of several notices."""
    for notice in notices:
        yield from notice.texts
