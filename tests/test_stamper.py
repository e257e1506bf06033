"""`Stamper`: what it is given is judged at once, and what it needs is opened when needed."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kzmark
from kzmark import audit
from kzmark.errors import (
    IdentityError,
    OutputError,
    OutputExistsError,
    ProfileError,
    RecordError,
    RequestError,
    UnknownFormatError,
    UnrecordedError,
)
from kzmark.signing import folder
from kzmark.signing.identity import Identity, new_identity
from kzmark.vocabulary import Corner, Operation, Risk, Role, Simulates, Training

PHOTO = Path(__file__).parents[1] / "fixtures" / "clean" / "photo.jpg"
SYSTEM, ANSWERS = kzmark.System(name="G"), kzmark.Responsible(name="ТОО")
STATEMENT = kzmark.Statement(system=SYSTEM, responsible=ANSWERS)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity") / "id")


# --- words given as text


def test_words_given_as_text_are_words() -> None:
    said = kzmark.Statement(
        system=kzmark.System(name="G", risk="high"),  # type: ignore[arg-type]
        responsible=kzmark.Responsible(name="ТОО", role="holder"),  # type: ignore[arg-type]
        operation="modified",  # type: ignore[arg-type]
        training="prohibited",  # type: ignore[arg-type]
        simulates=["voice"],  # type: ignore[arg-type]
    )

    assert said.operation is Operation.MODIFIED
    assert said.training is Training.PROHIBITED
    assert said.simulates == (Simulates.VOICE,)
    assert said.system.risk is Risk.HIGH
    assert said.responsible.role is Role.HOLDER


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "changed"},
        {"training": "never"},
        {"source_type": "photo"},
        {"simulates": ("voice", "voice")},
        {"simulates": "smell"},
        {"human_oversight": "some"},
        {"pointers": {"home": "https://example.org"}},
        {"pointers": 5},
        {"system": "ImageGen"},
        {"responsible": "ТОО"},
    ],
)
def test_a_statement_that_no_record_could_hold_is_refused_at_once(fields: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        kzmark.Statement(**{"system": SYSTEM, "responsible": ANSWERS, **fields})


def test_an_unknown_word_of_the_system_or_the_responsible_is_refused_at_once() -> None:
    with pytest.raises(RecordError, match="boss") as caught:
        kzmark.Responsible(name="ТОО", role="boss")  # type: ignore[arg-type]
    assert "owner, holder" in caught.value.hint
    for fields in ({"risk": "huge"}, {"autonomy": "x"}, {"mode": "x"}, {"version": 2.1}):
        with pytest.raises(RecordError):
            kzmark.System(name="G", **fields)
    with pytest.raises(RecordError):
        kzmark.Responsible(name="ТОО", bin=123456789012)  # type: ignore[arg-type]


def test_a_statement_in_text_stamps_and_verifies(identity: Identity, tmp_path: Path) -> None:
    said = kzmark.Statement(system=SYSTEM, responsible=ANSWERS, operation="modified")  # type: ignore[arg-type]
    stamper = kzmark.Stamper(said, identity=identity)

    stamper.stamp(PHOTO, tmp_path / "o.jpg")

    assert kzmark.verify(tmp_path / "o.jpg").verdict is kzmark.Verdict.COMPLIANT
    assert not stamper.stamp(tmp_path / "o.jpg").changed


# --- choices


@pytest.mark.parametrize(
    "choices",
    [
        {"corner": "middle"},
        {"corner": 5},
        {"identity": 5},
        {"profile": 5},
        {"languages": ("kk", "kk")},
        {"languages": ("kk", "KK")},
        {"languages": ("de",)},
    ],
)
def test_a_choice_that_cannot_be_is_a_request_error(choices: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        kzmark.Stamper(STATEMENT, **choices)


def test_a_statement_of_another_kind_is_a_request_error() -> None:
    with pytest.raises(RequestError):
        kzmark.Stamper("ImageGen")  # type: ignore[arg-type]


def test_languages_in_capitals_are_the_same_languages(identity: Identity) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity, languages=("KK", "Ru "))

    assert stamper.style.languages == ("kk", "ru")


def test_a_corner_in_text_is_a_corner(identity: Identity) -> None:
    assert kzmark.Stamper(STATEMENT, corner="top-left").style.corner is Corner.TOP_LEFT


def test_a_notice_without_kazakh_says_so(identity: Identity) -> None:
    russian = kzmark.Stamper(STATEMENT, identity=identity, languages=("ru",)).stamp(PHOTO)
    usual = kzmark.Stamper(STATEMENT, identity=identity).stamp(PHOTO)

    assert "notice.without-kk" in russian.notes
    assert "notice.without-kk" not in usual.notes


def test_a_notice_that_kazakh_does_not_lead_says_so(identity: Identity) -> None:
    turned = kzmark.Stamper(STATEMENT, identity=identity, languages=("ru", "kk")).stamp(PHOTO)
    assert turned.data is not None
    report = kzmark.verify(turned.data)

    assert turned.notes == ("notice.kk-not-first",)
    assert report.verdict.value == "compliant"
    assert [one.code for one in report.findings if one.is_weak] == ["notice.kk-not-first"]


def test_a_profile_by_path_object_and_an_identity_by_folder(tmp_path: Path) -> None:
    text = Path(kzmark.__file__).with_name("profiles") / "kz-2026.1.toml"
    mine = tmp_path / "mine.toml"
    words = text.read_text(encoding="utf-8").replace('"kz-2026.1"', '"mine-1"')
    mine.write_text(words, encoding="utf-8")
    home = tmp_path / "id"
    new_identity(home)

    for where in (home, str(home)):
        done = kzmark.Stamper(STATEMENT, identity=where, profile=mine).stamp(PHOTO)
        assert done.mark.profile == "mine-1"


@pytest.mark.parametrize("words", [{"format": "jpeg"}, {"quality": 10}, {"nonsense": 3}])
def test_words_for_a_picture_in_memory_are_refused_for_a_file(
    identity: Identity, words: dict[str, Any]
) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity)

    for source in (PHOTO, str(PHOTO), PHOTO.read_bytes()):
        with pytest.raises(RequestError, match=next(iter(words))):
            stamper.stamp(source, **words)


def test_hints_name_what_the_call_takes(identity: Identity) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity)
    with pytest.raises(RequestError) as planned:
        stamper.plan(Image.new("RGB", (8, 8)))
    with pytest.raises(RequestError) as stamped:
        stamper.stamp(5)

    assert "can only be stamped" in planned.value.hint
    assert "NumPy" in stamped.value.hint


# --- the identity is opened when something is signed


def test_a_plan_opens_no_identity_and_makes_none(tmp_path: Path) -> None:
    stamper = kzmark.Stamper(STATEMENT)

    plan = stamper.plan(PHOTO)

    assert plan is not None
    assert not folder.holds_identity(folder.default_folder())
    stamper.stamp(PHOTO)
    assert folder.holds_identity(folder.default_folder())


def test_an_identity_that_fails_leaves_no_intent_and_no_output(tmp_path: Path) -> None:
    broken, log = tmp_path / "id", tmp_path / "log"
    broken.mkdir()
    (broken / folder.CHAIN).write_bytes(b"no certificate")
    stamper = kzmark.Stamper(STATEMENT, identity=broken, audit=log)

    with pytest.raises(IdentityError):
        stamper.stamp(PHOTO, tmp_path / "o.jpg")

    assert not log.exists()
    assert not (tmp_path / "o.jpg").exists()


def test_a_stamper_travels_before_and_after_its_first_signature(tmp_path: Path) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=tmp_path / "id")
    early = pickle.loads(pickle.dumps(stamper))
    first = early.stamp(PHOTO)
    late = pickle.loads(pickle.dumps(early))

    assert late.stamp(first.data).changed is False
    assert late.identity.chain == early.identity.chain == stamper.identity.chain


def test_a_plan_looks_at_the_target(identity: Identity, tmp_path: Path) -> None:
    target = tmp_path / "o.jpg"
    target.write_bytes(b"theirs")
    stamper = kzmark.Stamper(STATEMENT, identity=identity)

    with pytest.raises(OutputExistsError):
        stamper.plan(PHOTO, target=target)
    with pytest.raises(RequestError, match="jpeg"):
        stamper.plan(PHOTO, target=tmp_path / "o.png")
    assert stamper.plan(PHOTO, target=target, overwrite=True)
    assert stamper.plan(PHOTO, target=tmp_path / "not-yet" / "o.jpg")


# --- the log


def test_a_log_that_fails_at_the_end_names_the_finished_output(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "o.jpg"
    stamper = kzmark.Stamper(STATEMENT, identity=identity, audit=tmp_path / "log")

    def refuse(*_: object, **__: object) -> None:
        raise OutputError("the audit log cannot be written: no room")

    monkeypatch.setattr(audit.AuditLog, "done", refuse)
    with pytest.raises(UnrecordedError, match="no room") as caught:
        stamper.stamp(PHOTO, target)

    report = kzmark.verify(target)
    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert report.mark is not None
    assert (caught.value.output, caught.value.mark_id) == (str(target), str(report.mark.mark_id))
    assert str(target) in caught.value.hint
    assert caught.value.code == "unrecorded"


def test_a_log_that_fails_at_the_start_leaves_no_output(identity: Identity, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    stamper = kzmark.Stamper(STATEMENT, identity=identity, audit=tmp_path / "log")

    with pytest.raises(OutputError):
        stamper.stamp(PHOTO, tmp_path / "o.jpg")
    assert not (tmp_path / "o.jpg").exists()


def test_a_log_that_fails_with_the_stamping_hides_no_reason(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity, audit=tmp_path / "log")

    def spoil(*_: object, **__: object) -> None:
        raise OutputError("the log is full")

    def fail(*_: object, **__: object) -> None:
        raise kzmark.stamper.RequestError("the reason")  # type: ignore[attr-defined]

    monkeypatch.setattr(audit.AuditLog, "failed", spoil)
    monkeypatch.setattr(kzmark.stamper.pipeline, "carry_out", fail)  # type: ignore[attr-defined]
    with pytest.raises(RequestError, match="the reason"):
        stamper.stamp(PHOTO, tmp_path / "o.jpg")


def test_the_log_names_source_and_output_by_absolute_paths(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.jpg").write_bytes(PHOTO.read_bytes())
    kzmark.Stamper(STATEMENT, identity=identity, audit="log").stamp("in.jpg", "out.jpg")

    intent = Path("log").read_text(encoding="utf-8").splitlines()[0]
    assert f'"source":"{tmp_path / "in.jpg"}"' in intent
    assert f'"output":"{tmp_path / "out.jpg"}"' in intent


# --- a profile's name


def test_a_file_of_ones_own_may_not_go_by_the_name_of_ours(tmp_path: Path) -> None:
    text = Path(kzmark.__file__).with_name("profiles") / "kz-2026.1.toml"
    words = text.read_text(encoding="utf-8")
    mine, same = tmp_path / "mine.toml", tmp_path / "same.toml"
    mine.write_text(words.replace("contrast = 4.5 ", "contrast = 3.5 "), encoding="utf-8")
    same.write_text(words, encoding="utf-8")

    with pytest.raises(ProfileError, match=r"kz-2026\.1"):
        kzmark.Stamper(STATEMENT, profile=str(mine))
    with pytest.raises(ProfileError, match=r"kz-2026\.1"):
        kzmark.verify(PHOTO, profile=mine)
    assert kzmark.Stamper(STATEMENT, profile=same).style.profile.name == "kz-2026.1"


def test_an_array_of_a_size_that_the_format_cannot_hold_is_a_request_error(
    identity: Identity,
) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity)

    with pytest.raises(RequestError, match="webp"):
        stamper.stamp(np.zeros((200, 20000, 3), "u1"), format="webp")


# --- bytes that a name tells apart


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.txt", b"words\n"), ("a.md", b"words\n"), ("a.html", b"<p>words</p>"), ("a.json", b"{}")],
)
def test_bytes_of_a_text_are_stamped_under_a_name(
    name: str, data: bytes, identity: Identity
) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity)
    named = io.BytesIO(data)
    named.name = f"somewhere/{name}"

    for done in (stamper.stamp(data, name=name), stamper.stamp(named)):
        report = kzmark.verify(done.data, name=name, record=done.record)

        assert report.verdict is kzmark.Verdict.COMPLIANT


def test_what_tells_a_text_apart_is_said_where_it_is_missing(identity: Identity) -> None:
    stamper = kzmark.Stamper(STATEMENT, identity=identity)

    with pytest.raises(UnknownFormatError) as unknown:
        stamper.stamp(b"words")
    with pytest.raises(RequestError) as format_given:
        stamper.stamp(b"words", format="text")
    with pytest.raises(RequestError, match="picture"):
        stamper.stamp(Image.new("RGB", (64, 64)), name="a.png")
    assert all('name="a.txt"' in one.value.hint for one in (unknown, format_given))
