"""What a caller states about files to be stamped; kzmark adds what belongs to each file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from kzmark import _record
from kzmark.errors import RecordError
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.vocabulary import Medium, Operation, Oversight, Simulates, SourceType, Training

_SCHEMES: Final = ("http", "https", "urn", "mailto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The part of a mark that is the same for every file of a job.

    Words of a closed list may be given as text: `operation="modified"`.

    Attributes:
        system: The AI system.
        responsible: Its owner or holder, who answers for informing people.
        operation: Whether the system created or modified the content.
        source_type: IPTC digital source type; chosen by `operation` when left out.
        simulates: What the content simulates (Article 1(4)); may be empty.
        human_oversight: C2PA's own value for the content.
        training: Whether AI models may be trained on it (Article 23(5)).
        pointers: URIs under `user_agreement`, `explanation`, `data_information`.

    Raises:
        RecordError: If a part is of another kind, or a word is outside its closed list or there
            twice.

    Examples:
        >>> from kzmark import Responsible, Statement, System
        >>> said = Statement(
        ...     system=System(name="ImageGen", version="2.1"),
        ...     responsible=Responsible(name="ТОО Пример"),
        ... )
        >>> said.operation.value
        'created'
    """

    system: System
    responsible: Responsible
    operation: Operation = Operation.CREATED
    source_type: SourceType | None = None
    simulates: tuple[Simulates, ...] = ()
    human_oversight: Oversight | None = None
    training: Training | None = None
    pointers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, kind in (("system", System), ("responsible", Responsible)):
            if not isinstance(getattr(self, name), kind):
                raise RecordError(
                    f"{name} is no {kind.__name__}", hint=f"give kzmark.{kind.__name__}"
                )
        _record.coerce(self, "", operation=Operation, source_type=SourceType, training=Training)
        _record.coerce(self, "", human_oversight=Oversight)
        _record.check_pointers(self.pointers)
        for name, uri in self.pointers.items():
            _check_link(name, uri)
        given: Any = self.simulates
        said = (given,) if isinstance(given, str) else tuple(given)
        words = tuple(_record.word_of(one, Simulates, "simulates") for one in said)
        if len(set(words)) != len(words):
            raise RecordError("simulates names a word twice")
        object.__setattr__(self, "simulates", words)

    def mark(
        self,
        *,
        medium: Medium,
        profile: str,
        notice: NoticeRecord,
        source_sha256: str = "",
        history: tuple[UUID, ...] = (),
    ) -> Mark:
        """Return a new mark for one file, with an id and a time of its own."""
        return Mark(
            mark_id=uuid4(),
            operation=self.operation,
            source_type=self.source_type or _usual(self.operation),
            medium=medium,
            system=self.system,
            responsible=self.responsible,
            created=datetime.now(UTC).replace(microsecond=0),
            profile=profile,
            notice=notice,
            simulates=self.simulates,
            human_oversight=self.human_oversight,
            training=self.training,
            pointers=self.pointers,
            source_sha256=source_sha256,
            history=history,
        )


def _usual(operation: Operation) -> SourceType:
    if operation is Operation.CREATED:
        return SourceType.TRAINED
    return SourceType.COMPOSITE_WITH_TRAINED


def _check_link(name: str, uri: str) -> None:
    """Refuse what is no link to something to read; a reader takes any text that a record holds."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() not in _SCHEMES or not rest.strip("/ ") or " " in uri:
        raise RecordError(
            f"pointers.{name} is {uri!r}, which is no link",
            hint=f"a whole URI such as https://example.kz/terms; {', '.join(_SCHEMES)} are links",
        )
