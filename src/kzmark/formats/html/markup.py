"""What stands in a page: the notice before its first words, the mark in its head.

Every rule of the page is outweighed by the notice's own `style` attribute, so that no sheet hides
it by accident; what hides a page as a whole hides the notice too, and that is judged.
"""

import json
from html import escape
from typing import Any, Final

from kzmark.formats._text import Colour, Inscription
from kzmark.formats.html.page import DISCLOSURE, OURS, RESERVATION
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.vocabulary import Operation, SourceType

NOTICE: Final = "notice"
RECORD: Final = "record"
_SCHEMA_ORG: Final = {
    SourceType.TRAINED: "TrainedAlgorithmicMediaDigitalSource",
    SourceType.COMPOSITE_WITH_TRAINED: "CompositeWithTrainedAlgorithmicMediaDigitalSource",
    SourceType.COMPOSITE_SYNTHETIC: "CompositeSyntheticDigitalSource",
    SourceType.ALGORITHMIC: "AlgorithmicMediaDigitalSource",
}
_BOX: Final = (
    "all:initial;display:block;position:relative;z-index:2147483647;visibility:visible;opacity:1;"
    "float:none;clear:both;box-sizing:border-box;margin:0;padding:12px 16px;"
    "font-family:system-ui,sans-serif;"
    "font-size:16px;line-height:1.5;text-align:start;overflow-wrap:anywhere;"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact;"  # white words need their ground
)
_PART: Final = "all:unset;"
_LINE: Final = _PART + "display:inline-block;"  # a language breaks as a whole where it can
_BADGE: Final = (
    "border:2px solid;border-radius:4px;padding:1px 6px;margin-inline-end:10px;font-weight:700;"
    "white-space:nowrap;"
)


def notice(inscription: Inscription) -> str:
    """Return the notice as one element: real words, each language named."""
    ink, ground = _css(inscription.ink), _css(inscription.ground)
    words = " ".join(
        f'<span lang="{escape(line.language)}" style="{_firm(_LINE)}">{escape(line.text)}.</span>'
        for line in inscription.lines
    )
    box = _firm(f"{_BOX}color:{ink};background:{ground};")
    badge = f'<b style="{_firm(_PART + _BADGE)}">{escape(inscription.badge)}</b>'
    return f'<div {OURS}="{NOTICE}" role="note" dir="ltr" style="{box}">{badge} {words}</div>'


def head(mark: Mark) -> str:
    """Return the mark for the head: the record, and what others read of it."""
    linked: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "digitalSourceType": f"https://schema.org/{_SCHEMA_ORG[mark.source_type]}",
        "accessibilitySummary": " ".join(f"{text}." for text in mark.notice.texts),
    }
    for name, value in training.said(mark).items():
        linked[training.PLUS + name] = {"@id": value} if name == training.MINING else value
    reservation = ""
    if training.is_reserved(mark):
        reservation = f'<meta {OURS}="" name="{RESERVATION}" content="{training.RESERVED}">'
    record = mark.to_json(escaped=True).decode()
    return (
        f'<meta {OURS}="" name="{DISCLOSURE}" content="{disclosure(mark)}">{reservation}'
        f'<script {OURS}="" type="application/ld+json">{_safe(json.dumps(linked))}</script>'
        f'<script {OURS}="{RECORD}" type="application/json">{_safe(record)}</script>'
    )


def disclosure(mark: Mark) -> str:
    """Return the value of `ai-disclosure` that comes nearest (W3C CG draft, May 2026)."""
    if mark.source_type is SourceType.COMPOSITE_SYNTHETIC:
        return "mixed"
    return "ai-assisted" if mark.operation is Operation.MODIFIED else "ai-generated"


def _firm(style: str) -> str:
    """Return declarations that no rule of the page outweighs."""
    return style.replace(";", "!important;")


def _css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _safe(text: str) -> str:
    """Return JSON, in ASCII already, that ends no script element and begins no comment."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
