"""The record as a chunk of a RIFF file's INFO list, and the sentence as its comment.

Spec: RIFF MCI (INFO lists: `ICMT`); text is UTF-8, which readers of today expect.
"""

from collections.abc import Mapping
from typing import Final

from kzmark.errors import RecordError
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

RECORD: Final = b"KZMK"
COMMENT: Final = b"ICMT"
LABEL: Final = b"AIGC"  # China, GB 45438-2025: in the INFO list of an AVI, by itself in a WAV
_FACTS: Final = {COMMENT: "comment", LABEL: "AIGC"}


def chunks(mark: Mark, *, comment: bool) -> dict[bytes, bytes]:
    """Return kinds and contents of our chunks; a comment only where nobody else left one."""
    found = {RECORD: mark.to_json() + b"\0"}
    if comment:
        found[COMMENT] = " / ".join(mark.notice.texts).encode() + b"\0"
    return found


def judge(values: Mapping[bytes, bytes]) -> Evidence:
    """Say what the INFO lists of a file hold. Never raises; code: `riff.record`."""
    told = {name: values.get(kind, b"").rstrip(b"\0") for kind, name in _FACTS.items()}
    facts = {name: text.decode("utf-8", "replace")[:1_000] for name, text in told.items() if text}
    record = values.get(RECORD)
    if record is None:
        return Evidence(layer=Layer.RIFF, status=Status.ABSENT, facts=facts)
    try:
        mark = Mark.from_json(record.rstrip(b"\0"))
    except RecordError as error:
        return Evidence(
            layer=Layer.RIFF,
            status=Status.BROKEN,
            code="riff.record",
            detail=error.message,
            facts=facts,
        )
    return Evidence(layer=Layer.RIFF, status=Status.PRESENT, mark=mark, facts=facts)
