"""`verify --html`: the page never replaces what is no page, and says so before the work."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import CLEAN, WHO, Run

Picture = Callable[[str], Path]


@pytest.mark.parametrize("spelt", ["photo.gif", "./photo.gif", "link.gif"])
def test_a_source_is_never_replaced_by_the_page(
    run: Run, picture: Picture, tmp_path: Path, spelt: str
) -> None:
    source = picture("photo.gif")
    (tmp_path / "link.gif").symlink_to("photo.gif")
    before = source.read_bytes()

    ran = run("verify", "photo.gif", "--html", spelt)

    assert ran.code == 2
    assert ran.out == ""
    assert source.read_bytes() == before


def test_a_file_that_is_no_page_of_ours_is_kept(run: Run, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text("<!doctype html><title>precious</title>")
    (tmp_path / "in").mkdir()
    picture("photo.gif").rename(tmp_path / "in" / "photo.gif")

    other = run("verify", "in/photo.gif", "--html", "other.html")
    inside = run("verify", "in", "--recursive", "--html", "in/photo.gif")

    assert (other.code, inside.code) == (4, 4)
    assert other.out == inside.out == ""
    assert "precious" in (tmp_path / "other.html").read_text()
    assert (tmp_path / "in" / "photo.gif").read_bytes() == (CLEAN / "photo.gif").read_bytes()


def test_a_page_is_replaced_by_the_next_and_is_no_source_itself(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    run("stamp", picture("photo.gif"), "-o", "in/x.gif", *WHO)
    words = ("verify", "in", "--recursive", "--html", "in/report.html", "--json")

    first, second = run(*words), run(*words)

    assert (first.code, second.code) == (0, 0)
    assert len(second.rows) == 1
    assert "x.gif" in (tmp_path / "in" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["none/report.html", "folder", "n" * 300, "loop"])
def test_a_page_that_cannot_be_written_is_told_before_the_work(
    run: Run, picture: Picture, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")

    ran = run("verify", picture("photo.gif"), "--html", name)

    assert ran.code == 4
    assert ran.out == ""
    assert "hint" in ran.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_replaced_by_the_page(run: Run, picture: Picture, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert run("verify", picture("photo.gif"), "--html", "pipe").code == 4
    assert (tmp_path / "pipe").is_fifo()


def test_names_that_are_no_unicode_stand_on_the_page(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    name = os.fsdecode(b"b\xff.gif")
    picture("photo.gif").rename(tmp_path / name)

    ran = run("verify", name, "--html", "report.html")

    assert ran.code == 1
    assert "b\\udcff.gif" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_files_that_cannot_be_read_stand_on_the_page(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    ran = run("verify", picture("photo.gif"), "none<b>.gif", "--html", "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert ran.code == 4
    assert "0 of 2 files compliant" in page
    assert "none&lt;b&gt;.gif" in page
    assert "0 of 2 compliant, 1 not read" in ran.out
