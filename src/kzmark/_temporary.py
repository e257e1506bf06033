"""Temporary files: whose they are, and how those of a dead run are swept up."""

import contextlib
import errno
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO, Final, cast

from kzmark import _system
from kzmark.errors import OutputError

_BEGIN: Final = ".kzmark-"
_END: Final = ".tmp"
_LONGEST: Final = 32  # letters of the name of a run
_TRIES: Final = 100
_SCRATCH: ContextVar[Path | None] = ContextVar("scratch", default=None)
_RUN: ContextVar[str] = ContextVar("run", default="")


def is_temporary(name: str) -> bool:
    """Return whether a name is that of a temporary file of ours."""
    return name.startswith(_BEGIN) and name.endswith(_END)


@contextlib.contextmanager
def run_named(run: str) -> Iterator[None]:
    """Let the temporary files made inside the block, in this thread, carry the name of a run.

    Args:
        run: At most 32 ASCII letters and digits.

    Raises:
        ValueError: If it is anything else.
    """
    _check(run)
    before = _RUN.set(run)
    try:
        yield
    finally:
        _RUN.reset(before)


def make_temporary(folder: Path) -> tuple[BinaryIO, Path]:
    """Make a temporary file, open for reading and writing, and held for as long as it is open.

    Raises:
        OSError: If the system refuses.
    """
    run = _RUN.get()
    handle, path = _fresh(folder, run)
    stream = os.fdopen(handle, "w+b")
    with contextlib.suppress(OSError):  # a file system without locks: then it is never swept
        _system.hold(stream)
    return stream, path


@contextlib.contextmanager
def scratch_in(folder: Path | None) -> Iterator[None]:
    """Let the scratch files made inside the block, in this thread, stand in a folder.

    Raises:
        OutputError: If the system refuses anything in the block, such as room for them.
    """
    before = _SCRATCH.set(folder)
    try:
        yield
    except OSError as error:
        where = f" in {folder}" if folder else ""
        raise OutputError(  # whoever knows the file names it
            f"what leads up to its output cannot be written{where}: {error.strerror or error}",
            hint=_system.remedy(error, folder or Path()),
        ) from error
    finally:
        _SCRATCH.reset(before)


def scratch(*, buffering: int = -1) -> BinaryIO:
    """Return a nameless file for what is too large for memory; it is gone when it is closed.

    It stands where the output will, since that disk has room for it; else where the system says.

    Args:
        buffering: As `open` takes it; 0 for none.

    Raises:
        OSError: If the system refuses.
    """
    return _nameless(_SCRATCH.get(), buffering)


def scratch_beside(target: Path, *, buffering: int) -> BinaryIO:
    """Return a nameless file in the folder of another; it is gone when it is closed.

    Args:
        target: The other.
        buffering: Bytes, as `open` takes it.

    Raises:
        OSError: If the system refuses.
    """
    return _nameless(target.parent, buffering)


def require_room(folder: Path) -> None:
    """See whether files can be made in a folder, before `tempfile` is asked for a folder there.

    Raises:
        OSError: If the system refuses.
    """
    if _system.WINDOWS:
        _free_name(folder).unlink()


def taken_from(folder: str, name: str) -> BinaryIO:
    """Open a file of a scratch folder for reading, which may go before it is closed.

    Windows removes no folder in which a file is open, so there it leaves the folder first.

    Raises:
        OSError: If the system refuses.
    """
    path = Path(folder) / name
    if not _system.WINDOWS:
        return path.open("rb")
    free = _free_name(Path(folder).parent)
    _system.move(path, free, replacing=True)
    return _vanishing(free, os.O_RDONLY, "rb")


def scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for what needs a name while it is made; gone at the end of the block.

    Raises:
        OSError: If the system refuses.
    """
    if (where := _SCRATCH.get()) is not None:
        require_room(where)
    return tempfile.TemporaryDirectory(
        dir=where, prefix=_BEGIN, suffix=_END, ignore_cleanup_errors=True
    )


def sweep(folder: Path, run: str) -> int:
    """Remove the temporary files that a dead run left in one folder; return how many there were.

    A file that a living process still writes is held by a lock and stays, whatever its name; so
    does every file on a system that cannot lock.

    Raises:
        ValueError: If no run can have this name.
    """
    _check(run)
    swept = 0
    for path in folder.glob(f"{_BEGIN}{run}-*{_END}"):
        with contextlib.suppress(OSError):
            if not stat.S_ISREG(path.lstat().st_mode):
                continue
            with path.open("r+b") as stream:
                _system.hold(stream)
                if not _system.WINDOWS:
                    path.unlink()
            path.unlink(missing_ok=True)  # Windows removes no open file, be it open here or there
            swept += 1
    return swept


def _check(run: str) -> None:
    if not (run.isascii() and run.isalnum() and len(run) <= _LONGEST):
        raise ValueError(f"a run is named by 1 to 32 letters and digits, not by {run!r}")


def _nameless(folder: Path | None, buffering: int) -> BinaryIO:
    if not _system.WINDOWS:
        made = tempfile.TemporaryFile("w+b", buffering, dir=folder, prefix=_BEGIN, suffix=_END)  # noqa: SIM115 - the caller's
        return cast("BinaryIO", made)
    # what `tempfile` gives there is no stream, but stands before one: a rope would read it whole
    return _vanishing(_free_name(folder), os.O_RDWR, "w+b", buffering)


def _free_name(folder: Path | None) -> Path:
    handle, path = _fresh(folder or Path(tempfile.gettempdir()))
    os.close(handle)
    return path


def _fresh(folder: Path, run: str = "") -> tuple[int, Path]:
    """Make a file of a name that nobody has; what the system refuses is refused at once.

    `tempfile` takes a folder on Windows that refuses for one where the name is taken, and tries two
    thousand million names more (Python up to 3.12).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        path = folder / f"{_BEGIN}{run}{'-' * bool(run)}{secrets.token_hex(4)}{_END}"
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, 0o600), path
    raise FileExistsError(errno.EEXIST, "no name is free", str(folder))


def _vanishing(path: Path, access: int, mode: str, buffering: int = -1) -> BinaryIO:
    """Open a file that Windows removes when its last handle is closed, also by a kill."""
    flags = access | getattr(os, "O_BINARY", 0) | getattr(os, "O_TEMPORARY", 0)
    handle = os.open(path, flags | getattr(os, "O_NOINHERIT", 0))
    return cast("BinaryIO", os.fdopen(handle, mode, buffering))
