"""Reading and spelling the record of a mark: every value is checked, none is guessed."""

import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

from kzmark.errors import RecordError

W = TypeVar("W", bound=StrEnum)

MAX_TEXT: Final = 1_000  # characters of one field
POINTERS: Final = frozenset({"user_agreement", "explanation", "data_information"})
_MAX_LIST: Final = 256
_BIN_WEIGHTS: Final = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))
_MISSING: Final = object()
_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None)})
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def check_text(text: str, name: str, *, empty: bool = False) -> None:
    """Refuse a text that is empty (unless allowed), too long, or holds control characters."""
    if not isinstance(text, str):
        raise RecordError(f"{name} is a {type(text).__name__}, not a text")
    if not text.strip() and not (empty and not text):
        raise RecordError(f"{name} is empty")
    if len(text) > MAX_TEXT:
        raise RecordError(f"{name} has {len(text)} characters, at most {MAX_TEXT} are allowed")
    if _FORBIDDEN.search(text):
        raise RecordError(f"{name} holds a character that no text may hold")


def check_bin(number: Any) -> None:
    """Refuse a BIN (business identification number) that is not 12 digits with its control digit.

    The control digit is the sum of the first eleven digits under the weights 1 to 11, modulo 11;
    if that is 10, under the weights 3 to 11, 1, 2; if it is 10 again, the number was never issued.
    """
    if not isinstance(number, str) or not re.fullmatch(r"[0-9]{12}", number):
        raise RecordError(f"a BIN has 12 digits, not {number!r}", hint="give the whole number")
    digits = [int(digit) for digit in number]
    if not any(digits):
        raise RecordError("BIN 000000000000 was never issued", hint="give the number, or none")
    for weights in _BIN_WEIGHTS:
        control = sum(w * d for w, d in zip(weights, digits, strict=False)) % 11
        if control != 10:
            break
    if control != digits[11]:
        raise RecordError(
            f"the control digit of BIN {number} is wrong",
            hint="check the number for a typing error",
        )


def check_sha256(digest: str) -> None:
    """Refuse what is not 64 lower-case hexadecimal digits."""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise RecordError("source_sha256 must be 64 lower-case hexadecimal digits")


def check_voices(digests: Sequence[str], languages: int) -> None:
    """Refuse recordings that are not one for each language, or not named by their SHA-256."""
    if len(digests) != languages:
        raise RecordError("notice.voices needs one entry for each of the languages")
    for digest in filter(None, digests):
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise RecordError("notice.voices holds 64 lower-case hexadecimal digits, or nothing")


def check_pointers(pointers: Mapping[str, Any]) -> None:
    """Refuse pointers under unknown names, and what is no text."""
    if not isinstance(pointers, Mapping):
        raise RecordError(f"pointers are a {type(pointers).__name__}, not a table of URIs")
    for name, uri in pointers.items():
        if name not in POINTERS:
            raise RecordError(f"pointers.{name} is not known", hint=", ".join(sorted(POINTERS)))
        if not isinstance(uri, str):
            raise RecordError(f"pointers.{name} is not a text")
        check_text(uri, f"pointers.{name}")


def word_of(value: Any, words: type[W], name: str) -> W:
    """Return the word of a closed list that a caller gave as such or as text.

    Raises:
        RecordError: If the list does not have it.
    """
    if value not in list(words):
        raise RecordError(f"{name} is {value!r}", hint=f"one of {', '.join(words)}")
    return words(value)


def coerce(part: Any, where: str, **lists: type[StrEnum]) -> None:
    """Turn texts in the fields of a frozen dataclass into words of their closed lists.

    Args:
        part: The dataclass, in its `__post_init__`.
        where: What to call it in an error.
        **lists: Field → its closed list; a field that is None stays so.
    """
    for field, words in lists.items():
        value = getattr(part, field)
        if value is not None:
            object.__setattr__(part, field, word_of(value, words, f"{where}{field}"))


def parse_json(data: bytes | str, *, limit: int) -> dict[str, Any]:
    """Return the object that `data` holds, refusing more than `limit` bytes and deep nesting."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > limit:
        raise RecordError(f"a record of {len(raw)} bytes, at most {limit} are allowed")
    try:
        record = json.loads(raw.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"the record is not JSON: {type(error).__name__}") from error
    if not isinstance(record, dict):
        raise RecordError("the record is not a JSON object")
    return record


def spell(part: Any, *, always: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON values, without those that say nothing."""
    spelt: dict[str, Any] = {}
    for name in _fields(type(part)):  # type: ignore[arg-type] # classes can be hashed
        value = _plain(getattr(part, name))
        if name in always or value not in (None, "", []):
            spelt[name] = value
    return spelt


@functools.cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


class Reader:
    """Takes the fields out of one JSON object; what is left over at the end is an error."""

    def __init__(self, record: Any, *, where: str) -> None:
        if not isinstance(record, Mapping):
            raise RecordError(f"{where or 'the record'} is not an object")
        self._left = dict(record)
        self._where = where

    def take(self, key: str, kind: type, *, default: Any = _MISSING) -> Any:
        """Return the value of `key` if it is exactly of this kind (a bool is no int)."""
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise RecordError(f"{self._name(key)} is missing")
        if type(value) is not kind:
            raise RecordError(f"{self._name(key)} is not of the kind {kind.__name__}")
        return value

    def word(self, key: str, words: type[W]) -> W:
        """Return a word of a closed list."""
        value = self.take(key, str)
        if value not in [word.value for word in words]:
            allowed = ", ".join(word.value for word in words)
            raise RecordError(f"{self._name(key)} is {value!r}", hint=f"one of {allowed}")
        return words(value)

    def optional_word(self, key: str, words: type[W]) -> W | None:
        """Return a word of a closed list, or nothing if the key is absent."""
        return self.word(key, words) if key in self._left else None

    def words(self, key: str, words: type[W]) -> Iterator[W]:
        """Yield the words of a list, each from a closed list and none twice."""
        values = self._list(key)
        if len(set(map(str, values))) != len(values):
            raise RecordError(f"{self._name(key)} names a word twice")
        for value in values:
            yield Reader({key: value}, where=self._where).word(key, words)

    def texts(self, key: str) -> list[str]:
        """Return a list of strings."""
        values = self._list(key)
        if not all(type(value) is str for value in values):
            raise RecordError(f"{self._name(key)} is not a list of texts")
        return values

    def integers(self, key: str, count: int) -> list[int]:
        """Return a list of exactly `count` whole numbers."""
        values = self._list(key)
        if len(values) != count or not all(type(value) is int for value in values):
            raise RecordError(f"{self._name(key)} is not a list of {count} whole numbers")
        return values

    def span(self, key: str) -> tuple[float, float] | None:
        """Return a start and an end in seconds, or nothing if the key is absent."""
        if key not in self._left:
            return None
        values = self._list(key)
        if len(values) != 2 or not all(type(value) in (int, float) for value in values):
            raise RecordError(f"{self._name(key)} is not a start and an end")
        start, end = values
        if not 0 <= start <= end < 1e9:
            raise RecordError(f"{self._name(key)} runs from {start} to {end}")
        return float(start), float(end)

    def length(self, key: str) -> float | None:
        """Return a number of seconds above 0, or nothing if the key is absent."""
        if key not in self._left:
            return None
        value = self._left.pop(key)
        if type(value) not in (int, float) or not 0 < value < 1e9:
            raise RecordError(f"{self._name(key)} is {value!r}, not a number of seconds")
        return float(value)

    def uuid(self, key: str) -> UUID:
        """Return a UUID written in its usual form."""
        return self._uuid(key, self.take(key, str))

    def uuids(self, key: str) -> Iterator[UUID]:
        """Yield the UUIDs of a list."""
        for value in self._list(key):
            yield self._uuid(key, value)

    def time(self, key: str) -> datetime:
        """Return an aware UTC time of whole seconds, written `2026-01-18T00:00:00Z`."""
        value = self.take(key, str)
        try:
            when = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise RecordError(f"{self._name(key)} is {value!r}, not a UTC time") from error
        if when.strftime("%Y-%m-%dT%H:%M:%SZ") != value:
            raise RecordError(f"{self._name(key)} is {value!r}, not in its one form")
        return when

    def nested(self, key: str) -> "Reader":
        """Return a reader of the object under `key`."""
        return Reader(self.take(key, dict), where=self._name(key))

    def nested_list(self, key: str) -> Iterator["Reader"]:
        """Yield a reader for each object of a list."""
        for value in self._list(key):
            yield Reader(value, where=self._name(key))

    def finish(self) -> None:
        """Refuse fields that nobody took."""
        if self._left:
            raise RecordError(
                f"{self._name(min(map(str, self._left)))} is not a field of the record"
            )

    def _list(self, key: str) -> list[Any]:
        values: list[Any] = self.take(key, list, default=[])
        if len(values) > _MAX_LIST:
            raise RecordError(f"{self._name(key)} has {len(values)} entries")
        return values

    def _uuid(self, key: str, value: Any) -> UUID:
        try:
            found = UUID(value)
        except (ValueError, AttributeError, TypeError) as error:
            raise RecordError(f"{self._name(key)} is not a UUID") from error
        if str(found) != value:
            raise RecordError(f"{self._name(key)} is not a UUID in its usual form")
        return found

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def _plain(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return spell(value, always=_fields(type(value)))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordError("the record names a field twice")
    return found
