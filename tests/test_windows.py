"""Nothing that Windows refuses is asked of it: no file is moved or removed while it is open."""

import contextlib
import errno
import gc
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests import windows

import kzmark
from kzmark import _system
from kzmark._io import write_atomic, write_together
from kzmark._rope import Rope
from kzmark._temporary import make_temporary, run_named, scratch, scratch_folder, sweep, taken_from
from kzmark.audit import AuditLog, check
from kzmark.errors import InstallationError, MediaError, OutputError, OutputExistsError
from kzmark.formats import all_adapters
from kzmark.places import listing
from kzmark.signing.identity import new_identity

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the emulation asks Linux who has a file open"
)
CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name="ТОО Пример")
)


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    folder = tmp_path_factory.mktemp("identity") / "id"
    return kzmark.Stamper(STATEMENT, identity=new_identity(folder, organisation="ТОО Пример"))


@pytest.fixture
def like_windows() -> Iterator[None]:
    with windows.sharing():
        yield


def samples() -> list[Path]:
    """Return the smallest clean file of every format."""
    return [
        min(
            (path for path in CLEAN.iterdir() if path.suffix in adapter.info.extensions),
            key=lambda path: path.stat().st_size,
        )
        for adapter in all_adapters()
    ]


@pytest.mark.parametrize("sample", samples(), ids=lambda path: path.suffix[1:])
@pytest.mark.usefixtures("like_windows")
def test_every_format_is_stamped_onto_itself(
    stamper: kzmark.Stamper, sample: Path, tmp_path: Path
) -> None:
    own = tmp_path / sample.name
    own.write_bytes(sample.read_bytes())
    gc.disable()  # what is open until somebody tidies up is open
    try:
        stamped = stamper.stamp(own, own)
        report = kzmark.verify(own)
        held = windows.holders(tmp_path)
    finally:
        gc.enable()

    assert stamped.changed
    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert held == []
    assert {path.name for path in tmp_path.iterdir()} <= {own.name, f"{own.name}.kzmark.json"}


@pytest.mark.parametrize("name", ["photo.png", "photo.bmp", "letter.docx", "law.wav"])
@pytest.mark.usefixtures("like_windows")
def test_an_output_is_made_and_replaced_and_never_unasked(
    stamper: kzmark.Stamper, name: str, tmp_path: Path
) -> None:
    target = tmp_path / name
    first = stamper.stamp(CLEAN / name, target)
    with pytest.raises(OutputExistsError):
        stamper.stamp(CLEAN / name, target)
    second = stamper.stamp(CLEAN / name, target, overwrite=True)

    report = kzmark.verify(target)

    assert first.mark.mark_id != second.mark.mark_id
    assert report.verdict is kzmark.Verdict.COMPLIANT
    assert report.mark == second.mark
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


@pytest.mark.usefixtures("like_windows")
def test_what_somebody_else_made_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "a"

    def pieces() -> Iterator[bytes]:
        yield b"ours"
        target.write_bytes(b"theirs")

    with pytest.raises(OutputExistsError):
        write_atomic(target, pieces(), overwrite=False)

    assert target.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["a.docx", "a.png", "a.mp4"])
@pytest.mark.usefixtures("like_windows")
def test_an_error_that_is_kept_keeps_no_file_open(
    stamper: kzmark.Stamper, name: str, tmp_path: Path
) -> None:
    broken = tmp_path / name
    whole = next(path for path in samples() if path.suffix[:4] == broken.suffix[:4]).read_bytes()
    broken.write_bytes(whole[:-40])
    kept = []
    for work in (kzmark.inspect, lambda path: stamper.stamp(path, path)):
        try:
            work(broken)
        except MediaError as error:
            kept.append(error)

    assert kept
    assert windows.holders(broken) == []


def test_a_path_that_is_too_long_is_told_of_on_windows_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long, short = Path("/", "n" * 100, "n" * 120, "a.jpg"), Path("/n/a.jpg")
    refused = FileNotFoundError(errno.ENOENT, "no such file")
    elsewhere = _system.remedy(refused, long)
    monkeypatch.setattr(_system, "WINDOWS", True)

    assert elsewhere == _system.remedy(refused, short) == ""
    assert "long paths" in _system.remedy(refused, long)


@pytest.mark.parametrize("release", ["3.11", "3.12"])
def test_folders_by_another_name_are_not_followed(
    release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        def __init__(self, name: str) -> None:
            self.name = name
            if release == "3.12":
                self.is_junction = lambda: name == "junction"

        def is_dir(self) -> bool:
            return True

        def is_symlink(self) -> bool:
            return False

        def stat(self, **_: bool) -> SimpleNamespace:
            return SimpleNamespace(st_reparse_tag=0xA0000003 if self.name == "junction" else 0)

    @contextlib.contextmanager
    def scandir(_: Path) -> Iterator[list[Entry]]:
        yield [Entry("junction"), Entry("folder")]

    with monkeypatch.context() as patch:
        patch.setattr(_system, "WINDOWS", True)
        patch.setattr(os, "scandir", scandir)
        folders, _ = listing._entries(tmp_path, lambda _: True)

    assert folders == ["folder"]


@pytest.mark.usefixtures("like_windows")
def test_what_the_caller_has_open_is_not_replaced_and_said_so(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    own = tmp_path / "law.wav"
    own.write_bytes((CLEAN / "law.wav").read_bytes())

    with own.open("rb") as stream, pytest.raises(OutputError) as caught:
        stamper.stamp(stream, own, overwrite=True)

    assert "where it is open" in caught.value.hint
    assert own.read_bytes() == (CLEAN / "law.wav").read_bytes()
    assert list(tmp_path.iterdir()) == [own]


@pytest.mark.usefixtures("like_windows")
def test_a_film_of_frames_leaves_no_folder_behind(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    frames = (np.full((240, 320, 3), 40 * number, np.uint8) for number in range(3))

    made = stamper.video(frames, 5, target=tmp_path / "a.mp4")

    assert made.format == "mp4"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.usefixtures("like_windows")
def test_what_is_too_large_for_memory_is_not_read_into_it() -> None:
    with scratch() as stream, scratch(buffering=0) as raw:
        stream.write(b"x" * 100_000)
        raw.write(b"y" * 100_000)
        ropes = Rope.over(stream), Rope.over(raw)

    assert [rope.held for rope in ropes] == [None, None]
    assert [rope.read() for rope in ropes] == [b"x" * 100_000, b"y" * 100_000]


@pytest.mark.usefixtures("like_windows")
def test_a_file_taken_from_a_scratch_folder_outlives_it() -> None:
    with scratch_folder() as folder:
        (Path(folder) / "film").write_bytes(b"frames")
        stream = taken_from(folder, "film")
        inside = list(Path(folder).iterdir())

    assert inside == []
    assert not Path(folder).exists()
    with stream:
        assert stream.read() == b"frames"


@pytest.mark.usefixtures("like_windows")
def test_reading_a_rope_leaves_the_place_of_whoever_opened_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(200)))
    with path.open("rb", buffering=0) as stream:
        rope = Rope.over(stream)
        stream.seek(50)
        rope.seek(100)
        found = rope.read(10)

        assert found == bytes(range(100, 110))
        assert stream.read(1) == bytes([50])


@pytest.mark.usefixtures("like_windows")
def test_a_file_in_use_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    scanner = target.open("rb")
    tries: list[float] = []

    def wait(seconds: float) -> None:
        tries.append(seconds)
        if len(tries) == 3:
            scanner.close()

    with monkeypatch.context() as patch:  # undone before the emulation is
        patch.setattr(_system, "_PAUSES", (0.1, 0.2, 0.4, 0.8))
        patch.setattr("kzmark._system.time.sleep", wait)
        write_atomic(target, [b"new"], overwrite=True)

    assert tries == [0.1, 0.2, 0.4]
    assert target.read_bytes() == b"new"


@pytest.mark.usefixtures("like_windows")
def test_a_file_that_stays_in_use_stays_as_it_was(tmp_path: Path) -> None:
    one, two = tmp_path / "a.json", tmp_path / "a"
    one.write_bytes(b"old")
    two.write_bytes(b"old")
    with two.open("rb"), pytest.raises(OutputError) as caught:
        write_together((one, b"new"), (two, b"new"), overwrite=True)

    assert "another program" in caught.value.hint
    assert (one.read_bytes(), two.read_bytes()) == (b"old", b"old")
    assert sorted(tmp_path.iterdir()) == [two, one]


@pytest.mark.usefixtures("like_windows")
def test_a_read_only_output_stays_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o444)

    with pytest.raises(OutputError) as caught:
        write_atomic(target, [b"new"], overwrite=True)

    assert "read-only" in caught.value.hint
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("like_windows")
def test_a_folder_that_refuses_is_asked_once(
    stamper: kzmark.Stamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, frame = [], np.zeros((240, 320, 3), np.uint8)

    def refuse(path: Path, *_: object) -> int:
        asked.append(path)
        raise windows.RefusedError(windows.DENIED, path)

    def tempfile_would_try_for_ever(*_: object, **__: object) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:  # undone before the emulation is
        patch.setattr("tempfile.mkstemp", tempfile_would_try_for_ever)
        patch.setattr("tempfile.mkdtemp", tempfile_would_try_for_ever)
        patch.setattr(os, "open", refuse)
        for work in (
            lambda: write_atomic(tmp_path / "a", [b"x"], overwrite=False),
            lambda: new_identity(tmp_path / "id", organisation="x"),
            lambda: stamper.video([frame], 5, target=tmp_path / "a.mp4"),
        ):
            with pytest.raises(InstallationError):
                work()

    assert len(asked) == 3


@pytest.mark.usefixtures("like_windows")
def test_temporary_files_of_the_dead_are_swept_and_open_ones_stay(tmp_path: Path) -> None:
    (tmp_path / ".kzmark-run-dead.tmp").write_bytes(b"half")
    with run_named("run"):
        stream, alive = make_temporary(tmp_path)

    with stream:
        swept = sweep(tmp_path, "run")

    assert swept == 1
    assert list(tmp_path.iterdir()) == [alive]


@pytest.mark.usefixtures("like_windows")
def test_threads_take_turns_at_the_audit_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"

    def write(number: int) -> None:
        for turn in range(10):
            AuditLog(path).intent(f"{number}-{turn}", source="х")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = check(path)

    assert (found.lines, found.broken) == (40, ())
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize(
    "name",
    ["a:b.jpg", "a?.jpg", "aux.jpg", "CON", "Lpt1.tar.gz", "nul .png", "a.", "a ", "a\x1f", "com¹"],
)
@pytest.mark.usefixtures("like_windows")
def test_a_name_that_windows_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="Windows"):
        write_atomic(tmp_path / name, [b"x"], overwrite=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["auxiliary.jpg", "ә.jpg", "a b.c.jpg", ".kzmark", "com.jpg"])
@pytest.mark.usefixtures("like_windows")
def test_other_names_are_taken_and_elsewhere_all(tmp_path: Path, name: str) -> None:
    write_atomic(tmp_path / name, [b"x"], overwrite=False)

    assert (tmp_path / name).read_bytes() == b"x"


def test_where_windows_is_not_its_names_are_names(tmp_path: Path) -> None:
    write_atomic(tmp_path / "aux: what?.jpg", [b"x"], overwrite=False)

    assert [path.name for path in tmp_path.iterdir()] == ["aux: what?.jpg"]


BARE = """
import sys
from pathlib import Path
from tests import windows
windows.bare()
from kzmark.cli import main
who = ["--owner", "ТОО «Әділет»", "--system", "ImageGen", "--audit-log", "audit.jsonl"]
with windows.sharing():
    assert main(["identity", "new", "--dir", "id"]) == 0
    for number, name in enumerate(sys.argv[1:]):
        out = f"{number}{Path(name).suffix}"
        assert main(["stamp", name, "-o", out, "--identity", "id", *who]) == 0
        assert main(["verify", out]) == 0
    assert main(["stamp", sys.argv[1], "-o", "aux.gif", *who]) == 4
    assert main(["audit", "check", "audit.jsonl"]) == 0
"""


def test_nothing_is_needed_that_windows_lacks(tmp_path: Path) -> None:
    names = ["photo.gif", "letter.docx", "small.pdf", "law.wav", "drawing.svg", "fast-start.mp4"]
    for name in names:
        (tmp_path / name).write_bytes((CLEAN / name).read_bytes())
    script = tmp_path / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    surroundings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(CLEAN.parents[1]), *filter(None, sys.path)]),
        "PYTHONIOENCODING": "cp866",  # the console of a Russian Windows, which has no Ә
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
    }

    done = subprocess.run(
        [sys.executable, script, *names],
        cwd=tmp_path, env=surroundings, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    assert "Windows has a device of that name" in done.stderr.decode()
    assert "Әділет" in done.stdout.decode()


def test_the_emulation_sees_who_holds_a_file_whoever_opened_it(tmp_path: Path) -> None:
    path, other = tmp_path / "inner" / "a", tmp_path / "b"
    path.parent.mkdir()
    path.write_bytes(bytes(5000))
    other.write_bytes(b"")

    def assert_refused() -> None:
        for attempt in (lambda: other.replace(path), lambda: path.rename("c"), path.unlink):
            with pytest.raises(windows.RefusedError):
                attempt()

    with windows.sharing():
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            assert_refused()
            with pytest.raises(windows.RefusedError):
                path.parent.rename(tmp_path / "moved")
        with mapped:
            assert_refused()
        with pytest.raises(FileExistsError):
            other.rename(path)
        path.unlink()

    assert not path.exists()
