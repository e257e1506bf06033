"""Where outputs go, what stands in their way, and a dry run that tells it beforehand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import WHO, Run

from kzmark import errors
from kzmark.cli import exit_code

Picture = Callable[[str], Path]


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "x.gif", "--in-place"),
        ("--in-place", "-ox.gif"),
        ("-o", "x.gif", "--out-dir", "out"),
        ("--out-dir", "out", "--in-place"),
    ],
)
def test_two_targets_are_refused(run: Run, picture: Picture, words: tuple[str, ...]) -> None:
    source = picture("photo.gif")
    before = source.read_bytes()

    ran = run("stamp", source, *words, *WHO)

    assert ran.code == 2
    assert source.read_bytes() == before
    assert not Path("x.gif").exists()


def test_a_short_option_with_its_value_attached_overrules_the_settings(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    source = picture("photo.gif")
    before = source.read_bytes()
    (tmp_path / "kzmark.toml").write_text("in-place = true")

    assert run("stamp", source, "-oout.gif", *WHO).code == 0
    assert source.read_bytes() == before
    assert run("verify", "out.gif").code == 0


def test_an_output_folder_that_is_a_file_fails_file_by_file(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")

    ran = run("stamp", picture("photo.gif"), "--out-dir", "taken", *WHO, "--json")

    assert ran.code == 4
    assert ran.rows[0]["error"]["code"] == "output"
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.parametrize("name", ["n" * 300 + ".gif", "n" * 300 + "/x.gif", "loop", "loop/x.gif"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_an_output_that_cannot_be_is_code_four(
    run: Run, picture: Picture, tmp_path: Path, name: str, dry: tuple[str, ...]
) -> None:
    (tmp_path / "loop").symlink_to("loop")

    ran = run("stamp", picture("photo.gif"), "-o", name, *WHO, "--json", *dry)

    assert ran.code == 4
    assert ran.rows[0]["status"] == "failed"
    assert ran.rows[0]["error"]["code"] == "output"


def test_one_output_for_two_sources_is_refused_even_if_one_is_missing(
    run: Run, picture: Picture
) -> None:
    assert run("stamp", picture("photo.gif"), "none.gif", "-o", "x.gif", *WHO).code == 2


def test_a_dry_run_opens_no_identity(run: Run, picture: Picture, tmp_path: Path) -> None:
    words = ("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--dry-run", "--json")
    before = set(Path.home().rglob("*"))

    named = run(*words, "--identity", "id")
    default = run(*words)

    assert (named.code, default.code) == (0, 0)
    assert not (tmp_path / "id").exists()
    assert set(Path.home().rglob("*")) == before


def test_a_dry_run_tells_of_an_output_that_exists(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    (tmp_path / "x.gif").write_bytes(b"precious")
    words = ("stamp", "photo.gif", "-o", "x.gif", *WHO, "--dry-run")

    told, rows = run(*words), run(*words, "--json")

    assert (told.code, rows.code) == (4, 4)
    assert "--overwrite" in told.err
    assert rows.rows[0]["status"] == "failed"
    assert rows.rows[0]["error"]["code"] == "output-exists"
    assert run(*words, "--overwrite").code == 0
    assert run("stamp", "photo.gif", "-o", "photo.gif", *WHO, "--dry-run").code == 0


def test_a_dry_run_tells_of_a_file_that_cannot_be_stamped(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "bad.gif").write_bytes(b"GIF89a rest is missing")

    ran = run("stamp", "bad.gif", picture("photo.gif"), *WHO, "--dry-run", "--json")

    assert ran.code == 4
    assert [row.get("status", "planned") for row in ran.rows] == ["failed", "planned"]


def test_an_existing_output_is_told_before_the_work(
    run: Run, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.gif").write_bytes(b"precious")
    monkeypatch.setattr("kzmark.pipeline.prepare", None)  # nothing is even planned

    ran = run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--json")

    assert ran.code == 4
    assert ran.rows[0]["error"]["code"] == "output-exists"


def test_no_identity_is_made_for_a_run_that_cannot_begin(run: Run, picture: Picture) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO, "--lang", "xx", "--identity", "id")
    run("stamp", "none.gif", "-o", "x.gif", *WHO, "--identity", "id")

    assert not Path("id").exists()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.RequestError, 2),
        (errors.ProfileError, 2),
        (errors.RecordError, 2),
        (errors.MarkExistsError, 4),
        (errors.OutputExistsError, 4),
        (errors.PolicyUnsatisfiableError, 4),
        (errors.MalformedMediaError, 4),
        (errors.InputError, 4),
        (errors.CheckError, 4),
        (errors.IdentityError, 5),
        (errors.KzmarkError, 4),
    ],
)
def test_exit_codes_of_errors(kind: type[errors.KzmarkError], code: int) -> None:
    assert exit_code(kind("told")) == code
