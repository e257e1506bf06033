"""What a mark says of training AI models, in the words of PLUS and of TDMRep.

Spec: PLUS LDF 2.0.1 (`DataMining`, and `OtherConstraints`, to which one of its terms leads);
TDMRep, final report of the W3C community group of 10 May 2024 (`tdm-reservation`).
"""

from typing import Final

from kzmark.mark import Mark
from kzmark.vocabulary import Training

MINING: Final = "DataMining"
CONSTRAINTS: Final = "OtherConstraints"
PLUS: Final = "http://ns.useplus.org/ldf/xmp/1.0/"
TDM_RDF: Final = "http://www.w3.org/ns/tdmrep#"  # in books
TDM_XMP: Final = "http://www.w3.org/ns/tdmrep/"  # in PDF: the report spells it in two ways
RESERVED: Final = "1"


def said(mark: Mark) -> dict[str, str]:
    """Return the words of PLUS by name; none if the mark is silent on training."""
    if mark.training is None:
        return {}
    found = {MINING: mark.training.plus_uri}
    return found | {CONSTRAINTS: text} if (text := constraint(mark)) else found


def replaced(*marks: Mark | None) -> frozenset[str]:
    """Return the names that these marks put into a file: what others wrote under others stays."""
    return frozenset(name for mark in marks if mark is not None for name in said(mark))


def constraint(mark: Mark) -> str:
    """Return on what condition models may be trained, if that is what the mark says."""
    if mark.training is not Training.CONSTRAINED:
        return ""
    who = ", ".join(filter(None, (mark.responsible.name, mark.responsible.contact)))
    terms = mark.pointers.get("user_agreement", "")
    asked = f"AI models may be trained on this file only as agreed with {who}"
    return f"{asked}; terms: {terms}" if terms else asked


def is_reserved(mark: Mark) -> bool:
    """Say whether the mark reserves the right to mine the file, in the words of TDMRep.

    Nothing is said for a file on which models may be trained: `0` would allow every mining.
    """
    return mark.training in {Training.PROHIBITED, Training.CONSTRAINED}
