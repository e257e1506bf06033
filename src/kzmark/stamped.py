"""What one stamping gave."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kzmark.mark import Mark
from kzmark.vocabulary import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What one stamping gave.

    Attributes:
        source: Name of the input, or an empty string.
        output: Path or URL of the output, or nothing if it went to a stream or to `data`.
        format: Exact name of the format.
        medium: What a person perceives.
        mark: The mark it carries.
        sha256: SHA-256 of the output, 64 hexadecimal digits.
        changed: False if the input carried this very mark already.
        layers: Where the mark stands.
        notes: What else changed, as stable codes (docs/reference/codes.md).
        seconds: Time it took, in seconds.
        data: The whole output, if no target was given.
        record: Its sidecar, if the format has no place for the mark and the target was no path:
            keep it beside the output as `<name>.kzmark.json`.
    """

    source: str
    output: Path | str | None
    format: str
    medium: str
    mark: Mark
    sha256: str
    changed: bool
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
    seconds: float
    data: bytes | None = field(default=None, repr=False)
    record: bytes | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as `stamp --json` prints it."""
        return {
            "source": self.source,
            "output": str(self.output) if self.output else None,
            "format": self.format,
            "medium": self.medium,
            "mark_id": str(self.mark.mark_id),
            "sha256": self.sha256,
            "status": "stamped" if self.changed else "unchanged",
            "layers": [layer.value for layer in self.layers],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
            "error": None,
        }
