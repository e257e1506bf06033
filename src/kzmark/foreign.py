"""What others' marks say of a file, as far as the layers tell it in their facts.

IPTC's `DigitalSourceType` (NewsCodes, 2024-10-23; the term of C2PA 2.2, 18.14.4.5), the label of
China's GB 45438-2025, and the W3C community group's `ai-disclosure` (draft of May 2026).
"""

import re
from typing import Final

from kzmark.report import Evidence
from kzmark.vocabulary import SourceType

_SYNTHETIC: Final = frozenset(SourceType) | {"trainedAlgorithmicData"}
_LABELS: Final = ("TC260:AIGC", "AIGC")  # in XMP; in tags, properties and front matter
_LABEL: Final = re.compile(r"Label[\"'\\ ]{0,8}:[\"'\\ ]{0,8}([123])\b")
_MEANS: Final = {  # GB 45438-2025, Annex E
    "1": "the file is AI-generated",
    "2": "the file may be AI-generated",
    "3": "the file is suspected to be AI-generated",
}
_DISCLOSED: Final = frozenset({"ai-generated", "ai-autonomous", "ai-assisted", "mixed"})


def claim(piece: Evidence) -> str:
    """Return in words by what a layer says that the file is synthetic, if somebody else says so."""
    if (said := source_type(piece)) and not not_synthetic(piece):
        return f"says {said}{_by(piece)}"
    if number := label(piece):
        return f"has an AIGC label, {number}: {_MEANS[number]} (GB 45438-2025)"
    disclosed = piece.facts.get("ai-disclosure", "").strip("\"'")
    return f"says {disclosed} (ai-disclosure)" if disclosed in _DISCLOSED else ""


def label(piece: Evidence) -> str:
    """Return what the label of GB 45438-2025 says: `1`, `2` or `3`, or nothing.

    A label may be longer than what facts repeat, so it is not read as JSON.
    """
    found = (_LABEL.search(piece.facts.get(name, "")) for name in _LABELS)
    return next((one[1] for one in found if one), "")


def not_synthetic(piece: Evidence) -> str:
    """Return the digital source type that a layer states, if it is not one of a synthetic file."""
    said = source_type(piece)
    return said if said and said not in _SYNTHETIC else ""


def source_type(piece: Evidence) -> str:
    """Return the last part of the digital source type that a layer states, or nothing."""
    return piece.facts.get("DigitalSourceType", "").rstrip("/ ").rpartition("/")[2]


def _by(piece: Evidence) -> str:
    named = piece.facts.get("AISystemUsed") or piece.facts.get("issuer")
    return f" ({named})" if named else ""
