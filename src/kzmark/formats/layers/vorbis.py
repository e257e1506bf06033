"""The record as a field of Vorbis comments, and beside it the words that other tools show.

Spec: Xiph, Ogg Vorbis I: comment field and header; RFC 7845, 5.2 (Opus); RFC 9639, 8.6 (FLAC).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from kzmark._limits import Limits
from kzmark.errors import LimitExceededError, MalformedMediaError, RecordError
from kzmark.formats.layers import _training as training
from kzmark.mark import Mark
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Layer

RECORD: Final = b"KZMARK_RECORD"
COMMENTS: Final = (b"COMMENT", b"DESCRIPTION")  # programs differ in which one they show
_SOURCE_TYPE: Final = b"DIGITAL_SOURCE_TYPE"
_SYSTEM: Final = b"AI_SYSTEM_USED"
_VERSION: Final = b"AI_SYSTEM_VERSION_USED"
_OURS: Final = frozenset({RECORD, _SOURCE_TYPE, _SYSTEM, _VERSION})
_TRAINING: Final = {training.MINING: b"DATA_MINING", training.CONSTRAINTS: b"OTHER_CONSTRAINTS"}
FACTS: Final = {
    b"COMMENT": "comment",
    b"DESCRIPTION": "comment",
    _SOURCE_TYPE: "DigitalSourceType",
    _SYSTEM: "AISystemUsed",
    _VERSION: "AISystemVersionUsed",
    **{key: name for name, key in _TRAINING.items()},
    b"AIGC": "AIGC",  # China, GB 45438-2025
}
_CHAPTER: Final = re.compile(rb"CHAPTER\d{1,3}", re.IGNORECASE)
_CLOCK: Final = re.compile(rb"(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)")


@dataclass(slots=True)
class Comments:
    """A comment header.

    Attributes:
        vendor: Who wrote the sound.
        fields: `NAME=value` in order, as they stand; names know no case.
        tail: What follows: a framing bit, padding, binary data.
    """

    vendor: bytes = b"kzmark"
    fields: list[bytes] = field(default_factory=list)
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes, *, limits: Limits) -> "Comments":
        """Read a header, without the letters of its codec.

        Raises:
            MalformedMediaError: If it ends too early.
            LimitExceededError: If it holds too many fields.
        """
        vendor, at = _sized(data, 0)
        count = int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or count > (len(data) - at) // 4:
            raise MalformedMediaError("the comments end too early")
        if count > limits.max_elements:
            raise LimitExceededError(f"{count} comments")
        at += 4
        found = []
        for _ in range(count):
            one, at = _sized(data, at)
            found.append(one)
        return cls(vendor, found, data[at:])

    def pack(self) -> bytes:
        """Return the header."""
        parts = [len(self.vendor).to_bytes(4, "little"), self.vendor]
        parts.append(len(self.fields).to_bytes(4, "little"))
        for one in self.fields:
            parts += [len(one).to_bytes(4, "little"), one]
        return b"".join(parts) + self.tail

    def values(self, name: bytes) -> list[str]:
        """Return the values of all fields of a name."""
        pairs = (one.partition(b"=") for one in self.fields)
        return [value.decode("utf-8", "replace") for key, _, value in pairs if key.upper() == name]

    def drop(self, names: Iterable[bytes]) -> None:
        """Remove all fields of some names."""
        gone = frozenset(names)
        self.fields = [one for one in self.fields if one.partition(b"=")[0].upper() not in gone]


def put(comments: Comments, mark: Mark) -> None:
    """Put the mark into comments; a comment for people only where nobody else left one."""
    earlier = judge(comments).mark
    if earlier is not None:
        old = _sentence(earlier)
        comments.fields = [
            one
            for one in comments.fields
            if not (one[:8].upper() == b"COMMENT=" and one[8:] == old)
        ]
    comments.drop(_OURS | {_TRAINING[name] for name in training.replaced(earlier, mark)})
    values = {RECORD: mark.to_json(), _SOURCE_TYPE: mark.source_type.uri.encode()}
    values[_SYSTEM], values[_VERSION] = mark.system.name.encode(), mark.system.version.encode()
    values |= {_TRAINING[name]: text.encode() for name, text in training.said(mark).items()}
    if not any(comments.values(name) for name in COMMENTS):
        values[COMMENTS[0]] = _sentence(mark)
    comments.fields += [name + b"=" + value for name, value in values.items() if value]


def judge(comments: Comments) -> Evidence:
    """Say what comments hold. Never raises for what they say; code: `vorbis.record`."""
    facts: dict[str, str] = {}
    for key, name in FACTS.items():
        for value in comments.values(key):
            facts.setdefault(name, value[:1_000])
    records = set(comments.values(RECORD))
    if not records:
        return Evidence(layer=Layer.VORBIS, status=Status.ABSENT, facts=facts)
    detail = f"{len(records)} records that differ"
    if len(records) == 1:
        try:
            mark = Mark.from_json(records.pop().encode())
            return Evidence(layer=Layer.VORBIS, status=Status.PRESENT, mark=mark, facts=facts)
        except RecordError as error:
            detail = error.message
    return Evidence(
        layer=Layer.VORBIS, status=Status.BROKEN, code="vorbis.record", detail=detail, facts=facts
    )


def shift(comments: Comments, seconds: float) -> list[str]:
    """Move the chapters that fields such as `CHAPTER001=00:00:05.000` name.

    Returns:
        `times-not-shifted` if a field names times in a way that cannot be moved.
    """
    notes = []
    for number, one in enumerate(comments.fields):
        name, _, value = one.partition(b"=")
        if _CHAPTER.fullmatch(name):
            clock = _CLOCK.fullmatch(value.strip())
            if clock is None:
                notes.append("times-not-shifted")
            else:
                comments.fields[number] = name + b"=" + _later(clock, seconds)
        elif name.upper() == b"CUESHEET":
            notes.append("times-not-shifted")
    return sorted(set(notes))


def _later(clock: "re.Match[bytes]", seconds: float) -> bytes:
    hours, minutes, rest = (float(part) for part in clock.groups())
    milliseconds = round((hours * 3600 + minutes * 60 + rest + seconds) * 1000)
    whole, part = divmod(milliseconds, 1000)
    return b"%02d:%02d:%02d.%03d" % (whole // 3600, whole // 60 % 60, whole % 60, part)


def _sentence(mark: Mark) -> bytes:
    return " / ".join(mark.notice.texts).encode()


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(data[at : at + 4], "little")
    if at + 4 + size > len(data):
        raise MalformedMediaError("the comments end too early")
    return data[at + 4 : at + 4 + size], at + 4 + size
