"""The record as metadata of an EPUB's package file, and beside it words of IPTC, PLUS and TDMRep.

Spec: EPUB 3.3, 5.5 (metadata; `meta` with name and content is kept from EPUB 2) and D.1 (prefixes);
TDMRep of 10 May 2024 (`tdm:reservation`, as a property in EPUB 3 and as a name in EPUB 2).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from kzmark.formats._names import DUBLIN_CORE
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Edit, Element
from kzmark.formats.layers import _training as training
from kzmark.formats.layers import ooxml
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer

_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RESERVATION: Final = "tdm:reservation"
_HOMES: Final = {  # name: the prefix that it usually has, and whose word it is
    **dict.fromkeys((ooxml.SOURCE_TYPE, ooxml.SYSTEM, ooxml.VERSION), ("iptc", _IPTC)),
    **dict.fromkeys((training.MINING, training.CONSTRAINTS), ("plus", training.PLUS)),
    _RESERVATION: ("tdm", training.TDM_RDF),
}


def merge(document: Document, mark: Mark) -> list[Edit]:
    """Return the edits that put the mark into the metadata; an earlier one of ours is taken out."""
    root = document.root
    inner = first(root, "metadata")
    said = _said(mark)
    prefixes = _prefixes(root)
    edits: list[Edit] = []
    if root.get("version", "2.0").startswith("3"):
        lacking = _lacking(said, prefixes)
        if lacking:
            told = (f"{prefix}: {uri}" for uri, prefix in lacking.items())
            declared = " ".join(filter(None, (root.get("prefix").strip(), *told)))
            edits.append(root.with_attributes({"prefix": declared}))
        fresh = _new(root.prefix, said, lacking | {uri: one for one, uri in prefixes.items()})
    else:
        fresh = _old(root.prefix, said)
    dc, declaration = document.prefix(DUBLIN_CORE, "dc")
    text = escape(ooxml.description(mark))
    described = f"<{dc}:description{declaration}>{text}</{dc}:description>"
    if inner is None:
        whole = f"<{root.prefix}metadata>{described}{fresh}</{root.prefix}metadata>"
        return [*edits, root.begun(whole)]
    earlier = judge(root).mark
    ours = ooxml.names(mark, earlier) | _reserved(mark) | _reserved(earlier)
    edits += [one.removed() for one in inner.elements if _name(one, prefixes) in ours]
    told_already = inner.first("dc:description")
    if told_already is None:
        fresh = described + fresh
    elif earlier and told_already.text == ooxml.description(earlier):
        edits.append((told_already.start, told_already.end, described))
    return [*edits, inner.opened(fresh)]


def judge(root: Element) -> Evidence:
    """Say what the metadata of a package file hold."""
    inner = first(root, "metadata")
    prefixes = _prefixes(root)
    found = [
        (name, one.get("content") or one.text)
        for one in (inner.elements if inner is not None else ())
        if (name := _name(one, prefixes))
    ]
    return ooxml.judge(found, Layer.EPUB)


def first(root: Element, name: str) -> Element | None:
    """Return a child by its name, with or without the namespace of package files."""
    return next((one for one in root.elements if local(one) == name), None)


def local(element: Element) -> str:
    """Return the name of an element of a package file, without prefix."""
    prefix, _, name = element.name.rpartition(":")
    return name if prefix in {"", "opf"} else ""


def _prefixes(root: Element) -> dict[str, str]:
    """Return the prefixes that the package declares, with what each stands for."""
    words = root.get("prefix").split()
    pairs = zip(words[::2], words[1::2], strict=False)
    return {prefix.removesuffix(":"): uri for prefix, uri in pairs}


def _lacking(said: Mapping[str, str], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Return what has to be declared: the usual prefix, or another where that is taken."""
    found: dict[str, str] = {}
    for usual, uri in (_HOMES[name] for name in said if name in _HOMES):
        if uri not in prefixes.values():
            found[uri] = usual if usual not in prefixes else f"kzmark-{usual}"
    return found


def _name(one: Element, prefixes: Mapping[str, str]) -> str:
    """Return under which name a row of the metadata says something, of those known here.

    An earlier kzmark wrote `iptc:DataMining`, which is no word of IPTC's: it is known here too.
    """
    if local(one) != "meta" or one.get("refines"):  # that one is about a part of the book
        return ""
    if name := one.get("name"):
        return name
    prefix, _, name = one.get("property").partition(":")
    uri = prefixes.get(prefix, "")
    if uri == training.TDM_RDF:
        return f"tdm:{name}"
    known = uri == _HOMES.get(name, ("", ""))[1]
    return name if uri and (known or (uri == _IPTC and name == training.MINING)) else ""


def _reserved(mark: Mark | None) -> frozenset[str]:
    return frozenset({_RESERVATION} if mark is not None and training.is_reserved(mark) else ())


def _said(mark: Mark) -> dict[str, str]:
    return ooxml.said(mark) | dict.fromkeys(_reserved(mark), training.RESERVED)


def _new(prefix: str, said: Mapping[str, str], prefixes: Mapping[str, str]) -> str:
    """Return the rows of EPUB 3: the record under a name, the words as properties."""
    return "".join(_rows(prefix, said, prefixes))


def _rows(prefix: str, said: Mapping[str, str], prefixes: Mapping[str, str]) -> Iterator[str]:
    for name, value in said.items():
        if name in _HOMES:
            word = f"{prefixes[_HOMES[name][1]]}:{name.removeprefix('tdm:')}"
            yield f'<{prefix}meta property="{word}">{escape(value)}</{prefix}meta>'
        else:
            yield f"<{prefix}meta name={quote(name)} content={quote(value)}/>"


def _old(prefix: str, said: Mapping[str, str]) -> str:
    """Return the rows of EPUB 2, which has names and no prefixes."""
    return "".join(
        f"<{prefix}meta name={quote(name)} content={quote(value)}/>" for name, value in said.items()
    )
