"""What the command line tells people: every refusal with a way out, no line against another."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import CLEAN, WHO, Run

from kzmark.audit import AuditLog, event
from kzmark.cli import verdicts
from kzmark.signing import evidence

Picture = Callable[[str], Path]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Make two folders, each with a picture of the same name and one of its own."""
    for folder, own in (("one", "a.gif"), ("two", "b.gif")):
        (tmp_path / folder).mkdir()
        for name in ("same.gif", own):
            (tmp_path / folder / name).write_bytes((CLEAN / "photo.gif").read_bytes())
    return tmp_path


@pytest.mark.parametrize("named", [("one", "two"), ("one/same.gif", "one/a.gif", "two/same.gif")])
def test_the_second_of_two_equal_names_fails_alone(
    run: Run, two: Path, named: tuple[str, ...]
) -> None:
    ran = run("stamp", *named, "--recursive", "--out-dir", "out", *WHO, "--json")
    again = run("stamp", *named, "--recursive", "--out-dir", "out", "--overwrite", *WHO, "--json")

    for one in (ran, again):
        ends = {row["source"]: row for row in one.rows}
        failed = ends.pop("two/same.gif")
        assert (one.code, failed["error"]["code"]) == (4, "output-exists")
        assert "common folder" in failed["error"]["hint"]
        assert {row["status"] for row in ends.values()} == {"stamped"}
        assert {"one/same.gif", "one/a.gif"} <= set(ends)


@pytest.mark.parametrize("into", ["new/", "new/deep/"])
def test_an_output_that_ends_in_a_slash_is_a_folder(
    run: Run, picture: Picture, tmp_path: Path, into: str
) -> None:
    ran = run("stamp", picture("photo.gif"), "-o", into, *WHO)

    assert ran.code == 0
    assert (tmp_path / into / "photo.gif").is_file()


def test_a_folder_in_the_settings_file_keeps_its_slash(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "kzmark.toml").write_text('output = "new/"\n')
    ran = run("stamp", picture("photo.gif"), *WHO)

    assert ran.code == 0
    assert (tmp_path / "new" / "photo.gif").is_file()


def test_an_output_folder_that_is_a_file_is_refused(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("precious")
    ran = run("stamp", picture("photo.gif"), "-o", "file/", *WHO)

    assert ran.code == 4
    assert (tmp_path / "file").read_text() == "precious"


def test_all_that_is_missing_is_named_at_once(run: Run, picture: Picture) -> None:
    nothing, system = (run("stamp", picture("photo.gif"), *more) for more in ((), WHO[:4]))

    assert (nothing.code, system.code) == (2, 2)
    assert "who answers for it, which AI system made it and where the output goes" in nothing.err
    assert all(option in nothing.err for option in ("--owner", "--system", "--out-dir"))
    assert "error: say where the output goes\n" in system.err


def test_a_trusted_signer_needs_somebody_to_trust(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nedition = "2026-01-01"\nrequirements = ["trusted"]\n'
    )
    for asked in (("--require", "trusted"), ("--policy", "mine.toml")):
        ran = run("verify", "photo.gif", *asked)

        assert (ran.code, ran.out) == (2, "")
        assert "--trust PEM" in ran.err


def test_a_list_of_anchors_that_is_none_is_told_as_such(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    (tmp_path / "empty.pem").write_text("")
    for anchors in ("none.pem", "empty.pem"):
        ran = run("verify", "photo.gif", "--trust", anchors)

        assert ran.code == 5
        assert "root.pem" in ran.err
        assert "identity new" not in ran.err


def test_a_card_says_where_the_law_asks_and_who_signed(run: Run, picture: Picture) -> None:
    run("identity", "new", "--dir", "id", "--organisation", "ТОО Пример")
    run("identity", "new", "--dir", "other", "--organisation", "Somebody")
    stamped = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--identity", "id")
    strange = run("stamp", "photo.gif", "-o", "y.gif", *WHO, "--identity", "other")
    own, other = (
        run("verify", f"{name}.gif", "--require", "trusted", "--trust", f"{who}/root.pem")
        for name, who in (("x", "id"), ("y", "other"))
    )

    assert "  + art. 21(2)  mark in c2pa, xmp" in own.out
    assert "  + asked for   the signer is trusted" in own.out
    assert "  C2PA     valid, trusted\n" in own.out
    assert "  signed   by ТОО Пример / kzmark claim signing\n" in own.out
    assert "by Somebody / kzmark claim signing, who is not the one who answers\n" in other.out
    assert "in c2pa, xmp\n" in stamped.out
    assert "warning" not in stamped.err
    assert "names Somebody" in strange.err


def test_an_error_of_usage_comes_before_any_warning(run: Run, picture: Picture) -> None:
    run("identity", "new", "--dir", "other", "--organisation", "Somebody")
    common = ("-o", "x.gif", *WHO, "--identity", "other")
    absent = run("stamp", "none.gif", *common)
    nowhere = run("stamp", picture("photo.gif"), *common, "--executor", "nowhere")

    assert (absent.code, nowhere.code) == (4, 2)
    assert "warning" not in absent.err + nowhere.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--bin", "123"), "whole number"),
        (("--bin", "0" * 12), "give the number"),
        (("--jobs", "-3"), "each core"),
        (("--user-agreement", "javascript:alert(1)"), "https"),
        (("--user-agreement", "terms"), "https"),
        (("--config", "none.toml"), "--config"),
        (("--profile", "none.toml"), ""),
    ],
)
def test_what_is_refused_has_words_and_a_hint(
    run: Run, picture: Picture, words: tuple[str, ...], hint: str
) -> None:
    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, *words)

    assert ran.code == 2
    assert "Errno" not in ran.err
    assert hint in ran.err.partition("hint:")[2]
    assert "hint:" in ran.err or not hint


@pytest.mark.parametrize("link", ["https://a.kz/t", "HTTP://a.kz", "urn:isbn:1", "mailto:a@b.kz"])
def test_a_link_is_stated_as_it_was_given(run: Run, picture: Picture, link: str) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--user-agreement", link)
    (row,) = run("verify", "x.gif", "--json").rows

    assert row["mark"]["pointers"] == {"user_agreement": link}


def test_a_policy_that_is_not_there_is_told_in_words(run: Run, picture: Picture) -> None:
    ran = run("verify", picture("photo.gif"), "--policy", "none.toml")

    assert ran.code == 2
    assert "none.toml: cannot be read: No such file" in ran.err
    assert "Errno" not in ran.err


def test_a_misspelt_setting_is_met_with_the_right_one(
    run: Run, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("photo.gif")
    monkeypatch.setenv("KZMARK_SYSTM", "x")
    from_variable = run("stamp", "photo.gif", "-o", "x.gif", *WHO)
    (tmp_path / "kzmark.toml").write_text('systm = "x"\nowner = "x"\n')
    from_file = run("stamp", "photo.gif", "-o", "y.gif", *WHO)

    assert (from_variable.code, from_file.code) == (0, 2)
    assert "did you mean KZMARK_SYSTEM?" in from_variable.err
    assert "did you mean system?" in from_file.err


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [("JOBS", "abc", "a whole number"), ("RISK", "huge", "one of minimal, medium, high")],
)
def test_a_wrong_variable_is_blamed_and_no_option(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(f"KZMARK_{name}", value)
    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)

    assert ran.code == 2
    assert f"KZMARK_{name}: {name.lower()} is {value!r}" in ran.err
    assert hint in ran.err
    assert "argument" not in ran.err


def test_a_log_with_many_open_ends_is_told_in_short(run: Run, tmp_path: Path) -> None:
    events = [event("intent", f"{number}", source=f"{number}.jpg") for number in range(40)]
    AuditLog(tmp_path / "log").append(events)
    words, data = run("audit", "check", "log"), run("audit", "check", "log", "--json")

    assert (words.code, data.code) == (0, 0)
    assert words.out.count("never ended:") == 5
    assert "35 more that never ended" in words.out
    assert len(data.rows[0]["unfinished"]) == 40


def test_an_identity_is_shown_with_what_matters_first(run: Run) -> None:
    run("identity", "new", "--dir", "id")
    again = run("identity", "new", "--dir", "id")
    lines = [
        line.split(":")[0].strip()
        for line in run("identity", "show", "--dir", "id").out.splitlines()
    ]

    assert again.code == 5
    assert "--replace" in again.err
    assert lines[:5] == ["subject", "issuer", "not before", "not after", "days left"]
    assert lines[-4:] == ["verifier"] * 4
    assert json.loads(run("identity", "show", "--dir", "id", "--json").out)["days_left"] > 1800


def test_a_namesake_of_no_format_hides_no_other(run: Run, tmp_path: Path) -> None:
    for folder, data in (("a", b"nothing"), *((name, None) for name in ("b", "c"))):
        (tmp_path / folder).mkdir()
        whole = (CLEAN / "photo.gif").read_bytes()
        (tmp_path / folder / "x.gif").write_bytes(whole if data is None else data)
    named = ("a/x.gif", "b/x.gif", "c/x.gif")

    ran = run("stamp", *named, "--out-dir", "out", "--overwrite", *WHO, "--json")

    ends = {row["source"]: (row["error"] or {}).get("code", row["status"]) for row in ran.rows}
    assert ends == {"a/x.gif": "unknown-format", "b/x.gif": "stamped", "c/x.gif": "output-exists"}


def test_a_manifest_that_stands_elsewhere_is_not_called_valid() -> None:
    told = list(verdicts._signature(evidence.absent(remote="https://example.kz/a.c2pa"), None))

    assert told == ["  C2PA     its manifest stands elsewhere and was not fetched"]


def test_an_answer_that_never_ended_is_told_by_its_mark(run: Run, tmp_path: Path) -> None:
    AuditLog(tmp_path / "log").append([event("intent", "id-7", source="", output="")])

    ran = run("audit", "check", "log")

    assert "never ended: an answer or a stream, mark id-7" in ran.out
