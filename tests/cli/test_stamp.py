"""`kzmark stamp`: options, settings, targets, and codes that scripts rely on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.cli.conftest import WHO, Run
from tests.signing import clock

from kzmark import audit

Picture = Callable[[str], Path]
KEYS = {
    "source",
    "output",
    "format",
    "medium",
    "mark_id",
    "sha256",
    "status",
    "layers",
    "seconds",
    "error",
    "notes",
}


def test_a_picture_is_stamped_and_verified(run: Run, picture: Picture) -> None:
    source = picture("photo.gif")
    before = source.read_bytes()

    stamped = run("stamp", source, "-o", "шығыс.gif", *WHO, "--json")
    verified = run("verify", "шығыс.gif", "--json")

    assert (stamped.code, verified.code) == (0, 0)
    (row,), (report,) = stamped.rows, verified.rows
    assert row.keys() == KEYS
    assert row["status"] == "stamped"
    assert report["verdict"] == "compliant"
    assert report["mark"]["responsible"]["name"] == "ТОО Пример"
    assert report["mark"]["mark_id"] == row["mark_id"]
    assert report["sha256"] == row["sha256"]
    assert source.read_bytes() == before


def test_stamping_twice_is_stamping_once(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("stamp", picture("photo.gif"), "-o", "a.gif", *WHO)

    again = run("stamp", "a.gif", "-o", "b.gif", *WHO, "--json")

    assert again.rows[0]["status"] == "unchanged"
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_another_mark_is_replaced_only_when_asked(run: Run, picture: Picture) -> None:
    first = run("stamp", picture("photo.gif"), "-o", "a.gif", *WHO, "--json").rows[0]
    other = ("--owner", "Другой", "--system", "ImageGen")

    refused = run("stamp", "a.gif", "-o", "b.gif", *other, "--json")
    replaced = run("stamp", "a.gif", "-o", "b.gif", *other, "--replace", "--json")
    report = run("verify", "b.gif", "--json").rows[0]

    assert refused.code == 4
    assert refused.rows[0]["error"]["code"] == "mark-exists"
    assert "responsible.name" in refused.rows[0]["error"]["message"]
    assert replaced.code == 0
    assert report["verdict"] == "compliant"
    assert report["mark"]["history"] == [first["mark_id"]]


def test_an_existing_output_is_kept_unless_told(run: Run, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "out.gif").write_bytes(b"precious")

    refused = run("stamp", picture("photo.gif"), "-o", "out.gif", *WHO, "--json")

    assert refused.code == 4
    assert refused.rows[0]["error"]["code"] == "output-exists"
    assert (tmp_path / "out.gif").read_bytes() == b"precious"
    assert run("stamp", "photo.gif", "-o", "out.gif", *WHO, "--overwrite").code == 0


def test_input_and_output_may_be_one_path(run: Run, picture: Picture) -> None:
    source = picture("photo.gif")

    assert run("stamp", source, "-o", source, *WHO).code == 0
    assert run("verify", source).code == 0


def test_a_tree_is_mirrored(run: Run, picture: Picture, tmp_path: Path) -> None:
    for folder in ("in/a", "in/b/ә"):
        (tmp_path / folder).mkdir(parents=True)
        picture("photo.gif").rename(tmp_path / folder / "x.gif")
    (tmp_path / "in" / "notes.bin").write_bytes(b"\x00 no picture")

    ran = run("stamp", "in", "--out-dir", "out", "--recursive", *WHO, "--jobs", "2", "--json")

    assert ran.code == 0
    assert {Path(row["output"]).as_posix() for row in ran.rows} == {"out/a/x.gif", "out/b/ә/x.gif"}
    assert run("verify", "out", "--recursive").code == 0


def test_a_failure_does_not_stop_the_others(run: Run, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "bad.gif").write_bytes(b"GIF89a rest is missing")

    ran = run("stamp", "bad.gif", picture("photo.gif"), "--out-dir", "out", *WHO, "--json")

    assert ran.code == 4
    assert {row["status"] for row in ran.rows} == {"failed", "stamped"}
    assert not (tmp_path / "out" / "bad.gif").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "x.gif", "--system", "X"], "--owner"),
        (["-o", "x.gif", "--owner", "X"], "--system"),
        (["-o", "x.gif", "--owner", "X", "--holder", "Y", "--system", "X"], "--owner"),
        (["--owner", "X", "--system", "X"], "-o OUT"),
        (["-o", "x.gif", *WHO, "--bin", "123"], "12 digits"),
        (["-o", "x.gif", *WHO, "--risk", "extreme"], "invalid choice"),
        (["-o", "x.gif", *WHO, "--simulates", "face"], "appearance"),
        (["-o", "x.gif", *WHO, "--lang", "kk,xx"], "xx"),
        (["-o", "x.gif", *WHO, "--profile", "none"], "kz-2026.1"),
        (["-o", "x.gif", *WHO, "--jobs", "-1"], "--jobs"),
        (["-o", "x.gif", *WHO, "--strip"], "unrecognized"),
    ],
)
def test_wrong_usage_is_code_two_and_says_what(
    run: Run, picture: Picture, words: list[str], told: str
) -> None:
    ran = run("stamp", picture("photo.gif"), *words)

    assert ran.code == 2
    assert told in ran.err
    assert not Path("x.gif").exists()


def test_a_missing_file_is_code_four(run: Run) -> None:
    ran = run("stamp", "none.gif", "-o", "x.gif", *WHO)

    assert ran.code == 4
    assert "none.gif" in ran.err


def test_a_bad_identity_is_code_five(run: Run, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "id").mkdir()
    (tmp_path / "id" / "chain.pem").write_text("nonsense")
    (tmp_path / "id" / "leaf.key").write_text("nonsense")

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--identity", "id")

    assert ran.code == 5
    assert "hint" in ran.err
    assert not Path("x.gif").exists()


def test_settings_come_from_the_file_the_environment_and_the_line(
    run: Run, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("photo.gif")
    (tmp_path / "kzmark.toml").write_text(
        'owner = "Из файла"\nsystem = "S"\nsystem-version = "1"\nlang = ["kk", "ru", "en"]\n'
        'corner = "top-right"\n',
        encoding="utf-8",
    )

    def said(*words: str) -> dict[str, str]:
        assert run("stamp", "photo.gif", "-o", "x.gif", "--overwrite", *words).code == 0
        mark = run("verify", "x.gif", "--json").rows[0]["mark"]
        return {
            "name": mark["responsible"]["name"],
            "role": mark["responsible"]["role"],
            "version": mark["system"]["version"],
            "languages": ",".join(mark["notice"]["languages"]),
        }

    from_file = said()
    monkeypatch.setenv("KZMARK_SYSTEM_VERSION", "2")
    from_environment = said()
    from_line = said("--system-version=3", "--holder", "Иесі")

    assert from_file == {
        "name": "Из файла",
        "role": "owner",
        "version": "1",
        "languages": "kk,ru,en",
    }
    assert from_environment["version"] == "2"
    assert (from_line["version"], from_line["name"]) == ("3", "Иесі")
    assert from_line["role"] == "holder"


@pytest.mark.parametrize("text", ["strip = true", "owner = [", "overwrite = 7", "risk = 'extreme'"])
def test_a_bad_settings_file_is_wrong_usage(
    run: Run, picture: Picture, tmp_path: Path, text: str
) -> None:
    (tmp_path / "kzmark.toml").write_text(text)

    assert run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO).code == 2


def test_a_dry_run_tells_what_else_would_change(run: Run, picture: Picture) -> None:
    words = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--lang", "ru", "--dry-run")
    (row,) = run(
        "stamp", "photo.gif", "-o", "x.gif", *WHO, "--lang", "ru", "--dry-run", "--json"
    ).rows

    assert "notice.without-kk" in row["notes"]
    assert "(notice.without-kk)" in words.out


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    ran = run("stamp", "photo.gif", "-o", "x.gif", *WHO, "--dry-run", "--json")

    (row,) = ran.rows
    assert row["steps"] == ["notice", "layers", "sign", "check"]
    assert row["mark"]["notice"]["places"]
    assert not (tmp_path / "x.gif").exists()


def test_the_audit_log_joins_intent_and_done(run: Run, picture: Picture, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--audit-log", log)

    found = audit.check(log)
    checked = run("audit", "check", log, "--json")

    assert (found.done, found.unfinished, found.broken) == (1, (), ())
    assert checked.code == 0
    assert checked.rows[0]["head"] == found.head
    log.write_text(log.read_text(encoding="utf-8").replace("photo", "фото"), encoding="utf-8")
    assert run("audit", "check", log).code == 1


def test_prompts_and_other_words_are_never_written_unasked(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "a caravan at dusk, for Айгүл"
    monkeypatch.setenv("PROMPT", words)
    monkeypatch.setenv("KZMARK_PROMPT", words)

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--audit-log", "log", "--json")

    assert ran.code == 0
    data = Path("x.gif").read_bytes()
    written = data + Path("log").read_bytes() + ran.out.encode()
    assert words.encode() not in written
    assert json.dumps(words)[1:-1].encode() not in written
    assert str(Path.home()).encode() not in data


def test_a_prompt_that_the_file_came_with_stays_once_and_is_told_of(
    run: Run, picture: Picture
) -> None:
    source, words = picture("photo.png"), "a caravan at dusk\nSteps: 20, Sampler: Euler a"
    chunk = PngInfo()
    chunk.add_text("parameters", words)
    with Image.open(source) as image:
        image.save("prompted.png", pnginfo=chunk)

    ran = run("stamp", "prompted.png", "-o", "x.png", *WHO, "--json")

    assert ran.rows[0]["notes"] == ["prompt-kept"]
    assert Path("x.png").read_bytes().count(b"a caravan at dusk") == 1
    with Image.open("x.png") as stamped:
        assert stamped.info["parameters"] == words
    assert run("stamp", source, "-o", "y.png", *WHO, "--json").rows[0]["notes"] == []


def test_an_identity_that_is_named_and_not_there_is_not_made(run: Run, picture: Picture) -> None:
    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--identity", "typo")

    assert ran.code == 5
    assert "identity new" in ran.err
    assert not Path("typo").exists()
    assert not Path("x.gif").exists()


def test_a_certificate_that_names_another_party_is_told(run: Run, picture: Picture) -> None:
    run("identity", "new", "--dir", "id", "--organisation", "ТОО Другой")

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--identity", "id")

    assert ran.code == 0
    assert "ТОО Другой" in ran.err
    assert "ТОО Пример" in ran.err


@pytest.mark.parametrize("words", [["photo.gif"], [".", "--recursive"]])
def test_a_folder_of_outputs_never_replaces_inputs_unasked(
    run: Run, picture: Picture, words: list[str]
) -> None:
    before = picture("photo.gif").read_bytes()

    refused = run("stamp", *words, "--out-dir", ".", *WHO)

    assert refused.code == 2
    assert "--in-place" in refused.err
    assert Path("photo.gif").read_bytes() == before
    assert run("stamp", "photo.gif", "--out-dir", ".", *WHO, "--overwrite").code == 0


def test_a_broken_chain_is_told_once_and_a_picture_is_no_log(run: Run, picture: Picture) -> None:
    for number in range(4):
        words = ("-o", f"{number}.gif", "--audit-log", "log.jsonl")
        run("stamp", picture("photo.gif"), *words, *WHO)
    log = Path("log.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:2] + lines[3:]))

    broken = run("audit", "check", log)
    other = run("audit", "check", "photo.gif")

    assert broken.code == 1
    assert broken.out.count("  line ") == 1
    assert "is this an audit log?" in other.out
    assert other.out.count("\n") < 12


@pytest.mark.parametrize("name", ["page.pdf", "letter.docx", "photo.gif"])
def test_a_time_stamp_is_asked_for_and_told(run: Run, picture: Picture, name: str) -> None:
    picture(name)
    service = clock.Clock(leaf=clock.stamping(None))
    with clock.serving(service.answer) as url:
        stamped = run("stamp", name, "-o", f"a-{name}", *WHO, "--tsa", url)
    shown = run("verify", f"a-{name}").out

    assert stamped.code == 0
    assert f"  time     {service.time:%Y-%m-%dT%H:%M:%S}+00:00 (by a service not on a" in shown
    assert run("stamp", name, "-o", f"b-{name}", *WHO, "--tsa", url).code == 5
    assert "  time" not in run("verify", name).out
