"""The command line where Windows differs: its rules, its shell, its editors, its disks."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import windows
from tests.cli.conftest import CLEAN, WHO, Run

from kzmark import _system, cli
from kzmark.batch import Stop
from kzmark.cli.interrupt import interruptible
from kzmark.cli.sources import Found, Search, named
from kzmark.cli.targets import Targets
from kzmark.errors import InputError, RequestError
from kzmark.places import place

Picture = Callable[[str], Path]
emulated = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the emulation asks Linux who has a file open"
)


@pytest.fixture
def like_windows() -> Iterator[None]:
    with windows.sharing():
        yield


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "inner").mkdir(parents=True)
    for name in ("photo.gif", "letter.docx", "inner/small.pdf"):
        (root / name).write_bytes((CLEAN / Path(name).name).read_bytes())
    return root


@emulated
@pytest.mark.usefixtures("like_windows")
def test_a_batch_is_run_resumed_and_its_log_is_whole(run: Run, tree: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    words = ("stamp", tree, "--recursive", "--out-dir", "out", "--resume", *WHO, "--json")

    first = run(*words, "--audit-log", log)
    (tmp_path / "out" / "photo.gif").unlink()
    again = run(*words, "--audit-log", log, "--overwrite")
    checked = run("audit", "check", log, "--json")
    page = run("verify", "out", "--recursive", "--html", "page.html")

    assert (first.code, again.code, checked.code, page.code) == (0, 0, 0, 0)
    assert len(first.rows) == 3
    assert [Path(row["output"]).name for row in again.rows] == ["photo.gif"]
    assert checked.rows[0]["done"] == 4
    assert not list(tmp_path.rglob("*.tmp"))


@emulated
@pytest.mark.usefixtures("like_windows")
def test_a_tree_is_stamped_in_place_and_over_its_outputs(run: Run, tree: Path) -> None:
    in_place = run("stamp", tree, "--recursive", "--in-place", *WHO, "--json")
    over = [
        run("stamp", tree, "--recursive", "--out-dir", "out", "--overwrite", *WHO, "--json").code
        for _ in range(2)
    ]

    assert in_place.code == 0
    assert {row["status"] for row in in_place.rows} == {"stamped"}
    assert over == [0, 0]
    assert run("verify", tree, "out", "--recursive").code == 0


@emulated
@pytest.mark.usefixtures("like_windows")
def test_an_identity_is_made_renewed_and_replaced(run: Run, tmp_path: Path) -> None:
    made = run("identity", "new", "--dir", "id")
    renewed = run("identity", "renew", "--dir", "id")
    refused = run("identity", "new", "--dir", "id")

    assert (made.code, renewed.code, refused.code) == (0, 0, 5)
    assert len([path for path in tmp_path.iterdir() if path.name.startswith("id")]) == 2


@pytest.mark.parametrize("pattern", ["*.gif", "phot?.gif", "[a]*.gif"])
def test_wildcards_are_read_where_no_shell_reads_them(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("photo.gif", "[a].gif", "other.png"):
        Path(name).write_bytes(b"")
    as_named = named([pattern])
    monkeypatch.setattr(_system, "WINDOWS", True)
    found = [one.name for one in named([pattern, "other.png", "none*.gif", "s3://a/b?c"])]

    assert [str(one) for one in as_named] == [pattern]
    assert (
        found
        == {
            "*.gif": ["[a].gif", "photo.gif", "other.png", "none*.gif", "b?c"],
            "phot?.gif": ["photo.gif", "other.png", "none*.gif", "b?c"],
            "[a]*.gif": ["[a].gif", "other.png", "none*.gif", "b?c"],
        }[pattern]
    )


def test_settings_that_an_editor_began_with_a_byte_order_mark_are_read(
    run: Run, picture: Picture, tmp_path: Path
) -> None:
    text = 'owner = "ТОО «Әділет»"\nsystem = "ImageGen"\n'
    (tmp_path / "kzmark.toml").write_text(text, encoding="utf-8-sig")

    ran = run("stamp", picture("photo.gif"), "-o", "out.gif", "--json")

    assert ran.code == 0
    assert run("verify", "out.gif", "--json").rows[0]["mark"]["responsible"]["name"] == (
        "ТОО «Әділет»"
    )


def _targets(names: list[str], *, overwrite: bool, out: Path) -> tuple[Targets, list[Found]]:
    found = [Found(place(f"memory://bucket/{name}"), name, True) for name in names]
    search = Search([], recursive=True)
    return Targets(search, None, place(out), overwrite), found


def test_objects_that_a_disk_does_not_tell_apart_never_replace_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["A.jpg", "in/b.jpg", "a.jpg", "In/b.jpg"]
    plain, found = _targets(names, overwrite=True, out=tmp_path)
    apart = [plain.of_file(one).name for one in found]
    monkeypatch.setattr(_system, "FOLDS_CASE", True)
    targets, _ = _targets(names, overwrite=True, out=tmp_path)
    for one in (*found[:2], *found[:2]):  # a name may be asked about twice
        targets.of_file(one)

    assert apart == ["A.jpg", "b.jpg", "a.jpg", "b.jpg"]
    for one in found[2:]:
        with pytest.raises(RequestError, match="two files would become"):
            targets.of_file(one)


def test_sources_of_one_name_in_other_letters_share_no_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("a", "x.gif"), ("b", "X.GIF")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes((CLEAN / "photo.gif").read_bytes())
    words = ("stamp", "a/x.gif", "b/X.GIF", "--out-dir", "out", "--overwrite", "--dry-run", *WHO)

    apart = run(*words)
    monkeypatch.setattr(_system, "FOLDS_CASE", True)
    shared = run(*words)

    assert (apart.code, shared.code) == (0, 4)
    assert "two files would become" in shared.err


@pytest.mark.parametrize("name", ["a:b.jpg", "in/nul.jpg", "q?.jpg", "dots./a.jpg"])
def test_an_object_whose_name_windows_cannot_have_fails_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, found = _targets([name], overwrite=False, out=tmp_path)
    elsewhere = targets.of_file(found[0])
    monkeypatch.setattr(_system, "WINDOWS", True)

    assert elsewhere.local == tmp_path / name
    with pytest.raises(InputError, match="Windows"):
        targets.of_file(found[0])


def test_a_console_without_kazakh_letters_ends_nothing(tmp_path: Path) -> None:
    surroundings = {**os.environ, "PYTHONIOENCODING": "cp866", "PYTHONUTF8": "0"}
    commands = (["stamp", "--help"], ["verify", "Әңгіме-\N{SNOWMAN}.png"])
    done = [
        subprocess.run(
            [sys.executable, "-m", "kzmark", *words],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            check=False,
        )
        for words in commands
    ]

    assert [one.returncode for one in done] == [0, 4]
    assert "Әңгіме-☃.png" in done[1].stderr.decode("utf-8")
    assert not [one for one in done if b"Traceback" in one.stderr]


def test_a_console_that_is_closed_asks_a_run_to_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    stop = Stop()
    before = signal.getsignal(signal.SIGUSR1)
    with interruptible(stop):
        signal.raise_signal(signal.SIGUSR1)

    assert stop
    assert "finishing" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_service_without_a_home_is_told_so(
    run: Run, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", none)

    ran = run("stamp", picture("photo.gif"), "-o", "out.gif", *WHO)

    assert ran.code == 2
    assert "there is no home folder" in ran.err


def test_a_reader_that_goes_away_is_no_error_there_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(cli, "run", gone)
    elsewhere = cli.main(["formats"]), capsys.readouterr().err
    monkeypatch.setattr(_system, "WINDOWS", True)
    there = cli.main(["formats"]), capsys.readouterr().err

    assert elsewhere[0] == there[0] == 4
    assert "cannot be written" in elsewhere[1]
    assert there[1] == ""
