"""The record as a free key of MP4 and MOV metadata, and the sentence as its comment.

Spec: QuickTime file format, metadata (keys of the `mdta` namespace); values are UTF-8.
"""

from collections.abc import Mapping
from typing import Final

from kzmark.errors import RecordError
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

KEY: Final = "kzmark.record"
LABEL: Final = "AIGC"  # China, GB 45438-2025


def sentence(mark: Mark) -> str:
    """Return the warnings as one comment."""
    return " / ".join(mark.notice.texts)


def judge(record: bytes | None, *, facts: Mapping[str, str]) -> Evidence:
    """Say what stands under `KEY`. Never raises; code: `mp4.record`."""
    if record is None:
        return Evidence(layer=Layer.MP4, status=Status.ABSENT, facts=facts)
    try:
        mark = Mark.from_json(record)
    except RecordError as error:
        return Evidence(
            layer=Layer.MP4,
            status=Status.BROKEN,
            code="mp4.record",
            detail=error.message,
            facts=facts,
        )
    return Evidence(layer=Layer.MP4, status=Status.PRESENT, mark=mark, facts=facts)
