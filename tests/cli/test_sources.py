"""Which files a command works on: content beats extension, nothing is passed over in silence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import WHO, Run

Picture = Callable[[str], Path]


@pytest.fixture
def tree(picture: Picture, tmp_path: Path) -> Path:
    """A folder with a picture that has no extension, and a file of no known format."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    picture("photo.gif").rename(folder / "deep" / "photo")
    (folder / "notes.bin").write_bytes(b"\0\1\2\3 of no known format")
    return folder


def test_a_gate_sees_every_file_of_a_folder(run: Run, tree: Path) -> None:
    ran = run("verify", tree, "--recursive", "--json")

    assert ran.code == 1
    assert {Path(row["source"]).name: row["reason"] for row in ran.rows} == {
        "photo": "unmarked",
        "notes.bin": "unsupported",
    }


def test_files_of_other_formats_alone_are_undetermined(run: Run, tree: Path) -> None:
    (tree / "deep" / "photo").unlink()

    assert run("verify", tree, "--recursive").code == 3


def test_our_own_sidecars_and_temporary_files_are_no_sources(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    run("stamp", picture("photo.bmp"), "-o", "in/a.bmp", *WHO)
    (tmp_path / "in" / ".kzmark-abc.tmp").write_bytes(b"half")

    ran = run("verify", "in", "--recursive", "--json")

    assert ran.code == 0
    assert [Path(row["source"]).name for row in ran.rows] == ["a.bmp"]


@pytest.mark.parametrize("command", ["verify", "stamp"])
def test_finding_no_file_at_all_is_wrong_usage(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.bmp.kzmark.json").write_text("{}")
    words = ["--out-dir", "out", *WHO] if command == "stamp" else []

    assert run(command, "empty", "--recursive", *words).code == 2
    assert run(command, "a.bmp.kzmark.json", *words).code == 2


def test_stamping_a_folder_skips_and_counts_what_it_does_not_know(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    (tree / "texts").mkdir()
    (tree / "notes.bin").rename(tree / "texts" / "notes.bin")

    ran = run("stamp", tree, "--out-dir", "out", "--recursive", *WHO, "--json")

    assert ran.code == 0
    assert [Path(row["output"]).as_posix() for row in ran.rows] == ["out/deep/photo"]
    assert "1 stamped" in ran.err
    assert "1 skipped" in ran.err
    assert not (tmp_path / "out" / "texts").exists()


def test_a_folder_without_a_picture_is_no_stamping(run: Run, tree: Path) -> None:
    (tree / "deep" / "photo").unlink()

    ran = run("stamp", tree, "--out-dir", "out", "--recursive", *WHO)

    assert ran.code == 2
    assert "1 file" in ran.err


def test_a_file_of_no_known_format_that_is_named_fails(run: Run, tree: Path) -> None:
    ran = run("stamp", tree / "notes.bin", "-o", "x.gif", *WHO, "--json")

    assert ran.code == 4
    assert ran.rows[0]["error"]["code"] == "unknown-format"


@pytest.mark.parametrize("missing", ["none.gif", "n" * 300, "loop"])
def test_a_source_that_cannot_be_read_does_not_stop_the_others(
    run: Run, picture: Picture, tmp_path: Path, missing: str
) -> None:
    picture("photo.gif")
    (tmp_path / "loop").symlink_to("loop")

    verified = run("verify", "photo.gif", missing, "--json")
    stamped = run("stamp", missing, "photo.gif", "--out-dir", "out", *WHO, "--json")

    assert (verified.code, stamped.code) == (4, 4)
    for ran in (verified, stamped):
        rows = {row["source"]: row for row in ran.rows}
        assert rows.keys() == {"photo.gif", missing}
        assert rows["photo.gif"].get("error") is None
        assert rows[missing]["error"]["code"] == "input"
        assert rows[missing]["error"]["hint"]


def test_a_folder_that_cannot_be_listed_is_a_failure(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)

    ran = run("verify", tree, "--recursive", "--json")

    assert ran.code == 4
    assert [row["error"]["code"] for row in ran.rows if row["verdict"] is None] == ["input"]


def test_a_link_to_nothing_in_a_folder_is_a_failure(run: Run, tree: Path) -> None:
    (tree / "link.gif").symlink_to("nowhere.gif")

    assert run("verify", tree, "--recursive").code == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_a_folder_is_not_waited_for(run: Run, tree: Path) -> None:
    os.mkfifo(tree / "pipe.gif")

    assert len(run("verify", tree, "--recursive", "--json").rows) == 2


def test_a_file_named_twice_is_worked_on_once(run: Run, picture: Picture, tmp_path: Path) -> None:
    picture("photo.gif")
    twice = ("photo.gif", "./photo.gif", tmp_path / "photo.gif", "photo.gif")

    verified = run("verify", *twice, "--json")
    copied = run("stamp", *twice, "-o", "one.gif", *WHO, "--json")
    stamped = run("stamp", *twice, "--in-place", *WHO, "--jobs", "4", "--json")

    assert [len(ran.rows) for ran in (verified, copied, stamped)] == [1, 1, 1]
    assert (copied.code, stamped.code) == (0, 0)


def test_two_names_of_one_file_are_stamped_once_in_place(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    picture("photo.gif")
    (tmp_path / "link.gif").symlink_to("photo.gif")

    stamped = run("stamp", "photo.gif", "link.gif", "--in-place", *WHO, "--jobs", "2", "--json")
    apart = run("stamp", "photo.gif", "link.gif", "--out-dir", "out", *WHO, "--json")

    assert len(stamped.rows) == 1
    assert (tmp_path / "link.gif").is_symlink()
    assert len(apart.rows) == 2


def test_hard_links_are_files_of_their_own(run: Run, picture: Picture, tmp_path: Path) -> None:
    picture("photo.gif")
    os.link("photo.gif", "other.gif")

    run("stamp", "photo.gif", "other.gif", "--in-place", *WHO)

    assert run("verify", "photo.gif", "other.gif").code == 0


def test_an_output_folder_inside_the_tree_is_no_source(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    words = ("stamp", tree, "--out-dir", tree / "marked", "--recursive", *WHO, "--overwrite")

    for _ in range(3):
        assert run(*words).code == 0

    assert [path.relative_to(tree).as_posix() for path in sorted(tree.rglob("photo"))] == [
        "deep/photo",
        "marked/deep/photo",
    ]


def test_a_folder_that_is_its_own_output_folder_is_stamped_when_asked(run: Run, tree: Path) -> None:
    assert run("stamp", tree, "--out-dir", tree, "--recursive", *WHO, "--overwrite").code == 0
    assert run("verify", tree / "deep" / "photo").code == 0
