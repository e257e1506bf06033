"""Files appear whole or not at all, and a declared size costs nothing by itself."""

import errno
import io
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kzmark import _io, _system
from kzmark._io import atomic_output, read_all, read_exact, write_atomic, write_together
from kzmark._limits import Limits
from kzmark.errors import (
    LimitExceededError,
    MalformedMediaError,
    OutputError,
    OutputExistsError,
)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".kzmark-")]


def test_a_new_file_takes_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    target, plain = tmp_path / "a", tmp_path / "b"
    write_atomic(target, [b"x", b"y"], overwrite=False)
    plain.write_bytes(b"")

    assert target.read_bytes() == b"xy"
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o640)

    write_atomic(target, [b"new"], overwrite=True)

    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")

    with pytest.raises(OutputExistsError):
        write_atomic(target, [b"new"], overwrite=False)
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


def test_a_file_made_meanwhile_by_somebody_else_is_not_lost(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with pytest.raises(OutputExistsError), atomic_output(target, overwrite=False) as stream:
        stream.write(b"ours")
        target.write_bytes(b"theirs")

    assert target.read_bytes() == b"theirs"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")

    with pytest.raises((error, OutputError)), atomic_output(target, overwrite=True) as stream:
        stream.write(b"half")
        raise error

    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


def test_a_link_is_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "a", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)

    write_atomic(link, [b"new"], overwrite=True)

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a POSIX thing")
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    target = tmp_path / "link" if linked else pipe
    if linked:
        target.symlink_to(pipe)

    with pytest.raises(OutputError, match="no regular file") as caught:
        write_atomic(target, [b"new"], overwrite=True)

    assert pipe.is_fifo()
    assert caught.value.hint
    assert leftovers(tmp_path) == []


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a folder"):
        write_atomic(tmp_path, [b"new"], overwrite=True)


def test_a_circle_of_links_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")

    with pytest.raises(OutputError):
        write_atomic(tmp_path / "a", [b"new"], overwrite=True)


@pytest.mark.parametrize("taken", ["a", "b"])
def test_of_two_files_neither_appears_if_one_is_taken(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_bytes(b"theirs")

    with pytest.raises(OutputExistsError):
        write_together((tmp_path / "a", b"1"), (tmp_path / "b", b"2"), overwrite=False)

    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_bytes() == b"theirs"


def test_two_files_keep_the_modes_of_those_they_replace(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for path, mode in ((first, 0o600), (second, 0o640)):
        path.write_bytes(b"old")
        path.chmod(mode)

    write_together((first, b"1"), (second, b"2"), overwrite=True)

    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (first, second)] == [0o600, 0o640]
    assert leftovers(tmp_path) == []


def test_a_second_file_made_meanwhile_takes_the_first_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        if target.name == "b":
            target.write_bytes(b"theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(OutputExistsError):
        write_together((tmp_path / "a", b"1"), (tmp_path / "b", b"2"), overwrite=False)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"theirs"}


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_atomic(tmp_path / "none" / "a", [b""], overwrite=False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of a process need a POSIX system")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    import resource
    import signal

    target = tmp_path / "a"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        with pytest.raises(OutputError, match="writing failed"):
            write_atomic(target, [b"x" * 100_000], overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


def test_a_declared_size_allocates_no_more_than_the_source_holds() -> None:
    with pytest.raises(MalformedMediaError, match="ends inside its box"):
        read_exact(io.BytesIO(b"abc"), 1 << 60, what="box")


def test_a_negative_size_is_malformed() -> None:
    with pytest.raises(MalformedMediaError):
        read_exact(io.BytesIO(b"abc"), -1, what="box")


def test_a_file_over_the_limit_is_not_read() -> None:
    with pytest.raises(LimitExceededError):
        read_all(io.BytesIO(b"x" * 11), limits=Limits(max_bytes=10))


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(0, 5, 9), (5, 0, 9), (1_000_000, 1_000_000, 1 << 29), (10_000, 10_000, 100)],
)
def test_a_picture_that_could_not_be_paid_for_is_refused(
    width: int, height: int, size: int
) -> None:
    with pytest.raises(LimitExceededError):
        Limits().check_picture(width, height, file_bytes=size)


@pytest.mark.parametrize("old", [b"old", None], ids=["replaced", "new"])
@pytest.mark.parametrize("behind", ["a", "b"])
def test_an_interrupt_right_behind_a_rename_leaves_both_files_or_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: str, old: bytes | None
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    if old is not None:
        first.write_bytes(old)
        second.write_bytes(old)
    interrupts = [KeyboardInterrupt]

    def move(source: Path, target: Path, *, replacing: bool) -> None:
        _system.move(source, target, replacing=replacing)
        if target.name == behind and interrupts:
            raise interrupts.pop()

    monkeypatch.setattr(_io, "move", move)
    with pytest.raises(KeyboardInterrupt):
        write_together((first, b"1"), (second, b"2"), overwrite=old is not None)

    before = {} if old is None else {"a": old, "b": old}
    after = {"a": b"1", "b": b"2"}
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == (before if behind == "a" else after)


def test_where_there_are_no_hard_links_a_file_made_meanwhile_stays_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    target, other = tmp_path / "a", tmp_path / "b"
    with pytest.raises(OutputExistsError), atomic_output(target, overwrite=False) as stream:
        stream.write(b"ours")
        target.write_bytes(b"theirs")
    write_atomic(other, [b"ours"], overwrite=False)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"theirs",
        "b": b"ours",
    }


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="root alone gives files away")
def test_a_replaced_file_keeps_its_owner_and_its_group(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    os.chown(target, 12345, 23456)
    target.chmod(0o640)

    write_atomic(target, [b"new"], overwrite=True)

    found = target.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o640)


@pytest.mark.skipif(os.name == "nt", reason="groups are a POSIX thing")
@pytest.mark.parametrize(("mode", "left"), [(0o640, 0o600), (0o664, 0o644), (0o666, 0o666)])
def test_a_group_that_could_not_read_the_old_file_does_not_read_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, left: int
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "not yours to give")

    path = tmp_path / "a"
    path.write_bytes(b"new")
    own = path.stat()
    wanted: Any = SimpleNamespace(
        st_mode=stat.S_IFREG | mode, st_uid=own.st_uid, st_gid=own.st_gid + 1
    )
    monkeypatch.setattr(os, "chown", refuse)

    _system.take_after(path, wanted)

    assert stat.S_IMODE(path.stat().st_mode) == left
