"""Nothing is lost: kills, full disks, same paths, and no socket ever."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kzmark
from kzmark import audit
from kzmark.errors import OutputError
from kzmark.formats import all_adapters
from kzmark.signing.identity import new_identity

CLEAN = Path(__file__).parents[1] / "fixtures" / "clean"
STATEMENT = kzmark.Statement(
    system=kzmark.System(name="ImageGen", version="2.1"),
    responsible=kzmark.Responsible(name="ТОО Пример"),
)
KILLS = int(os.environ.get("KZMARK_KILLS", "12"))  # 200 for the figure in benchmarks/README.md


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> kzmark.Stamper:
    folder = tmp_path_factory.mktemp("identity") / "id"
    return kzmark.Stamper(STATEMENT, identity=new_identity(folder, organisation="ТОО Пример"))


def samples() -> list[Path]:
    """Return one clean file of every format."""
    found = []
    for adapter in all_adapters():
        usual = [p for p in sorted(CLEAN.iterdir()) if p.suffix in adapter.info.extensions]
        found.append(usual[0])
    assert len(found) == len(all_adapters())
    return found


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.suffix[1:])
def test_no_socket_is_opened_by_stamp_verify_or_inspect(
    stamper: kzmark.Stamper, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    target = tmp_path / path.name

    stamper.stamp(path, target)
    report = kzmark.verify(target)
    kzmark.inspect(target)

    assert report.verdict is kzmark.Verdict.COMPLIANT


_VICTIM = """
import sys
import time
sys.path.insert(0, sys.argv[4])
from pathlib import Path
import kzmark
from kzmark.signing.identity import open_identity
stamper = kzmark.Stamper(
    kzmark.Statement(
        system=kzmark.System(name="ImageGen"), responsible=kzmark.Responsible(name=sys.argv[5])
    ),
    identity=open_identity(sys.argv[3]),
    audit=Path(sys.argv[2]).with_name("audit.jsonl"),
)
stamper.stamp(sys.argv[1])  # everything is loaded now, so that the kill hits the work
begun = time.monotonic()
stamper.stamp(sys.argv[1])
print(time.monotonic() - begun, flush=True)
for _ in range(1000):
    stamper.stamp(sys.argv[1], sys.argv[2], overwrite=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX signal")
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    chance = random.Random(7)
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes((CLEAN / "photo.jpg").read_bytes())
    identity = new_identity(tmp_path / "id", organisation="ТОО Пример")
    first = kzmark.Stamper(STATEMENT, identity=identity).stamp(source, target)
    whole = {first.sha256}
    for number in range(KILLS):
        words = [str(source), str(target), str(tmp_path / "id"), str(CLEAN.parents[1])]
        victim = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, *words, f"Иесі {number}"], stdout=subprocess.PIPE
        )
        assert victim.stdout
        usual = float(victim.stdout.readline())  # seconds for one stamp on this machine, now
        time.sleep(chance.uniform(0, 3 * usual))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()

        report = kzmark.verify(target)

        assert report.verdict is kzmark.Verdict.COMPLIANT, report.to_dict()
        whole.add(report.sha256)

    assert len(whole) > 1
    assert audit.check(tmp_path / "audit.jsonl").broken == ()


@pytest.mark.skipif(os.name == "nt", reason="limits of a process need a POSIX system")
def test_a_full_disk_leaves_the_old_output(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    import resource

    target = tmp_path / "out.png"
    stamper.stamp(CLEAN / "photo.png", target)
    before = target.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        with pytest.raises(OutputError, match="writing failed"):
            stamper.stamp(CLEAN / "alpha.png", target, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)

    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_the_input_is_never_written(stamper: kzmark.Stamper, tmp_path: Path) -> None:
    for path in samples():
        source = tmp_path / path.name
        source.write_bytes(path.read_bytes())
        source.chmod(0o400)
        before = source.stat()

        stamper.stamp(source, tmp_path / f"out{path.suffix}")

        after = source.stat()
        assert source.read_bytes() == path.read_bytes()
        assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_same_path_by_another_name_is_the_same_file(
    stamper: kzmark.Stamper, tmp_path: Path
) -> None:
    source, link = tmp_path / "a.png", tmp_path / "b.png"
    source.write_bytes((CLEAN / "photo.png").read_bytes())
    link.symlink_to(source)

    stamper.stamp(source, link)

    assert link.is_symlink()
    assert kzmark.verify(source).verdict is kzmark.Verdict.COMPLIANT
