"""The mark: one record, one canonical form, one schema, and closed lists."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_mark

from kzmark.comparison import differences, same_statement
from kzmark.errors import RecordError
from kzmark.mark import (
    MAX_RECORD,
    Mark,
    NoticeRecord,
    Place,
    Responsible,
    System,
)
from kzmark.vocabulary import (
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

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "docs/reference/mark-1.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def control_digit(first: str) -> str:
    for weights in ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        rest = sum(w * int(d) for w, d in zip(weights, first, strict=True)) % 11
        if rest < 10:
            return str(rest)
    return ""


texts = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
    min_size=1,
    max_size=60,
).filter(lambda text: bool(text.strip()))
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda t: t.replace(microsecond=0, tzinfo=UTC)
)


@st.composite
def places(draw: st.DrawFn) -> Place:
    width, height = draw(st.integers(1, 9000)), draw(st.integers(1, 9000))
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = (x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))
    return Place(box=box, size=(width, height))


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    languages = tuple(draw(st.lists(st.sampled_from(["kk", "ru", "en"]), min_size=1, unique=True)))
    return Mark(
        mark_id=draw(st.uuids()),
        operation=draw(st.sampled_from(Operation)),
        source_type=draw(st.sampled_from(SourceType)),
        medium=draw(st.sampled_from(Medium)),
        system=System(
            name=draw(texts),
            version=draw(texts | st.just("")),
            provider=draw(texts | st.just("")),
            risk=draw(st.sampled_from([None, *Risk])),
            autonomy=draw(st.sampled_from([None, *Autonomy])),
            mode=draw(st.sampled_from([None, *Mode])),
        ),
        responsible=Responsible(
            name=draw(texts), role=draw(st.sampled_from(Role)), contact=draw(texts | st.just(""))
        ),
        created=draw(times),
        profile=draw(texts),
        notice=NoticeRecord(
            languages=languages,
            texts=tuple(draw(texts) for _ in languages),
            places=tuple(draw(st.lists(places(), max_size=3))),
            seconds=draw(st.sampled_from([None, (0.0, 2.5)])),
            heard=draw(st.sampled_from([None, (0.0, 7.6)])),
            repeat=draw(st.sampled_from([None, 60.0])),
            pages=draw(st.sampled_from(["", "all", "first"])),
        ),
        simulates=tuple(draw(st.lists(st.sampled_from(Simulates), unique=True))),
        human_oversight=draw(st.sampled_from([None, *Oversight])),
        training=draw(st.sampled_from([None, *Training])),
        pointers=draw(st.dictionaries(st.sampled_from(["explanation", "user_agreement"]), texts)),
        source_sha256=draw(st.sampled_from(["", "0" * 64])),
        history=tuple(draw(st.lists(st.uuids(), max_size=3))),
    )


@given(marks())
def test_a_mark_survives_its_canonical_json(mark: Mark) -> None:
    text = mark.to_json()

    again = Mark.from_dict(json.loads(text))

    assert again == mark
    assert again.to_json() == text
    assert Mark.from_json(text) == mark  # by what is remembered, mostly


def test_what_was_spelt_long_ago_is_read_all_the_same() -> None:
    marks = [make_mark() for _ in range(20)]
    texts = [mark.to_json() for mark in marks]

    assert [Mark.from_json(text.decode()) for text in texts] == marks


@given(marks())
def test_every_mark_fits_the_published_schema(mark: Mark) -> None:
    VALIDATOR.validate(mark.to_dict())


@given(marks(), st.data())
def test_what_the_schema_refuses_the_reader_refuses_too(mark: Mark, data: st.DataObject) -> None:
    record = mark.to_dict()
    path = data.draw(st.sampled_from(sorted(_paths(record))))
    value: Any = data.draw(st.sampled_from(["", "nonsense", 7, -1, None, [], {}, True, ["x"], 0.5]))
    _put(record, path, value)

    if not VALIDATOR.is_valid(record):
        with pytest.raises(RecordError):
            Mark.from_dict(record)


def test_the_canonical_json_has_sorted_keys_and_no_space() -> None:
    text = make_mark().to_json().decode()
    record = json.loads(text)

    assert text == json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert "ТОО Пример" in text
    assert list(record) == sorted(record)


def test_two_marks_differ_in_the_fields_named() -> None:
    first = make_mark()
    second = make_mark("Другой", system=System(name="ImageGen", version="2.2"))

    assert differences(first, first) == []
    assert differences(first, second) == ["responsible.name", "system.version"]


def test_a_new_id_and_time_is_still_the_same_statement() -> None:
    first = make_mark()
    later = make_mark(
        mark_id=UUID(int=7), created=datetime(2026, 2, 1, tzinfo=UTC), history=(first.mark_id,)
    )

    assert same_statement(first, later)
    assert not same_statement(first, make_mark("Другой"))


@pytest.mark.parametrize("first", ["08084001234", "12345678901", "00000000001"])
def test_a_bin_with_its_control_digit_is_taken_and_any_other_digit_is_not(first: str) -> None:
    right = control_digit(first)
    assert right

    assert Responsible(name="x", bin=first + right).bin == first + right
    for digit in set("0123456789") - {right}:
        with pytest.raises(RecordError, match="control digit"):
            Responsible(name="x", bin=first + digit)


def test_a_bin_of_zeros_is_refused_although_its_control_digit_fits() -> None:
    with pytest.raises(RecordError, match="never issued"):
        Responsible(name="x", bin="0" * 12)


@pytest.mark.parametrize("number", ["1", "12345678901a", "1234567890123", "１" * 12])
def test_a_bin_of_other_than_twelve_digits_is_refused(number: str) -> None:
    with pytest.raises(RecordError, match="12 digits"):
        Responsible(name="x", bin=number)


def test_a_schema_number_of_the_future_is_refused() -> None:
    record = {**make_mark().to_dict(), "schema": 2}

    with pytest.raises(RecordError, match="schema 2"):
        Mark.from_dict(record)


@pytest.mark.parametrize("field", ["law", "mark_id", "operation", "system", "notice", "created"])
def test_a_missing_field_is_named(field: str) -> None:
    record = make_mark().to_dict()
    del record[field]

    with pytest.raises(RecordError, match=field):
        Mark.from_dict(record)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff", b"[" * 5000, b"null", b'{"schema":true}'],
)
def test_what_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(RecordError):
        Mark.from_json(text)


def test_a_record_of_any_size_is_not_read() -> None:
    with pytest.raises(RecordError, match="at most"):
        Mark.from_json(b" " * (MAX_RECORD + 1))


def test_a_box_outside_its_picture_is_refused() -> None:
    with pytest.raises(RecordError, match="leaves the picture"):
        Place(box=(90, 0, 20, 10), size=(100, 100))


@pytest.mark.parametrize(
    "created",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_a_time_other_than_utc_in_whole_seconds_is_refused(created: datetime) -> None:
    with pytest.raises(RecordError, match="created"):
        make_mark(created=created)


def test_human_oversight_and_autonomy_do_not_set_each_other() -> None:
    one = make_mark(system=System(name="x", autonomy=Autonomy.HIGH))
    other = make_mark(human_oversight=Oversight.HUMAN_VALIDATED)

    assert "human_oversight" not in one.to_dict()
    assert "autonomy" not in other.to_dict()["system"]


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [p for key, one in value.items() for p in _paths(one, (*path, key))]


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        record = record[key]
    record[path[-1]] = value
