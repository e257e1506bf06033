"""Judging the manifests of texts, which the C2PA library cannot find in them.

Nor can it judge one that it is handed: it takes no place for that of a store but those it knows.
"""

from typing import Protocol, TypeGuard

from kzmark._limits import Limits
from kzmark._rope import Rope, bytes_of
from kzmark.errors import MediaError
from kzmark.formats._base import Adapter
from kzmark.formats._embedding import Lone
from kzmark.report import Evidence
from kzmark.signing import evidence
from kzmark.signing.store.ties import tie_of
from kzmark.signing.store.validate import validate


class LoneAdapter(Adapter, Lone, Protocol):
    """An adapter of a kind of text."""


def is_lone(adapter: Adapter) -> TypeGuard[LoneAdapter]:
    """Say whether kzmark alone finds the stores in files of a format."""
    return hasattr(type(adapter), "covered")


def judged(data: bytes | Rope, adapter: LoneAdapter, *, anchors: str, limits: Limits) -> Evidence:
    """Say what the manifest of a text holds and whether it fits. Never raises, whatever the bytes.

    Args:
        data: The file.
        adapter: The adapter of its format.
        anchors: PEM text of those who are trusted, or nothing.
        limits: What it may cost.
    """
    text = data if isinstance(data, bytes) else bytes_of(data)
    try:
        found = adapter.survey(text, limits=limits)
    except MediaError as error:
        return evidence.malformed(error.message)
    if found.fault:
        return evidence.malformed("{} ({})".format(*found.fault))
    if not found.store:
        return evidence.absent(remote=found.elsewhere)
    bound = tie_of(adapter, limits=limits).bound(text, (found.start, found.size), b"")
    try:
        judged = validate(found.store, bound, anchors=anchors, limits=limits)
    except MediaError as error:  # no text in the form in which it is hashed
        return evidence.malformed(error.message)
    return evidence.judge(judged.reading)
