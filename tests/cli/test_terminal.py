"""What a person at a terminal sees, and what a pipe gets."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import WHO, Run

import kzmark
from kzmark.batch import Result
from kzmark.cli.progress import progress
from kzmark.errors import InputError

Picture = Callable[[str], Path]
GREEN, RED, YELLOW = "\x1b[32m", "\x1b[31m", "\x1b[33m"


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], None]:
    def become() -> None:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    return become


def test_verdicts_have_colours_on_a_terminal_only(
    run: Run,
    picture: Picture,
    tmp_path: Path,
    terminal: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("stamp", picture("photo.gif"), "-o", "x.gif", *WHO)
    (tmp_path / "notes.bin").write_bytes(b"\x00 no picture")
    words = ("verify", "x.gif", "photo.gif", "notes.bin")
    plain = run(*words)
    terminal()

    table, cards = run(*words), [run("verify", word) for word in words[1:]]
    rows = run(*words, "--json")
    monkeypatch.setenv("NO_COLOR", "1")
    bare = run(*words)

    assert "\x1b" not in plain.out + rows.out + bare.out
    for colour, card in zip((GREEN, RED, YELLOW), cards, strict=True):
        assert colour in table.out
        assert colour in card.out
    assert plain.out == bare.out
    assert table.out.replace("\x1b[0m", "").count("\x1b") == 3


def test_a_pipe_gets_no_progress_and_a_terminal_does(
    run: Run, picture: Picture, terminal: Callable[[], None]
) -> None:
    picture("photo.gif")
    words = ("verify", "photo.gif", picture("photo.png"))
    piped = run(*words)
    terminal()

    shown, quiet = run(*words), run(*words, "--quiet")

    assert piped.err == quiet.err == ""
    assert "2/2" in shown.err


def test_a_table_has_the_order_of_the_line(run: Run, picture: Picture) -> None:
    names = [str(picture(name)) for name in ("photo.png", "photo.gif", "photo.bmp", "drawing.svg")]

    ran = run("verify", *names, "--jobs", "4")

    assert [line.split()[0] for line in ran.out.splitlines()[2:-1]] == names


def test_a_table_names_what_is_missing_once(run: Run, picture: Picture) -> None:
    ran = run("verify", picture("photo.gif"), picture("photo.png"))

    assert ran.out.splitlines()[2].endswith("  mark.absent; notice.not-found")


def test_a_last_line_counts_what_became_of_many(run: Run, picture: Picture, tmp_path: Path) -> None:
    run("stamp", picture("photo.gif"), "-o", "marked.gif", *WHO)
    (tmp_path / "bad.gif").write_bytes(b"GIF89a rest is missing")
    words = ("stamp", "photo.gif", "marked.gif", "bad.gif", "none.gif", "--out-dir", "out")

    ran = run(*words, *WHO)
    quiet = run(*words, *WHO, "--overwrite", "--quiet")
    alone = run("stamp", "photo.gif", "-o", "alone.gif", *WHO)

    last = ran.err.splitlines()[-1]
    counts, _, pace = last.partition("; ")
    assert counts == "kzmark: 1 stamped, 1 unchanged, 2 failed (input 1, malformed 1), 0 skipped"
    assert pace.endswith("MB/s)")
    assert "stamped" not in quiet.err
    assert alone.err == ""


def test_what_was_noted_is_counted_in_sentences_when_there_are_many_files(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    for name in ("high.png", "low.png"):
        Image.new("RGB", (1000, 20) if name == "low.png" else (300, 200)).save(tmp_path / name)
    picture("photo.gif")
    words = ("stamp", "high.png", "low.png", "photo.gif", *WHO)

    many = run(*words, "--out-dir", "out")
    quiet = run(*words, "--out-dir", "quiet", "--quiet")
    alone = run(*words[:1], "low.png", *WHO, "-o", "low-out.png")

    noted = [line for line in many.err.splitlines() if line.startswith("kzmark: note: ")]
    band = "a band below the picture, which has no room for the notice, made it higher"
    assert noted == [f"kzmark: note: 1 file: {band} (picture-grown)"]
    assert "note" not in quiet.err
    assert band in alone.out
    assert alone.err == ""


def test_names_and_marks_cannot_steer_the_terminal(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    name = "a\x1b[2J\u202e.gif"
    picture("photo.gif").rename(tmp_path / name)

    ran = [
        run("verify", name),
        run("verify", name, "none\x1b.gif"),
        run("stamp", name, "-o", "x\x1b.gif", *WHO, "--dry-run"),
        run("stamp", name, "-o", "x\x1b.gif", *WHO),
    ]

    written = "".join(one.out + one.err for one in ran)
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "a\\x1b[2J\\u202e.gif" in written


def test_no_words_give_the_help_and_code_two(run: Run) -> None:
    ran = run()

    assert ran.code == 2
    assert ran.out == ""
    assert "usage: kzmark" in ran.err
    assert "stamp pictures/" in ran.err


def test_the_version_is_one_line(run: Run) -> None:
    assert run("--version").out == f"kzmark {kzmark.__version__}\n"


def test_the_package_runs_as_a_module() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kzmark", "--version"], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout) == (0, f"kzmark {kzmark.__version__}\n")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from kzmark import cli\n"
        "cli.main(['stamp', '--help']); cli.main(['--help']); cli.main([])\n"
        "print(*{m.partition('.')[0] for m in sys.modules}, file=sys.stderr)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr.split()

    assert not {"numpy", "PIL", "cv2", "c2pa", "lxml", "cryptography", "tqdm"} & set(loaded)


def test_the_help_of_stamp_has_groups_and_a_usage_of_few_lines(run: Run) -> None:
    ran = run("stamp", "--help")

    usage = ran.out.partition("\n\n")[0]
    assert usage.count("\n") < 5
    assert "(-o OUT | --out-dir DIR | --in-place)" in " ".join(usage.split())
    for group in ("where to:", "who answers for it:", "what is stated:", "how it runs:"):
        assert f"\n{group}\n" in ran.out


def test_formats_fit_a_terminal(run: Run) -> None:
    ran = run("formats")

    assert max(map(len, ran.out.splitlines())) <= 120
    assert "every pixel outside the notice" in " ".join(ran.out.split())


def test_output_that_cannot_be_written_is_code_four(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kzmark.cli.formats.run", full)

    ran = run("formats")

    assert ran.code == 4
    assert "No space left on device" in ran.err


def test_a_reader_that_goes_away_is_no_traceback(picture: Picture) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m kzmark formats --json | true",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""


def test_a_bar_counts_work_rates_and_failures_while_the_total_grows(
    terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:

    terminal()
    gate = threading.Event()

    def search() -> Iterator[int]:
        yield from range(3)
        gate.wait(10)
        yield 3

    told = [
        Result(source="a", earlier=True),
        Result(source="b", size=5_000_000),
        Result(source="c", error=InputError("gone")),
        Result(source="d", error=InputError("notes"), skipped=True),
    ]
    for number, _ in enumerate(progress(told, total=search(), quiet=False)):
        if number == 2:
            gate.set()
            time.sleep(0.2)

    _, err = capsys.readouterr()
    assert "found so far" in err
    last = err.replace("\n", "\r").rstrip("\r").split("\r")[-1]
    assert "3/3 files" in last
    assert "1 failed" in last
    assert "1 done before" in last
    assert "MB/s" in last
