"""`kzmark stamp --resume`: where the journal is, and what is told of what was done before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import WHO, Run

Picture = Callable[[str], Path]


@pytest.fixture
def sources(picture: Picture, tmp_path: Path) -> Path:
    folder = tmp_path / "in" / "a"
    folder.mkdir(parents=True)
    for name in ("photo.gif", "photo.jpg"):
        picture(name).rename(folder / name)
    return tmp_path / "in"


def test_a_finished_run_is_told_of_once(run: Run, sources: Path) -> None:
    words = ("stamp", sources, "--out-dir", "out", "--recursive", "--resume", *WHO, "--json")

    first, second = run(*words), run(*words)

    assert (first.code, second.code) == (0, 0)
    assert len(first.rows) == 2
    assert second.rows == []
    assert second.err.startswith("kzmark: 0 stamped")
    assert "2 done before" in second.err


def test_the_journal_stands_below_the_outputs_and_is_no_file_to_work_on(
    run: Run, sources: Path
) -> None:
    run("stamp", sources, "--out-dir", "out", "--recursive", "--resume", *WHO)

    found = run("verify", "out", "--recursive", "--json")

    assert Path("out", ".kzmark-journal").is_file()
    assert sorted(Path(row["source"]).name for row in found.rows) == ["photo.gif", "photo.jpg"]
    assert found.code == 0


def test_without_a_folder_of_outputs_the_journal_is_kept_for_this_user(
    run: Run, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    words = ("stamp", sources, "--in-place", "--recursive", "--resume", *WHO, "--json")

    first, second = run(*words), run(*words)

    assert len(first.rows) == 2
    assert second.rows == []
    assert len(list((tmp_path / "state" / "kzmark" / "journals").iterdir())) == 1
    assert not list(sources.rglob(".kzmark*"))


def test_a_journal_may_stand_anywhere_and_belongs_to_its_settings(run: Run, sources: Path) -> None:
    words = ("stamp", sources, "--out-dir", "out", "--recursive", "--journal", "run.journal")
    run(*words, "--resume", *WHO)

    other = run(*words, "--resume", "--owner", "Другой", "--system", "ImageGen")

    assert Path("run.journal").is_file()
    assert not Path("out", ".kzmark-journal").exists()
    assert other.code == 2
    assert "responsible.name" in other.err
    assert run(*words, *WHO).code == 2  # a journal that nobody reads


def test_a_settings_file_may_name_a_journal_from_its_own_folder(
    run: Run, sources: Path, tmp_path: Path
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "kzmark.toml").write_text('journal = "j"\nresume = true')

    run("stamp", sources, "--out-dir", "out", "--recursive", "--config", "conf/kzmark.toml", *WHO)

    assert Path("conf", "j").is_file()


def test_a_tree_without_any_known_format_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.bin").write_bytes(b"\0nothing")

    ran = run("stamp", "in", "--out-dir", "out", "--recursive", *WHO)

    assert ran.code == 2
    assert "1 file of no format" in ran.err


def test_many_workers_make_what_one_makes(run: Run, sources: Path) -> None:
    for jobs in ("1", "3"):
        words = ("stamp", sources, "--out-dir", f"out{jobs}", "--recursive", "--jobs", jobs)
        assert run(*words, *WHO, "--json").code == 0

    reports = [
        [
            json.loads(line)["mark"]
            for line in run("verify", f, "--recursive", "--json").out.split("\n")
            if line
        ]
        for f in ("out1", "out3")
    ]
    for mark in (*reports[0], *reports[1]):
        del mark["mark_id"], mark["created"]
    assert sorted(map(str, reports[0])) == sorted(map(str, reports[1]))
