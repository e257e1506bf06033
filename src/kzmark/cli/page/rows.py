"""Reports as rows of the page: short, and what many files share is told once."""

from typing import TYPE_CHECKING, Any, Final

from kzmark.cli.terminal import harmless
from kzmark.cli.verdicts import NOT_READ
from kzmark.errors import KzmarkError

if TYPE_CHECKING:
    from kzmark.report import Report

_OWN: Final = frozenset({"mark_id", "created", "source_sha256", "history", "notice"})
_MOST: Final = 4_096  # shared things: then everything stands in its row


class Shared:
    """What more than one file may say: a finding, the evidence of a layer, a field of a mark.

    The first time it gets a number; the page knows them all in the order of their numbers.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._untold: list[Any] = []

    def number(self, thing: list[Any]) -> Any:
        """Return the number of a thing, or the thing itself when there are too many."""
        key = repr(thing)
        if key not in self._numbers:
            if len(self._numbers) >= _MOST:
                return thing
            self._numbers[key] = len(self._numbers)
            self._untold.append(thing)
        return self._numbers[key]

    def taken(self) -> list[Any]:
        """Return the things that were not told yet."""
        told, self._untold = self._untold, []
        return told


def judged(report: "Report", shared: Shared) -> list[Any]:
    """Return the row of a report, as `page.js` reads it."""
    body = _harmless(report.to_dict())
    mark = body["mark"]
    return [
        body["source"],
        body["sha256"],
        body["format"],
        body["medium"],
        body["verdict"],
        body["reason"],
        mark and [_field(name, value, shared) for name, value in mark.items()],
        [shared.number(list(finding.values())) for finding in body["findings"]],
        [shared.number(list(evidence.values())) for evidence in body["evidence"]],
    ]


def failed(error: KzmarkError) -> list[Any]:
    """Return the row of a file that could not be read."""
    said = f"{error.message}; {error.hint}" if error.hint else error.message
    finding = ["", "unknown", error.code, harmless(said)]
    return [harmless(error.source), "", "", "", NOT_READ, error.code, None, [finding], []]


def _field(name: str, value: Any, shared: Shared) -> Any:
    field = [name, value]
    return field if name in _OWN else shared.number(field)


def _harmless(value: Any) -> Any:
    """Return a value whose texts can neither turn a line round nor break the encoding."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(name): _harmless(one) for name, one in value.items()}
    return [_harmless(one) for one in value] if isinstance(value, list | tuple) else value
