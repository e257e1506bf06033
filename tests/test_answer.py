"""`Stamper.text`: what a service says to a person is marked, word by word if it comes so."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signing import clock

import kzmark
from kzmark.errors import MalformedMediaError, ProfileError, RequestError
from kzmark.report import Verdict
from kzmark.signing.identity import Identity, new_identity
from kzmark.vocabulary import Layer

WHO: dict[str, Any] = {
    "system": kzmark.System(name="ChatGen", version="1"),
    "responsible": kzmark.Responsible(name="ТОО Пример"),
}
WORDS = ["Сәлем", ", ", "әлем", "!\n", "Cafe", "\u0301", "."]
EVERY = pytest.mark.parametrize("format", ["text", "markdown", "html"])


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id", organisation="ТОО Пример")


@pytest.fixture(scope="module")
def stamper(identity: Identity) -> kzmark.Stamper:
    return kzmark.Stamper(kzmark.Statement(**WHO), identity=identity)


def verdict(text: str, record: bytes | None, folder: Path) -> Verdict:
    (folder / "a.txt").write_bytes(text.encode())
    if record is not None:
        (folder / "a.txt.kzmark.json").write_bytes(record)
    return kzmark.verify(folder / "a.txt").verdict


async def later(words: list[str]) -> AsyncIterator[str]:
    for word in words:
        await asyncio.sleep(0)
        yield word


def test_a_string_has_its_notice_first_and_its_record_beside_it(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    answer = stamper.text("Жауап.")

    assert answer.text is not None
    assert answer.text.startswith("[ЖИ · AI] ")
    assert answer.text.endswith("\n\nЖауап.")
    assert answer.sha256 == hashlib.sha256(answer.text.encode()).hexdigest()
    assert json.loads(answer.record)["mark"]["mark_id"] == str(answer.mark_id)
    assert verdict(answer.text, answer.record, tmp_path) is Verdict.COMPLIANT


def test_an_answer_is_judged_in_memory_by_its_record(stamper: kzmark.Stamper) -> None:
    answer = stamper.text("Жауап.")
    assert answer.text is not None
    data, changed = answer.text.encode(), (answer.text + "!").encode()

    verdicts = [
        kzmark.verify(each, name="answer.txt", record=record).verdict
        for each, record in ((data, answer.record), (changed, answer.record), (data, None))
    ]

    assert verdicts == [Verdict.COMPLIANT, Verdict.NOT_COMPLIANT, Verdict.NOT_COMPLIANT]


def test_a_string_can_carry_its_manifest(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    answer = stamper.text("Жауап.", embed=True)

    assert answer.text is not None
    assert answer.embedded
    assert verdict(answer.text, None, tmp_path) is Verdict.COMPLIANT
    assert "c2pa" not in json.loads(answer.record)


@EVERY
def test_the_notice_comes_first_and_each_token_as_it_came(
    format: str,  # noqa: A002 - the word of the method
    stamper: kzmark.Stamper,
) -> None:
    seen: list[str] = []

    def tokens() -> Iterator[str]:
        for word in WORDS:
            seen.append(word)
            yield word

    stream = stamper.text(tokens(), format=format)
    lead = next(stream)

    assert "ЖИ · AI" in lead
    assert not seen  # nothing was asked for before the notice was out
    for word in WORDS:
        assert next(stream) == word
        assert seen[-1] == word
    assert list(stream) == []
    whole = lead + "".join(WORDS)
    assert stream.answer.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert stream.answer.mark == stream.mark
    assert stream.answer.text is None


@pytest.mark.parametrize("embed", [False, True])
def test_a_stream_complies_when_it_is_kept(
    embed: bool, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    stream = stamper.text(iter(WORDS), embed=embed)
    text = "".join(stream)
    record = None if embed else stream.answer.record

    assert verdict(text, record, tmp_path) is Verdict.COMPLIANT
    assert verdict(text.replace("Сәлем", "Салем"), record, tmp_path) is Verdict.NOT_COMPLIANT


@pytest.mark.parametrize("embed", [False, True])
def test_tokens_that_are_waited_for_are_the_same(
    embed: bool, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    stream = stamper.text(later(WORDS), embed=embed)

    async def taken() -> list[str]:
        return [piece async for piece in stream]

    lead, *rest = asyncio.run(taken())

    assert "ЖИ · AI" in lead
    assert rest[: len(WORDS)] == WORDS
    record = None if embed else stream.answer.record
    assert verdict(lead + "".join(rest), record, tmp_path) is Verdict.COMPLIANT


@given(words=st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_stream_and_its_string_have_one_hash(words: list[str], stamper: kzmark.Stamper) -> None:
    stream = stamper.text(iter(words))
    said = "".join(stream)

    assert stream.answer.sha256 == hashlib.sha256(said.encode()).hexdigest()
    assert said.endswith("".join(words))


@pytest.mark.parametrize("verifier", ["encypher_c2pa", "c2patxt"])
@pytest.mark.parametrize(
    "words", [WORDS, ["\u1112", "\u1161", "\u11ab"], ["か", "\u3099"], ["plain ", "text"]]
)
def test_others_say_valid_whatever_form_the_letters_came_in(
    verifier: str, words: list[str], stamper: kzmark.Stamper
) -> None:
    library = pytest.importorskip(verifier, reason=f"{verifier} is not installed here")
    text = "".join(stamper.text(iter(words), embed=True))

    if verifier == "c2patxt":
        assert library.verify(text).state.value == "valid"
    else:
        said = library.verify(text.encode(), "text/plain", telemetry=False, online=False)
        assert (said["integrity"], said["hard_binding"]) == ("valid", "match")


def test_an_answer_that_is_marked_again_has_one_notice(stamper: kzmark.Stamper) -> None:
    first = stamper.text("Жауап.", embed=True)
    again = stamper.text(first.text or "", embed=True)

    assert again.text is not None
    assert again.text.count("ЖИ · AI") == 1
    assert again.text.count("\ufeff") == 1


@pytest.mark.parametrize("size", [1, 3, 40, 100_000])
@pytest.mark.parametrize("embed", [True, False])
def test_tokens_that_carry_a_manifest_already_leave_it(
    size: int, embed: bool, stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    before = stamper.text("Ескі.", embed=True).text
    assert before is not None
    words = before + "\ufeffЖаңа."
    pieces = [words[at : at + size] for at in range(0, len(words), size)]

    stream = stamper.text(pieces, embed=embed)
    later_on = stamper.text(later(pieces), embed=embed)

    async def all_of() -> str:
        return "".join([piece async for piece in later_on])

    for text, answer in [("".join(stream), stream), (asyncio.run(all_of()), later_on)]:
        assert "Ескі.\ufeffЖаңа." in text
        record = None if embed else answer.answer.record
        assert verdict(text, record, tmp_path) is Verdict.COMPLIANT
        (tmp_path / "a.txt.kzmark.json").unlink(missing_ok=True)


def test_no_token_waits_but_what_may_begin_a_manifest(stamper: kzmark.Stamper) -> None:
    given: list[str] = []

    def tokens() -> Iterator[str]:
        for word in ["Бір", "екі\ufeff", "үш", "\ufeff"]:
            given.append(word)
            yield word

    told = [(piece, len(given)) for piece in stamper.text(tokens())][1:]

    assert told == [("Бір", 1), ("екі", 2), ("\ufeffүш", 3), ("\ufeff", 4)]


def test_languages_are_those_asked_for(stamper: kzmark.Stamper) -> None:
    answer = stamper.text("Ответ.", languages=("ru",))

    assert answer.mark.notice.languages == ("ru",)
    assert answer.text is not None
    assert "Жасанды" not in answer.text
    with pytest.raises(ProfileError):
        stamper.text("Answer.", languages=("xx",))


def test_the_default_of_the_stamper_decides_where_the_manifest_stands(identity: Identity) -> None:
    stamper = kzmark.Stamper(kzmark.Statement(**WHO), identity=identity, embed_c2pa=True)

    assert stamper.text("Жауап.").embedded
    assert not stamper.text("Жауап.", embed=False).embedded
    assert not stamper.text("<p>Жауап.", format="html").embedded


def test_an_answer_carries_a_time_stamp_if_one_is_asked_for(
    identity: Identity, tmp_path: Path
) -> None:
    service = clock.Clock(leaf=clock.stamping(None))
    with clock.serving(service.answer) as url:
        stamper = kzmark.Stamper(kzmark.Statement(**WHO), identity=identity, tsa=url)
        beside, within = stamper.text("Жауап."), stamper.text("Жауап.", embed=True)
    assert beside.text is not None
    assert within.text is not None
    (tmp_path / "a.txt").write_bytes(within.text.encode())

    assert verdict(within.text, None, tmp_path) is Verdict.COMPLIANT
    assert stamp_of(kzmark.verify(tmp_path / "a.txt")).startswith("20")
    assert verdict(beside.text, beside.record, tmp_path) is Verdict.COMPLIANT
    assert stamp_of(kzmark.verify(tmp_path / "a.txt")).startswith("20")


def stamp_of(report: kzmark.Report) -> str:
    return next(e.facts["signed"] for e in report.evidence if e.layer is Layer.C2PA)


def test_what_cannot_be_is_refused(stamper: kzmark.Stamper) -> None:
    with pytest.raises(RequestError, match="HTML"):
        stamper.text("<p>", format="html", embed=True)
    with pytest.raises(RequestError, match="pdf"):
        stamper.text("x", format="pdf")
    with pytest.raises(RequestError, match="bytes"):
        stamper.text(b"x")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="int"):
        list(stamper.text(iter([1])))  # type: ignore[arg-type]
    with pytest.raises(MalformedMediaError, match="no text"):
        list(stamper.text(iter(["\ud800"])))
    with pytest.raises(MalformedMediaError, match="no text"):
        stamper.text("\ud800")


def test_an_answer_that_is_not_finished_has_no_record(stamper: kzmark.Stamper) -> None:
    stream = stamper.text(iter(WORDS))
    next(stream)

    with pytest.raises(RequestError, match="not finished"):
        _ = stream.answer


def test_the_audit_log_tells_of_answers(identity: Identity, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    stamper = kzmark.Stamper(kzmark.Statement(**WHO), identity=identity, audit=log)
    stream = stamper.text(iter(WORDS))
    list(stream)
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    assert [event["event"] for event in events] == ["intent", "done"]
    assert {event["mark_id"] for event in events} == {str(stream.mark_id)}
    assert events[1]["sha256"] == stream.answer.sha256


# --- judged as what they were written in


@pytest.mark.parametrize("embed", [False, True])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_an_answer_and_its_record_are_judged_under_the_name_of_its_format(
    name: str, embed: bool, stamper: kzmark.Stamper
) -> None:
    written = {"a.txt": "text", "a.md": "markdown", "a.html": "html"}[name]
    if embed and written == "html":
        pytest.skip("HTML that is no page carries no manifest")
    stream = stamper.text(iter(["# Hello ", "<b>world</b>"]), format=written, embed=embed)
    said = "".join(stream)

    report = kzmark.verify(said.encode(), name=name, record=stream.answer.record)
    changed = kzmark.verify(f"{said}!".encode(), name=name, record=stream.answer.record)
    unsaid = kzmark.verify(said.encode(), name=name)

    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert "c2pa" in {one.layer.value for one in report.evidence if one.mark}
    assert changed.verdict is kzmark.Verdict.NOT_COMPLIANT
    assert (unsaid.verdict is kzmark.Verdict.COMPLIANT) is embed


def test_a_file_keeps_its_own_mark_whatever_record_comes_with_it(stamper: kzmark.Stamper) -> None:
    record = stamper.text("another", format="markdown").record
    for name, data in (("a.md", b"words\n"), ("a.html", b"<!doctype html><p>words")):
        done = stamper.stamp(data, name=name)

        report = kzmark.verify(done.data, name=name, record=record)

        assert report.verdict is kzmark.Verdict.COMPLIANT
        assert report.mark == done.mark


def test_an_answer_that_is_quoted_is_no_answer(stamper: kzmark.Stamper) -> None:
    said = stamper.text("quoted", format="markdown", embed=True).text
    done = stamper.stamp(f"Look:\n\n{said}\n\nand mine\n".encode(), name="a.md")

    report = kzmark.verify(done.data, name="a.md")

    assert report.mark == done.mark
    assert "text" in {layer.value for layer in done.layers}


def test_an_answer_in_markdown_is_stamped_again_as_one(stamper: kzmark.Stamper) -> None:
    said = stamper.text("words", format="markdown", embed=True).text
    assert said is not None

    again = stamper.stamp(said.encode(), name="a.md")

    assert not again.changed
