"""The words of a profile: what the notice says in each language, and who says it aloud."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from kzmark.errors import ProfileError
from kzmark.vocabulary import Operation

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MAX_RECORDING: Final = 32 << 20  # bytes: a minute of 24 bits at 192 kHz


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file in which somebody speaks the notice. Two with the same bytes are equal.

    Attributes:
        name: Path of the file, for messages.
        data: Its bytes.
        digest: Their SHA-256, 64 hexadecimal digits.
    """

    name: str = field(compare=False, repr=False)
    data: bytes = field(compare=False, repr=False)
    digest: str

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read one.

        Raises:
            ProfileError: If it cannot be read, or is larger than a minute of sound can be.
        """
        name = os.fspath(path)
        try:
            with Path(name).open("rb") as file:
                data = file.read(_MAX_RECORDING + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            missing = isinstance(error, FileNotFoundError)
            told = getattr(error, "strerror", None) or error
            raise ProfileError(
                "there is no such file" if missing else f"cannot be read: {told}", source=name
            ) from error
        if len(data) > _MAX_RECORDING:
            raise ProfileError(f"a recording has at most {_MAX_RECORDING >> 20} MiB", source=name)
        return cls(name, data, hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the notice says in one language for one operation.

    Attributes:
        full: The sentence.
        short: The same for small pictures.
        voice: Somebody's recording of the sentence; kzmark's own clip if there is none.
    """

    full: str
    short: str
    voice: Recording | None = None


def read(table: Any, folder: Path) -> dict[str, dict[Operation, Wording]]:
    """Return the wording by language and operation.

    Args:
        table: The section `texts`.
        folder: Where relative paths of recordings begin.

    Raises:
        ProfileError: If a text is missing, unknown, or of the wrong length.
    """
    if not isinstance(table, dict) or not table:
        raise ProfileError("a profile needs texts in at least one language")
    found: dict[str, dict[Operation, Wording]] = {}
    for language, operations in table.items():
        if not _LANGUAGE.fullmatch(language):
            raise ProfileError(f"texts.{language} is not a language code")
        if not isinstance(operations, dict) or operations.keys() != set(Operation):
            raise ProfileError(f"texts.{language} needs `created` and `modified`, nothing else")
        found[language] = {
            operation: _wording(
                operations[operation.value], f"texts.{language}.{operation}", folder
            )
            for operation in Operation
        }
    return found


def _wording(table: Any, where: str, folder: Path) -> Wording:
    if not isinstance(table, dict) or table.keys() - {"voice"} != {"full", "short"}:
        raise ProfileError(f"{where} needs `full` and `short`, may have `voice`, nothing else")
    for key in ("full", "short"):
        text = table[key]
        if not isinstance(text, str) or not 2 <= len(text.strip()) <= 200 or not text.isprintable():
            raise ProfileError(f"{where}.{key} must be one line of 2 to 200 characters")
    return Wording(
        full=table["full"].strip(), short=table["short"].strip(), voice=_voice(table, where, folder)
    )


def _voice(table: Mapping[str, Any], where: str, folder: Path) -> Recording | None:
    if "voice" not in table:
        return None
    path = table["voice"]
    if not isinstance(path, str) or not path:
        raise ProfileError(f"{where}.voice is {path!r}, not the path of a recording")
    return Recording.read(folder / path)
