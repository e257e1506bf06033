"""PNG text: the record as canonical JSON under a keyword of our own, the notice's words beside it.

Spec: PNG third edition, 11.3.3 (keywords "Description", private ones), 11.3.3.4 (iTXt, UTF-8).
"""

from collections.abc import Mapping
from typing import Final

from kzmark.errors import RecordError
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

KEYWORD: Final = "kzmark"
DESCRIPTION: Final = "Description"


def record(mark: Mark) -> bytes:
    """Return the text that stands under `KEYWORD`."""
    return mark.to_json()


def description(mark: Mark) -> bytes:
    """Return the text that stands under `DESCRIPTION`: the warnings, one a line."""
    return "\n".join(mark.notice.texts).encode()


def judge(text: bytes, *, facts: Mapping[str, str]) -> Evidence:
    """Say what a text under `KEYWORD` holds. Never raises; code: `text.record`."""
    try:
        mark = Mark.from_json(text)
    except RecordError as error:
        return broken(error.message, facts=facts)
    return Evidence(layer=Layer.TEXT, status=Status.PRESENT, mark=mark, facts=facts)


def absent(*, facts: Mapping[str, str]) -> Evidence:
    """Say that there is no text of ours, only those of others."""
    return Evidence(layer=Layer.TEXT, status=Status.ABSENT, facts=facts)


def broken(detail: str, *, facts: Mapping[str, str]) -> Evidence:
    """Say that there is a text of ours which cannot be read."""
    return Evidence(
        layer=Layer.TEXT, status=Status.BROKEN, code="text.record", detail=detail, facts=facts
    )
