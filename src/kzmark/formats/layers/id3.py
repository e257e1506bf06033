"""The record as a frame of an ID3v2 tag, and beside it the words that other tools show.

Spec: ID3v2.4.0, native frames, 4.2.6 (`TXXX`), 4.10 (`COMM`), 4.27 (`PRIV`); XMP part 3, MP3 (the
packet in a `PRIV` frame of the owner `XMP`).
"""

from collections.abc import Mapping
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import RecordError
from kzmark.formats.layers import _training as training
from kzmark.formats.layers import xmp
from kzmark.formats.layers._id3_tag import Frame, Tag
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

__all__ = ["RECORD", "judge", "judge_xmp", "put"]

RECORD: Final = "kzmark.record"
_TEXT, _COMMENT, _PRIVATE = "TXXX", "COMM", "PRIV"
_OWNER: Final = b"XMP\0"
_NO_LANGUAGE: Final = b"XXX"  # the sentence speaks several
_SOURCE_TYPE: Final = "DigitalSourceType"
_SYSTEM: Final = "AISystemUsed"
_VERSION: Final = "AISystemVersionUsed"
_OURS: Final = frozenset({RECORD, _SOURCE_TYPE, _SYSTEM, _VERSION})
FACTS: Final = (_OURS - {RECORD}) | {
    training.MINING,
    training.CONSTRAINTS,
    "AIGC",  # China, GB 45438-2025
}


def put(tag: Tag, mark: Mark, *, limits: Limits) -> None:
    """Put the mark into a tag; all frames of others stay as they are, and where they are.

    A comment is only left where nobody else left one.
    """
    values = {RECORD: mark.to_json().decode(), _SOURCE_TYPE: mark.source_type.uri}
    values[_SYSTEM], values[_VERSION] = mark.system.name, mark.system.version
    values |= training.said(mark)
    earlier = judge(tag).mark
    ours = _OURS | training.replaced(earlier, mark)
    old = "" if earlier is None else _sentence(earlier)
    packet = next((one.body[len(_OWNER) :] for one in tag.frames if _is_packet(one)), b"")
    kept = [one for one in tag.frames if not _is_ours(tag, one, old, ours)]
    tag.frames = kept
    fresh = [tag.text(_TEXT, name, value) for name, value in values.items() if value]
    if not any(name == "" for name, _ in tag.texts(_COMMENT)):
        fresh.append(tag.text(_COMMENT, "", _sentence(mark), language=_NO_LANGUAGE))
    fresh.append(Frame(_PRIVATE, _OWNER + xmp.merge(packet, mark, limits=limits)))
    tag.frames += fresh


def judge(tag: Tag | None) -> Evidence:
    """Say what the frames of text hold. Never raises for what they say; code: `id3.record`."""
    if tag is None:
        return Evidence(layer=Layer.ID3, status=Status.ABSENT)
    texts = tag.texts(_TEXT)
    facts = {name: value[:1_000] for name, value in texts if name in FACTS and value}
    comment = next((value for name, value in tag.texts(_COMMENT) if not name), "")
    if comment:
        facts["comment"] = comment[:1_000]
    records = {value for name, value in texts if name == RECORD}
    if not records:
        return Evidence(layer=Layer.ID3, status=Status.ABSENT, facts=facts)
    if len(records) > 1:
        return _broken(f"{len(records)} records that differ", facts)
    try:
        mark = Mark.from_json(records.pop().encode("utf-8", "replace"))
    except RecordError as error:
        return _broken(error.message, facts)
    return Evidence(layer=Layer.ID3, status=Status.PRESENT, mark=mark, facts=facts)


def judge_xmp(tag: Tag | None, *, limits: Limits) -> list[Evidence]:
    """Say what the XMP packets of a tag hold: one piece of evidence at least."""
    frames = tag.frames if tag is not None else []
    found = [one.body[len(_OWNER) :] for one in frames if _is_packet(one)]
    seen = [xmp.judge(packet, limits=limits) for packet in found]
    return seen or [Evidence(layer=Layer.XMP, status=Status.ABSENT)]


def _sentence(mark: Mark) -> str:
    return " / ".join(mark.notice.texts)


def _is_packet(frame: Frame) -> bool:
    return frame.name == _PRIVATE and frame.is_plain and frame.body.startswith(_OWNER)


def _is_ours(tag: Tag, frame: Frame, sentence: str, ours: frozenset[str]) -> bool:
    if _is_packet(frame):
        return True
    if frame.name not in {_TEXT, _COMMENT} or not frame.is_plain:
        return False
    told = Tag(tag.version, [frame]).texts(frame.name)
    if frame.name == _TEXT:
        return any(name in ours for name, _ in told)
    return bool(sentence) and ("", sentence) in told


def _broken(detail: str, facts: Mapping[str, str]) -> Evidence:
    return Evidence(
        layer=Layer.ID3, status=Status.BROKEN, code="id3.record", detail=detail, facts=facts
    )
