"""The mark: what kzmark says about one file, the same in every layer.

Canonical form: JSON, UTF-8, keys sorted, no insignificant space. JSON Schema:
docs/reference/mark-1.schema.json. A reader refuses a `schema` number it does not know.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID

from kzmark import _record
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
class Place:
    """Where a notice stands in one displayed size.

    Attributes:
        box: Left, top, width, height of the plate, in displayed pixels.
        size: Width and height of the displayed picture, in pixels.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        x, y, width, height = self.box
        if min(self.box) < 0 or width < 1 or height < 1:
            raise RecordError(f"a notice box of {self.box}")
        if x + width > self.size[0] or y + height > self.size[1]:
            raise RecordError(f"the notice box {self.box} leaves the picture {self.size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecord:
    """What the notice says and where it is.

    Attributes:
        languages: BCP 47 codes in the order shown, Kazakh first by default.
        texts: One text a language, in the same order.
        places: One for each displayed size (a TIFF may hold pages of several sizes).
        seconds: Start and end of the notice in sound or film, in seconds; or nothing.
        pages: "all" or "first", for documents; or empty.
    """

    languages: tuple[str, ...]
    texts: tuple[str, ...]
    places: tuple[Place, ...] = ()
    seconds: tuple[float, float] | None = None
    pages: str = ""

    def __post_init__(self) -> None:
        if not self.languages or len(self.languages) != len(self.texts):
            raise RecordError("a notice needs one text for each of its languages")
        for text in self.texts:
            _record.check_text(text, "notice.texts")


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

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values; optional fields that say nothing are left out."""
        record = {
            "schema": SCHEMA,
            "law": LAW,
            "synthetic": True,
            "mark_id": str(self.mark_id),
            "operation": self.operation.value,
            "source_type": self.source_type.value,
            "medium": self.medium.value,
            "system": _record.spell(self.system, always=("name", "version")),
            "responsible": _record.spell(self.responsible, always=("name", "role")),
            "created": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "profile": self.profile,
            "notice": _record.spell(self.notice, always=("languages", "texts")),
        }
        optional = {
            "simulates": [word.value for word in self.simulates],
            "human_oversight": self.human_oversight and self.human_oversight.value,
            "training": self.training and self.training.value,
            "pointers": dict(self.pointers),
            "source_sha256": self.source_sha256,
            "history": [str(old) for old in self.history],
        }
        return record | {key: value for key, value in optional.items() if value}

    def to_json(self) -> bytes:
        """Return the canonical JSON: UTF-8, keys sorted, no insignificant space."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()

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
            notice=_notice(reader.nested("notice")),
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
    def from_json(cls, data: bytes | str) -> Self:
        """Build a mark from JSON of at most 64 KiB.

        Raises:
            RecordError: If it is not JSON, too long, too deep, or breaks the schema.
        """
        return cls.from_dict(_record.parse_json(data, limit=MAX_RECORD))


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


def _notice(reader: _record.Reader) -> NoticeRecord:
    notice = NoticeRecord(
        languages=tuple(reader.texts("languages")),
        texts=tuple(reader.texts("texts")),
        places=tuple(_place(place) for place in reader.nested_list("places")),
        seconds=reader.span("seconds"),
        pages=reader.take("pages", str, default=""),
    )
    reader.finish()
    return notice


def _place(reader: _record.Reader) -> Place:
    left, top, width, height = reader.integers("box", 4)
    across, down = reader.integers("size", 2)
    reader.finish()
    return Place(box=(left, top, width, height), size=(across, down))
