"""kzmark.toml, `KZMARK_*` and the command line: who wins, and from where paths are taken."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from tests.cli.conftest import WHO, Run

Picture = Callable[[str], Path]


@pytest.fixture
def desk(picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """The working folder is `sub`, the settings stand above it."""
    sub = tmp_path / "sub"
    sub.mkdir()
    picture("photo.gif").rename(sub / "photo.gif")
    monkeypatch.chdir(sub)
    return tmp_path


def test_paths_in_a_settings_file_are_taken_from_its_folder(run: Run, desk: Path) -> None:
    text = (resources.files("kzmark.profiles") / "kz-2026.1.toml").read_text(encoding="utf-8")
    house = text.replace('name = "kz-2026.1"', 'name = "house"')
    (desk / "house.toml").write_text(house, encoding="utf-8")
    (desk / "kzmark.toml").write_text(
        'identity = "id"\nprofile = "house.toml"\naudit-log = "log.jsonl"\nout-dir = "out"\n'
    )

    run("identity", "new", "--dir", desk / "id", "--organisation", "ТОО Пример")
    ran = run("stamp", "photo.gif", *WHO)

    assert ran.code == 0
    assert (desk / "out" / "photo.gif").is_file()
    assert (desk / "id" / "chain.pem").is_file()
    assert (desk / "log.jsonl").is_file()
    assert [path.name for path in Path().iterdir()] == ["photo.gif"]


def test_an_output_in_a_settings_file_is_taken_from_its_folder(run: Run, desk: Path) -> None:
    (desk / "kzmark.toml").write_text('output = "x.gif"\naudit-log = "none"\n')

    assert run("stamp", "photo.gif", *WHO).code == 0
    assert (desk / "x.gif").is_file()
    assert not (desk / "none").exists()


def test_paths_of_the_environment_are_taken_from_the_working_folder(
    run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMARK_OUT_DIR", "out")

    assert run("stamp", "photo.gif", *WHO).code == 0
    assert (desk / "sub" / "out" / "photo.gif").is_file()


def test_a_settings_file_can_be_named_in_the_environment(
    run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("near", "far", "line"):
        (desk / name).mkdir()
        (desk / name / "my.toml").write_text('out-dir = "out"')
    (desk / "kzmark.toml").write_text('out-dir = "near"')
    monkeypatch.setenv("KZMARK_CONFIG", str(desk / "far" / "my.toml"))

    from_environment = run("stamp", "photo.gif", *WHO)
    from_line = run("stamp", "photo.gif", *WHO, "--config", desk / "line" / "my.toml")

    assert (from_environment.code, from_line.code) == (0, 0)
    assert (desk / "far" / "out" / "photo.gif").is_file()
    assert (desk / "line" / "out" / "photo.gif").is_file()
    assert not (desk / "near" / "photo.gif").exists()


def test_a_settings_file_that_is_named_must_be_there(
    run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMARK_CONFIG", "none.toml")

    ran = run("stamp", "photo.gif", "-o", "x.gif", *WHO)

    assert ran.code == 2
    assert "none.toml" in ran.err


def test_a_switch_turned_off_does_not_drop_another_target(
    run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "kzmark.toml").write_text('out-dir = "out"')
    monkeypatch.setenv("KZMARK_IN_PLACE", "0")

    assert run("stamp", "photo.gif", *WHO).code == 0
    assert (desk / "out" / "photo.gif").is_file()


def test_two_targets_in_a_settings_file_are_refused(run: Run, desk: Path) -> None:
    (desk / "kzmark.toml").write_text('out-dir = "out"\nin-place = true')

    assert run("stamp", "photo.gif", *WHO).code == 2


def test_a_path_that_no_system_takes_is_wrong_usage(run: Run, desk: Path) -> None:
    (desk / "kzmark.toml").write_text('output = "a\\u0000b"')

    assert run("stamp", "photo.gif", *WHO).code == 2


def test_languages_are_taken_in_any_letter_case(run: Run, desk: Path) -> None:
    assert run("stamp", "photo.gif", "-o", "x.gif", *WHO, "--lang", "KK, Ru").code == 0

    (report,) = run("verify", "x.gif", "--json").rows
    assert report["mark"]["notice"]["languages"] == ["kk", "ru"]


@pytest.mark.parametrize("languages", ["kk,kk", "kk,ru,KK", ","])
def test_a_language_said_twice_or_none_is_wrong_usage(run: Run, desk: Path, languages: str) -> None:
    ran = run("stamp", "photo.gif", "-o", "x.gif", *WHO, "--lang", languages)

    assert ran.code == 2
    assert "--lang" in ran.err
    assert not Path("x.gif").exists()


def test_a_variable_that_sets_nothing_is_told_and_the_work_goes_on(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMARK_OWNR", "ТОО Пример")
    picture("photo.gif")
    ran = run("stamp", "photo.gif", "-o", "a.gif", *WHO)

    assert ran.code == 0
    assert "kzmark: KZMARK_OWNR is set, and no setting of kzmark has that name" in ran.err


@pytest.mark.parametrize("name", ["KEY_PASSWORD", "CONFIG", "PURE", "JOBS"])
def test_variables_that_mean_something_are_no_strangers(
    name: str, run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"KZMARK_{name}", "")
    picture("photo.gif")

    assert "no setting" not in run("stamp", "photo.gif", "-o", "a.gif", *WHO).err


@pytest.mark.parametrize(
    ("said", "code"), [("off", 2), ("No", 2), ("on", 0), ("TRUE", 0), ("maybe", 2), ("n", 2)]
)
def test_a_switch_in_the_environment_is_on_or_off_and_never_guessed(
    run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    before = (desk / "sub" / "photo.gif").read_bytes()
    monkeypatch.setenv("KZMARK_IN_PLACE", said)

    ran = run("stamp", "photo.gif", *WHO)

    assert ran.code == code
    assert ((desk / "sub" / "photo.gif").read_bytes() == before) == (code == 2)
    assert ("KZMARK_IN_PLACE" in ran.err) == (said in {"maybe", "n"})
