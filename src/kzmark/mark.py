"""The mark: what kzmark says about one file, the same in every layer.

Canonical form: JSON, UTF-8, keys sorted, no insignificant space. JSON Schema:
docs/reference/mark-1.schema.json. A reader refuses a `schema` number it does not know.
"""

import dataclasses
import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID

from kzmark import _notice_record, _record
from kzmark._notice_record import TONE, NoticeRecord, Place
from kzmark.errors import RecordError
from kzmark.vocabulary import (
    LAW,
    Autonomy,
    Medium,
    Mode,
    Operation,
    Oversight,
    Risk,
    Role,
    Simulates,
    SourceType,
    Training,
)

__all__ = [
    "MAX_RECORD",
    "SCHEMA",
    "TONE",
    "Mark",
    "NoticeRecord",
    "Place",
    "Responsible",
    "System",
]

SCHEMA: Final = 1
MAX_RECORD: Final = 64 << 10  # bytes of JSON; a real record has about one thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The AI system that made or changed the content.

    Attributes:
        name: Its name, as users know it.
        version: Its version, or an empty string.
        provider: Who offers it.
        risk: Degree of risk, Article 17(1).
        autonomy: Degree of autonomy, Article 17(2).
        mode: Mode of use, Article 17(4).

    Raises:
        RecordError: If the name is empty, a text is too long or holds a control character, or a
            word is outside its closed list.
    """

    name: str
    version: str = ""
    provider: str = ""
    risk: Risk | None = None
    autonomy: Autonomy | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        _record.check_text(self.name, "system.name")
        _record.check_text(self.version, "system.version", empty=True)
        _record.check_text(self.provider, "system.provider", empty=True)
        _record.coerce(self, "system.", risk=Risk, autonomy=Autonomy, mode=Mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who answers for informing people: the owner or holder of the AI system.

    Attributes:
        name: Legal or personal name.
        role: Owner or holder.
        bin: Business identification number: 12 digits, control digit checked; or empty.
        contact: Address, site or mail; or empty.

    Raises:
        RecordError: If the name is empty, a text is too long or holds a control character, the role
            is unknown, or the BIN has a wrong control digit.
    """

    name: str
    role: Role = Role.OWNER
    bin: str = ""
    contact: str = ""

    def __post_init__(self) -> None:
        _record.check_text(self.name, "responsible.name")
        _record.check_text(self.contact, "responsible.contact", empty=True)
        _record.coerce(self, "responsible.", role=Role)
        if self.bin:
            _record.check_bin(self.bin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The machine-readable statement about one file (Article 21(2)).

    Attributes:
        mark_id: Joins the layers of one stamping and its audit record.
        operation: Created or modified by the system.
        source_type: IPTC digital source type.
        medium: What a person perceives.
        system: The AI system.
        responsible: Who answers for it.
        created: When the mark was made: aware, UTC, whole seconds.
        profile: Name of the profile whose words and numbers the notice follows.
        notice: What the notice says and where it is.
        simulates: What the content simulates; may be empty.
        human_oversight: C2PA's own value; never derived from autonomy.
        training: Whether AI models may be trained on the file.
        pointers: URIs under `user_agreement`, `explanation`, `data_information`; never fetched.
        source_sha256: SHA-256 of the input, 64 hexadecimal digits; or empty.
        history: Earlier mark ids of the same file, oldest first.

    Raises:
        RecordError: If the time is not UTC in whole seconds, or a value is none that the schema
            allows.
    """

    mark_id: UUID
    operation: Operation
    source_type: SourceType
    medium: Medium
    system: System
    responsible: Responsible
    created: datetime
    profile: str
    notice: NoticeRecord
    simulates: tuple[Simulates, ...] = ()
    human_oversight: Oversight | None = None
    training: Training | None = None
    pointers: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    source_sha256: str = ""
    history: tuple[UUID, ...] = ()

    def __post_init__(self) -> None:
        if self.created.tzinfo is None or self.created.utcoffset() != UTC.utcoffset(None):
            raise RecordError("`created` must be an aware UTC time")
        if self.created.microsecond:
            raise RecordError("`created` must be in whole seconds")
        _record.check_text(self.profile, "profile")
        _record.check_pointers(self.pointers)
        if self.source_sha256:
            _record.check_sha256(self.source_sha256)

    def __hash__(self) -> int:
        return hash(self.mark_id)  # equal marks have it in common, and two stampings never do

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values; optional fields that say nothing are left out."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def to_json(self, *, escaped: bool = False) -> bytes:
        """Return the canonical JSON: UTF-8, keys sorted, no insignificant space.

        Args:
            escaped: Whether letters beyond ASCII are spelt as escapes; then it is not canonical.
        """
        text = _spelt(self, tuple(self.pointers.items()), escaped)
        if not self.pointers:  # the caller's own mapping, which may change
            with _LOCK:
                _SPELT[text] = self
                while len(_SPELT) > _MOST_SPELT:
                    del _SPELT[next(iter(_SPELT))]
        return text

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Build a mark from a record.

        Raises:
            RecordError: If the schema number is unknown, a field is missing, unknown or of the
                wrong kind, or a value is outside its closed list.
        """
        reader = _record.Reader(record, where="")
        if (schema := reader.take("schema", int)) != SCHEMA:
            raise RecordError(
                f"schema {schema} is not known here", hint="a newer kzmark may read it"
            )
        if reader.take("law", str) != LAW or reader.take("synthetic", bool) is not True:
            raise RecordError("the record does not speak of Article 21")
        mark = cls(
            mark_id=reader.uuid("mark_id"),
            operation=reader.word("operation", Operation),
            source_type=reader.word("source_type", SourceType),
            medium=reader.word("medium", Medium),
            system=_system(reader.nested("system")),
            responsible=_responsible(reader.nested("responsible")),
            created=reader.time("created"),
            profile=reader.take("profile", str),
            notice=_notice_record.read(reader.nested("notice")),
            simulates=tuple(reader.words("simulates", Simulates)),
            human_oversight=reader.optional_word("human_oversight", Oversight),
            training=reader.optional_word("training", Training),
            pointers=reader.take("pointers", dict, default={}),
            source_sha256=reader.take("source_sha256", str, default=""),
            history=tuple(reader.uuids("history")),
        )
        reader.finish()
        return mark

    @classmethod
    def from_json(cls, data: bytes | str, *, limit: int = MAX_RECORD) -> Self:
        """Build a mark from JSON.

        Args:
            data: The JSON.
            limit: Bytes that it may have.

        Raises:
            RecordError: If it is not JSON, too long, too deep, or breaks the schema.
        """
        known = _SPELT.get(data if isinstance(data, bytes) else data.encode("utf-8", "replace"))
        if known is not None and type(known) is cls:
            return known
        return cls.from_dict(_record.parse_json(data, limit=limit))


_SPELT: Final[dict[bytes, Mark]] = {}  # the last ones: layers are read back right after
_MOST_SPELT: Final = 16
_LOCK: Final = threading.Lock()  # of those who write to it
_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_ESCAPED: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


@functools.lru_cache(maxsize=16)
def _spelt(mark: Mark, pointers: tuple[tuple[str, str], ...], escaped: bool) -> bytes:  # noqa: FBT001 - as `to_json` has it
    """Return the JSON of a mark; every layer of a file asks for the same one."""
    return (_ESCAPED if escaped else _JSON).encode(_plain(mark, pointers)).encode()


@functools.lru_cache(maxsize=8)
def _plain(mark: Mark, pointers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    record = {
        "schema": SCHEMA,
        "law": LAW,
        "synthetic": True,
        "mark_id": str(mark.mark_id),
        "operation": mark.operation.value,
        "source_type": mark.source_type.value,
        "medium": mark.medium.value,
        "system": _record.spell(mark.system, always=("name", "version")),
        "responsible": _record.spell(mark.responsible, always=("name", "role")),
        "created": mark.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "profile": mark.profile,
        "notice": _record.spell(mark.notice, always=("languages", "texts")),
    }
    optional = {
        "simulates": [word.value for word in mark.simulates],
        "human_oversight": mark.human_oversight and mark.human_oversight.value,
        "training": mark.training and mark.training.value,
        "pointers": dict(pointers),
        "source_sha256": mark.source_sha256,
        "history": [str(old) for old in mark.history],
    }
    return record | {key: value for key, value in optional.items() if value}


def _system(reader: _record.Reader) -> System:
    system = System(
        name=reader.take("name", str),
        version=reader.take("version", str),
        provider=reader.take("provider", str, default=""),
        risk=reader.optional_word("risk", Risk),
        autonomy=reader.optional_word("autonomy", Autonomy),
        mode=reader.optional_word("mode", Mode),
    )
    reader.finish()
    return system


def _responsible(reader: _record.Reader) -> Responsible:
    responsible = Responsible(
        name=reader.take("name", str),
        role=reader.word("role", Role),
        bin=reader.take("bin", str, default=""),
        contact=reader.take("contact", str, default=""),
    )
    reader.finish()
    return responsible
