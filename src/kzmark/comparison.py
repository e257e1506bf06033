"""Two marks side by side: field by field, and whether they state the same."""

from collections.abc import Iterator
from typing import Any, Final

from kzmark.mark import Mark

_PER_FILE: Final = frozenset({"mark_id", "created", "notice", "source_sha256", "history"})


def differences(first: Mark, second: Mark) -> list[str]:
    """Return the dotted names of the fields in which two marks differ, sorted."""
    if first == second:  # nearly always, and told without spelling both
        return []
    return sorted(_walk(first.to_dict(), second.to_dict(), ""))


def same_statement(first: Mark, second: Mark) -> bool:
    """Say whether two marks state the same, whenever made and wherever their notices stand."""
    names = [name.partition(".")[0] for name in differences(first, second)]
    said = first.notice.languages == second.notice.languages
    return said and _PER_FILE.issuperset(names)


def _walk(first: Any, second: Any, name: str) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in first.keys() | second.keys():
            yield from _walk(first.get(key), second.get(key), f"{name}.{key}" if name else key)
    elif first != second:
        yield name
