"""`verify --html`: the page never replaces what is no page, and says so before the work."""

import base64
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import CLEAN, WHO, Run
from tests.cli.read_page import Page

from kzmark.cli.page import THUMBNAIL
from kzmark.cli.terminal import harmless

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
    assert [row["source"] for row in Page(tmp_path / "report.html").rows] == ["b\\udcff.gif"]


def test_files_that_cannot_be_read_stand_on_the_page(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    ran = run("verify", picture("photo.gif"), "none<b>.gif", "--html", "report.html")
    page = Page(tmp_path / "report.html")

    assert ran.code == 4
    assert page.totals["total"] == 2
    assert page.totals["verdicts"] == {"not-compliant": 1, "not-read": 1}
    assert {row["source"] for row in page.rows if row["verdict"] == "not-read"} == {"none<b>.gif"}
    assert "0 of 2 compliant, 1 not read" in ran.out


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be there")
@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)<!--.gif",
        "-->\u2028]]><script>.gif",
        '"><img src=x onerror=alert(1)>.gif',
        "&lt;\\u003c&#60;.gif",
        "line\nbreak\ttab.gif",
        "tf\N{RIGHT-TO-LEFT OVERRIDE}fig.gif",
        "=cmd|'calc'!A1.gif",
    ],
)
def test_names_are_data_and_never_markup(
    run: Run, picture: Picture, tmp_path: Path, name: str
) -> None:
    picture("photo.gif").rename(tmp_path / name)
    picture("photo.gif")

    run("verify", "photo.gif", "--html", "tame.html")
    run("verify", f"./{name}", "--html", "wild.html")
    tame, wild = Page(tmp_path / "tame.html"), Page(tmp_path / "wild.html")

    assert wild.tags == tame.tags
    assert wild.links == []
    assert [row["source"] for row in wild.rows] == [harmless(name)]
    assert wild.rows[0]["sha256"] == tame.rows[0]["sha256"]


def test_words_of_a_stranger_in_a_mark_are_data_too(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    who = ("--owner", "</script><script>alert(1)</script>", "--system", "A")
    run("stamp", picture("photo.gif"), "-o", "x.gif", *who)

    run("verify", "x.gif", "--html", "report.html")
    page = Page(tmp_path / "report.html")

    assert len(page.scripts) == 1
    assert page.rows[0]["mark"]["responsible"]["name"] == who[1]


def test_the_page_says_what_the_reports_say(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("stamp", picture("photo.jpg"), "-o", "x.jpg", *WHO)

    ran = run("verify", "x.jpg", "photo.jpg", "--json", "--html", "report.html")
    rows = {row["source"]: row for row in Page(tmp_path / "report.html").rows}

    assert len(rows) == 2
    for said in ran.rows:
        shown = rows[said["source"]]
        assert shown["findings"] == [list(one.values()) for one in said["findings"]]
        assert shown["evidence"] == [list(one.values()) for one in said["evidence"]]
        assert {
            name: shown[name] for name in ("sha256", "format", "verdict", "reason", "mark")
        } == {name: said[name] for name in ("sha256", "format", "verdict", "reason", "mark")}


def test_every_picture_has_a_small_one_unless_nobody_wants_it(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    run("stamp", picture("photo.png"), "-o", "x.png", *WHO)
    (tmp_path / "what.bin").write_bytes(b"no format at all")
    words = ("verify", "x.png", "photo.png", "what.bin", "--html")

    run(*words, "with.html")
    run(*words, "without.html", "--no-thumbnails")
    shown, bare = Page(tmp_path / "with.html"), Page(tmp_path / "without.html")

    assert [row["source"] for row in shown.rows] == ["x.png", "photo.png", "what.bin"]
    for picture_text in shown.pictures[:2]:
        with Image.open(io.BytesIO(base64.b64decode(picture_text))) as image:
            assert max(image.size) <= THUMBNAIL
            assert image.format == "JPEG"
    assert shown.pictures[2:] == [""]
    assert bare.pictures == ["", "", ""]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process alone")
def test_an_interrupted_run_leaves_a_whole_page_that_says_so(
    picture: Picture, tmp_path: Path
) -> None:
    data = picture("photo.gif").read_bytes()
    (tmp_path / "in").mkdir()
    for number in range(60):
        (tmp_path / "in" / f"{number}.gif").write_bytes(data)
    call = [sys.executable, "-m", "kzmark", "verify", "in", "--recursive", "--json"]

    with subprocess.Popen(
        [*call, "--html", "out.html"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        watchdog = threading.Timer(60, process.kill)  # a run that hangs fails, and ends
        watchdog.start()
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        process.communicate()
        watchdog.cancel()
    page = Page(tmp_path / "out.html")

    assert process.returncode == 130
    assert page.totals["whole"] is False
    assert page.totals["left"] == 60 - len(page.rows) > 0
    assert len(page.rows) == len(lines)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".kzmark-")]
