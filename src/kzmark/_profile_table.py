"""Reading one table of a profile file: every value is checked, what nobody knows is an error."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from kzmark.errors import ProfileError

W = TypeVar("W", bound=StrEnum)

_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")


class Section:
    """One table of a profile; what is left over at the end is an error."""

    def __init__(self, table: Mapping[str, Any], name: str) -> None:
        section = table.get(name)
        if not isinstance(section, dict):
            raise ProfileError(f"the section [{name}] is missing")
        self._left = dict(section)
        self._name = name

    def number(self, key: str, low: float, high: float, *, default: float | None = None) -> float:
        """Return a number between `low` and `high`; a key with a default may be missing."""
        value = self._take(key) if default is None else self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ProfileError(f"{self._name}.{key} is {value!r}, not a number")
        if not low <= value <= high:
            raise ProfileError(f"{self._name}.{key} is {value:g}, allowed is {low:g} to {high:g}")
        return float(value)

    def word(self, key: str, words: type[W]) -> W:
        """Return a word of a closed list."""
        value = self._take(key)
        if value not in [word.value for word in words]:
            raise ProfileError(
                f"{self._name}.{key} is {value!r}",
                hint=f"one of {', '.join(word.value for word in words)}",
            )
        return words(value)

    def colour(self, key: str) -> tuple[int, int, int]:
        """Return an RGB colour written `#12161C`."""
        value = self._take(key)
        if not isinstance(value, str) or not _COLOUR.fullmatch(value):
            raise ProfileError(f"{self._name}.{key} is {value!r}, not a colour such as #12161C")
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)

    def languages(self, key: str) -> tuple[str, ...]:
        """Return a list of language codes, none twice."""
        value = self._take(key)
        if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
            raise ProfileError(f"{self._name}.{key} must list languages, none twice")
        return tuple(str(one) for one in value)

    def finish(self) -> None:
        """Refuse values that nobody took."""
        if self._left:
            raise ProfileError(f"{self._name}.{min(self._left)} is not known in a profile")

    def _take(self, key: str) -> Any:
        if key not in self._left:
            raise ProfileError(f"{self._name}.{key} is missing")
        return self._left.pop(key)
