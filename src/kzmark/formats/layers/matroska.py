"""The record as a tag of a Matroska file, and beside it the words that other tools show.

Spec: RFC 9559, 5.1.8 (Tags); Matroska tag specifications (COMMENT).
"""

from collections.abc import Mapping
from typing import Final

from kzmark.errors import RecordError
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

RECORD: Final = "KZMARK_RECORD"
COMMENT: Final = "COMMENT"
SOURCE_TYPE: Final = "DIGITAL_SOURCE_TYPE"
SYSTEM: Final = "AI_SYSTEM_USED"
VERSION: Final = "AI_SYSTEM_VERSION_USED"
_TRAINING: Final = {training.MINING: "DATA_MINING", training.CONSTRAINTS: "OTHER_CONSTRAINTS"}
FACTS: Final = {
    COMMENT: "comment",
    SOURCE_TYPE: "DigitalSourceType",
    SYSTEM: "AISystemUsed",
    VERSION: "AISystemVersionUsed",
    **{key: name for name, key in _TRAINING.items()},
    "AIGC": "AIGC",  # China, GB 45438-2025
}


def tags(mark: Mark, *, comment: bool) -> dict[str, str]:
    """Return names and values of our tags; a comment only where nobody else left one."""
    found = {RECORD: mark.to_json().decode(), SOURCE_TYPE: mark.source_type.uri}
    found[SYSTEM], found[VERSION] = mark.system.name, mark.system.version
    found |= {_TRAINING[name]: text for name, text in training.said(mark).items()}
    if comment:
        found[COMMENT] = " / ".join(mark.notice.texts)
    return found


def judge(values: Mapping[str, str]) -> Evidence:
    """Say what the tags of a file hold. Never raises; code: `matroska.record`."""
    facts = {FACTS[name]: value[:1_000] for name, value in values.items() if name in FACTS}
    record = values.get(RECORD)
    if record is None:
        return Evidence(layer=Layer.MATROSKA, status=Status.ABSENT, facts=facts)
    try:
        mark = Mark.from_json(record)
    except RecordError as error:
        return Evidence(
            layer=Layer.MATROSKA,
            status=Status.BROKEN,
            code="matroska.record",
            detail=error.message,
            facts=facts,
        )
    return Evidence(layer=Layer.MATROSKA, status=Status.PRESENT, mark=mark, facts=facts)
