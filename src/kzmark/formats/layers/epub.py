"""The record as metadata of an EPUB's package file, and beside it IPTC's own words.

Spec: EPUB 3.3, 5.5 (metadata; `meta` with name and content is kept from EPUB 2) and D.1 (prefixes).
"""

from typing import Final

from kzmark.formats._names import DUBLIN_CORE
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Edit, Element
from kzmark.formats.layers import ooxml
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer

_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PREFIX: Final = f"iptc: {_IPTC}"


def merge(document: Document, mark: Mark) -> list[Edit]:
    """Return the edits that put the mark into the metadata; an earlier one of ours is taken out."""
    root = document.root
    inner = first(root, "metadata")
    is_new = root.get("version", "2.0").startswith("3")
    fresh = _said(root.prefix, mark, is_new=is_new)
    edits: list[Edit] = []
    if is_new and "iptc:" not in root.get("prefix"):
        said = f"{root.get('prefix')} {_PREFIX}".strip()
        edits.append(root.with_attributes({"prefix": said}))
    dc, declared = document.prefix(DUBLIN_CORE, "dc")
    text = escape(ooxml.description(mark))
    described = f"<{dc}:description{declared}>{text}</{dc}:description>"
    if inner is None:
        whole = f"<{root.prefix}metadata>{described}{fresh}</{root.prefix}metadata>"
        return [*edits, root.begun(whole)]
    earlier = judge(root).mark
    edits += [one.removed() for one in inner.elements if _is_ours(one)]
    told = inner.first("dc:description")
    if told is None:
        fresh = described + fresh
    elif earlier and told.text == ooxml.description(earlier):
        edits.append((told.start, told.end, described))
    return [*edits, inner.opened(fresh)]


def judge(root: Element) -> Evidence:
    """Say what the metadata of a package file hold."""
    inner = first(root, "metadata")
    found = []
    for one in inner.elements if inner is not None else ():
        if local(one) == "meta":
            name = one.get("name") or one.get("property").removeprefix("iptc:")
            found.append((name, one.get("content") or one.text))
    return ooxml.judge(found, Layer.EPUB)


def first(root: Element, name: str) -> Element | None:
    """Return a child by its name, with or without the namespace of package files."""
    return next((one for one in root.elements if local(one) == name), None)


def local(element: Element) -> str:
    """Return the name of an element of a package file, without prefix."""
    prefix, _, name = element.name.rpartition(":")
    return name if prefix in {"", "opf"} else ""


def _is_ours(one: Element) -> bool:
    if local(one) != "meta":
        return False
    name = one.get("name") or one.get("property").removeprefix("iptc:")
    ours = one.get("name") in ooxml.OURS or one.get("property").startswith("iptc:")
    return name in ooxml.OURS and ours


def _said(prefix: str, mark: Mark, *, is_new: bool) -> str:
    parts = []
    for name, value in ooxml.said(mark).items():
        if is_new and name != ooxml.RECORD:
            parts.append(f'<{prefix}meta property="iptc:{name}">{escape(value)}</{prefix}meta>')
        else:
            parts.append(f"<{prefix}meta name={quote(name)} content={quote(value)}/>")
    return "".join(parts)
