"""Temporary files: whose they are, and how those of a dead run are swept up."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO, Final

_BEGIN: Final = ".kzmark-"
_END: Final = ".tmp"
_LONGEST: Final = 32  # letters of the name of a run
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
    handle, name = tempfile.mkstemp(
        dir=folder, prefix=f"{_BEGIN}{run}{'-' * bool(run)}", suffix=_END
    )
    stream = os.fdopen(handle, "w+b")
    with contextlib.suppress(OSError):  # a file system without locks: then it is never swept
        _hold(stream)
    return stream, Path(name)


@contextlib.contextmanager
def scratch_in(folder: Path | None) -> Iterator[None]:
    """Let the scratch files made inside the block, in this thread, stand in a folder."""
    before = _SCRATCH.set(folder)
    try:
        yield
    finally:
        _SCRATCH.reset(before)


def scratch() -> BinaryIO:
    """Return a nameless file for what is too large for memory; it is gone when it is closed.

    It stands where the output will, since that disk has room for it; else where the system says.

    Raises:
        OSError: If the system refuses.
    """
    where = _SCRATCH.get()
    stream: BinaryIO = tempfile.TemporaryFile(dir=where, prefix=_BEGIN, suffix=_END)  # noqa: SIM115 - the caller's
    return stream


def scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for what needs a name while it is made; gone at the end of the block."""
    return tempfile.TemporaryDirectory(
        dir=_SCRATCH.get(), prefix=_BEGIN, suffix=_END, ignore_cleanup_errors=True
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
                _hold(stream)
                if os.name != "nt":
                    path.unlink()
            path.unlink(missing_ok=True)  # Windows removes no open file, be it open here or there
            swept += 1
    return swept


def _check(run: str) -> None:
    if not (run.isascii() and run.isalnum() and len(run) <= _LONGEST):
        raise ValueError(f"a run is named by 1 to 32 letters and digits, not by {run!r}")


def _hold(stream: BinaryIO) -> None:
    """Lock a file for as long as it is open, so that `sweep` sees that somebody writes it.

    Raises:
        OSError: If another process holds it, or the system cannot lock.
    """
    if os.name == "nt":
        return
    import fcntl

    fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
