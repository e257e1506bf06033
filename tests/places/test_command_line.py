"""The command line on objects: named by URLs, found below folders, told by their URLs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.places.conftest import BUCKET

from kzmark import cli

CLEAN = Path(__file__).parents[2] / "fixtures" / "clean"
WHO = ("--owner", "ТОО Пример", "--system", "ImageGen", "--audit-log", "none", "--json")


class Ran(NamedTuple):
    code: int
    rows: list[dict[str, Any]]
    err: str


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Ran:
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(code, [json.loads(line) for line in out.splitlines()], err)

    return call


@pytest.fixture
def filled(s3: Any) -> Any:
    """A bucket with two pictures, one of them below a folder, and a file of no known format."""
    for key, name in (("in/Ә a.gif", "photo.gif"), ("in/d/b.bmp", "photo.bmp")):
        s3.pipe_file(f"{BUCKET}/{key}", (CLEAN / name).read_bytes())
    s3.pipe_file(f"{BUCKET}/in/d/Thumbs.db", b"\0\1\2\3")
    return s3


def test_a_tree_of_objects_is_stamped_to_objects_and_verified(
    filled: Any, run: Callable[..., Ran]
) -> None:
    words = ("stamp", f"s3://{BUCKET}/in/", "--recursive", "--out-dir", f"s3://{BUCKET}/out", *WHO)

    stamped = run(*words)
    again = run(*words)
    verified = run("verify", f"s3://{BUCKET}/out", "--recursive", "--json")

    outputs = {row["output"] for row in stamped.rows if row["status"] == "stamped"}
    assert outputs == {f"s3://{BUCKET}/out/Ә a.gif", f"s3://{BUCKET}/out/d/b.bmp"}
    assert (stamped.code, verified.code) == (0, 0)
    assert {row["source"] for row in verified.rows} == outputs
    assert again.code == 4
    assert {row["error"]["code"] for row in again.rows if row["error"]} == {"output-exists"}
    assert "1 skipped" in stamped.err


def test_objects_come_to_files_and_files_to_objects(filled: Any, run: Callable[..., Ran]) -> None:
    Path("b.gif").write_bytes((CLEAN / "photo.gif").read_bytes())

    here = run("stamp", f"s3://{BUCKET}/in/Ә a.gif", "-o", "a.gif", *WHO)
    there = run("stamp", "b.gif", "-o", f"s3://{BUCKET}/b.gif", *WHO)

    assert (here.code, there.code) == (0, 0)
    assert run("verify", "a.gif", f"s3://{BUCKET}/b.gif", "--json").code == 0


def test_an_output_folder_in_a_settings_file_may_be_a_url(
    filled: Any, run: Callable[..., Ran]
) -> None:
    Path("kzmark.toml").write_text(f'out-dir = "s3://{BUCKET}/out"', encoding="utf-8")

    ran = run("stamp", f"s3://{BUCKET}/in/Ә a.gif", *WHO)

    assert (ran.code, ran.rows[0]["output"]) == (0, f"s3://{BUCKET}/out/Ә a.gif")


def test_the_layers_of_an_object_are_inspected(filled: Any, run: Callable[..., Ran]) -> None:
    ran = run("inspect", f"s3://{BUCKET}/in/Ә a.gif", "--json")

    assert ran.code == 0
    assert {row["source"] for row in ran.rows} == {f"s3://{BUCKET}/in/Ә a.gif"}


def test_a_folder_of_objects_has_to_be_asked_for(filled: Any, run: Callable[..., Ran]) -> None:
    ran = run("verify", f"s3://{BUCKET}/in")

    assert ran.code == 2
    assert "--recursive" in ran.err


def test_a_missing_object_is_one_failed_line(filled: Any, run: Callable[..., Ran]) -> None:
    ran = run("verify", f"s3://{BUCKET}/none.gif", f"s3://{BUCKET}/in/Ә a.gif", "--json")

    assert ran.code == 4
    assert sorted(row["error"]["code"] for row in ran.rows if row.get("error")) == ["input"]
    assert len(ran.rows) == 2
