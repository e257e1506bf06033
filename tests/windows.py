"""Windows' rules about open files, kept by this process on Linux: an emulation, not Windows.

There a file that anybody has open, or mapped into memory, is neither renamed, replaced nor
removed; a folder in which one is open is not renamed; a folder cannot be opened; a file that is
read-only is neither replaced nor removed; a rename never replaces. Who opened a file makes no
difference: the system is asked (`/proc`), so that libraries in other languages count as well.

`sharing` keeps these rules for a block; `bare` takes away what Windows' Python does not have, for
good, and is for a process of its own. Both let kzmark believe that it is on Windows.
"""
# What is tested goes through `os`, and so does this.
# ruff: noqa: PTH112, PTH115, PTH116, PTH123, PTH208

import contextlib
import errno
import os
import shutil
import stat
import struct
import subprocess  # noqa: F401 - it takes a msvcrt for Windows itself
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

try:
    from fcntl import fcntl as _control
except ImportError:  # then this is Windows, and nothing is emulated
    _control = None  # type: ignore[assignment]

DENIED, SHARED, EXISTS, MAPPED = 5, 32, 183, 1224  # winerror
TEMPORARY: Final = 1 << 28  # for os.O_TEMPORARY: a bit that Linux does not use
_ABSENT_MODULES: Final = ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog")
_ABSENT: Final = (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "WNOHANG", "chown", "chroot",
    "copy_file_range", "fchmod", "fchown", "fdatasync", "fork", "forkpty", "fstatvfs", "getegid",
    "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getuid", "killpg", "lchown",
    "memfd_create", "mkfifo", "mknod", "nice", "openpty", "posix_fadvise", "posix_fallocate",
    "posix_spawn", "pread", "preadv", "pwrite", "pwritev", "register_at_fork", "sched_getaffinity",
    "sched_setaffinity", "sendfile", "setsid", "statvfs", "sysconf", "ttyname", "wait",
    "wait3", "wait4",
)  # fmt: skip
_open, _replace, _unlink = os.open, os.replace, os.unlink


class RefusedError(PermissionError):
    """What Windows says; `winerror` is its own number."""

    def __init__(self, winerror: int, path: object) -> None:
        super().__init__(errno.EACCES, f"Windows would refuse it ({winerror})")
        self.winerror = winerror
        self.filename = str(path)


def holders(path: Path | str) -> list[str]:
    """Return how this process holds a file, or a file anywhere in a folder: handles and maps."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    name, is_folder = os.path.realpath(path), stat.S_ISDIR(found.st_mode)
    held = []
    for handle in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            link = os.readlink(f"/proc/self/fd/{handle}")
            inside = is_folder and link.startswith(f"{name}/") and not link.endswith(" (deleted)")
            if inside or os.path.samestat(os.stat(f"/proc/self/fd/{handle}"), found):
                held.append(f"handle {handle}: {link}")
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        held += [f"map: {line.strip()}" for line in maps if line.rstrip().endswith(f" {name}")]
    return held


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Keep Windows' rules about open files in the block, in this process."""
    from kzmark import _system

    fakes = {"replace": replace, "rename": rename, "unlink": unlink, "remove": unlink}
    added = {"O_TEMPORARY": TEMPORARY, "O_BINARY": 0, "O_NOINHERIT": 0}
    names = (*fakes, "open", "pread", "memfd_create")
    before = {name: getattr(os, name) for name in names if hasattr(os, name)}
    pauses, quick = _system._PAUSES, shutil._use_fd_functions  # type: ignore[attr-defined]
    nameless = tempfile.TemporaryFile
    try:
        for name, one in {**fakes, "open": opened, **added}.items():
            setattr(os, name, one)
        for name in before.keys() & {"pread", "memfd_create"}:
            delattr(os, name)
        shutil._use_fd_functions = False  # type: ignore[attr-defined]
        tempfile.TemporaryFile = tempfile.NamedTemporaryFile  # type: ignore[assignment]
        sys.modules["msvcrt"] = _Msvcrt("msvcrt")
        _system.WINDOWS = _system.FOLDS_CASE = True
        _system._PAUSES = ()
        yield
    finally:
        _system.WINDOWS = _system.FOLDS_CASE = False
        _system._PAUSES = pauses
        shutil._use_fd_functions = quick  # type: ignore[attr-defined]
        tempfile.TemporaryFile = nameless
        del sys.modules["msvcrt"]
        for name in added:
            delattr(os, name)
        for name, real in before.items():
            setattr(os, name, real)


def bare() -> None:
    """Take away what Windows' Python does not have, for good: for a process of its own."""
    for name in _ABSENT_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # so that importing it raises
    for name in _ABSENT:
        if hasattr(os, name):
            delattr(os, name)


def replace(source: Any, target: Any) -> None:
    """`os.replace` as there."""
    _refuse_held(source, SHARED)
    _refuse_held(target, DENIED)
    _refuse_read_only(target)
    _replace(source, target)


def rename(source: Any, target: Any) -> None:
    """`os.rename` as there."""
    if os.path.lexists(target):
        error = FileExistsError(errno.EEXIST, "it exists already", str(target))
        error.winerror = EXISTS  # type: ignore[attr-defined,unused-ignore]
        raise error
    _refuse_held(source, SHARED)
    _replace(source, target)


def unlink(path: Any) -> None:
    """`os.unlink` as there."""
    _refuse_held(path, SHARED)
    _refuse_read_only(path)
    _unlink(path)


def opened(path: Any, flags: int, mode: int = 0o777) -> int:
    """`os.open` as there."""
    if os.path.isdir(path):
        raise RefusedError(DENIED, path)
    handle = _open(path, flags & ~TEMPORARY, mode)
    if flags & TEMPORARY:  # Windows removes it with its last handle; here its name goes at once
        _unlink(path)
    return handle


class _Msvcrt(types.ModuleType):
    """Locks on bytes: of the handle and not of the process, as Windows has them."""

    LK_LOCK, LK_NBLCK, LK_UNLCK = 1, 2, 0

    def locking(self, handle: int, mode: int, length: int) -> None:
        kind = 2 if mode == self.LK_UNLCK else 1  # F_UNLCK, F_WRLCK
        wanted = struct.pack("hhqqi4x", kind, 0, os.lseek(handle, 0, os.SEEK_CUR), length, 0)
        try:
            _control(handle, 37, wanted)  # F_OFD_SETLK
        except OSError as error:
            time.sleep(0.001)  # Windows waits for ten seconds before it gives up
            number = errno.EDEADLK if mode == self.LK_LOCK else errno.EACCES
            raise OSError(number, "locked by another") from error


def _refuse_held(path: Any, winerror: int) -> None:
    if held := holders(os.fsdecode(path)):
        raise RefusedError(MAPPED if held[0].startswith("map") else winerror, f"{path}: {held}")


def _refuse_read_only(path: Any) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not os.lstat(path).st_mode & stat.S_IWRITE:
            raise RefusedError(DENIED, path)
