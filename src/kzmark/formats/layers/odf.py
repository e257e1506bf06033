"""The record as user-defined metadata of an OpenDocument file, beside it IPTC's own words.

Spec: ODF 1.3 part 3, 4.3 (metadata).
"""

from typing import Final

from kzmark._limits import Limits
from kzmark.formats._names import DUBLIN_CORE, ODF
from kzmark.formats._xml import escape, quote
from kzmark.formats._xmlmap import Document, Element
from kzmark.formats.layers import ooxml
from kzmark.mark import Mark
from kzmark.report import Evidence
from kzmark.vocabulary import Layer

_EMPTY: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-meta '
    f'xmlns:office="{ODF["office"]}" xmlns:meta="{ODF["meta"]}" xmlns:dc="{DUBLIN_CORE}" '
    'office:version="1.3"><office:meta></office:meta></office:document-meta>'
).encode()


def merge(old: bytes, mark: Mark, *, limits: Limits) -> bytes:
    """Return the metadata with the mark, and with the warning as description if there is none."""
    document = Document.of(old or _EMPTY, limits=limits, what="the metadata", doctype=True)
    inner = document.root.first("office:meta")
    office, declared = document.prefix(ODF["office"], "office")
    if inner is None:
        whole = f"<{office}:meta{declared}>{_said(document, mark)}</{office}:meta>"
        return document.edited([document.root.opened(whole)])
    defined = [(one.get("meta:name"), one.text) for one in _defined(inner)]
    earlier = ooxml.judge(defined, Layer.ODF).mark
    names = ooxml.names(mark, earlier)
    ours = [one for one in _defined(inner) if one.get("meta:name") in names]
    edits = [one.removed() for one in ours]
    fresh = _said(document, mark)
    told = inner.first("dc:description")
    text = escape(ooxml.description(mark))
    dc, more = document.prefix(DUBLIN_CORE, "dc")
    described = f"<{dc}:description{more}>{text}</{dc}:description>"
    if told is None:
        fresh = described + fresh
    elif not told.text.strip() or (earlier and told.text == ooxml.description(earlier)):
        edits.append((told.start, told.end, described))
    return document.edited([*edits, inner.opened(fresh)])


def judge(data: bytes, *, limits: Limits) -> Evidence:
    """Say what the metadata of a file hold."""
    found: list[tuple[str, str]] = []
    if data:
        document = Document.of(data, limits=limits, what="the metadata", doctype=True)
        inner = document.root.first("office:meta")
        rows = _defined(inner) if inner is not None else []
        found = [(one.get("meta:name"), one.text) for one in rows]
    return ooxml.judge(found, Layer.ODF)


def _defined(inner: Element) -> list[Element]:
    return inner.all("meta:user-defined")


def _said(document: Document, mark: Mark) -> str:
    meta, declared = document.prefix(ODF["meta"], "meta")
    return "".join(
        f"<{meta}:user-defined{declared} {meta}:name={quote(name)}>{escape(value)}"
        f"</{meta}:user-defined>"
        for name, value in ooxml.said(mark).items()
    )
