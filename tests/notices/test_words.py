"""The notice of documents and texts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kzmark.formats._text import Leaf, Passage
from kzmark.mark import Mark, NoticeRecord, Responsible, System
from kzmark.notices import words
from kzmark.notices.style import NoticeStyle
from kzmark.profile import load
from kzmark.report import Evidence, Status
from kzmark.vocabulary import Corner, Medium, Operation, Role, SourceType

PROFILE = load()
STYLE = NoticeStyle(
    profile=PROFILE,
    operation=Operation.CREATED,
    languages=("kk", "ru"),
    corner=Corner.TOP_LEFT,
)
NOTICE = words.inscription(STYLE)
KAZAKH, RUSSIAN = (line.text for line in NOTICE.lines)
BODY = Passage(text="Отчёт о продажах за третий квартал. Выручка выросла на 12 %.", points=11.0)


def mark(*, pages: str = "all") -> Mark:
    return Mark(
        mark_id=UUID(int=7),
        operation=Operation.CREATED,
        source_type=SourceType.TRAINED,
        medium=Medium.DOCUMENT,
        system=System(name="TextGen", version="1"),
        responsible=Responsible(name="ТОО Пример", role=Role.OWNER),
        created=datetime(2026, 11, 22, tzinfo=UTC),
        profile=PROFILE.name,
        notice=NoticeRecord(
            languages=STYLE.languages,
            texts=tuple(line.text for line in NOTICE.lines),
            pages=pages,
        ),
    )


def look(*leaves: Sequence[Passage], record: Mark | None = None) -> Evidence:
    shown = [Leaf(index=index, passages=tuple(leaf)) for index, leaf in enumerate(leaves)]
    return words.find(shown, profile=PROFILE, mark=record)


def plain(
    text: str = NOTICE.text, *, points: float | None = None, contrast: float | None = None
) -> Passage:
    return Passage(text=text, points=points, contrast=contrast)


def test_the_notice_is_one_line_with_badge_and_every_language() -> None:
    assert NOTICE.text == f"[ЖИ · AI] {KAZAKH}. {RUSSIAN}."
    assert "\n" not in NOTICE.text


@pytest.mark.parametrize("record", [mark(), None], ids=["with the record", "blind"])
def test_a_notice_before_the_text_is_found(record: Mark | None) -> None:
    seen = look([plain(), BODY], record=record)

    assert seen.status is Status.PRESENT
    assert seen.facts["operation"] == "created"


def test_a_notice_broken_over_lines_and_runs_is_found() -> None:
    pieces = [plain(part) for part in NOTICE.text.replace("интеллект", "интел-\nлект").split(" ")]

    assert look([*pieces, BODY], record=mark()).status is Status.PRESENT


@pytest.mark.parametrize(
    "text",
    [
        "В статье 21 закона сказано: создано системой искусственного интеллекта.",
        f"{RUSSIAN}. Так гласит предупреждение на русском языке.",
        f"{RUSSIAN} или {KAZAKH}",
        "",
    ],
)
def test_a_text_about_the_subject_is_no_notice(text: str) -> None:
    assert look([plain(text), BODY]).status is Status.ABSENT


def test_a_hidden_notice_is_told_apart_from_none() -> None:
    seen = look([Passage(text=NOTICE.text, hidden="white on white"), BODY], record=mark())

    assert (seen.status, seen.code) == (Status.BROKEN, "notice.hidden")
    assert "white on white" in seen.detail


def test_a_hidden_notice_does_not_spoil_one_that_is_seen() -> None:
    hidden = Passage(text=NOTICE.text, hidden="in a layer that is off")

    assert look([hidden, plain(), BODY], record=mark()).status is Status.PRESENT


@pytest.mark.parametrize(
    ("notice", "code"),
    [
        (plain(points=4.0), "notice.too-small"),
        (plain(contrast=1.4), "notice.too-faint"),
    ],
)
def test_a_notice_that_cannot_be_read_is_broken(notice: Passage, code: str) -> None:
    seen = look([notice, BODY], record=mark())

    assert (seen.status, seen.code) == (Status.BROKEN, code)


def test_one_small_run_makes_the_whole_notice_too_small() -> None:
    half = len(NOTICE.text) // 2
    pieces = [plain(NOTICE.text[:half], points=11), plain(NOTICE.text[half:], points=2)]

    assert look([*pieces, BODY], record=mark()).code == "notice.too-small"


def test_a_notice_after_the_text_comes_late() -> None:
    long = plain("Слово за словом. " * 60)

    assert look([long, plain()], record=mark()).code == "notice.late"


def test_one_language_alone_is_incomplete() -> None:
    seen = look([plain(f"[ЖИ · AI] {RUSSIAN}."), BODY], record=mark())

    assert seen.code == "notice.incomplete-language"
    assert "kk" in seen.detail


def test_a_page_without_the_notice_is_missed() -> None:
    seen = look([plain(), BODY], [BODY], [plain()], record=mark())

    assert (seen.status, seen.code) == (Status.BROKEN, "notice.missing-page")


def test_the_first_page_is_enough_where_the_record_says_so() -> None:
    assert look([plain()], [BODY], record=mark(pages="first")).status is Status.PRESENT
    assert look([BODY], [plain()], record=mark(pages="first")).status is Status.ABSENT


def test_an_empty_document_has_no_notice() -> None:
    assert look().status is Status.ABSENT


@pytest.mark.parametrize(
    ("between", "status"),
    [
        ((), Status.PRESENT),
        (("AI",), Status.PRESENT),
        (("ЖИ · AI",), Status.PRESENT),
        (("ЖИ", "AI"), Status.PRESENT),
        (("AI AI",), Status.ABSENT),
        (("Отчёт",), Status.ABSENT),
    ],
)
def test_without_a_record_nothing_but_the_badge_may_stand_between_two_languages(
    between: tuple[str, ...], status: Status
) -> None:
    passages = [plain("ЖИ"), *map(plain, (KAZAKH, *between, RUSSIAN)), BODY]
    again = [plain(KAZAKH), BODY, *passages]

    assert look(passages).status is status
    assert look(again).status is status


MODIFIED = tuple(PROFILE.wording(name, Operation.MODIFIED).full for name in STYLE.languages)
SHORT = tuple(PROFILE.wording(name, Operation.CREATED).short for name in STYLE.languages)


@pytest.mark.parametrize(
    "texts",
    [("·", "—"), ("Отчёт", "о продажах"), (KAZAKH, "о продажах"), MODIFIED],
    ids=["no letters", "words of the text", "one language", "the other operation"],
)
def test_a_record_does_not_say_what_a_notice_is(texts: tuple[str, str]) -> None:
    record = mark()
    other = replace(record, notice=replace(record.notice, texts=texts))
    said = plain(f"[ЖИ · AI] {'. '.join(texts)}.")

    seen = look([said, BODY], record=other)

    assert (seen.status, seen.code) == (Status.BROKEN, "notice.wrong-text")


def test_the_short_words_of_the_profile_are_a_notice_too() -> None:
    record = mark()
    other = replace(record, notice=replace(record.notice, texts=SHORT))

    assert look([plain(" ".join(SHORT)), BODY], record=other).status is Status.PRESENT
